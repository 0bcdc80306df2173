"""A membership given away: bought through Stripe, delivered, reminded of, claimed, refunded, disputed."""

import re
from datetime import timedelta

import pytest
import requests
from sqlalchemy import func, select

from membership import clock
from membership.giving.correction_models import Dispute
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.mail.models import Letter
from membership.memberships import gifts
from membership.memberships.gift_models import Gift
from membership.memberships.gift_queries import state_of
from membership.memberships.given_models import GivenMembership
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing, standings_of
from membership.readers.queries import person_by_email
from tests import make
from tests.stripe_side import hidden_fields

GIVER, FRIEND = "gina@example.org", "frida@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def tier(session):
    return make.tier(session, "friend")


def order(client, **values):
    """What /give/membership answers to a filled-in form."""
    page = client.get("/give/membership")
    form = hidden_fields(page.text) | {
        "tier": "friend", "months": "3", "delivery": "now", "recipient_email": FRIEND, "recipient_name": "Frida Sample",
        "giver_name": "Gina Sample", "message": "For all the mornings.", "email": GIVER,
    }  # fmt: skip
    return client.post("/give/membership", data=form | values)


def buy(side, card="4242 4242 4242 4242", **values):
    answer = order(side.client, **values)
    assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:900]
    side.pay(answer.location, card)
    side.settle()


def the_gift(session):
    session.expire_all()
    return session.scalars(select(Gift)).one()


def letters(session):
    session.expire_all()
    return [(letter.kind, letter.address) for letter in session.scalars(select(Letter).order_by(Letter.id)).all()]


def staff_refunds(session, side, minor=None):
    """Staff send the gift's money back through their own page."""
    payment = session.scalars(select(Payment)).one()
    browser = side.app.test_client()
    make.sign_in(session, browser, make.staff(session, "manager"))
    path = f"/staff/patrons/{payment.reader_id}/payments/{payment.id}/refund"
    amount = f"{(minor or payment.amount) / 100:.2f}"
    form = hidden_fields(browser.get(path).text) | {"amount": amount, "reason": "requested_by_customer"}
    assert browser.post(path, data=form).status_code == 303
    side.settle()


def test_a_gift_is_bought_delivered_and_claimed_and_its_time_begins_then(session, stripe_side, tier):
    buy(stripe_side)
    gift = the_gift(session)
    payment = session.scalars(select(Payment)).one()
    assert (payment.kind, payment.amount, payment.currency) == ("gift", 1500, "EUR")
    assert payment.reader_id == gift.giver_id == person_by_email(session, GIVER).reader_id
    assert session.scalars(select(Receipt.payment_id)).all() == [payment.id]
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.payment_id == payment.id)) < 1500
    assert session.scalars(select(Movement)).all() == session.scalars(select(Membership)).all() == []
    sent = [("receipt", GIVER), ("gift_bought", GIVER), ("gift_for_you", FRIEND)]
    assert letters(session) == sent
    assert person_by_email(session, FRIEND) is None  # nobody is made known by being given something

    browser = stripe_side.app.test_client()
    page = browser.get(f"/gift/{gift.token}")
    assert "A gift from Gina Sample" in page.text and "For all the mornings." in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert the_gift(session).claimed_at is None  # looking claims nothing
    stripe_side.advance("10d")
    answer = browser.post(f"/gift/{gift.token}")
    assert answer.status_code == 200 and "It has begun" in answer.text
    friend, at = person_by_email(session, FRIEND), clock.now()
    assert friend.name == "Frida Sample"
    standing = standings_of(session, friend.reader_id, at)
    assert [(one.source, one.tier_id) for one in standing] == [("gift", tier.id)]
    assert 88 * DAY < standing[0].until - at < 93 * DAY
    assert not has_standing(session, friend.reader_id, standing[0].until)
    assert browser.post(f"/gift/{gift.token}").status_code == 409
    assert len(session.scalars(select(GivenMembership)).all()) == 1
    assert not has_standing(session, gift.giver_id, at)
    stripe_side.work()
    assert letters(session)[3:] == [("gift_begun", FRIEND), ("gift_claimed", GIVER)]


