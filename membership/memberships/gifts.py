"""Verbs about gifts: buying one, its delivery and reminders, claiming it, and what follows when its money goes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.gateway.readings import PaymentReading
from membership.giving.actions import book_payment, reader_behind
from membership.giving.correction_rules import counts, is_disputed, is_undecided, refunded
from membership.giving.models import Checkout, Payment
from membership.giving.queries import checkout_by_token, disputes_of, refunds_of
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships import gift_rules, given
from membership.memberships.gift_models import Gift
from membership.memberships.gift_queries import gift_by_token, gift_of_payment, state_of
from membership.memberships.gift_rules import GiftState
from membership.memberships.given_models import GivenMembership
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers import actions as readers
from membership.readers.models import Person
from membership.web.tokens import new_token

FOLLOW = "memberships.gift"
"""The job: what is due about a gift that is bought and not claimed (its letter, a reminder)."""


@dataclass(frozen=True)
class Wrapped:
    """What the giver chose. `deliver_at` with an address: by letter then; without: the giver hands the link over."""

    tier_id: int
    months: int
    giver_name: str
    recipient_name: str
    recipient_email: str | None
    message: str
    deliver_at: datetime | None


def wrap(session: Session, checkout: Checkout, chosen: Wrapped) -> None:
    """Write down what a gift's checkout is for. The same attempt told twice is one gift."""
    insert_once(
        session, Gift, checkout_id=checkout.id, token=new_token(), tier_id=chosen.tier_id, months=chosen.months,
        giver_name=chosen.giver_name, message=chosen.message, recipient_name=chosen.recipient_name,
        recipient_email=chosen.recipient_email, deliver_at=chosen.deliver_at, language=checkout.language,
    )  # fmt: skip


def receive_gift(session: Session, paid: PaymentReading, *, at: datetime) -> Payment | None:
    """A payment intent that succeeded for a gift's checkout: now the gift is real. None when it is not one of those."""
    checkout = checkout_by_token(session, paid.token)
    if checkout is None or checkout.kind != "gift" or paid.status != "succeeded":
        return None
    gift = session.execute(select(Gift).where(Gift.checkout_id == checkout.id)).scalar_one()
    _post(session, gift, at=at)
    giver_id = reader_behind(session, paid.token, paid.customer_id, at=at)
    assert giver_id is not None
    checkout.state = "paid"
    payment = book_payment(
        session,
        stripe_id=paid.id,
        reader_id=giver_id,
        kind="gift",
        amount=Money(paid.amount, paid.currency),
        paid_at=paid.settlement.paid_at if paid.settlement else paid.created_at,
        settlement=paid.settlement,
        article_id=checkout.article_id,
        checkout_id=checkout.id,
        at=at,
    )
    if gift.payment_id is None:
        gift.payment_id, gift.giver_id, gift.bought_at = payment.id, giver_id, at
        session.flush()
        _write(session, gift, "gift_bought", to_giver=True, at=at)
    return payment


def follow(session: Session, gift_id: int, *, at: datetime) -> None:
    """What is due about a gift: its letter on the day chosen, a reminder while nobody claims it."""
    gift = _hold(session, gift_id)
    if gift is None or state_of(gift) not in {GiftState.TO_COME, GiftState.OPEN}:
        return
    if gift.deliver_at is not None and gift.delivered_at is None:
        if at < gift.deliver_at:
            return _post(session, gift, at=gift.deliver_at)
        gift.delivered_at = at
        _write(session, gift, "gift_for_you", to_giver=False, at=at)
    since = gift.delivered_at or gift.bought_at or at
    step, again = gift_rules.step_due(since, at, by_letter=gift.delivered_at is not None)
    if step is not None:
        letter = "gift_unclaimed" if step.to_giver else "gift_reminder"
        _write(session, gift, letter, to_giver=step.to_giver, at=at, key=f"{step.name}:{since:%Y-%m-%d}")
    if again is not None:
        _post(session, gift, at=again)


def claim(session: Session, token: str, reader_id: int | None, *, name: str = "", at: datetime) -> GivenMembership:
    """The recipient takes the gift: it begins now, or when what they have ends.

    By whoever is signed in (`reader_id`), else by the person whose address the link was sent to. Raises `NoSuchGift`,
    `Withdrawn`, `ClaimedAlready`, `NobodyToWriteTo`.
    """
    gift = gift_by_token(session, token)
    if gift is None:
        raise gift_rules.NoSuchGift()
    gift_rules.check_claimable(state_of(gift))
    if reader_id is None:
        if not gift.recipient_email:
            raise gift_rules.NobodyToWriteTo()
        name = name or gift.recipient_name
        person = readers.know(session, gift.recipient_email, at=at, language=gift.language, name=name)
        reader_id = person.reader_id
    post(session, given.TURN, f"turn:{reader_id}", {"reader": reader_id}, due_at=at)  # jobs are locked before rows
    gift = _hold(session, gift.id)
    assert gift is not None
    gift_rules.check_claimable(state_of(gift))
    key = f"gift:{gift.id}"
    insert_once(
        session, GivenMembership, key=key, kind="gift", reader_id=reader_id, tier_id=gift.tier_id, months=gift.months,
        frozen=False, reason="", given_by=gift.giver_id, given_at=at,
    )  # fmt: skip
    made = session.execute(select(GivenMembership).where(GivenMembership.key == key)).scalar_one()
    gift.claimed_at, gift.given_id = at, made.id
    session.flush()
    given.take_turn(session, reader_id, at=at)
    _write(session, gift, "gift_claimed", to_giver=True, at=at)
    return made


