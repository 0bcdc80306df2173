"""A group: one pays, several have a seat. Through Stripe, with seats given, freed, added and taken away."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from membership import clock
from membership.giving.models import Payment
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships import group_rules, groups
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing, standings_of
from membership.readers.queries import person_by_email
from membership.webhooks.drift import open_count
from tests import make
from tests.dunning.conftest import sent
from tests.stripe_side import hidden_fields

PAYER, ANNA, BELA, CORA = "paul@example.org", "anna@example.org", "bela@example.org", "cora@example.org"
NO_MORE_MONEY = "4000 0000 0000 0341"


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend")
    row.stripe_product_id = None  # made known to the sandbox when it is needed
    session.commit()
    return row


def order(client, **values):
    page = client.get("/group")
    form = hidden_fields(page.text) | {"tier": "friend", "interval": "month", "seats": "3", "email": PAYER}
    return client.post("/group", data=form | values)


def begin(session, side, card="4242 4242 4242 4242", **values):
    """A group that is paid; and its payer's browser."""
    answer = order(side.client, **values)
    assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:900]
    side.pay(answer.location, card)
    side.settle()
    browser = side.app.test_client()
    make.sign_in(session, browser, person_by_email(session, PAYER))
    return browser


def the_group(session):
    session.expire_all()
    return session.scalars(select(Membership)).one()


def sent_letters(session, *kinds):
    session.expire_all()
    rows = session.scalars(select(Letter).where(Letter.kind.in_(kinds)).order_by(Letter.id)).all()
    return [(letter.kind, letter.address) for letter in rows]


def seat_of(session, email):
    session.expire_all()
    statement = select(GroupSeat).where(GroupSeat.email == email).order_by(GroupSeat.id.desc())
    return session.scalars(statement).first()


def seated(session, side, browser, *emails):
    """Invite these and let each take the seat; returns the readers."""
    assert browser.post("/account/group/invitations", data={"emails": "\n".join(emails)}).status_code == 303
    for email in emails:
        answer = side.app.test_client().post(f"/group/{seat_of(session, email).token}")
        assert answer.status_code == 200
    side.work()
    return [person_by_email(session, email) for email in emails]


def stands(session, person):
    return has_standing(session, person.reader_id, clock.now())


def resize(browser, seats):
    """Look at the price, then confirm it."""
    page = browser.get("/account/group").text
    look = browser.post("/account/group/size", data={"seats": seats, "attempt": hidden_fields(page)["attempt"]})
    if look.status_code != 200:
        return look
    form = {"seats": seats, "attempt": hidden_fields(look.text)["attempt"]}
    first = browser.post("/account/group/size/confirmation", data=form)
    browser.post("/account/group/size/confirmation", data=form)
    return first


def test_one_pays_and_several_stand(session, stripe_side, tier):
    browser = begin(session, stripe_side)
    group = the_group(session)
    assert (group.seats, group.amount, group.counted) == (3, 1500, 18_000)
    assert session.scalars(select(Payment.amount)).all() == [1500]
    assert [(move.kind, move.yearly) for move in session.scalars(select(Movement))] == [("new", 18_000)]
    payer = person_by_email(session, PAYER)
    assert not stands(session, payer)

    answer = browser.post("/account/group/invitations", data={"emails": f"{ANNA}, {BELA}\n{ANNA.upper()}"})
    assert answer.status_code == 303
    assert sent_letters(session, "group_invitation") == [("group_invitation", ANNA), ("group_invitation", BELA)]
    anna_seat = seat_of(session, ANNA)
    guest = stripe_side.app.test_client()
    page = guest.get(f"/group/{anna_seat.token}")
    assert "keeps a seat for you" in page.text and page.headers["Referrer-Policy"] == "no-referrer"
    assert seat_of(session, ANNA).taken_at is None  # looking takes nothing
    assert person_by_email(session, ANNA) is None
    assert guest.post(f"/group/{anna_seat.token}").status_code == 200
    assert guest.post(f"/group/{anna_seat.token}").status_code == 409
    anna = person_by_email(session, ANNA)
    found = standings_of(session, anna.reader_id, clock.now())
    assert [(one.source, one.source_id, one.tier_id) for one in found] == [("seat", anna_seat.id, tier.id)]
    assert f"perks:{anna.reader_id}" in session.scalars(select(Job.key)).all()

    assert browser.post("/account/group/invitations", data={"emails": f"{ANNA} {CORA}"}).status_code == 303
    full = browser.post("/account/group/own-seat")
    assert full.status_code == 422
    assert browser.post(f"/account/seats/{seat_of(session, CORA).id}/release").status_code == 303
    assert browser.post("/account/group/own-seat").status_code == 303
    assert browser.post("/account/group/own-seat").status_code == 409
    assert stands(session, payer)
    assert guest.get(f"/group/{seat_of(session, CORA).token}").status_code == 404


