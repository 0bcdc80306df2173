"""What is done outside a request: why invoices failed, putting a stored card on, reminders and notices by their day."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from membership import clock
from membership.db import asking, reading, transaction
from membership.dunning import actions, queries
from membership.dunning.actions import Owed
from membership.dunning.models import CardChange
from membership.gateway import client as gateway
from membership.gateway import collecting
from membership.gateway.collecting import CardReading
from membership.gateway.looking import look_again
from membership.gateway.readings import CheckoutReading, SubscriptionReading
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.memberships.queries import membership_by_subscription

OWING = frozenset({"past_due", "unpaid", "incomplete"})


def fetch_owed(subscription: SubscriptionReading, *, told: bool) -> list[Owed]:
    """A subscription's open invoices with what became of their last try; asked for only when something points to one."""
    with asking() as books:
        known = queries.owes(books, subscription.id)
    if not (told or known or subscription.status in OWING):
        return []
    found = []
    for invoice in collecting.open_invoices(subscription.id):
        intent = invoice.payment_intent_id
        found.append(Owed(invoice, collecting.failure(intent) if intent and invoice.attempts else None))
    return found


@dataclass(frozen=True)
class NewCard:
    """What came of a finished setup session: the change, and whether the card is on the membership now."""

    change_id: int
    put_on: bool
    card: CardReading | None


def put_card_on(about: CheckoutReading) -> NewCard | None:
    """Put the card that a setup session stored on the subscription and the customer, then pay what is open.

    None when there is nothing to do: not one of ours, not finished, or a later card is on already. No transaction may be
    open. Twice is once: the same card is set again, and the payment carries a key.
    """
    with reading() as session:
        found = queries.change_by_token(session, about.token)
        if found is None or found[0].state in {"done", "refused"} or about.status != "complete":
            return None
        change, membership = found
        later = (CardChange.membership_id == membership.id, CardChange.id > change.id, CardChange.taken_at.is_not(None))
        if session.execute(select(CardChange.id).where(*later)).first():
            return NewCard(change.id, False, None)
    stored = collecting.setup(about.id)
    if stored is None:
        return None
    with transaction() as session:
        actions.note_taken(session, change.id, at=clock.now())
    try:
        collecting.use_card(membership.subscription_id, stored)
    except gateway.StripeRefuses:  # the subscription has ended meanwhile, or the customer is gone
        return NewCard(change.id, False, None)
    for invoice in collecting.open_invoices(membership.subscription_id):
        collecting.try_again(invoice.id, key=change.token)
    return NewCard(change.id, True, collecting.card_of(membership.subscription_id))


def remind(job: Claimed) -> None:
    """A day of the schedule: Stripe is asked whether anything is due; if not, the books are brought in step instead."""
    invoice_id, step = job.payload["invoice"], job.payload["step"]
    with reading() as session:
        row = queries.unpaid(session, invoice_id)
    waiting = row is not None and row.state == "open"
    due = waiting and collecting.is_open(invoice_id)
    with finishing(job) as session:
        if due:
            actions.remind(session, invoice_id, step, at=clock.now())
        elif waiting:
            actions.look_again_at_invoice(session, invoice_id, at=clock.now())


def announce(job: Claimed) -> None:
    """The day of a renewal notice. Stripe is asked: what was cancelled or changed a moment ago is not announced."""
    subscription_id = job.payload["subscription"]
    now, card = gateway.subscription(subscription_id), collecting.card_of(subscription_id)
    with finishing(job) as session:
        membership = membership_by_subscription(session, subscription_id)
        if membership is None:
            return
        if (now.status, now.ends_at, now.period_ends_at) == (
            membership.status,
            membership.ends_at,
            membership.period_ends_at,
        ):
            actions.announce(session, membership, card, at=clock.now())
        else:  # taken in first; that plans the notice anew
            look_again(session, subscription_id, at=clock.now())


def end_unpaid(job: Claimed) -> None:
    """End a subscription whose first debit was returned, unless something was paid for it after all."""
    subscription_id = job.payload["subscription"]
    if gateway.subscription(subscription_id).ended_at is None and not gateway.paid_invoices(subscription_id, ()):
        collecting.end_now(subscription_id)
    with finishing(job) as session:
        look_again(session, subscription_id, at=clock.now())


TASKS: dict[str, Task] = {"dunning.remind": remind, "dunning.announce": announce, "dunning.end_unpaid": end_unpaid}