def address_to(session: Session, gift_id: int, email: str, *, at: datetime) -> None:
    """Send (or send again) the link of a gift that nobody has claimed to this address, now.

    Raises `NoSuchGift`, `Withdrawn`, `ClaimedAlready`.
    """
    post(session, FOLLOW, f"gift:{gift_id}", {"gift": gift_id}, due_at=at)
    gift = _hold(session, gift_id)
    if gift is None:
        raise gift_rules.NoSuchGift()
    gift_rules.check_claimable(state_of(gift))
    gift.recipient_email = email
    gift.deliver_at = gift.deliver_at or at
    gift.delivered_at = at
    _write(session, gift, "gift_for_you", to_giver=False, at=at, key=f"{at:%Y-%m-%dT%H:%M}")


def follow_money(session: Session, payment: Payment, *, at: datetime) -> None:
    """After a refund or dispute of a gift's payment: it can be claimed, and what was claimed stands, while that counts.

    To be called after the corrections are kept; for any other payment it does nothing.
    """
    gift = gift_of_payment(session, payment.id)
    if gift is None:
        return
    _post(session, gift, at=at)
    claimed = session.get(GivenMembership, gift.given_id) if gift.given_id else None
    if claimed is not None:
        given.wake(session, claimed, at=at)
        post(session, given.TURN, f"turn:{claimed.reader_id}", {"reader": claimed.reader_id}, due_at=at)
        given.hold(session, claimed.id)
    gift = _hold(session, gift.id)
    assert gift is not None
    why = _withdrawn_for(session, payment)
    if why == gift.withdrawn_for:
        return
    gift.withdrawn_for = why
    if claimed is not None and why is not None:
        given.rest(claimed, at=at)
    elif claimed is not None:
        given.go_on(claimed, at=at)
    elif why is None and gift.delivered_at is not None:
        gift.delivered_at = at  # the letter below brings the link anew; reminders count from it
    session.flush()
    if claimed is not None or gift.delivered_at is not None:
        letter = "gift_counts_again" if why is None else "gift_withdrawn"
        _write(session, gift, letter, to_giver=False, at=at, key=f"{why}:{at:%Y-%m-%d}", why=why)


def _withdrawn_for(session: Session, payment: Payment) -> str | None:
    """Why a gift's payment does not count: a `dispute` that is undecided, or money that went back (`refund`)."""
    held = refunded((row.state, row.amount) for row in refunds_of(session, payment.id))
    statuses = [row.status for row in disputes_of(session, payment.id)]
    if counts(payment.amount, refunded=held, disputed=is_disputed(statuses)):
        return None
    return "dispute" if is_undecided(statuses) else "refund"


def _post(session: Session, gift: Gift, *, at: datetime) -> None:
    post(session, FOLLOW, f"gift:{gift.id}", {"gift": gift.id}, due_at=at)


def _hold(session: Session, gift_id: int) -> Gift | None:
    statement = select(Gift).where(Gift.id == gift_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


def _write(
    session: Session, gift: Gift, letter: str, *, to_giver: bool, at: datetime, key: str = "", **values: Any
) -> None:
    """A letter to the giver or the recipient. Those that carry the link are wiped once they are sent."""
    to = _giver(session, gift) if to_giver else _recipient(session, gift)
    if to is None:
        return
    tier = session.get_one(Tier, gift.tier_id)
    claimed = session.get(GivenMembership, gift.given_id) if gift.given_id else None
    write(
        session, letter, to, key=f"{letter}:{gift.id}:{key}", at=at, gift=gift, tier=tier, given=claimed,
        fleeting=letter in {"gift_bought", "gift_for_you", "gift_reminder", "gift_unclaimed", "gift_counts_again"}, **values,
    )  # fmt: skip


def _giver(session: Session, gift: Gift) -> Recipient | None:
    person = session.get(Person, gift.giver_id) if gift.giver_id else None
    return Recipient(person.email, person.name, person.language, person.reader_id) if person else None


def _recipient(session: Session, gift: Gift) -> Recipient | None:
    """Who claimed it, else the address that the link goes to."""
    claimed = session.get(GivenMembership, gift.given_id) if gift.given_id else None
    person = session.get(Person, claimed.reader_id) if claimed else None
    if person is not None:
        return Recipient(person.email, person.name, person.language, person.reader_id)
    if claimed is not None or not gift.recipient_email:
        return None
    return Recipient(gift.recipient_email, gift.recipient_name, gift.language)