def test_the_same_form_twice_is_one_gift_and_told_twice_is_one_payment(session, stripe_side, tier):
    page = stripe_side.client.get("/give/membership")
    form = hidden_fields(page.text) | {
        "tier": "friend", "months": "12", "delivery": "link", "giver_name": "Gina Sample", "email": GIVER,
    }  # fmt: skip
    first, second = (stripe_side.client.post("/give/membership", data=form).location for _ in range(2))
    assert first == second
    stripe_side.pay(first)
    events = stripe_side.new_events()
    stripe_side.deliver([*events, *reversed(events), *events])
    stripe_side.work()
    stripe_side.deliver(events)
    stripe_side.work()
    assert len(session.scalars(select(Gift)).all()) == len(session.scalars(select(Payment)).all()) == 1
    assert letters(session) == [("receipt", GIVER), ("gift_bought", GIVER)]


def test_the_page_of_thanks_says_what_is_true(session, stripe_side, tier):
    answer = order(stripe_side.client, delivery="link")
    back = stripe_side.pay(answer.location).headers["Location"].removeprefix("http://127.0.0.1:8000")
    assert "We are confirming your payment" in stripe_side.client.get(back).text
    stripe_side.settle()
    thanks = stripe_side.client.get(back).text
    assert "Your gift is paid" in thanks and f"/gift/{the_gift(session).token}" in thanks
    elsewhere = stripe_side.app.test_client().get(back).text
    assert "/gift/" not in elsewhere and GIVER not in elsewhere


def test_a_gift_that_a_slow_bank_has_not_paid_cannot_be_claimed(session, stripe_side, tier):
    page = order(stripe_side.client).location
    with requests.Session() as browser:
        fields = hidden_fields(browser.get(page, timeout=20).text) | {"iban": "AT611904300234573201"}
        back = browser.post(page, data=fields, allow_redirects=False, timeout=20)
    stripe_side.settle()
    path = back.headers["Location"].removeprefix("http://127.0.0.1:8000")
    assert "Your gift is paid" not in stripe_side.client.get(path).text
    stripe_side.work()
    assert "Waiting for your bank" in stripe_side.client.get(path).text
    gift = the_gift(session)
    assert session.scalars(select(Checkout.state)).one() == "waiting" and gift.payment_id is None
    assert stripe_side.client.post(f"/gift/{gift.token}").status_code == 404
    assert letters(session) == []
    stripe_side.advance("10d")
    stripe_side.settle()
    assert the_gift(session).delivered_at is not None


def test_a_declined_card_buys_nothing(session, stripe_side, tier):
    buy(stripe_side, card="4000 0000 0000 0002")
    assert the_gift(session).payment_id is None and session.scalars(select(Payment)).all() == []
    assert letters(session) == []


def test_it_is_delivered_on_the_day_chosen_and_whoever_forgets_it_is_reminded(session, stripe_side, tier):
    day = (clock.now() + 20 * DAY).date()
    buy(stripe_side, delivery="day", day=day.isoformat())
    assert [kind for kind, _ in letters(session)] == ["receipt", "gift_bought"]
    assert state_of(the_gift(session)) == "to_come"
    stripe_side.advance("18d")
    stripe_side.work()
    assert len(letters(session)) == 2
    kinds = []
    for days in ("3d", "8d", "23d", "15d", "60d"):
        stripe_side.advance(days)
        stripe_side.work()
        kinds.append([kind for kind, _ in letters(session)][2:])
    assert kinds == [
        ["gift_for_you"],
        ["gift_for_you", "gift_reminder"],
        ["gift_for_you", "gift_reminder", "gift_reminder"],
        ["gift_for_you", "gift_reminder", "gift_reminder", "gift_unclaimed"],
        ["gift_for_you", "gift_reminder", "gift_reminder", "gift_unclaimed"],
    ]
    assert the_gift(session).delivered_at.date() >= day


def test_a_link_handed_over_is_claimed_by_whoever_is_signed_in(session, stripe_side, tier):
    buy(stripe_side, delivery="link", recipient_email="")
    gift, friend = the_gift(session), make.reader(session, FRIEND)
    browser = stripe_side.app.test_client()
    make.sign_in(session, browser, friend)
    assert "You bought this gift" not in browser.get(f"/gift/{gift.token}").text
    assert browser.post(f"/gift/{gift.token}").status_code == 200
    assert has_standing(session, friend.reader_id, clock.now())