def test_the_same_form_twice_is_one_group_and_a_second_is_not_begun(session, stripe_side, tier):
    page = stripe_side.client.get("/group")
    form = hidden_fields(page.text) | {"tier": "friend", "interval": "year", "seats": "4", "email": PAYER}
    first, second = (stripe_side.client.post("/group", data=form).location for _ in range(2))
    assert first == second
    stripe_side.pay(first)
    stripe_side.settle()
    assert (the_group(session).amount, the_group(session).interval) == (20_000, "year")
    again = order(stripe_side.client)
    assert again.status_code == 200 and "/pay/" not in again.text
    assert sent_letters(session, "already_group") == [("already_group", PAYER)]
    browser = stripe_side.app.test_client()
    make.sign_in(session, browser, person_by_email(session, PAYER))
    assert browser.get("/group").location == "/account/group"
    assert order(browser).location == "/account/group"


def test_who_pays_for_a_group_may_have_a_membership_of_their_own(session, stripe_side, tier):
    begin(session, stripe_side)
    stripe_side.pay(stripe_side.join(PAYER, tier="friend"))
    stripe_side.settle()
    assert len(session.scalars(select(Membership)).all()) == 2
    assert open_count(session) == 0
    payer = person_by_email(session, PAYER)
    assert [one.source for one in standings_of(session, payer.reader_id, clock.now())] == ["membership"]
    browser = stripe_side.app.test_client()
    make.sign_in(session, browser, payer)
    assert "more than one running membership" not in browser.get("/account/membership").text


def test_a_freed_seat_is_given_anew(session, stripe_side, tier):
    browser = begin(session, stripe_side, seats="2")
    anna, bela = seated(session, stripe_side, browser, ANNA, BELA)
    refused = browser.post("/account/group/invitations", data={"emails": CORA})
    assert refused.status_code == 422 or "Invite" not in refused.text
    seat = seat_of(session, ANNA)
    stranger = stripe_side.app.test_client()
    make.sign_in(session, stranger, bela)
    assert stranger.post(f"/account/seats/{seat.id}/release").status_code == 404
    for _ in range(2):
        assert browser.post(f"/account/seats/{seat.id}/release").location == "/account/group"
    assert not stands(session, anna) and stands(session, bela)
    assert sent_letters(session, "group_seat_over") == [("group_seat_over", ANNA)]
    (cora,) = seated(session, stripe_side, browser, CORA)
    assert stands(session, cora)
    # Who gives it up by themselves needs no letter about it.
    assert stranger.post(f"/account/seats/{seat_of(session, BELA).id}/release").location == "/account/membership"
    assert not stands(session, bela)
    assert sent_letters(session, "group_seat_over") == [("group_seat_over", ANNA)]


def test_a_seat_goes_to_who_is_signed_in_and_nobody_holds_two(session, stripe_side, tier):
    browser = begin(session, stripe_side)
    anna = make.reader(session, "other@example.org")
    browser.post("/account/group/invitations", data={"emails": f"{ANNA} {BELA}"})
    guest = stripe_side.app.test_client()
    make.sign_in(session, guest, anna)
    assert guest.post(f"/group/{seat_of(session, ANNA).token}").status_code == 200
    assert stands(session, anna) and person_by_email(session, ANNA) is None
    assert guest.post(f"/group/{seat_of(session, BELA).token}").status_code == 409
    assert "You hold a seat" in guest.get("/account").text
    assert "Give up the seat" in guest.get("/account/membership").text


def test_more_seats_hold_at_once_for_the_difference(session, stripe_side, tier):
    browser = begin(session, stripe_side)
    assert resize(browser, 5).status_code == 303
    stripe_side.settle()
    group = the_group(session)
    assert (group.seats, group.amount, group.counted) == (5, 2500, 30_000)
    assert [move.kind for move in session.scalars(select(Movement).order_by(Movement.id))] == ["new", "raised"]
    paid = session.scalars(select(Payment.amount).order_by(Payment.id)).all()
    assert len(paid) == 2 and 900 < paid[1] <= 1000  # two seats for the days that are left
    stripe_side.advance("32d")
    stripe_side.settle()
    assert session.scalars(select(Payment.amount).order_by(Payment.id)).all()[2] == 2500


