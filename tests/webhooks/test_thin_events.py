"""Thin events: they name what changed and nothing else. Told thin, in full, twice or both ways, a change is acted on once."""

import json
import logging

import pytest
import requests
import stripe
from click.testing import CliRunner
from sqlalchemy import func, select

from membership import cli
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.sandbox.shapes import thin as shapes
from membership.webhooks import reconciling
from membership.webhooks.drift_models import Drift
from membership.webhooks.listeners import FINER, HEAR, HEARD, LISTENERS
from membership.webhooks.models import StripeEvent
from tests import make
from tests.webhooks.test_door import event, jobs, kept
from tests.webhooks.test_listeners import deliver


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    return row


@pytest.fixture
def asked(caplog):
    """The paths that were asked of Stripe so far, by method."""
    caplog.set_level(logging.INFO, "stripe")

    def paths():
        said = [record.getMessage() for record in caplog.records if "Request to Stripe api" in record.getMessage()]
        return [line.partition("url=")[2].partition("?")[0].partition("/v")[2].strip("'") for line in said]

    paths.forget = caplog.clear
    return paths


def thin_event(type="v1.invoice.paid", id="evt_test_1", about=("in_1", "invoice"), **changes):
    """A thin event as Stripe sends it (docs.stripe.com/event-destinations)."""
    related = {"id": about[0], "type": about[1], "url": f"/v1/{about[1]}s/{about[0]}"} if about else None
    return {
        "id": id, "object": "v2.core.event", "created": "2026-11-24T20:00:00.123Z", "livemode": False, "type": type,
        "related_object": related, "reason": None, "snapshot_event": "evt_1",
    } | changes  # fmt: skip


def rows(session):
    session.expire_all()
    return list(session.scalars(select(StripeEvent).order_by(StripeEvent.id)))


def test_a_thin_event_is_kept_under_its_own_id_and_its_object(session, client):
    assert deliver(client, thin_event()) == 200
    (row,) = rows(session)
    assert (row.id, row.type, row.object_id, row.root_id, row.state) == (
        "evt_test_1", "invoice.paid", "in_1", "in_1", "new",
    )  # fmt: skip
    assert (row.snapshot_id, row.api_version) == ("evt_1", None)
    assert row.created_at.isoformat() == "2026-11-24T20:00:00.123000+00:00"
    assert json.loads(row.raw)["object"] == "v2.core.event" and jobs(session) == ["stripe:in_1"]


TOLD = {
    "thin": [thin_event],
    "thin, twice": [thin_event, thin_event],
    "in full, twice": [event, event],
    "in full, then thin": [event, thin_event],
    "thin, then in full": [thin_event, event],
}


