"""Verbs about failed payments: keeping them in step with Stripe, the letters, and putting another card on a membership."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.dunning import queries, rules
from membership.dunning.models import CardChange, CardLink, UnpaidInvoice
from membership.gateway.collecting import CardReading, FailureReading, OwedReading
from membership.gateway.looking import look_again
from membership.giving.models import Payment
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships.models import Membership
from membership.memberships.rules import ENDED, GRACE
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.web.tokens import hashed, new_token


@dataclass(frozen=True)
class Owed:
    """An open invoice, and how its last try ended (None when nothing was tried)."""

    invoice: OwedReading
    failure: FailureReading | None


def follow_failures(session: Session, membership: Membership, owed: Sequence[Owed], *, at: datetime) -> None:
    """Bring the failed payments of a membership to what Stripe just answered; its row must be locked.

    A new one gets its letter and its reminders; one that is paid meanwhile is kept with what brought the money.
    """
    running = membership.status not in ENDED
    failed = [one for one in owed if running and not one.invoice.first and _has_failed(one)]
    for one in failed:
        _keep(session, membership, one, at=at)
    still = {one.invoice.id for one in owed} if running else set()
    for row in queries.open_unpaid(session, membership.id):
        if row.invoice_id not in still:
            _close(session, membership, row, at=at)
    if running and membership.interval == "year" and membership.ends_at is None and membership.period_ends_at:
        _plan_renewal_notice(session, membership, membership.period_ends_at)


def _has_failed(one: Owed) -> bool:
    return rules.has_failed(attempts=one.invoice.attempts, status=one.failure.status if one.failure else None)


def _keep(session: Session, membership: Membership, one: Owed, *, at: datetime) -> None:
    why = one.failure or FailureReading("", None, None, None)
    reason = rules.reason_of(status=why.status, code=why.code, decline_code=why.decline_code, method=why.method)
    invoice = one.invoice
    now = {
        "amount": invoice.amount,
        "reason": str(reason),
        "attempts": invoice.attempts,
        "next_attempt_at": invoice.next_attempt_at,
        "hosted_url": invoice.hosted_url,
    }
    new = insert_once(
        session,
        UnpaidInvoice,
        invoice_id=invoice.id,
        membership_id=membership.id,
        currency=invoice.currency,
        first_failed_at=at,
        last_step="first",
        state="open",
        **now,
    )
    if new:
        for step, after in rules.REMINDERS.items():
            about = {"invoice": invoice.id, "step": step}
            post(session, "dunning.remind", f"remind:{invoice.id}:{step}", about, due_at=at + after)
    row = queries.unpaid(session, invoice.id)
    assert row is not None
    for name, value in {**now, "state": "open", "closed_at": None}.items():
        setattr(row, name, value)
    _tell(session, membership, row, kind="payment_failed", key=f"payment-failed:{invoice.id}:{reason}", step="", at=at)


def remind(session: Session, invoice_id: str, step: str, *, at: datetime) -> None:
    """The reminder of a day on the published schedule, unless nothing is due any more."""
    row = queries.unpaid(session, invoice_id)
    if row is None or row.state != "open":
        return
    membership = session.get_one(Membership, row.membership_id)
    if membership.status in ENDED:
        return
    key = f"payment-reminder:{invoice_id}:{step}"
    if _tell(session, membership, row, kind="payment_reminder", key=key, step=step, at=at):
        row.last_step = step


def _tell(
    session: Session, membership: Membership, row: UnpaidInvoice, *, kind: str, key: str, step: str, at: datetime
) -> bool:
    """One letter about a failed payment, with a link of its own for changing the card. False when it was written before."""
    to = _recipient(session, membership)
    if to is None or queries.has_letter(session, key):
        return False
    return write(
        session,
        kind,
        to,
        key=key,
        at=at,
        fleeting=True,
        row=row,
        step=step,
        amount=Money(row.amount, row.currency),
        tier=session.get_one(Tier, membership.tier_id),
        seats=membership.seats,
        kept_until=membership.paid_until + GRACE if membership.paid_until else None,
        is_kept=bool(membership.paid_until and at < membership.paid_until + GRACE),
        token=make_link(session, membership, step=step or "first", at=at),
    )


def make_link(session: Session, membership: Membership, *, step: str, at: datetime) -> str:
    """A link for changing this membership's card, good for fourteen days; returns its token, which is kept nowhere."""
    token = new_token()
    link = CardLink(
        token_hash=hashed(token), membership_id=membership.id, step=step, made_at=at, expires_at=at + rules.LINK_LIVES
    )
    session.add(link)
    session.flush()
    return token


def _recipient(session: Session, membership: Membership) -> Recipient | None:
    person = session.get(Person, membership.reader_id)
    return Recipient(person.email, person.name, person.language, person.reader_id) if person else None


