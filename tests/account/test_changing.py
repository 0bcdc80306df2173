"""Another amount, tier or interval, and pauses, through the real SDK and the sandbox: told only as Stripe confirmed it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import requests
from sqlalchemy import select

from membership import clock
from membership.account.rules import (
    NothingChanges,
    NotNow,
    Situation,
    Terms,
    When,
    check_changeable,
    next_payment_after,
    when,
)
from membership.giving.models import Payment
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships import rules
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing
from membership.readers.models import Person
from tests import make
from tests.stripe_side import hidden_fields

AMOUNT, PAUSE, PAGE = "/account/membership/amount", "/account/membership/pause", "/account/membership"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def tiers(session):
    for slug, monthly in (("friend", 500), ("champion", 2000)):
        make.tier(session, slug, monthly=monthly).stripe_product_id = None
    session.commit()


def patron(session, stripe_side, client, **values):
    stripe_side.pay(stripe_side.join("ada@example.org", **({"tier": "friend"} | values)), card=GOOD)
    stripe_side.settle()
    return signed_in(session, client)


GOOD = "4242 4242 4242 4242"


def signed_in(session, client):
    person = session.scalars(select(Person).where(Person.email == "ada@example.org")).one()
    make.sign_in(session, client, person)
    return person


@pytest.fixture
def ada(session, tiers, stripe_side, client):
    person = patron(session, stripe_side, client)
    stripe_side.advance("10d")
    stripe_side.settle()
    return person


def membership(session):
    session.expire_all()
    return session.scalars(select(Membership)).one()


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def at_stripe(stripe_side, session):
    return requests.get(at_stripe_path(stripe_side, session), auth=("sk_test_x", ""), timeout=20).json()


def at_stripe_path(stripe_side, session):
    return f"{stripe_side.url}/v1/subscriptions/{membership(session).subscription_id}"


def movements(session):
    session.expire_all()
    return [(row.kind, row.yearly) for row in session.scalars(select(Movement).order_by(Movement.id))]


def look(client, **values):
    """The second page, with the estimate."""
    page = client.get(AMOUNT)
    return client.post(AMOUNT, data=hidden_fields(page.text) | {"interval": "month"} | values)


def change(client, **values):
    page = look(client, **values)
    assert page.status_code == 200, words(page)
    return client.post(AMOUNT + "/confirmation", data=hidden_fields(page.text))


def test_more_holds_at_once_for_the_difference_and_is_estimated_first(session, stripe_side, client, ada):
    page = look(client, tier="champion")
    estimate = re.search(r"about €([\d.]+), an estimate", words(page))
    assert "at once" in words(page) and 9 < float(estimate[1]) < 11
    assert membership(session).amount == 500 and movements(session) == [("new", 6000)]
    answer = client.post(AMOUNT + "/confirmation", data=hidden_fields(page.text))
    assert (answer.status_code, answer.location) == (303, PAGE)
    row = membership(session)
    assert (row.amount, row.interval, row.next_amount) == (2000, "month", None)
    assert movements(session) == [("new", 6000), ("raised", 18000)]
    stripe_side.settle()
    paid = [row.amount for row in session.scalars(select(Payment).order_by(Payment.id))]
    assert paid[0] == 500 and abs(paid[1] - float(estimate[1]) * 100) <= 2
    assert "Champion, €20 a month" in words(client.get(PAGE))
    assert movements(session) == [("new", 6000), ("raised", 18000)]
    [letter] = session.scalars(select(Letter).where(Letter.kind == "membership_changed"))
    assert "€20 a month" in letter.text


def test_confirmed_twice_it_is_changed_and_charged_once(session, stripe_side, client, ada):
    fields = hidden_fields(look(client, tier="champion").text)
    assert client.post(AMOUNT + "/confirmation", data=fields).status_code == 303
    again = client.post(AMOUNT + "/confirmation", data=fields)
    assert again.status_code == 422 and "what your membership is already" in words(again)
    stripe_side.settle()
    assert len(session.scalars(select(Payment)).all()) == 2


def test_less_waits_for_the_next_payment_and_is_shown_until_then(session, stripe_side, client, ada):
    change(client, tier="champion")
    stripe_side.settle()
    page = look(client, tier="friend", amount="7.50")
    assert "estimate" not in words(page)
    client.post(AMOUNT + "/confirmation", data=hidden_fields(page.text))
    row = membership(session)
    assert (row.amount, row.next_amount, row.next_interval, row.next_from) == (2000, 750, "month", row.period_ends_at)
    assert at_stripe(stripe_side, session)["schedule"]
    told = words(client.get(PAGE))
    assert f"From {row.next_from.day} {row.next_from:%B %Y}: €7.50 a month (Friend)" in told
    assert "take that one back first" in words(client.get(AMOUNT))
    stripe_side.settle()
    assert membership(session).next_amount == 750
    stripe_side.advance("25d")
    stripe_side.settle()
    row = membership(session)
    assert (row.amount, row.next_amount) == (750, None)
    assert [kind for kind, _ in movements(session)] == ["new", "raised", "lowered"]
    assert sum(yearly for _, yearly in movements(session)) == 750 * 12
    assert session.scalars(select(Payment).order_by(Payment.id.desc())).first().amount == 750
    signed_in(session, client)
    assert change(client, tier="friend", amount="6").status_code == 303  # while the old plan has not let go yet
    assert membership(session).next_amount == 600


def test_what_waits_can_be_taken_back(session, stripe_side, client, ada):
    change(client, tier="champion")
    change(client, tier="friend")
    assert membership(session).next_amount == 500
    answer = client.post(AMOUNT + "/withdrawal", data={"membership": str(membership(session).id)})
    assert answer.status_code == 303
    assert membership(session).next_amount is None and at_stripe(stripe_side, session)["schedule"] is None


def test_a_cancellation_lets_go_of_what_was_planned(session, stripe_side, client, ada):
    change(client, tier="champion")
    change(client, tier="friend")
    assert client.post("/account/membership/cancellation").status_code == 303
    row = membership(session)
    assert row.ends_at is not None and row.next_amount is None


def test_by_the_year_begins_at_once_and_by_the_month_again_waits(session, stripe_side, client, ada):
    change(client, tier="friend", interval="year")
    row = membership(session)
    assert (row.amount, row.interval) == (5000, "year") and row.period_ends_at - clock.now() > timedelta(days=360)
    stripe_side.settle()
    assert membership(session).paid_until == row.period_ends_at
    change(client, tier="friend", interval="month")
    row = membership(session)
    assert (row.interval, row.next_interval, row.next_amount, row.next_from) == (
        "year",
        "month",
        500,
        row.period_ends_at,
    )


def test_a_bank_that_says_no_leaves_everything_as_it_was(session, tiers, stripe_side, client):
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"), card="4000 0000 0000 0341")
    stripe_side.settle()
    signed_in(session, client)
    answer = change(client, tier="champion")
    assert answer.status_code == 402 and "nothing was changed and nothing was charged" in words(answer)
    before = hidden_fields(look(client, tier="champion").text)["attempt"]
    assert hidden_fields(answer.text)["attempt"] != before, "Stripe repeats its no under the same key"
    stripe_side.settle()
    assert (membership(session).amount, at_stripe(stripe_side, session)["status"]) == (500, "active")
    assert movements(session) == [("new", 6000)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tier": "friend"}, "already"), ({"tier": "champion", "amount": "19"}, "starts at"), ({"amount": "1"}, "smallest"),
        ({"tier": "gold"}, "one of the memberships"), ({"tier": "friend", "amount": "1e3"}, "in digits"),
        ({"tier": "friend", "interval": "day"}, "Not a valid choice"),
    ],
)  # fmt: skip
def test_the_bounds_are_those_of_joining(session, stripe_side, client, ada, values, said):
    answer = look(client, **values)
    assert answer.status_code == 422 and said in words(answer)


def test_when_stripe_does_not_answer_we_say_that_we_do_not_know_yet(session, client, tiers, monkeypatch):
    from membership.gateway import changing
    from membership.gateway import client as gateway

    make.sign_in(session, client, make.patron(session))

    def silent(*_):
        raise gateway.StripeUnreachable()

    monkeypatch.setattr(changing, "pause", silent)
    answer = client.post(PAUSE, data={"months": "1"})
    assert answer.status_code == 503 and "we do not know yet" in words(answer)
    assert session.scalars(select(Job).where(Job.name == "webhooks.take_in")).one()


def test_a_pause_keeps_the_paid_time_and_nothing_after_it(session, stripe_side, client, ada):
    paid_until = membership(session).paid_until
    assert f"paid until {paid_until.day}" in words(client.get(PAUSE))
    page = client.get(PAUSE)
    assert client.post(PAUSE, data=hidden_fields(page.text) | {"months": "2"}).status_code == 303
    row = membership(session)
    assert row.paused and row.resumes_at == next_payment_after(row.period_ends_at, 2) - timedelta(hours=1)
    assert has_standing(session, ada.reader_id, clock.now())
    assert "You vote as before until" in words(client.get(PAGE))
    assert client.post(PAUSE, data={"months": "2"}).status_code == 409
    stripe_side.settle()
    stripe_side.advance("25d")
    stripe_side.settle()
    row = membership(session)
    assert row.paid_until == paid_until < clock.now() < paid_until + rules.GRACE
    assert not has_standing(session, ada.reader_id, clock.now())
    signed_in(session, client)
    assert "Your votes and perks rest" in words(client.get(PAGE))
    assert len(session.scalars(select(Payment)).all()) == 1
    stripe_side.advance("62d")
    stripe_side.settle()
    row = membership(session)
    assert not row.paused and has_standing(session, ada.reader_id, clock.now())
    assert len(session.scalars(select(Payment)).all()) == 2
    assert movements(session) == [("new", 6000), ("paused", -6000), ("resumed", 6000)]


def test_who_cancels_while_paused_leaves_with_nothing_and_is_told_once(session, stripe_side, client, ada):
    client.post(PAUSE, data={"months": "6"})
    stripe_side.settle()
    requests.delete(at_stripe_path(stripe_side, session), auth=("sk_test_x", ""), timeout=20).raise_for_status()
    stripe_side.settle()
    stripe_side.settle()
    assert movements(session) == [("new", 6000), ("paused", -6000), ("left", 0)]
    kinds = session.scalars(select(Letter.kind)).all()
    assert kinds.count("membership_ended") == 1


def test_money_that_went_back_ends_no_membership(session, stripe_side, client, ada):
    """A refund takes the standing; while the membership runs on, nobody is told that it has ended."""
    intent = session.scalars(select(Payment.payment_intent_id)).one()
    about = {"payment_intent": intent}
    requests.post(f"{stripe_side.url}/v1/refunds", data=about, auth=("sk_test_x", ""), timeout=20).raise_for_status()
    stripe_side.settle()
    client.post(PAGE + "/cancellation")
    stripe_side.settle()
    assert membership(session).paid_until is None
    assert movements(session) == [("new", 6000)]
    assert "membership_ended" not in session.scalars(select(Letter.kind)).all()


def test_a_pause_can_be_ended_early(session, stripe_side, client, ada):
    client.post(PAUSE, data={"months": "6"})
    assert "End the pause" in client.get(PAGE).text
    answer = client.post(PAUSE + "/end", data={"membership": str(membership(session).id)})
    assert answer.status_code == 303 and not membership(session).paused
    assert at_stripe(stripe_side, session)["pause_collection"] is None


def test_a_yearly_membership_is_not_paused(session, tiers, stripe_side, client):
    patron(session, stripe_side, client, interval="year")
    assert "paid in advance" in words(client.get(PAUSE))
    assert client.post(PAUSE, data={"months": "1"}).status_code == 409
    assert not membership(session).paused


@pytest.mark.parametrize("months", ["0", "7", "-1", "x", ""])
def test_a_pause_is_one_to_six_months(session, client, months):
    make.sign_in(session, client, make.patron(session))
    assert client.post(PAUSE, data={"months": months}).status_code == 422


def test_nobody_changes_or_pauses_for_somebody_else(session, client):
    make.patron(session)
    theirs = str(session.scalars(select(Membership)).one().id)
    make.sign_in(session, client, make.patron(session))
    for path in (AMOUNT, AMOUNT + "/confirmation", AMOUNT + "/withdrawal", PAUSE, PAUSE + "/end"):
        assert client.post(path, data={"membership": theirs, "months": "1"}).status_code == 404


M5, M7, Y50 = Terms(1, 500, "month"), Terms(1, 700, "month"), Terms(1, 5000, "year")


@pytest.mark.parametrize(
    ("before", "after", "moment"),
    [
        (M5, M7, When.NOW), (M7, M5, When.LATER), (M5, Y50, When.NOW), (Y50, M5, When.LATER), (Y50, M7, When.LATER),
        (M5, Terms(2, 500, "month"), When.NOW), (Y50, Terms(1, 4000, "year"), When.LATER),
    ],
)  # fmt: skip
def test_nobody_pays_twice_for_the_same_days_and_nobody_loses_paid_ones(before, after, moment):
    assert when(before, after) is moment
    with pytest.raises(NothingChanges):
        when(before, before)


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (Situation.GRACE, {}), (Situation.FROZEN, {}), (Situation.WAITING, {}), (Situation.RESTING, {}),
        (Situation.PATRON, {"owes": True}), (Situation.ENDING, {"ends_at": NOON}), (Situation.PATRON, {"paused": True}),
        (Situation.PATRON, {"is_planned": True}),
    ],
)  # fmt: skip
def test_what_comes_first_is_said(state, more):
    with pytest.raises(NotNow):
        check_changeable(state, **({"ends_at": None, "paused": False, "owes": False, "is_planned": False} | more))


@pytest.mark.parametrize(
    ("end", "months", "day"),
    [
        (datetime(2026, 12, 11, tzinfo=UTC), 1, datetime(2027, 1, 11, tzinfo=UTC)),
        (datetime(2026, 8, 31, tzinfo=UTC), 6, datetime(2027, 2, 28, tzinfo=UTC)),
        (datetime(2026, 12, 1, 9, 30, tzinfo=UTC), 12, datetime(2027, 12, 1, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_pause_counts_in_months_of_the_calendar(end, months, day):
    assert next_payment_after(end, months) == day
