"""The table of listeners: every event that Stripe tells has an answer, and each answer does what it says."""

import pytest
import requests
import stripe
from sqlalchemy import select

from membership.giving.correction_models import Refund
from membership.giving.models import Payment, StripeCustomer
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.webhooks.drift_models import Drift
from membership.webhooks.listeners import HEAR, HEARD, LISTENERS
from membership.webhooks.models import StripeEvent
from tests import make
from tests.webhooks.test_door import body_of, event, signature

DUTIES = """
    checkout.session.completed checkout.session.async_payment_succeeded checkout.session.async_payment_failed
    checkout.session.expired customer.subscription.created customer.subscription.updated customer.subscription.paused
    customer.subscription.resumed customer.subscription.deleted customer.subscription.pending_update_applied
    customer.subscription.pending_update_expired customer.subscription.trial_will_end invoice.paid invoice.payment_failed
    invoice.payment_action_required invoice.payment_attempt_required invoice.finalization_failed invoice.voided
    invoice.marked_uncollectible invoice.overdue invoice.upcoming invoice.overpaid invoice.created
    payment_intent.succeeded payment_intent.payment_failed payment_intent.processing payment_intent.canceled
    charge.refunded refund.created refund.updated refund.failed charge.dispute.created charge.dispute.updated
    charge.dispute.closed charge.dispute.funds_withdrawn charge.dispute.funds_reinstated
    radar.early_fraud_warning.created customer.updated customer.deleted payment_method.attached payment_method.detached
    payment_method.automatically_updated customer.source.expiring mandate.updated setup_intent.succeeded price.updated
    product.updated payout.failed account.application.deauthorized
"""


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    return row


def deliver(client, what):
    body = body_of(what)
    headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
    return client.post("/webhooks/stripe", data=body, headers=headers).status_code


def states(session):
    session.expire_all()
    return {row.type: row.state for row in session.scalars(select(StripeEvent))}


def drift(session):
    session.expire_all()
    return [
        (row.kind, row.object, row.theirs) for row in session.scalars(select(Drift).where(Drift.settled_at.is_(None)))
    ]


@pytest.mark.parametrize("type", DUTIES.split())
def test_every_event_has_an_answer(type, session, client):
    assert type in LISTENERS
    assert deliver(client, event(type=type)) == 200
    assert states(session) == {type: "ignored" if LISTENERS[type] is HEAR else "new"}
    assert len(session.scalars(select(Job)).all()) == (LISTENERS[type] is not HEAR)


def test_one_payment_is_not_told_twice_by_two_names():
    assert "invoice.payment_succeeded" not in LISTENERS and "invoice.paid" in HEARD


@pytest.mark.parametrize("field", ["account", "context"])
def test_an_event_of_another_account_is_answered_200_and_left_alone(session, client, field):
    assert deliver(client, event(**{field: "acct_other"})) == 200
    assert states(session) == {"invoice.paid": "ignored"} and session.scalars(select(Job)).all() == []


def test_an_event_about_a_customer_nobody_knows_is_left_alone(session, stripe_side, api):
    customer = api.customers.create({"email": "ada@example.org"})
    price = {"currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    product = api.products.create({"name": "Of another shop"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    api.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price_data": price | {"product": product.id}}],
            "default_payment_method": method.id,
        }
    )
    make.reader(session, "ada@example.org")
    stripe_side.settle()
    assert session.scalars(select(Membership)).all() == [] and session.scalars(select(Payment)).all() == []
    assert "applied" not in states(session).values() and "new" not in states(session).values()


def test_twins_and_events_of_the_same_second_are_one_change(session, tier, stripe_side):
    requests.post(f"{stripe_side.url}/_sandbox/faults", json={"twin": 100}, timeout=20).raise_for_status()
    stripe_side.pay(stripe_side.join(tier="friend"))
    events = stripe_side.new_events()
    assert len({one["id"] for one in events}) == len(events) and len({one["created"] for one in events}) <= 3
    stripe_side.deliver(reversed(events))
    stripe_side.work()
    assert len(session.scalars(select(Payment)).all()) == len(session.scalars(select(Membership)).all()) == 1
    assert [letter.kind for letter in session.scalars(select(Letter))] == ["receipt"]


def test_a_fraud_warning_is_a_note_for_staff_even_when_it_comes_first(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.new_events()
    charge = api.charges.list({"limit": 1}).data[0].id
    requests.post(f"{stripe_side.url}/_sandbox/fraud_warnings", json={"charge": charge}, timeout=20).raise_for_status()
    stripe_side.settle()  # nobody knows this payment yet
    assert drift(session) == [] and states(session) == {"radar.early_fraud_warning.created": "ignored"}
    stripe_side.seen.clear()
    stripe_side.settle()
    (note,) = drift(session)
    assert note[0] == "radar.early_fraud_warning.created" and note[2]
    assert states(session)["radar.early_fraud_warning.created"] == "applied"
    assert "new" not in states(session).values()


def test_a_refund_told_before_its_payment_is_known_ends_up_applied(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    api.refunds.create({"payment_intent": api.payment_intents.list({"limit": 1}).data[0].id})
    for one in reversed(stripe_side.new_events()):
        stripe_side.deliver([one])
        stripe_side.work()
    assert session.scalars(select(Refund)).one().state == "succeeded"
    assert {state for type, state in states(session).items() if type in HEARD} == {"applied"}


def test_a_customer_deleted_at_stripe_is_unlinked(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    api.customers.delete(session.scalars(select(StripeCustomer)).one().customer_id)
    stripe_side.settle()
    assert session.scalars(select(StripeCustomer)).all() == []
    assert session.scalars(select(Membership)).one().status == "canceled"


def test_a_product_archived_at_stripe_is_drift_until_it_is_back(session, tier, stripe_side, api):
    stripe_side.join(tier="friend")
    stripe_side.work()
    product = session.get(type(tier), tier.id).stripe_product_id
    for active, kinds in [(False, ["product_archived"]), (True, [])]:
        api.products.update(product, {"active": active})
        stripe_side.settle()
        assert [kind for kind, *_ in drift(session)] == kinds