def test_fewer_seats_hold_with_the_next_period_and_can_be_taken_back(session, stripe_side, tier):
    browser = begin(session, stripe_side, seats="4")
    seated(session, stripe_side, browser, ANNA, BELA)
    too_few = resize(browser, 1)
    assert too_few.status_code == 422
    assert resize(browser, 2).status_code == 303
    stripe_side.settle()
    group = the_group(session)
    assert (group.seats, group.next_seats, group.next_amount) == (4, 2, 1000)
    page = browser.get("/account/group").text
    assert "there are 2" in page and "Send the invitations" not in page
    assert browser.post("/account/group/invitations", data={"emails": CORA}).status_code == 422
    assert browser.post("/account/group/size/withdrawal").status_code == 303
    assert the_group(session).next_seats is None
    assert resize(browser, 2).status_code == 303
    stripe_side.advance("32d")
    stripe_side.settle()
    group = the_group(session)
    assert (group.seats, group.next_seats, group.amount, group.counted) == (2, None, 1000, 12_000)
    assert session.scalars(select(Payment.amount).order_by(Payment.id)).all() == [2000, 1000]


def test_a_number_that_does_not_fit_changes_nothing(session, client, tier):
    group = make.group(session)
    make.sign_in(session, client, session.get(make.Person, group.reader_id))
    for seats in ("0", "1", "501", "", "x", "3"):
        assert client.post("/account/group/size", data={"seats": seats}).status_code == 422
        assert client.post("/account/group/size/confirmation", data={"seats": seats}).status_code == 422


def test_fewer_seats_than_are_held_cannot_be_asked_for_and_the_dashboard_frees_the_last(session, stripe_side, tier):
    browser = begin(session, stripe_side)
    anna, bela = seated(session, stripe_side, browser, ANNA, BELA)
    browser.post("/account/group/invitations", data={"emails": CORA})
    assert "3 seats are taken or offered" in resize(browser, 2).text
    group = the_group(session)
    url = f"{stripe_side.url}/v1/subscriptions/{group.subscription_id}"
    item = requests.get(url, auth=("sk_test_x", ""), timeout=20).json()["items"]["data"][0]["id"]
    change = {"items[0][id]": item, "items[0][quantity]": 1, "proration_behavior": "none"}
    requests.post(url, data=change, auth=("sk_test_x", ""), timeout=20).raise_for_status()
    stripe_side.settle()
    assert the_group(session).seats == 1
    assert stands(session, anna) and not stands(session, bela)
    assert sent_letters(session, "group_seat_over") == [("group_seat_over", BELA)]
    assert seat_of(session, CORA).freed_at is not None


def texts(session, directory, kind):
    """The letters of a kind as they were sent: whitespace does not count."""
    rows = session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)).all()
    return [" ".join(sent(directory, row).split()) for row in rows]


def test_who_does_not_answer_is_reminded_once_and_after_a_month_the_seat_is_free(session, stripe_side, tier, letters):
    browser = begin(session, stripe_side, interval="year", seats="4")
    seated(session, stripe_side, browser, ANNA)
    browser.post("/account/group/invitations", data={"emails": f"{BELA} {CORA}"})
    stripe_side.advance("6d")
    stripe_side.settle()
    browser.post("/account/group/invitations", data={"emails": "dora@example.org"})
    offered, page = seat_of(session, BELA).offered_at, browser.get("/account/group").text
    until = offered + group_rules.KEPT
    assert f"kept until {until.day} {until:%B}" in page
    stripe_side.settle()
    assert len(texts(session, letters, "group_invitation")) == 4
    for _ in range(2):
        stripe_side.advance("2d")
        stripe_side.settle()
    told = letters_to(session, "group_invitation")
    assert sorted(told) == sorted([ANNA, BELA, CORA, BELA, CORA, "dora@example.org"])
    reminder = texts(session, letters, "group_invitation")[-1]
    assert "this is the only reminder" in reminder and f"until {until.day} {until:%B}" in reminder
    assert stripe_side.app.test_client().post(f"/group/{seat_of(session, CORA).token}").status_code == 200
    stripe_side.advance("21d")
    stripe_side.settle()
    assert seat_of(session, BELA).freed_at is not None and seat_of(session, CORA).freed_at is None
    assert seat_of(session, "dora@example.org").freed_at is None
    (over,) = texts(session, letters, "group_seats_lapsed")
    assert BELA in over and CORA not in over and letters_to(session, "group_seats_lapsed") == [PAYER]
    assert stripe_side.app.test_client().post(f"/group/{seat_of(session, BELA).token}").status_code == 404
    assert "1 seat is free" in browser.get("/account/group").text
    stripe_side.advance("30d")
    stripe_side.settle()
    assert len(letters_to(session, "group_invitation")) == 7 and len(letters_to(session, "group_seats_lapsed")) == 2