def _close(session: Session, membership: Membership, row: UnpaidInvoice, *, at: datetime) -> None:
    """No longer open at Stripe: paid, if the payment is in our books, or given up."""
    payment = session.execute(select(Payment).where(Payment.stripe_id == row.invoice_id)).scalar_one_or_none()
    row.next_attempt_at = row.next_attempt_at if payment else None
    row.closed_at = at
    row.state = "recovered" if payment else "given_up"
    if payment is None:
        return
    found = queries.card_changed_since(session, membership.id, row.first_failed_at)
    row.recovered_by = rules.recovered_by(
        paid_at=payment.paid_at, next_attempt_at=row.next_attempt_at, card_changed=found is not None
    )
    if found is None:
        row.recovered_step = row.last_step
    else:
        row.recovered_step = found[1].step if found[1] else "account"


def _plan_renewal_notice(session: Session, membership: Membership, renews_at: datetime) -> None:
    about = {"subscription": membership.subscription_id}
    key = f"renewal:{membership.subscription_id}:{renews_at:%Y-%m-%d}"
    post(session, "dunning.announce", key, about, due_at=renews_at - rules.RENEWAL_NOTICE)


def announce(session: Session, membership: Membership, card: CardReading | None, *, at: datetime) -> None:
    """Before a renewal: the notice of a yearly one, and a word about a card that will have expired by then."""
    to, renews_at = _recipient(session, membership), membership.period_ends_at
    if to is None or renews_at is None or membership.ends_at or membership.status != "active" or renews_at <= at:
        return
    about: dict[str, Any] = {
        "amount": Money(membership.amount, membership.currency),
        "renews_at": renews_at,
        "card": card,
        "seats": membership.seats,
    }
    tier = session.get_one(Tier, membership.tier_id)
    if membership.interval == "year" and renews_at - at <= rules.RENEWAL_NOTICE:
        key = f"renewal-notice:{membership.subscription_id}:{renews_at:%Y-%m-%d}"
        write(session, "renewal_notice", to, key=key, at=at, tier=tier, **about)
    if card is None or not rules.expires_before(year=card.exp_year, month=card.exp_month, moment=renews_at):
        return
    key = f"card-expiring:{membership.subscription_id}:{card.id}:{card.exp_year}-{card.exp_month}"
    if not queries.has_letter(session, key):
        token = make_link(session, membership, step="expiring", at=at)
        write(session, "card_expiring", to, key=key, at=at, fleeting=True, tier=tier, token=token, **about)


def begin_card_change(session: Session, membership: Membership, link: CardLink | None, *, at: datetime) -> CardChange:
    """Write down that somebody goes to store another card."""
    change = CardChange(
        token=new_token(),
        membership_id=membership.id,
        link_id=link.id if link else None,
        state="begun",
        begun_at=at,
    )
    session.add(change)
    session.flush()
    return change


def note_opened(session: Session, change_id: int, session_id: str) -> None:
    """Stripe opened the hosted page of a card change."""
    session.execute(update(CardChange).where(CardChange.id == change_id).values(session_id=session_id))


def note_taken(session: Session, change_id: int, *, at: datetime) -> None:
    """Stripe has stored the card; from here on a payment that arrives is counted as this change's doing."""
    begun = (CardChange.id == change_id, CardChange.state == "begun")
    session.execute(update(CardChange).where(*begun).values(state="taken", taken_at=at))


def note_card(session: Session, change_id: int, card: CardReading | None, *, put_on: bool, at: datetime) -> None:
    """The new card is on the membership (`put_on`), or Stripe would not put it there: its letter, and the links are spent."""
    change = session.get_one(CardChange, change_id)
    if change.state in {"done", "refused"}:
        return
    change.state = "done" if put_on else "refused"
    membership = session.get_one(Membership, change.membership_id)
    if put_on:
        unspent = (CardLink.membership_id == membership.id, CardLink.spent_at.is_(None))
        session.execute(update(CardLink).where(*unspent).values(spent_at=at))
        to = _recipient(session, membership)
        if to is not None:
            tier = session.get_one(Tier, membership.tier_id)
            write(session, "card_updated", to, key=f"card:{change.id}", at=at, card=card, tier=tier, seats=membership.seats)
    look_again(session, membership.subscription_id, at=at)


def end_unpaid(session: Session, membership: Membership, *, at: datetime) -> None:
    """The first debit was returned: Stripe keeps such a subscription active for ever, so it is ended there.

    Otherwise the reader would be charged in a month for what never began, and could not begin anew.
    """
    if membership.paid_until is None and membership.status not in ENDED:
        about = {"subscription": membership.subscription_id}
        post(session, "dunning.end_unpaid", f"end-unpaid:{membership.subscription_id}", about, due_at=at)


def look_again_at_invoice(session: Session, invoice_id: str, *, at: datetime) -> None:
    """Have the worker look at the subscription of a failed invoice again."""
    row = queries.unpaid(session, invoice_id)
    if row is not None:
        look_again(session, session.get_one(Membership, row.membership_id).subscription_id, at=at)
