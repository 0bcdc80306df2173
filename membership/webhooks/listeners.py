"""Every event that Stripe may tell and what we do about it, on one screen. A type that is not here is kept and ignored.

An event says only which object to look at again; which one that is decides `rules.root_of`: a subscription's invoices
and session wake the subscription, charges, refunds, disputes and fraud warnings their payment intent, a price its product.
A thin event is heard under its type without `v1.`; those that only thin events tell stand in `FINER`.
"""

from __future__ import annotations

from enum import Enum

from membership.webhooks.rules import Envelope


class Answer(Enum):
    """What follows from an event."""

    LOOK = "its root is fetched and written again"
    NOTE = "the same, and a note for staff on /staff/drift"
    HEAR = "kept, answered 200, nothing follows"


LOOK, NOTE, HEAR = Answer.LOOK, Answer.NOTE, Answer.HEAR

LISTENERS: dict[str, Answer] = {
    # a checkout: wakes its subscription or payment intent, else the session itself
    "checkout.session.completed": LOOK,
    "checkout.session.async_payment_succeeded": LOOK,
    "checkout.session.async_payment_failed": LOOK,
    "checkout.session.expired": LOOK,
    # a membership: wakes the subscription
    "customer.subscription.created": LOOK,
    "customer.subscription.updated": LOOK,
    "customer.subscription.paused": LOOK,
    "customer.subscription.resumed": LOOK,
    "customer.subscription.deleted": LOOK,
    "customer.subscription.pending_update_applied": LOOK,
    "customer.subscription.pending_update_expired": LOOK,
    "customer.subscription.trial_will_end": HEAR,
    "subscription_schedule.created": LOOK,
    "subscription_schedule.updated": LOOK,
    "subscription_schedule.released": LOOK,
    "subscription_schedule.canceled": LOOK,
    "subscription_schedule.completed": LOOK,
    # its invoices: wake the subscription (invoice.paid, not invoice.payment_succeeded as well)
    "invoice.created": HEAR,
    "invoice.upcoming": LOOK,
    "invoice.paid": LOOK,
    "invoice.payment_failed": LOOK,
    "invoice.payment_action_required": LOOK,
    "invoice.payment_attempt_required": LOOK,
    "invoice.overdue": LOOK,
    "invoice.voided": LOOK,
    "invoice.marked_uncollectible": NOTE,
    "invoice.finalization_failed": NOTE,
    "invoice.overpaid": NOTE,
    # a payment, and what becomes of it: wakes the payment intent
    "payment_intent.succeeded": LOOK,
    "payment_intent.processing": LOOK,
    "payment_intent.payment_failed": LOOK,
    "payment_intent.canceled": LOOK,
    "charge.failed": LOOK,
    "charge.refunded": LOOK,
    "charge.refund.updated": LOOK,
    "refund.created": LOOK,
    "refund.updated": LOOK,
    "refund.failed": NOTE,
    "charge.dispute.created": LOOK,
    "charge.dispute.updated": LOOK,
    "charge.dispute.closed": LOOK,
    "charge.dispute.funds_withdrawn": LOOK,
    "charge.dispute.funds_reinstated": LOOK,
    "radar.early_fraud_warning.created": NOTE,
    "radar.early_fraud_warning.updated": LOOK,
    # a payer and how they pay: wakes the customer; the way of paying is read with the subscription
    "customer.updated": HEAR,
    "customer.deleted": LOOK,
    "customer.source.expiring": HEAR,
    "payment_method.attached": HEAR,
    "payment_method.detached": HEAR,
    "payment_method.automatically_updated": HEAR,
    "mandate.updated": HEAR,
    "setup_intent.succeeded": HEAR,
    # the catalogue: wakes the product
    "price.updated": LOOK,
    "product.updated": LOOK,
    # money on its way to our bank: wakes the payout; and the account itself
    "payout.created": LOOK,
    "payout.updated": LOOK,
    "payout.paid": LOOK,
    "payout.canceled": NOTE,
    "payout.failed": NOTE,
    "payout.reconciliation_completed": LOOK,
    "account.application.deauthorized": NOTE,
}

FINER: dict[str, Answer] = {
    # what `customer.subscription.updated` tells as one
    "customer.subscription.active": LOOK,
    "customer.subscription.trialing": LOOK,
    "customer.subscription.past_due": LOOK,
    "customer.subscription.unpaid": LOOK,
    "customer.subscription.incomplete": LOOK,
    "customer.subscription.incomplete_expired": LOOK,
    "customer.subscription.cancel_at_changed": LOOK,
    "customer.subscription.default_payment_method_changed": LOOK,
    "customer.subscription.item_added": LOOK,
    "customer.subscription.item_removed": LOOK,
    "customer.subscription.item_price_changed": LOOK,
    "customer.subscription.item_quantity_changed": LOOK,
    # what `subscription_schedule.updated` tells as one
    "subscription_schedule.phase_added": LOOK,
    "subscription_schedule.phase_removed": LOOK,
    "subscription_schedule.phase_end_date_changed": LOOK,
    # what `product.updated` and `price.updated` tell as one
    "product.activated": LOOK,
    "product.deactivated": LOOK,
    "price.activated": LOOK,
    "price.deactivated": LOOK,
}
"""What is told by thin events alone. Stripe's list of snapshots does not know these types, so it is not asked for them."""

HEARD = tuple(sorted(type for type, answer in LISTENERS.items() if answer is not HEAR))
"""The types that lead to anything: those that the reconciler asks Stripe for."""


def answer_to(type: str) -> Answer:
    """What follows from an event of this type; nothing when nobody listens."""
    return LISTENERS.get(type) or FINER.get(type, HEAR)


def is_heard(envelope: Envelope) -> bool:
    """Whether anything follows from this event: its type has an answer, and it is about our own account."""
    return not envelope.foreign and answer_to(envelope.type) is not HEAR
