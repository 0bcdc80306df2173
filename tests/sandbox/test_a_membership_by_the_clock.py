"""Join, pay, renew, fail, end: what the API says and what is told at each step."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.conftest import Sandbox

FIRST_PAYMENT = [
    "customer.created",
    "payment_method.attached",
    "payment_intent.created",
    "payment_intent.succeeded",
    "charge.succeeded",
    "customer.subscription.created",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
    "checkout.session.completed",
]


def told(sandbox: Sandbox) -> list[str]:
    """Types of everything told, oldest first."""
    return [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]


def test_joining_makes_every_object_and_tells_of_it_in_order(sandbox: Sandbox) -> None:
    price = sandbox.tier(700)
    session = sandbox.join(
        price=price, client_reference_id="reader-7", metadata={"a": "1"}, subscription_data={"metadata": {"tier": "x"}}
    )
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    assert (session.amount_total, session.client_reference_id) == (700, "reader-7")
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription, {"expand": ["latest_invoice.payments"]})
    assert subscription.status == "active"
    assert subscription.metadata["tier"] == "x"
    assert subscription.billing_mode.type == "flexible"
    invoice = subscription.latest_invoice
    assert (invoice.amount_paid, invoice.billing_reason) == (700, "subscription_create")
    assert invoice.parent.subscription_details.metadata["tier"] == "x"
    intent = sandbox.v1.payment_intents.retrieve(
        invoice.payments.data[0].payment.payment_intent, {"expand": ["latest_charge.balance_transaction"]}
    )
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"
    arrived = intent.latest_charge.balance_transaction
    assert (arrived.amount, arrived.fee, arrived.net) == (700, 36, 664)
    assert told(sandbox)[-len(FIRST_PAYMENT) :] == FIRST_PAYMENT


def test_the_completed_session_is_told_before_the_payer_is_sent_on(sandbox: Sandbox) -> None:
    session = sandbox.join()
    assert [e["data"]["object"]["id"] for e in sandbox.ear.of("checkout.session.completed")] == [session.id]


def test_a_payment_is_found_by_its_intent(sandbox: Sandbox) -> None:
    session = sandbox.join()
    (payment,) = sandbox.v1.invoice_payments.list({"invoice": session.invoice}).data
    intent = payment.payment.payment_intent
    found = sandbox.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert [p.invoice for p in found.data] == [session.invoice]


def test_it_renews_and_the_period_rolls(sandbox: Sandbox) -> None:
    session = sandbox.join()
    before = sandbox.v1.subscriptions.retrieve(session.subscription)
    sandbox.advance("31d")
    after = sandbox.v1.subscriptions.retrieve(session.subscription)
    item, was = after["items"].data[0], before["items"].data[0]
    assert item.current_period_start == was.current_period_end
    invoice = sandbox.v1.invoices.retrieve(after.latest_invoice)
    assert (invoice.status, invoice.billing_reason) == ("paid", "subscription_cycle")
    assert invoice.created == was.current_period_end
    assert invoice.lines.data[0].period.end == item.current_period_end
    assert invoice.number.endswith("-0002")


def test_a_failing_card_is_tried_eight_times_more_and_then_it_ends(sandbox: Sandbox) -> None:
    session = sandbox.join(card="4000000000000341")
    begun = sandbox.v1.subscriptions.retrieve(session.subscription)
    sandbox.post("/_sandbox/clock", {"to": begun["items"].data[0].current_period_end + 60})
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription)
    invoice = sandbox.v1.invoices.retrieve(subscription.latest_invoice)
    assert subscription.status == "past_due"
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt == invoice.created + 86_400
    sandbox.advance("15d")
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription)
    invoice = sandbox.v1.invoices.retrieve(subscription.latest_invoice)
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (9, None)
    assert subscription.status == "canceled"
    assert subscription.cancellation_details.reason == "payment_failed"
    assert subscription.ended_at == invoice.created + 14 * 86_400
    assert told(sandbox).count("invoice.payment_failed") == 9
    assert told(sandbox)[-1] == "customer.subscription.deleted"


def test_a_new_card_heals_a_failing_subscription_at_the_next_try(sandbox: Sandbox) -> None:
    session = sandbox.join(card="4000000000000341")
    sandbox.advance("31d")
    card = sandbox.v1.payment_methods.attach("pm_card_visa", {"customer": session.customer})
    sandbox.v1.subscriptions.update(session.subscription, {"default_payment_method": card.id})
    sandbox.advance("2d")
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription)
    assert subscription.status == "active"
    assert sandbox.v1.invoices.retrieve(subscription.latest_invoice).status == "paid"


def test_it_ends_with_the_period_when_that_was_asked(sandbox: Sandbox) -> None:
    session = sandbox.join()
    asked = sandbox.v1.subscriptions.update(session.subscription, {"cancel_at_period_end": True})
    end = asked["items"].data[0].current_period_end
    assert (asked.cancel_at_period_end, asked.cancel_at, asked.status) == (True, end, "active")
    sandbox.advance("31d")
    over = sandbox.v1.subscriptions.retrieve(session.subscription)
    assert (over.status, over.ended_at) == ("canceled", end)
    assert sandbox.v1.invoices.list({"subscription": session.subscription}).data[0].billing_reason == (
        "subscription_create"
    )


def test_a_planned_end_can_be_taken_back(sandbox: Sandbox) -> None:
    session = sandbox.join()
    sandbox.v1.subscriptions.update(session.subscription, {"cancel_at_period_end": True})
    again = sandbox.v1.subscriptions.update(session.subscription, {"cancel_at_period_end": False})
    assert (again.cancel_at, again.canceled_at, again.cancellation_details.reason) == (None, None, None)
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "active"


def test_it_ends_at_once_when_cancelled(sandbox: Sandbox) -> None:
    session = sandbox.join()
    over = sandbox.v1.subscriptions.cancel(session.subscription, {"cancellation_details": {"feedback": "unused"}})
    assert (over.status, over.cancellation_details.feedback) == ("canceled", "unused")
    assert sandbox.v1.subscriptions.list({"customer": session.customer}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.subscriptions.cancel(session.subscription)


def test_another_price_holds_from_the_next_period(sandbox: Sandbox) -> None:
    session = sandbox.join()
    more = sandbox.tier(900)
    subscription = sandbox.v1.subscriptions.retrieve(session.subscription)
    items = [{"id": subscription["items"].data[0].id, "price": more.id}]
    sandbox.v1.subscriptions.update(session.subscription, {"items": items, "proration_behavior": "none"})
    sandbox.advance("31d")
    (latest, _first) = sandbox.v1.invoices.list({"subscription": session.subscription}).data
    assert latest.amount_paid == 900


def test_another_interval_begins_a_new_period_at_once(sandbox: Sandbox) -> None:
    session = sandbox.join()
    yearly = sandbox.tier(5000, "year")
    sandbox.v1.subscriptions.update(
        session.subscription, {"items": [{"price": yearly.id}], "proration_behavior": "none"}
    )
    (latest, _first) = sandbox.v1.invoices.list({"subscription": session.subscription}).data
    assert (latest.billing_reason, latest.amount_paid, latest.status) == ("subscription_update", 5000, "paid")


def test_a_subscription_can_begin_without_the_page(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    made = sandbox.v1.subscriptions.create({"customer": customer.id, "items": [{"price": sandbox.tier().id}]})
    assert made.status == "active"


def test_jumping_a_year_gives_a_payment_for_every_month(sandbox: Sandbox) -> None:
    session = sandbox.join()
    sandbox.advance("366d")
    found = list(sandbox.v1.invoices.list({"subscription": session.subscription, "limit": 5}).auto_paging_iter())
    assert len(found) == 13
    assert {invoice.status for invoice in found} == {"paid"}
