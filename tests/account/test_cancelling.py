"""Cancelling at the period's end, against the sandbox through the real SDK: only what Stripe confirmed is told."""

import re
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from membership import clock
from membership.account import actions
from membership.account.models import LeavingReason
from membership.gateway import client as gateway
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing
from membership.readers.models import Person
from tests import make
from tests.stripe_side import hidden_fields

CANCELLATION = "/account/membership/cancellation"


@pytest.fixture
def ada(session, stripe_side, client):
    """A patron who paid on the sandbox's page and is signed in."""
    make.tier(session, "member").stripe_product_id = None  # Stripe does not know it yet
    session.commit()
    stripe_side.pay(stripe_side.join("ada@example.org", tier="member"))
    stripe_side.settle()
    person = session.scalars(select(Person).where(Person.email == "ada@example.org")).one()
    make.sign_in(session, client, person)
    return person


def membership(session):
    session.expire_all()
    return session.scalars(select(Membership)).one()


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def letters(session, kind="membership_ends"):
    session.expire_all()
    return session.scalars(select(Letter).where(Letter.kind == kind)).all()


def at_stripe(stripe_side, subscription_id):
    answer = requests.get(f"{stripe_side.url}/v1/subscriptions/{subscription_id}", auth=("sk_test_x", ""), timeout=20)
    return answer.json()


def test_a_patron_cancels_in_two_clicks_and_is_told_until_when(session, stripe_side, client, ada):
    before = membership(session)
    first = re.search(r'href="(/account/membership/cancellation[^"]*)"', client.get("/account/membership").text)
    page = client.get(first[1])
    assert "everything stays as it is until" in words(page)
    answer = client.post(CANCELLATION, data=hidden_fields(page.text))
    assert (answer.status_code, answer.location) == (303, "/account/membership")
    after = membership(session)
    assert after.ends_at == before.paid_until and after.status == "active"
    stripes = at_stripe(stripe_side, after.subscription_id)
    assert stripes["cancel_at_period_end"] or stripes["cancel_at"]
    told = words(client.get("/account/membership"))
    assert "Your membership ends on" in told and "Until then you keep your votes and perks." in told
    assert "Nothing further will be charged." in told
    [letter] = letters(session)
    assert letter.key == f"cancellation:{after.subscription_id}:{after.ends_at:%Y-%m-%d}"
    assert letter.subject.startswith("Your membership ends on")
    assert has_standing(session, ada.reader_id, clock.now())


def test_the_money_is_counted_until_the_end_and_the_end_comes(session, stripe_side, client, ada):
    client.post(CANCELLATION)
    stripe_side.settle()
    assert membership(session).counted == 6000
    stripe_side.advance("40d")
    stripe_side.settle()
    after = membership(session)
    assert (after.status, after.counted) == ("canceled", 0)
    session.expire_all()
    assert [row.kind for row in session.scalars(select(Movement).order_by(Movement.sequence))] == ["new", "left"]
    assert not has_standing(session, ada.reader_id, clock.now())
    make.sign_in(session, client, ada)  # the session of forty days ago has ended
    assert "You have no running membership" in client.get("/account/membership").text
    assert len(letters(session)) == 1


def test_a_cancellation_sent_twice_is_one_and_one_letter(session, stripe_side, client, ada):
    assert [client.post(CANCELLATION).status_code for _ in range(2)] == [303, 303]
    assert membership(session).ends_at is not None and len(letters(session)) == 1


def test_a_cancellation_can_be_taken_back(session, stripe_side, client, ada):
    client.post(CANCELLATION)
    page = client.get("/account/membership").text
    assert "Stay a patron" in page
    fields = hidden_fields(page)
    assert client.post(CANCELLATION + "/withdrawal", data=fields).status_code == 303
    after = membership(session)
    assert after.ends_at is None
    assert at_stripe(stripe_side, after.subscription_id)["cancel_at_period_end"] is False
    assert "It is paid until" in words(client.get("/account/membership"))
    told = session.scalars(select(Letter).where(Letter.kind == "membership_goes_on")).one()
    assert "It goes on as before" in told.text and "The next payment is made on" in told.text


def test_when_stripe_does_not_answer_nothing_was_changed_and_the_page_says_so(session, client, app):
    ada = make.patron(session)
    make.sign_in(session, client, ada)
    answer = client.post(CANCELLATION)
    assert answer.status_code == 503
    assert "nothing was changed: your membership stays as it is" in words(answer)
    assert "Cancel my membership" in answer.text
    row = membership(session)
    assert row.ends_at is None and letters(session) == []
    job = session.scalars(select(Job).where(Job.name == "webhooks.take_in")).one()
    assert (job.key, job.payload) == (f"stripe:{row.subscription_id}", {"root": row.subscription_id})