def letters_to(session, kind):
    return [address for _, address in sent_letters(session, kind)]


def test_a_class_takes_its_seats_from_one_address(session, app, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(app.config["MEMBERSHIP"], wide_limits=False))
    group = make.group(session, seats=30)
    for n in range(30):
        seat = make.seat(session, group, taken_at=None)
        assert app.test_client().post(f"/group/{seat.token}").status_code == 200, n


def test_a_failed_payment_keeps_every_seat_through_the_grace_and_then_none(session, stripe_side, tier, letters):
    browser = begin(session, stripe_side, card=NO_MORE_MONEY)
    (anna,) = seated(session, stripe_side, browser, ANNA)
    paid_until = the_group(session).paid_until
    for span in ("31d", "4d", "5d"):
        stripe_side.advance(span)
        stripe_side.settle()
    assert stands(session, anna)
    failed, reminder = (texts(session, letters, kind)[0] for kind in ("payment_failed", "payment_reminder"))
    assert "for your membership (Friend, a group of 3 seats)" in failed and "whoever holds a seat keeps" in failed
    assert "Whoever holds a seat of the group keeps" in reminder and "Your votes" not in failed + reminder
    assert not has_standing(session, anna.reader_id, paid_until + timedelta(days=14))
    stripe_side.advance("20d")
    stripe_side.settle()
    assert the_group(session).status == "canceled" and not stands(session, anna)
    assert sent_letters(session, "membership_ended", "group_seat_over") == [
        ("group_seat_over", ANNA),
        ("membership_ended", PAYER),
    ]
    (ended,) = texts(session, letters, "membership_ended")
    assert "your group's membership ended" in ended and "/group" in ended


def test_the_payer_cancels_and_the_seats_last_until_then(session, stripe_side, tier):
    browser = begin(session, stripe_side)
    (anna,) = seated(session, stripe_side, browser, ANNA)
    group = the_group(session)
    assert browser.get(f"/account/membership/amount?membership={group.id}").text.count("group&#39;s own page") == 1
    answer = browser.post("/account/membership/cancellation", data={"membership": group.id})
    assert answer.status_code == 303 and the_group(session).ends_at is not None
    assert stands(session, anna)
    stripe_side.advance("32d")
    stripe_side.settle()
    assert not stands(session, anna)
    make.sign_in(session, browser, person_by_email(session, PAYER))
    assert browser.get("/account/group").status_code == 404
    assert stripe_side.app.test_client().get(f"/group/{seat_of(session, ANNA).token}").status_code == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"seats": "1"}, "seats"), ({"seats": ""}, "seats"), ({"tier": "gold"}, "tier"), ({"email": "nobody"}, "email")],
)
def test_what_does_not_fit_is_said_beside_its_field(client, session, tier, changed, field):
    answer = order(client, **changed)
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text


def test_an_address_that_is_none_is_named(session, client, tier):
    group = make.group(session)
    make.sign_in(session, client, session.get(make.Person, group.reader_id))
    answer = client.post("/account/group/invitations", data={"emails": f"{ANNA}\nnobody"})
    assert answer.status_code == 422 and "“nobody” is no e-mail address" in answer.text
    assert session.scalars(select(GroupSeat)).all() == []


def test_seats_are_given_only_once_the_group_is_paid(session, tier):
    group = make.group(session)
    group.paid_until = None
    session.flush()
    with pytest.raises(group_rules.NotPaidYet):
        groups.offer_seats(session, group.id, [ANNA], at=make.NOON)


@pytest.mark.parametrize(
    ("seats", "planned", "taken", "free"), [(5, None, 2, 3), (5, 3, 2, 1), (5, 2, 3, 0), (5, None, 5, 0)]
)
def test_seats_that_will_be_gone_are_not_given(seats, planned, taken, free):
    assert group_rules.free_seats(seats, planned, taken) == free