def test_without_an_account_a_link_handed_over_goes_to_an_address_first(session, stripe_side, tier):
    buy(stripe_side, delivery="link", recipient_email="")
    gift = the_gift(session)
    browser = stripe_side.app.test_client()
    assert browser.post(f"/gift/{gift.token}", data={"email": ""}).status_code == 422
    assert browser.post(f"/gift/{gift.token}", data={"email": "nobody"}).status_code == 422
    sent = browser.post(f"/gift/{gift.token}", data={"email": FRIEND})
    assert "A letter is on its way" in sent.text and the_gift(session).claimed_at is None
    assert letters(session)[-1] == ("gift_for_you", FRIEND)
    assert browser.post(f"/gift/{gift.token}").status_code == 200
    assert has_standing(session, person_by_email(session, FRIEND).reader_id, clock.now())


def test_for_a_patron_it_waits_until_what_they_have_ends(session, stripe_side, tier):
    buy(stripe_side)
    friend = make.patron(session, FRIEND, tier_row=tier, paid_until=clock.now() + 20 * DAY)
    answer = stripe_side.app.test_client().post(f"/gift/{the_gift(session).token}")
    assert "You are a member already, so it waits" in answer.text
    assert [one.source for one in standings_of(session, friend.reader_id, clock.now())] == ["membership"]
    assert ("gift_begun", FRIEND) not in letters(session)
    stripe_side.work()
    stripe_side.advance("33d")  # within the grace of a payment that does not come
    stripe_side.work()
    assert [one.source for one in standings_of(session, friend.reader_id, clock.now())] == ["membership"]
    stripe_side.advance("2d")
    stripe_side.work()
    assert [one.source for one in standings_of(session, friend.reader_id, clock.now())] == ["gift"]
    assert letters(session)[-1] == ("gift_begun", FRIEND)


def test_a_second_gift_follows_the_first(session, stripe_side, tier):
    first = make.given(session, make.reader(session, FRIEND), kind="gift", tier_row=tier, begins_at=clock.now())
    buy(stripe_side)
    stripe_side.app.test_client().post(f"/gift/{the_gift(session).token}")
    second = session.scalars(select(GivenMembership).where(GivenMembership.id != first.id)).one()
    assert second.begins_at is None
    stripe_side.work()
    stripe_side.advance("31d")
    stripe_side.work()
    session.expire_all()
    assert second.begins_at is not None and second.begins_at >= first.ends_at


def test_refunded_before_it_is_claimed_it_is_withdrawn(session, stripe_side, tier):
    buy(stripe_side)
    staff_refunds(session, stripe_side)
    gift = the_gift(session)
    assert (gift.withdrawn_for, state_of(gift)) == ("refund", "withdrawn")
    assert letters(session)[-1] == ("gift_withdrawn", FRIEND) and ("refunded", GIVER) in letters(session)
    browser = stripe_side.app.test_client()
    assert "cannot be claimed" in browser.get(f"/gift/{gift.token}").text
    assert browser.post(f"/gift/{gift.token}").status_code == 410
    stripe_side.advance("60d")
    stripe_side.work()
    assert letters(session)[-1] == ("gift_withdrawn", FRIEND)  # nobody is reminded of it


def test_refunded_after_it_was_claimed_its_standing_ends(session, stripe_side, tier):
    buy(stripe_side)
    stripe_side.app.test_client().post(f"/gift/{the_gift(session).token}")
    friend = person_by_email(session, FRIEND)
    staff_refunds(session, stripe_side, 500)
    assert has_standing(session, friend.reader_id, clock.now())  # a part leaves it as it is
    staff_refunds(session, stripe_side, 1000)
    assert not has_standing(session, friend.reader_id, clock.now())
    assert letters(session)[-1] == ("gift_withdrawn", FRIEND)


def dispute_closes(session, side, outcome):
    session.expire_all()
    dispute = session.scalars(select(Dispute)).one()
    url = f"{side.url}/_sandbox/disputes/{dispute.stripe_id}"
    requests.post(url, json={"outcome": outcome}, timeout=20).raise_for_status()
    side.settle()


