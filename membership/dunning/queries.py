"""Questions about failed payments, card links and card changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from membership.db import run
from membership.dunning.models import CardChange, CardLink, UnpaidInvoice
from membership.dunning.rules import LinkIsSpent, link_is_open
from membership.giving.correction_models import Dispute
from membership.giving.models import Payment
from membership.mail.models import Letter
from membership.memberships.models import Membership, MembershipPayment
from membership.web.tokens import hashed

_OPEN = (
    select(UnpaidInvoice)
    .where(UnpaidInvoice.membership_id == bindparam("membership"), UnpaidInvoice.state == "open")
    .order_by(UnpaidInvoice.id)
)
_ANY_OPEN = _OPEN.with_only_columns(UnpaidInvoice.id).limit(1)
_OWES = (
    select(UnpaidInvoice.id)
    .join(Membership, Membership.id == UnpaidInvoice.membership_id)
    .where(Membership.subscription_id == bindparam("subscription"), UnpaidInvoice.state == "open")
    .limit(1)
)


def open_unpaid(session: Session, membership_id: int) -> list[UnpaidInvoice]:
    """What a membership still owes after a failed payment, the oldest first."""
    own = {"membership": membership_id}
    if run(session, _ANY_OPEN, own).first() is None:  # nearly always
        return []
    return list(session.execute(_OPEN, own).scalars())


def owes(session: Session | Connection, subscription_id: str) -> bool:
    """Whether a failed payment of this subscription is still open in our books."""
    return run(session, _OWES, {"subscription": subscription_id}).first() is not None


_LAST_PAID = (
    select(Payment.reader_id, Payment.paid_at, Payment.card_brand, Payment.card_last4, Payment.id)
    .join(MembershipPayment, MembershipPayment.payment_id == Payment.id)
    .where(MembershipPayment.membership_id == bindparam("membership"))
    .order_by(Payment.paid_at.desc(), Payment.id.desc())
    .limit(1)
)


def lacks_card(session: Session, membership_id: int) -> bool:
    """Whether the card or account that paid a membership last was taken off (docs/decisions/0019): it, or the same card for
    something else of this reader, was disputed since, and no other one was stored after that."""
    last = run(session, _LAST_PAID, {"membership": membership_id}).first()
    if last is None:
        return False
    same = Payment.id == last.id
    if last.card_last4 is not None:
        same = or_(same, and_(Payment.card_brand == last.card_brand, Payment.card_last4 == last.card_last4))
    disputed = (
        select(func.max(Dispute.opened_at))
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Payment.reader_id == last.reader_id, same, Dispute.opened_at >= last.paid_at)
        .where(Dispute.status.not_like("warning%"))
    )
    since = session.execute(disputed).scalar_one()
    return since is not None and card_changed_since(session, membership_id, since) is None


def unpaid(session: Session, invoice_id: str) -> UnpaidInvoice | None:
    """The row of a failed invoice."""
    return session.execute(select(UnpaidInvoice).where(UnpaidInvoice.invoice_id == invoice_id)).scalar_one_or_none()


def has_letter(session: Session, key: str) -> bool:
    """Whether the letter of this reason was written."""
    return session.execute(select(Letter.id).where(Letter.key == key)).first() is not None


def link_of(session: Session, token: str, at: datetime) -> tuple[CardLink, Membership]:
    """The open card link behind a token, and its membership. Raises `LinkIsSpent`."""
    link = session.execute(select(CardLink).where(CardLink.token_hash == hashed(token))).scalar_one_or_none()
    if link is None or not link_is_open(spent_at=link.spent_at, expires_at=link.expires_at, at=at):
        raise LinkIsSpent()
    return link, session.get_one(Membership, link.membership_id)


def change_by_token(session: Session, token: str | None) -> tuple[CardChange, Membership] | None:
    """The card change that Stripe carried this token for, and its membership."""
    if not token:
        return None
    statement = select(CardChange, Membership).join(Membership, Membership.id == CardChange.membership_id)
    row = session.execute(statement.where(CardChange.token == token)).first()
    return (row[0], row[1]) if row else None


def change_by_session(session: Session, session_id: str) -> CardChange | None:
    """The card change that opened this Checkout session."""
    return session.execute(select(CardChange).where(CardChange.session_id == session_id)).scalar_one_or_none()


def card_changed_since(
    session: Session, membership_id: int, moment: datetime
) -> tuple[CardChange, CardLink | None] | None:
    """The last change of a membership's card that Stripe confirmed after a moment, and the link it came by."""
    statement = (
        select(CardChange, CardLink)
        .outerjoin(CardLink, CardLink.id == CardChange.link_id)
        .where(CardChange.membership_id == membership_id, CardChange.taken_at >= moment)
        .order_by(CardChange.taken_at.desc(), CardChange.id.desc())
    )
    row = session.execute(statement.limit(1)).first()
    return (row[0], row[1]) if row else None
