"""A renewal that fails, against the sandbox through the real SDK: letters, reminders, another card, what brought it back."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.dunning import actions as dunning
from membership.dunning import tasks
from membership.dunning.models import CardChange, CardLink
from membership.gateway import collecting
from membership.gateway.looking import look_again
from membership.jobs.models import Job
from membership.memberships.models import Membership
from membership.memberships.rules import GRACE
from membership.memberships.standing import has_standing
from tests import make
from tests.dunning.conftest import FAILS_LATER, link_in, membership, sent, unpaid
from tests.dunning.conftest import letters as _letters
from tests.stripe_side import hidden_fields

NEW_CARD = "5555 5555 5555 4444"


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def day(moment):
    return f"{moment.day} {moment:%B %Y}"


def change_card(stripe_side, client, path, card=NEW_CARD, **data):
    page = client.get(path)
    answer = client.post(path, data=hidden_fields(page.text) | data)
    assert answer.status_code == 303, words(answer)
    stripe_side.pay(answer.location, card=card)
    return answer.location


def test_a_failure_is_told_with_reason_next_try_and_grace(session, stripe_side, failing, client, letters):
    row, found = unpaid(session), membership(session)
    assert (row.state, row.reason, row.attempts, row.amount, row.currency) == ("open", "other", 1, 500, "EUR")
    assert row.next_attempt_at > clock.now()
    [letter] = _letters(session, "payment_failed")
    text = sent(letters, letter)
    assert "€5" in text and "declined without saying why" in text and "Nothing changes for you meanwhile" in text
    assert day(row.next_attempt_at) in text and day(found.paid_until + GRACE) in text
    make.sign_in(session, client, failing)
    page = words(client.get("/account/membership"))
    assert "€5 could not be collected" in page and "It was tried once." in page and day(row.next_attempt_at) in page
    assert day(found.paid_until + GRACE) in page
    assert row.hosted_url in client.get("/account/membership").text


def test_the_same_told_again_is_one_letter_and_a_further_try_only_counts(session, stripe_side, failing):
    look_again(session, membership(session).subscription_id, at=clock.now())
    session.commit()
    stripe_side.work()
    assert len(_letters(session, "payment_failed")) == 1
    stripe_side.advance("4d")
    stripe_side.settle()
    assert unpaid(session).attempts > 1
    assert len(_letters(session, "payment_failed")) == 1
    assert [letter.key.rpartition(":")[2] for letter in _letters(session, "payment_reminder")] == ["day-3"]


def test_a_bank_that_asks_to_confirm_is_told_with_the_way_there(session, tier, stripe_side, api, letters):
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"))
    stripe_side.settle()
    subscription = api.subscriptions.retrieve(membership(session).subscription_id)
    card = api.payment_methods.attach("pm_card_authenticationRequired", {"customer": subscription.customer})
    api.subscriptions.update(subscription.id, {"default_payment_method": card.id})
    stripe_side.advance("32d")
    stripe_side.settle()
    row = unpaid(session)
    [letter] = _letters(session, "payment_failed")
    assert row.reason == "confirm" and letter.subject.startswith("Please confirm")
    assert row.hosted_url in sent(letters, letter)


def test_reminders_come_by_their_days_and_stop_when_it_is_paid(session, stripe_side, failing, api):
    steps = lambda: [letter.key.rpartition(":")[2] for letter in _letters(session, "payment_reminder")]  # noqa: E731
    stripe_side.advance("3d")
    stripe_side.settle()
    assert steps() == ["day-3"]
    stripe_side.advance("4d")
    stripe_side.settle()
    assert steps() == ["day-3", "day-7"]
    row = unpaid(session)
    subscription = api.subscriptions.retrieve(membership(session).subscription_id)
    card = api.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
    api.subscriptions.update(subscription.id, {"default_payment_method": card.id})
    api.invoices.pay(row.invoice_id)
    stripe_side.settle()
    row = unpaid(session)
    assert (row.state, row.recovered_by, row.recovered_step) == ("recovered", "page", "day-7")
    stripe_side.advance("6d")
    stripe_side.settle()
    assert steps() == ["day-3", "day-7"]
    assert session.scalars(select(Job).where(Job.name == "dunning.remind")).all() == []


def test_a_reminder_asks_stripe_first_and_is_not_written_when_the_word_of_the_payment_was_lost(
    session, stripe_side, failing, api
):
    row = unpaid(session)
    subscription = api.subscriptions.retrieve(membership(session).subscription_id)
    card = api.payment_methods.attach("pm_card_visa", {"customer": subscription.customer})
    api.subscriptions.update(subscription.id, {"default_payment_method": card.id})
    api.invoices.pay(row.invoice_id)
    stripe_side.new_events()  # never delivered
    stripe_side.advance("3d")
    stripe_side.work()
    assert _letters(session, "payment_reminder") == []
    assert unpaid(session).state == "recovered"


def test_the_letters_link_puts_another_card_on_without_signing_in_and_pays_what_is_open(
    session, stripe_side, failing, api, app, letters
):
    [letter] = _letters(session, "payment_failed")
    assert letter.text == ""
    token = link_in(sent(letters, letter))
    assert session.scalars(select(CardLink).where(CardLink.token_hash == token)).all() == []
    stranger = app.test_client()
    shown = stranger.get(f"/card/{token}")
    assert shown.status_code == 200 and shown.headers["Referrer-Policy"] == "no-referrer"
    assert "ada@example.org" not in shown.text
    assert session.scalar(select(func.count()).select_from(CardChange)) == 0
    hosted = change_card(stripe_side, stranger, f"/card/{token}")
    session_id = hosted.rpartition("/")[2]
    waiting = stranger.get("/card/updated", query_string={"session_id": session_id})
    assert "We are putting the card" in waiting.text and waiting.headers["Refresh"]
    stripe_side.settle()
    assert "The new card is on your membership" in stranger.get(f"/card/updated?session_id={session_id}").text
    found = membership(session)
    subscription = api.subscriptions.retrieve(found.subscription_id, {"expand": ["default_payment_method", "customer"]})
    assert subscription.default_payment_method.card.last4 == "4444"
    assert subscription.customer.invoice_settings.default_payment_method == subscription.default_payment_method.id
    assert subscription.status == found.status == "active" and found.paid_until > clock.now()
    row = unpaid(session)
    assert (row.state, row.recovered_by, row.recovered_step) == ("recovered", "new_card", "first")
    [told] = _letters(session, "card_updated")
    assert "4444" in told.text
    assert stranger.get(f"/card/{token}").status_code == 410
    assert stranger.post(f"/card/{token}").status_code == 410
    assert "/card/" not in " ".join(job.key for job in session.scalars(select(Job)))


def test_a_card_that_the_bank_declines_again_leaves_the_payment_open(session, stripe_side, failing, client):
    make.sign_in(session, client, failing)
    change_card(stripe_side, client, "/account/card", card=FAILS_LATER)
    stripe_side.settle()
    assert unpaid(session).state == "open" and membership(session).status == "past_due"
    assert len(_letters(session, "card_updated")) == 1


def test_the_signed_in_change_their_card_in_their_account(session, stripe_side, failing, client):
    make.sign_in(session, client, failing)
    change_card(stripe_side, client, "/account/card")
    stripe_side.settle()
    row = unpaid(session)
    assert (row.state, row.recovered_by, row.recovered_step) == ("recovered", "new_card", "account")
    assert "could not be collected" not in client.get("/account/membership").text


def test_a_finished_setup_told_twice_and_late_changes_nothing_more(session, stripe_side, failing, client, api):
    make.sign_in(session, client, failing)
    first = client.post("/account/card").location
    change_card(stripe_side, client, "/account/card")
    stripe_side.pay(first, card="4242 4242 4242 4242")
    events = stripe_side.new_events()
    done = [event for event in events if event["type"] == "checkout.session.completed"]
    stripe_side.deliver(done[:1])
    stripe_side.work()
    stripe_side.deliver(events + done)
    stripe_side.work()
    subscription = api.subscriptions.retrieve(
        membership(session).subscription_id, {"expand": ["default_payment_method"]}
    )
    # Both were stored; the one that was begun last stays, whatever order their words arrive in.
    assert subscription.default_payment_method.card.last4 == "4444"
    assert {change.state for change in session.scalars(select(CardChange))} <= {"done", "refused"}
    assert len(_letters(session, "card_updated")) == sum(
        change.state == "done" for change in session.scalars(select(CardChange))
    )


def test_a_link_is_for_its_own_membership_and_for_fourteen_days(session, client):
    make.patron(session)
    row = session.scalars(select(Membership)).one()
    token = dunning.make_link(session, row, step="first", at=clock.now() - timedelta(days=14, seconds=1))
    fresh = dunning.make_link(session, row, step="first", at=clock.now())
    session.commit()
    assert client.get(f"/card/{token}").status_code == client.post(f"/card/{token}").status_code == 410
    assert client.get(f"/card/{fresh}").status_code == 200
    assert client.get("/card/nothing").status_code == 410


def test_nobody_changes_somebody_elses_card(session, client):
    make.patron(session)
    theirs = session.scalars(select(Membership)).one()
    make.sign_in(session, client, make.patron(session))
    assert client.post("/account/card", data={"membership": str(theirs.id)}).status_code == 404


def test_what_is_never_paid_is_given_up_and_no_reminder_follows_the_end(session, stripe_side, failing):
    for _ in range(4):
        stripe_side.advance("6d")
        stripe_side.settle()
    found = membership(session)
    assert found.status == "canceled" and not has_standing(session, failing.reader_id, clock.now())
    row = unpaid(session)
    assert (row.state, row.recovered_by, row.next_attempt_at) == ("given_up", None, None)
    assert len(_letters(session, "membership_ended")) == 1
    before = len(_letters(session, "payment_reminder"))
    stripe_side.advance("20d")
    stripe_side.settle()
    assert len(_letters(session, "payment_reminder")) == before <= 3


def test_a_yearly_renewal_is_announced_two_weeks_before(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend", interval="year"))
    stripe_side.settle()
    stripe_side.advance("340d")
    stripe_side.settle()
    assert _letters(session, "renewal_notice") == []
    stripe_side.advance("12d")
    stripe_side.settle()
    [letter] = _letters(session, "renewal_notice")
    assert "€50 will be collected" in letter.text and "ending in 4242" in letter.text
    look_again(session, membership(session).subscription_id, at=clock.now())
    session.commit()
    stripe_side.work()
    assert len(_letters(session, "renewal_notice")) == 1


def test_a_cancelled_year_is_not_announced(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend", interval="year"))
    stripe_side.settle()
    api.subscriptions.update(membership(session).subscription_id, {"cancel_at_period_end": True})
    stripe_side.advance("352d")
    stripe_side.settle()
    assert _letters(session, "renewal_notice") == []


def test_a_card_that_will_have_expired_is_told_once_when_a_renewal_comes_near(
    session, tier, stripe_side, monkeypatch, letters
):
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"))
    stripe_side.settle()
    found = membership(session)
    old = collecting.CardReading("pm_1", "visa", "4242", 1, 2020)
    monkeypatch.setattr(collecting, "card_of", lambda _id: old)
    parent = {"subscription_details": {"subscription": found.subscription_id}}
    for n in range(2):
        about = {"object": "invoice", "parent": parent}
        event = {"object": "event", "id": f"evt_upcoming{n}", "type": "invoice.upcoming", "livemode": False,
                 "created": int(clock.now().timestamp()), "data": {"object": about}}  # fmt: skip
        assert stripe_side.deliver([event]) == [200]
        stripe_side.work()
    [letter] = _letters(session, "card_expiring")
    assert link_in(sent(letters, letter))
    assert _letters(session, "renewal_notice") == []


@pytest.mark.parametrize("status", ["active", "past_due"])
def test_stripe_is_asked_for_what_is_open_only_when_something_points_to_it(session, client, monkeypatch, status):
    asked = []
    monkeypatch.setattr(collecting, "open_invoices", lambda id: asked.append(id) or [])

    class Reading:
        id = "sub_1"

    Reading.status = status
    tasks.fetch_owed(Reading, told=False)
    assert bool(asked) is (status == "past_due")