@pytest.mark.parametrize("forms", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("type", sorted(LISTENERS | FINER))
def test_every_type_is_heard_in_either_form_and_kept_once(session, client, type, forms):
    for form in forms:
        assert deliver(client, form(type=f"v1.{type}" if form is thin_event else type)) == 200
    heard = (LISTENERS | FINER)[type] is not HEAR
    assert [(row.type, row.state) for row in rows(session)] == [(type, "new" if heard else "ignored")] * len(set(forms))
    if forms == TOLD["in full, then thin"]:
        assert {row.root_id for row in rows(session)} == {"sub_1"}
    assert bool(jobs(session)) == heard and set(jobs(session)) <= {"stripe:sub_1", "stripe:in_1"}


@pytest.mark.parametrize("type", ["v1.a.type.of.next.year", "v2.core.account.updated", "v1.invoice.created", "", "x.y"])
def test_a_type_nobody_listens_to_is_answered_200(session, client, type):
    assert deliver(client, thin_event(type=type)) == 200
    assert kept(session) == [("evt_test_1", "ignored")] and jobs(session) == []


def test_another_account_is_answered_200_and_left_alone(session, client):
    assert deliver(client, thin_event(context="acct_1SomebodyElse")) == 200
    assert kept(session) == [("evt_test_1", "ignored")] and jobs(session) == []


NO_EVENTS = {
    "the other mode": {"livemode": True},
    "a mode in words": {"livemode": "false"},
    "no time": {"created": None},
    "a time in seconds": {"created": 1_795_000_000},
    "a time of nowhere": {"created": "2026-11-24T20:00:00"},
    "a time before all time": {"created": "0001-01-01T00:00:00+23:59"},
    "no id": {"id": None},
    "an id that is none": {"id": "in_1"},
    "an id with a NUL": {"id": "evt_\x00"},
    "a type that is a number": {"type": 5},
    "a type with a NUL": {"type": "v1.\x00"},
    "an object that is a text": {"related_object": "in_1"},
    "an object with a NUL": {"related_object": {"id": "\x00", "type": "invoice", "url": "/v1/invoices/x"}},
    "an object whose id is a list": {"related_object": {"id": ["in_1"], "type": "invoice", "url": "/v1/invoices/x"}},
    "a snapshot that is a number": {"snapshot_event": 5},
    "a snapshot with a NUL": {"snapshot_event": "evt_\x00"},
    "a snapshot without end": {"snapshot_event": "evt_" + "1" * 300},
}


@pytest.mark.parametrize("changes", NO_EVENTS.values(), ids=NO_EVENTS)
def test_what_is_no_thin_event_of_ours_is_answered_400_and_not_kept(session, client, changes):
    assert deliver(client, thin_event(**changes)) == 400
    assert kept(session) == [] and jobs(session) == []


def as_thin(told):
    return [shapes.notification(one) for one in told]


def both(told):
    return [form for one in told for form in (shapes.notification(one), one)]


FORMS = {
    "in full": lambda told: told,
    "thin": as_thin,
    "thin, twice, backwards": lambda told: as_thin(told)[::-1] * 2,
    "both": both,
    "both, the thin ones late": lambda told: [*told, *as_thin(told)],
    "both, backwards": lambda told: both(told)[::-1],
}
ALL_OF_IT = {
    "payments": {("donation", 2000): 1, ("membership", 500): 3},
    "memberships": {("active",): 1, ("canceled",): 1},
    "movements": {("left",): 1, ("new",): 2},
    "refunds": {("succeeded", 700): 1},
    "disputes": {("needs_response",): 1},
    "checkouts": {("paid",): 3, ("expired",): 1},
    "letters": {("membership_ended",): 1, ("payment_disputed",): 1, ("receipt",): 4, ("refunded",): 1},
    "notes": {("radar.early_fraud_warning.created",): 1},
    "ledger": {("dispute",): 1, ("fee",): 5, ("gross",): 4, ("refund",): 1},
}


def summed(session):
    """What the books hold, without ids: how often each."""
    session.expire_all()

    def count(*columns):
        return {tuple(row[:-1]): row[-1] for row in session.execute(select(*columns, func.count()).group_by(*columns))}

    return {
        "payments": count(Payment.kind, Payment.amount),
        "memberships": count(Membership.status),
        "movements": count(Movement.kind),
        "refunds": count(Refund.state, Refund.amount),
        "disputes": count(Dispute.status),
        "checkouts": count(Checkout.state),
        "letters": count(Letter.kind),
        "notes": count(Drift.kind),
        "ledger": count(LedgerEntry.kind),
    }


def lives(stripe_side, api):
    """A patron who renews, one who is disputed and leaves, a gift that goes back in part, a checkout left open, a warning
    of fraud; yields what happened, in portions."""
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.pay(stripe_side.join("eve@example.org", tier="friend"), card="4000 0000 0000 0259")
    stripe_side.pay(stripe_side.give("dan@example.org", amount="20"))
    stripe_side.give("fay@example.org", amount="30")
    yield stripe_side.new_events()
    gift = next(one for one in api.payment_intents.list({"limit": 10}).data if one.amount == 2000)
    api.refunds.create({"payment_intent": gift.id, "amount": 700})
    warned = {"charge": gift.latest_charge}
    requests.post(f"{stripe_side.url}/_sandbox/fraud_warnings", json=warned, timeout=20).raise_for_status()
    eve = next(one for one in api.subscriptions.list({"limit": 10}).data if one.latest_invoice)
    api.subscriptions.cancel(eve.id)
    yield stripe_side.new_events()
    for span in ("2d", "30d"):
        stripe_side.advance(span)
        yield stripe_side.new_events()


@pytest.mark.parametrize("form", FORMS)
def test_whole_lives_come_to_the_same_in_whatever_form_they_are_told(session, tier, stripe_side, api, form):
    for told in lives(stripe_side, api):
        assert set(stripe_side.deliver(FORMS[form](told))) == {200}
        stripe_side.work()
    assert session.scalars(select(Job.key).where(Job.state == "parked")).all() == []
    assert {row.state for row in rows(session)} == {"applied", "ignored"}
    assert summed(session) == ALL_OF_IT


@pytest.fixture
def paid(session, tier, stripe_side):
    """A patron whose joining was taken in, and one more event of theirs that nobody has been told of: a renewal's."""
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    stripe_side.advance("32d")
    return next(one for one in stripe_side.new_events() if one["type"] == "invoice.paid")


@pytest.mark.parametrize("form", ["both", "both, backwards"])
def test_one_change_told_both_ways_costs_one_fetch(session, stripe_side, paid, asked, form):
    asked.forget()
    assert stripe_side.deliver(FORMS[form]([paid])) == [200, 200]
    stripe_side.work()
    subscription_id = session.scalars(select(Membership.subscription_id)).one()
    assert asked().count(f"1/subscriptions/{subscription_id}") == 1
    assert not any(path.startswith("1/invoices/in_") for path in asked())
    assert [row.state for row in rows(session) if row.object_id == paid["data"]["object"]["id"]] == ["applied"] * 2
    assert session.scalar(select(func.count()).select_from(Payment)) == 2


@pytest.mark.parametrize("thin_first", [True, False])
def test_a_change_that_was_acted_on_costs_nothing_when_told_in_its_other_form(
    session, stripe_side, paid, asked, thin_first
):
    forms = both([paid]) if thin_first else both([paid])[::-1]
    stripe_side.deliver(forms[:1])
    stripe_side.work()
    asked.forget()
    assert stripe_side.deliver(forms[1:]) == [200]
    assert jobs(session) == [key for key in jobs(session) if not key.startswith("stripe:")]
    assert stripe_side.work() == 0 and asked() == []
    assert [row.state for row in rows(session) if row.object_id == paid["data"]["object"]["id"]] == ["applied"] * 2


def test_what_a_thin_event_is_about_is_found_at_stripe_before_anything_is_written(session, stripe_side, paid, asked):
    asked.forget()
    stripe_side.deliver(as_thin([paid]) * 2)
    stripe_side.work()
    subscription_id = session.scalars(select(Membership.subscription_id)).one()
    assert asked()[:2] == [f"1/invoices/{paid['data']['object']['id']}", f"1/subscriptions/{subscription_id}"]
    (row,) = [row for row in rows(session) if row.object_id == paid["data"]["object"]["id"]]
    assert (row.root_id, row.state) == (subscription_id, "applied")


def test_an_upcoming_invoice_without_an_id_is_found_by_its_thin_event(session, tier, stripe_side, asked):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    stripe_side.advance("24d")
    (upcoming,) = [one for one in as_thin(stripe_side.new_events()) if one["type"] == "v1.invoice.upcoming"]
    assert upcoming["related_object"] is None
    stripe_side.deliver([upcoming])
    asked.forget()
    stripe_side.work()
    assert asked()[0] == f"2/core/events/{upcoming['id']}"
    (row,) = [row for row in rows(session) if row.type == "invoice.upcoming"]
    assert row.root_id == session.scalars(select(Membership.subscription_id)).one() and row.state == "applied"


def test_a_finer_event_of_a_subscription_is_taken_in_at_once(session, client, tier, stripe_side, api, asked):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    found = session.scalars(select(Membership)).one()
    api.subscriptions.cancel(found.subscription_id)
    about = (found.subscription_id, "subscription")
    told = thin_event("v1.customer.subscription.cancel_at_changed", about=about, snapshot_event=None)
    assert deliver(client, told) == 200
    stripe_side.work()
    session.expire_all()
    assert found.status == "canceled"


def test_a_thin_note_says_why(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.give("dan@example.org", amount="20"))
    stripe_side.settle()
    charge = api.charges.list({"limit": 1}).data[0].id
    requests.post(f"{stripe_side.url}/_sandbox/fraud_warnings", json={"charge": charge}, timeout=20).raise_for_status()
    stripe_side.deliver(as_thin(stripe_side.new_events()))
    stripe_side.work()
    note = session.scalars(select(Drift)).one()
    assert (note.kind, note.theirs) == ("radar.early_fraud_warning.created", "made_with_stolen_card")


def test_a_thin_event_about_what_is_gone_is_parked_shown_and_replayed(session, client, tier, stripe_side, paid, asked):
    told = thin_event(about=("in_nobody", "invoice"), snapshot_event=None)
    assert deliver(client, told) == 200
    stripe_side.work()
    job = session.scalars(select(Job).where(Job.key == "stripe:in_nobody")).one()
    assert job.state == "parked" and "in_nobody" in job.last_error
    make.sign_in(session, client, make.staff(session, "manager"))
    page = client.get("/staff/jobs").text
    assert "/staff/events/evt_test_1/replay" in page and "Stripe does not know in_nobody" in page
    assert client.post("/staff/events/evt_test_1/replay").status_code == 303
    session.expire_all()
    assert job.state == "ready"


def test_a_thin_event_that_never_came_is_fetched_and_replayed_by_its_id(session, stripe_side, paid, monkeypatch):
    monkeypatch.setattr(cli, "_house", lambda: (stripe_side.app.config["MEMBERSHIP"], stripe_side.app))
    id = shapes.notification(paid)["id"]
    answer = CliRunner().invoke(cli.membership, ["stripe", "replay", id])
    assert answer.exit_code == 0 and "invoice.paid is heard again" in answer.output
    stripe_side.work()
    assert {row.id: row.state for row in rows(session)}[id] == "applied"
    assert session.scalar(select(func.count()).select_from(Payment)) == 2


def test_the_reconciler_has_missed_nothing_that_thin_events_told(session, stripe_side, paid, asked):
    stripe_side.deliver(as_thin([paid]))
    stripe_side.work()
    with stripe_side.app.app_context():
        missed = [run.missed for run in reconciling.run_now(None)][-1]
    others = [one for one in rows(session) if one.type in HEARD and one.state == "new"]
    assert {row.id: row.state for row in rows(session)}[paid["id"]] == "applied"
    assert missed == len(others)