@pytest.mark.parametrize(("outcome", "stands"), [("won", True), ("lost", False)])
@pytest.mark.parametrize("claimed_before", [True, False])
def test_a_dispute_rests_it_and_the_bank_decides(session, stripe_side, tier, outcome, stands, claimed_before):
    buy(stripe_side, card="4000 0000 0000 0259")
    token, browser = the_gift(session).token, stripe_side.app.test_client()
    if claimed_before:
        assert browser.post(f"/gift/{token}").status_code == 200
    stripe_side.advance("5m")
    stripe_side.settle()
    assert the_gift(session).withdrawn_for == "dispute"
    assert browser.post(f"/gift/{token}").status_code == 410
    assert letters(session)[-1] == ("gift_withdrawn", FRIEND)
    friend = person_by_email(session, FRIEND)
    assert friend is None or not has_standing(session, friend.reader_id, clock.now())
    stripe_side.advance("40d")
    before = session.scalars(select(GivenMembership.ends_at)).first()
    dispute_closes(session, stripe_side, outcome)
    assert the_gift(session).withdrawn_for == (None if stands else "refund")
    assert letters(session)[-1] == ("gift_counts_again" if stands else "gift_withdrawn", FRIEND)
    if claimed_before:
        rested = session.scalars(select(GivenMembership.ends_at)).one() - before
        assert timedelta(days=40) <= rested < timedelta(days=41) if stands else rested == timedelta()
    assert browser.post(f"/gift/{token}").status_code == (410 if not stands else 409 if claimed_before else 200)
    friend = person_by_email(session, FRIEND)
    assert (friend is not None and has_standing(session, friend.reader_id, clock.now())) is stands


def test_an_inquiry_leaves_it_as_it_is(session, stripe_side, tier):
    buy(stripe_side, card="4000 0000 0000 1976")
    stripe_side.advance("5m")
    stripe_side.settle()
    assert session.scalars(select(Dispute.status)).one().startswith("warning_")
    assert the_gift(session).withdrawn_for is None


def test_the_giver_sees_it_and_sends_it_elsewhere(session, stripe_side, tier):
    buy(stripe_side)
    gift = the_gift(session)
    browser = stripe_side.app.test_client()
    make.sign_in(session, browser, person_by_email(session, GIVER))
    page = browser.get("/account/gifts").text
    assert f"/gift/{gift.token}" in page and "not claimed yet" in page
    assert "has not been claimed yet" in browser.get("/account").text
    assert browser.post(f"/account/gifts/{gift.id}/letter", data={"email": "x"}).status_code == 422
    assert browser.post(f"/account/gifts/{gift.id}/letter", data={"email": "other@example.org"}).status_code == 303
    assert letters(session)[-1] == ("gift_for_you", "other@example.org")
    stripe_side.app.test_client().post(f"/gift/{gift.token}")
    assert person_by_email(session, "other@example.org") and person_by_email(session, FRIEND) is None
    assert ">claimed</span>" in browser.get("/account/gifts").text
    stranger = stripe_side.app.test_client()
    make.sign_in(session, stranger, make.reader(session))
    assert stranger.post(f"/account/gifts/{gift.id}/letter", data={"email": FRIEND}).status_code == 404
    assert gift.token not in stranger.get("/account/gifts").text
    staff = stripe_side.app.test_client()
    make.sign_in(session, staff, make.staff(session, "manager"))
    listed = staff.get("/staff/gifts?all=1").text
    assert ">claimed</span>" in listed and gift.token not in listed


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"months": "4"}, "months"),
        ({"tier": "gold"}, "tier"),
        ({"recipient_email": ""}, "recipient_email"),
        ({"delivery": "day", "day": ""}, "day"),
        ({"delivery": "day", "day": "2020-01-01"}, "day"),
        ({"delivery": "day", "day": "2199-01-01"}, "day"),
        ({"giver_name": ""}, "giver_name"),
        ({"message": "x" * 1001}, "message"),
        ({"message": "Look:\nhttps://elsewhere.example/"}, "message"),
        ({"giver_name": "Gina www.elsewhere.example"}, "giver_name"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(client, session, tier, changed, field):
    answer = order(client, **changed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text or f'href="#{field}"' in answer.text
    assert session.scalars(select(Gift)).all() == []


def test_one_button_is_one_claim_also_for_two_at_once(session, stripe_side, tier):
    buy(stripe_side)
    gift, at = the_gift(session), clock.now()
    made = gifts.claim(session, gift.token, None, at=at)
    assert made.key == f"gift:{gift.id}"
    with pytest.raises(gifts.gift_rules.ClaimedAlready):
        gifts.claim(session, gift.token, make.reader(session).reader_id, at=at)