def test_a_subscription_that_stripe_knows_no_more_is_looked_at_again(session, stripe_side, client):
    make.sign_in(session, client, make.patron(session))
    answer = client.post(CANCELLATION)
    assert answer.status_code == 409 and "perhaps the membership has ended already" in words(answer)
    assert membership(session).ends_at is None and letters(session) == []
    assert session.scalars(select(Job).where(Job.name == "webhooks.take_in")).one()


def test_an_answer_that_a_race_made_stale_is_put_right_by_the_job(session, stripe_side, client, ada):
    subscription = membership(session).subscription_id
    stale = gateway.schedule_cancellation(subscription, cancel=True)
    gateway.schedule_cancellation(subscription, cancel=False)
    actions.follow_cancellation(session, stale, at=clock.now())
    session.commit()
    assert membership(session).ends_at is not None
    stripe_side.work()
    assert membership(session).ends_at is None


def test_a_scheduled_end_elsewhere_is_told_without_a_promise_about_money(session, client):
    make.sign_in(session, client, make.patron(session))
    row = session.scalars(select(Membership)).one()
    row.ends_at = row.paid_until + timedelta(days=60)
    session.commit()
    told = words(client.get("/account/membership"))
    assert "Your membership ends on" in told and "Nothing further will be charged" not in told


def test_nobody_cancels_for_somebody_else(session, client):
    make.patron(session)
    theirs = session.scalars(select(Membership)).one()
    make.sign_in(session, client, make.patron(session))
    for path in (CANCELLATION, CANCELLATION + "/withdrawal"):
        assert client.post(path, data={"membership": str(theirs.id)}).status_code == 404
    assert client.get(f"{CANCELLATION}?membership={theirs.id}").status_code == 404


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "1 OR 1"])
def test_a_number_that_is_none_cancels_nothing(session, client, number):
    make.sign_in(session, client, make.patron(session))
    assert client.post(CANCELLATION, data={"membership": number}).status_code == 404


@pytest.mark.parametrize("who", ["reader", "lapsed_patron"])
def test_without_a_running_membership_there_is_nothing_to_cancel(session, client, who):
    make.sign_in(session, client, getattr(make, who)(session))
    answer = client.get(CANCELLATION)
    assert answer.status_code == 404 and "no running membership" in words(answer)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({}, []), ({"reason": "money"}, [("money", "")]), ({"words": " Goodbye. "}, [("other", "Goodbye.")]),
        ({"reason": "nonsense"}, []), ({"reason": "moved", "words": "x" * 5000}, [("moved", "x" * 1000)]),
    ],
)  # fmt: skip
def test_a_reason_may_be_given_and_never_stands_in_the_way(session, stripe_side, client, ada, said, kept):
    assert client.post(CANCELLATION, data=said).status_code == 303
    assert membership(session).ends_at is not None
    assert [(row.reason, row.words) for row in session.scalars(select(LeavingReason))] == kept


def test_a_reason_given_again_is_the_latest_one(session, stripe_side, client, ada):
    client.post(CANCELLATION, data={"reason": "money"})
    client.post(CANCELLATION + "/withdrawal")
    client.post(CANCELLATION, data={"reason": "time"})
    session.expire_all()
    assert [row.reason for row in session.scalars(select(LeavingReason))] == ["time"]


def test_the_middle_way_stands_after_the_button_and_not_where_it_cannot_be_gone(session, stripe_side, client, ada):
    page = client.get(CANCELLATION).text
    assert page.index("Cancel my membership") < page.index("give less") < page.index("pause for a while")
    client.post("/account/membership/pause", data={"months": "1"})
    assert "give less" not in client.get(CANCELLATION).text


def test_somebody_who_returns_finds_their_history_and_counts_as_returned(session, stripe_side, client, ada):
    client.post(CANCELLATION)
    stripe_side.advance("40d")
    stripe_side.settle()
    stripe_side.pay(stripe_side.join("ada@example.org", tier="member"))
    stripe_side.settle()
    session.expire_all()
    kinds = [row.kind for row in session.scalars(select(Movement).order_by(Movement.id))]
    assert kinds == ["new", "left", "returned"]
    make.sign_in(session, client, ada)
    told = words(client.get("/account/membership"))
    assert "You are a patron" in told and "Earlier memberships" in told


def test_a_get_cancels_nothing(session, stripe_side, client, ada):
    client.get(CANCELLATION)
    client.get(CANCELLATION + "/withdrawal")
    assert membership(session).ends_at is None
