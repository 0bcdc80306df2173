"""Upgrades, downgrades, pauses: what is charged, what is credited, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Sandbox

DAY = 86_400


def told(sandbox: Sandbox, since: int = 0) -> list[str]:
    """Types of everything told, oldest first."""
    return [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1][since:]


def joined(sandbox: Sandbox, amount: int = 1000, **more: Any) -> Any:
    """A subscription ten days old."""
    session = sandbox.join(price=sandbox.tier(amount), **more)
    sandbox.advance("10d")
    return sandbox.v1.subscriptions.retrieve(session.subscription)


def period(subscription: Any) -> tuple[int, int]:
    item = subscription["items"].data[0]
    return item.current_period_start, item.current_period_end


def change(sandbox: Sandbox, subscription: Any, price: Any, how: str, **more: Any) -> Any:
    items = [{"id": subscription["items"].data[0].id, "price": price.id}]
    return sandbox.v1.subscriptions.update(subscription.id, {"items": items, "proration_behavior": how, **more})


def latest(sandbox: Sandbox, subscription: Any) -> Any:
    return sandbox.v1.invoices.list({"subscription": subscription.id}).data[0]


def part(total: int, left: int, whole: int) -> int:
    return (2 * total * left + whole) // (2 * whole)


def test_an_upgrade_now_charges_the_difference_for_the_rest_of_the_period(sandbox: Sandbox) -> None:
    before, dearer = joined(sandbox), sandbox.tier(3000)
    begun, end = period(before)
    at = begun + 10 * DAY
    asked = {
        "items": [{"id": before["items"].data[0].id, "price": dearer.id}],
        "proration_behavior": "always_invoice",
        "proration_date": at,
    }
    seen = sandbox.v1.invoices.create_preview({"subscription": before.id, "subscription_details": asked})
    due = part(3000, end - at, end - begun) - part(1000, end - at, end - begun)
    assert (seen.amount_due, seen.billing_reason, seen.number) == (due, "subscription_update", None)
    assert sandbox.v1.invoices.list({"subscription": before.id}).data[0].billing_reason == "subscription_create"
    after = sandbox.v1.subscriptions.update(before.id, asked)
    assert (after["items"].data[0].price.id, period(after)) == (dearer.id, (begun, end))
    invoice = latest(sandbox, before)
    assert (invoice.id, invoice.status, invoice.amount_paid) == (after.latest_invoice, "paid", due)
    credit, debit = invoice.lines.data
    assert credit.amount < 0 < debit.amount
    assert credit.parent.subscription_item_details.proration
    assert credit.parent.subscription_item_details.proration_details.credited_items.invoice == before.latest_invoice
    assert (debit.period.start, debit.period.end) == (at, end)
    types = told(sandbox)
    assert types.count("invoiceitem.created") == 2
    assert types.index("customer.subscription.updated") < types.index("invoice.paid", types.index("invoice.paid") + 1)
    sandbox.advance("31d")
    assert latest(sandbox, before).amount_paid == 3000


def test_prorations_may_wait_for_the_next_invoice(sandbox: Sandbox) -> None:
    before, dearer = joined(sandbox), sandbox.tier(3000)
    change(sandbox, before, dearer, "create_prorations")
    assert latest(sandbox, before).billing_reason == "subscription_create"
    seen = sandbox.v1.invoices.create_preview({"subscription": before.id})
    sandbox.advance("31d")
    invoice = latest(sandbox, before)
    assert len(invoice.lines.data) == 3
    assert 3000 < invoice.amount_paid < 5000
    assert invoice.amount_paid == seen.amount_due


def test_a_downgrade_now_leaves_a_credit_that_the_next_invoice_uses(sandbox: Sandbox) -> None:
    before, cheaper = joined(sandbox, 3000), sandbox.tier(1000)
    change(sandbox, before, cheaper, "always_invoice")
    invoice = latest(sandbox, before)
    credit = invoice.total
    assert credit < 0
    assert (invoice.status, invoice.amount_due, invoice.ending_balance) == ("paid", 0, credit)
    assert sandbox.v1.customers.retrieve(before.customer).balance == credit
    sandbox.advance("31d")
    invoice = latest(sandbox, before)
    assert (invoice.total, invoice.starting_balance) == (1000, credit)
    assert invoice.amount_due == max(0, 1000 + credit)
    assert sandbox.v1.customers.retrieve(before.customer).balance == min(0, credit + 1000)


def test_a_change_without_prorations_holds_from_the_next_period(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    change(sandbox, before, sandbox.tier(700), "none")
    assert latest(sandbox, before).billing_reason == "subscription_create"
    seen = sandbox.v1.invoices.create_preview({"subscription": before.id})
    assert (seen.amount_due, seen.billing_reason) == (700, "upcoming")


def test_another_interval_credits_the_old_period_and_begins_a_new_one(sandbox: Sandbox) -> None:
    before, yearly = joined(sandbox), sandbox.tier(10_000, "year")
    after = change(sandbox, before, yearly, "create_prorations")
    invoice = latest(sandbox, before)
    assert [line.amount for line in invoice.lines.data][1] == 10_000
    assert 9_200 < invoice.amount_paid < 9_500
    start, end = period(after)
    assert end - start >= 365 * DAY
    assert after.billing_cycle_anchor == start


def test_the_anchor_can_be_moved_to_now(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    after = sandbox.v1.subscriptions.update(
        before.id, {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}
    )
    assert period(after)[0] > period(before)[0]
    assert latest(sandbox, before).amount_paid == 1000


def test_an_amount_of_ones_own_choice_needs_no_stored_price(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    product = before["items"].data[0].price.product
    data = {"currency": "eur", "unit_amount": 1234, "product": product, "recurring": {"interval": "month"}}
    items = [{"id": before["items"].data[0].id, "price_data": data}]
    prices = len(sandbox.v1.prices.list().data)
    sandbox.v1.invoices.create_preview({"subscription": before.id, "subscription_details": {"items": items}})
    assert len(sandbox.v1.prices.list().data) == prices
    after = sandbox.v1.subscriptions.update(before.id, {"items": items, "proration_behavior": "always_invoice"})
    assert after["items"].data[0].price.unit_amount == 1234


def test_a_failing_upgrade_makes_it_past_due_or_is_refused_whole(sandbox: Sandbox) -> None:
    before, dearer = joined(sandbox), sandbox.tier(3000)
    card = sandbox.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": before.customer})
    sandbox.v1.subscriptions.update(before.id, {"default_payment_method": card.id})
    with pytest.raises(stripe.CardError):
        change(sandbox, before, dearer, "always_invoice", payment_behavior="error_if_incomplete")
    assert sandbox.v1.subscriptions.retrieve(before.id)["items"].data[0].price.unit_amount == 1000
    assert change(sandbox, before, dearer, "always_invoice").status == "past_due"
    assert latest(sandbox, before).status == "open"


def test_another_currency_is_refused(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        change(sandbox, before, sandbox.tier(3000, currency="usd"), "none")


def scheduled(sandbox: Sandbox, subscription: Any, price: Any, **more: Any) -> Any:
    """A schedule that changes the price with the next period."""
    schedule = sandbox.v1.subscription_schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    first = {
        "items": [{"price": now["items"][0].price, "quantity": 1}],
        "start_date": now.start_date,
        "end_date": now.end_date,
    }
    phases = [first, {"items": [{"price": price.id, "quantity": 1}], "duration": {"interval": "month"}}]
    return sandbox.v1.subscription_schedules.update(schedule.id, {"phases": phases, "end_behavior": "release", **more})


def test_a_downgrade_waits_for_the_end_of_the_period(sandbox: Sandbox) -> None:
    before, cheaper = joined(sandbox, 3000), sandbox.tier(1000)
    schedule = scheduled(sandbox, before, cheaper)
    assert (schedule.status, schedule.current_phase.end_date) == ("active", period(before)[1])
    now = sandbox.v1.subscriptions.retrieve(before.id)
    assert (now.schedule, now["items"].data[0].price.unit_amount) == (schedule.id, 3000)
    types = [type for type in told(sandbox) if type.startswith("subscription_schedule")]
    assert types == ["subscription_schedule.created", "subscription_schedule.updated"]
    sandbox.advance("25d")
    after = sandbox.v1.subscriptions.retrieve(before.id)
    assert after["items"].data[0].price.id == cheaper.id
    assert (latest(sandbox, before).amount_paid, len(latest(sandbox, before).lines.data)) == (1000, 1)
    sandbox.advance("31d")
    after = sandbox.v1.subscriptions.retrieve(before.id)
    assert (after.schedule, after["items"].data[0].price.id) == (None, cheaper.id)
    over = sandbox.v1.subscription_schedules.retrieve(schedule.id)
    assert (over.status, over.released_subscription, over.subscription) == ("released", before.id, None)
    assert "subscription_schedule.released" in told(sandbox)
    sandbox.advance("31d")
    assert latest(sandbox, before).amount_paid == 1000


def test_another_interval_may_wait_for_the_end_of_the_period(sandbox: Sandbox) -> None:
    before, yearly = joined(sandbox), sandbox.tier(9000, "year")
    scheduled(sandbox, before, yearly)
    sandbox.advance("25d")
    after = sandbox.v1.subscriptions.retrieve(before.id)
    assert period(after)[0] == period(before)[1]
    assert period(after)[1] - period(after)[0] >= 365 * DAY
    assert latest(sandbox, before).amount_paid == 9000


def test_a_planned_change_can_be_taken_back(sandbox: Sandbox) -> None:
    before = joined(sandbox, 3000)
    schedule = scheduled(sandbox, before, sandbox.tier(1000))
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        sandbox.v1.subscriptions.update(before.id, {"cancel_at_period_end": True})
    released = sandbox.v1.subscription_schedules.release(schedule.id)
    assert released.status == "released"
    assert sandbox.v1.subscriptions.retrieve(before.id).schedule is None
    sandbox.advance("25d")
    assert latest(sandbox, before).amount_paid == 3000
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.subscription_schedules.release(schedule.id)


def test_a_schedule_ends_with_its_subscription_and_the_other_way_round(sandbox: Sandbox) -> None:
    first = joined(sandbox)
    schedule = scheduled(sandbox, first, sandbox.tier(700))
    assert sandbox.v1.subscription_schedules.cancel(schedule.id).status == "canceled"
    assert sandbox.v1.subscriptions.retrieve(first.id).status == "canceled"
    second = joined(sandbox)
    schedule = scheduled(sandbox, second, sandbox.tier(700))
    sandbox.v1.subscriptions.cancel(second.id)
    assert sandbox.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert told(sandbox)[-1] == "customer.subscription.deleted"


def test_a_schedule_may_end_the_subscription(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    schedule = scheduled(sandbox, before, sandbox.tier(700), end_behavior="cancel")
    sandbox.advance("62d")
    assert sandbox.v1.subscription_schedules.retrieve(schedule.id).status == "completed"
    over = sandbox.v1.subscriptions.retrieve(before.id)
    assert over.status == "canceled"


def test_collection_pauses_and_resumes_by_itself(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    until = period(before)[1] + 40 * DAY
    paused = sandbox.v1.subscriptions.update(before.id, {"pause_collection": {"behavior": "void", "resumes_at": until}})
    assert (paused.status, paused.pause_collection.resumes_at) == ("active", until)
    sandbox.advance("25d")
    assert (latest(sandbox, before).status, latest(sandbox, before).amount_paid) == ("void", 0)
    assert told(sandbox)[-1] == "invoice.voided"
    sandbox.post("/_sandbox/clock", {"to": until + 60})
    assert sandbox.v1.subscriptions.retrieve(before.id).pause_collection is None
    sandbox.advance("31d")
    assert latest(sandbox, before).status == "paid"


def test_a_pause_of_collection_can_be_ended_by_hand(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    sandbox.v1.subscriptions.update(before.id, {"pause_collection": {"behavior": "mark_uncollectible"}})
    sandbox.advance("25d")
    assert latest(sandbox, before).status == "uncollectible"
    after = sandbox.v1.subscriptions.update(before.id, {"pause_collection": ""})
    assert after.pause_collection is None
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.subscriptions.update(before.id, {"pause_collection": {"behavior": "void", "resumes_at": 1}})


def test_a_subscription_can_be_paused_whole_and_resumed(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    paused = sandbox.v1.subscriptions.pause(before.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
    assert "customer.subscription.paused" in told(sandbox)
    sandbox.advance("62d")
    assert len(sandbox.v1.invoices.list({"subscription": before.id}).data) == 1
    back = sandbox.v1.subscriptions.resume(before.id)
    assert (back.status, latest(sandbox, before).amount_paid) == ("active", 1000)
    assert period(back)[0] > period(before)[1]
    assert "customer.subscription.resumed" in told(sandbox)
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.subscriptions.resume(before.id)


def test_a_whole_pause_credits_the_unused_time(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    sandbox.v1.subscriptions.pause(before.id)
    sandbox.v1.subscriptions.resume(before.id)
    invoice = latest(sandbox, before)
    assert len(invoice.lines.data) == 2
    assert 250 < invoice.amount_paid < 400


def test_a_reason_is_kept_with_the_end(sandbox: Sandbox) -> None:
    before = joined(sandbox)
    details = {"comment": "Moving abroad", "feedback": "unused"}
    asked = sandbox.v1.subscriptions.update(before.id, {"cancel_at": "max_period_end", "cancellation_details": details})
    assert (asked.cancel_at, asked.cancel_at_period_end) == (period(before)[1], False)
    sandbox.advance("25d")
    (event,) = sandbox.v1.events.list({"type": "customer.subscription.deleted"}).data
    kept = event.data.object.cancellation_details
    assert (kept.comment, kept.feedback, kept.reason) == ("Moving abroad", "unused", "cancellation_requested")
    over = sandbox.join(price=sandbox.tier())
    gone = sandbox.v1.subscriptions.cancel(over.subscription, {"prorate": False})
    assert gone.status == "canceled"
