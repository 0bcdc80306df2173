"""Questions about imports: what is known about the people of a file's rows, who was invited, and what a file comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from membership.giving.models import StripeCustomer
from membership.imports.models import Brought, Import, ImportRow, Invitation, LiveSubscription
from membership.imports.rules import DEEDS, VERDICTS, Facts, Live, Offer, Reading
from membership.memberships.models import Membership
from membership.memberships.queries import running_now
from membership.memberships.tiers import Tier, TierPrice
from membership.money import Money
from membership.readers.models import Person

Row = tuple[ImportRow, Reading]


def source_key(reading: Reading) -> str:
    """By what somebody is known to have come from a system: the id they had there, else their address."""
    return reading.key or f"email:{reading.email_key}"


def offers(session: Session) -> list[Offer]:
    """The tiers on offer, in their order, with their prices."""
    prices: dict[int, dict[tuple[str, str], int]] = {}
    for price in session.execute(select(TierPrice)).scalars():
        prices.setdefault(price.tier_id, {})[price.currency, price.interval] = price.minor
    tiers = session.execute(select(Tier).where(Tier.archived_at.is_(None)).order_by(Tier.position, Tier.id)).scalars()
    return [Offer(tier.id, tier.slug, tier.name, prices.get(tier.id, {})) for tier in tiers]


def facts_about(session: Session, run: Import, rows: Sequence[Row]) -> dict[int, Facts]:
    """What is known about each row's person, by the row's number: a handful of questions for all of them."""
    readings = [reading for _, reading in rows]
    brought = select(Brought.source_key, Brought.reader_id).where(Brought.source == run.form)
    by_key = _pairs(session, brought.where(Brought.source_key.in_({source_key(one) for one in readings})))
    people = select(Person.email_key, Person.reader_id)
    by_email = _pairs(session, people.where(Person.email_key.in_({one.email_key for one in readings})))
    living = _live(session, run, rows)
    customers = {one.customer_id for one in readings} | {one.customer_id for some in living.values() for one in some}
    payers = select(StripeCustomer.customer_id, StripeCustomer.reader_id)
    by_customer = _pairs(session, payers.where(StripeCustomer.customer_id.in_(customers - {""})))
    readers = {*by_key.values(), *by_email.values(), *by_customer.values()}
    pledged = (Brought.source == run.form, Brought.reader_id.in_(readers), Brought.deed != "know")
    before = select(Brought.reader_id).where(*pledged)
    brought_before, patrons = set(session.execute(before).scalars()), _patrons(session, readers)
    named = {one.subscription_id for one in readings if one.subscription_id}
    ours = set(session.execute(
        select(Membership.subscription_id).where(_runs(), Membership.subscription_id.in_(named))
    ).scalars())  # fmt: skip
    twins = _twins(session, run, rows)
    found: dict[int, Facts] = {}
    for row, reading in rows:
        key, address = by_key.get(source_key(reading)), by_email.get(reading.email_key)
        own = living.get(row.number, [])
        payers_here = (by_customer.get(one) for one in [reading.customer_id, *(live.customer_id for live in own)])
        payer = next((one for one in payers_here if one), None)
        known = {one for one in (key, address, payer) if one}
        here = reading.subscription_id in ours or (not own and by_customer.get(reading.customer_id) in patrons)
        found[row.number] = Facts(
            by_key=key, by_address=address, by_customer=payer, brought_before=bool(known & brought_before),
            patron=bool(known & patrons), here_already=here, live=own, twin_line=twins.get(row.number),
        )  # fmt: skip
    return found


def _pairs(session: Session, statement: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(statement)}


def _runs() -> Any:
    """Memberships that run, and those that were adopted a moment ago and are being fetched."""
    return or_(running_now(), Membership.adopted_at.is_not(None) & (Membership.status == "incomplete"))


def _patrons(session: Session, readers: set[int]) -> set[int]:
    own = (_runs(), Membership.seats.is_(None), Membership.reader_id.in_(readers))
    return set(session.execute(select(Membership.reader_id).where(*own)).scalars())


def _live(session: Session, run: Import, rows: Sequence[Row]) -> dict[int, list[Live]]:
    """The subscriptions that are live at Stripe for each row: the one it names, else its customer's, else its address's."""
    readings = [reading for _, reading in rows]
    table = LiveSubscription
    statement = select(table).where(
        table.import_id == run.id,
        or_(
            table.subscription_id.in_({one.subscription_id for one in readings if one.subscription_id}),
            table.customer_id.in_({one.customer_id for one in readings if one.customer_id}),
            table.email_key.in_({one.email_key for one in readings}),
        ),
    )
    there = list(session.execute(statement.order_by(table.subscription_id)).scalars())
    by: dict[tuple[str, str | None], list[LiveSubscription]] = {}
    for one in there:
        for kind, value in (("id", one.subscription_id), ("customer", one.customer_id), ("email", one.email_key)):
            by.setdefault((kind, value), []).append(one)
    found: dict[int, list[Live]] = {}
    for row, reading in rows:
        ways = (("id", reading.subscription_id), ("customer", reading.customer_id), ("email", reading.email_key))
        kind, theirs = next(((kind, by[kind, value]) for kind, value in ways if value and (kind, value) in by), ("", []))
        found[row.number] = [
            Live(one.subscription_id, one.customer_id, Money(one.amount, one.currency), one.interval, one.fits,
                 kind != "email", one.started_at, one.line if one.line != row.line else None)
            for one in theirs
        ]  # fmt: skip
    return found


def _twins(session: Session, run: Import, rows: Sequence[Row]) -> dict[int, int]:
    """For rows whose person stands in the file once more: the line that counts instead."""
    emails, keys = {reading.email_key for _, reading in rows}, {source_key(reading) for _, reading in rows}
    table = ImportRow
    statement = select(table.number, table.line, table.weight, table.email_key, table.source_key).where(
        table.import_id == run.id, or_(table.email_key.in_(emails), table.source_key.in_(keys))
    )
    by_email: dict[str, tuple[int, int, int]] = {}
    by_key: dict[str, tuple[int, int, int]] = {}
    for number, line, weight, email, key in session.execute(statement):
        place = (weight or 0, -number, line)
        by_email[email or ""] = max(by_email.get(email or "", place), place)
        by_key[key or ""] = max(by_key.get(key or "", place), place)
    found = {}
    for row, reading in rows:
        first = max(by_email[reading.email_key], by_key[source_key(reading)])
        if -first[1] != row.number:
            found[row.number] = first[2]
    return found


def batch(session: Session, run: Import, *, size: int, waiting: bool) -> list[ImportRow]:
    """The next rows after the cursor, in their order; `waiting`: only those that were read and are not done."""
    statement = select(ImportRow).where(ImportRow.import_id == run.id, ImportRow.number > int(run.cursor or 0))
    if waiting:
        statement = statement.where(ImportRow.done_at.is_(None), ImportRow.cells.is_not(None))
    return list(session.execute(statement.order_by(ImportRow.number).limit(size)).scalars())


@dataclass(frozen=True)
class Count:
    """So many rows of one verdict, deed and reason; `done`: how many of them were done."""

    verdict: str
    deed: str
    reason: str
    rows: int
    done: int


@dataclass(frozen=True)
class Recurring:
    """What a deed's pledges come to in one currency and rhythm, in the prices they have."""

    deed: str
    interval: str
    pledges: int
    amount: Money


@dataclass(frozen=True)
class TierLine:
    """A tier of theirs, and the one of ours that its people come to."""

    theirs: str
    ours: str
    rows: int


@dataclass(frozen=True)
class Report:
    """What a file comes to, or came to: the counts add up to its rows."""

    counts: Sequence[Count]
    recurring: Sequence[Recurring]
    tiers: Sequence[TierLine]
    judged: int

    def of(self, *verdicts: str) -> int:
        """How many rows have one of these verdicts."""
        return sum(one.rows for one in self.counts if one.verdict in verdicts)

    def deeds(self, deed: str, *, done: bool = False) -> int:
        """How many rows have this deed; `done`: it was done."""
        return sum(one.done if done else one.rows for one in self.counts if one.deed == deed)


def report(session: Session, run: Import) -> Report:
    """What an import comes to as far as it is judged."""
    own, table = ImportRow.import_id == run.id, ImportRow
    kinds = (table.verdict, table.deed, table.reason)
    rows: Any = session.execute(
        select(*kinds, func.count(), func.count(table.done_at)).where(own, table.verdict.is_not(None)).group_by(*kinds)
    ).all()
    counts = [Count(verdict, deed, reason or "", number, done) for verdict, deed, reason, number, done in rows]
    counts.sort(key=lambda one: (VERDICTS.index(one.verdict), DEEDS.index(one.deed), -one.rows, one.reason))
    priced = (table.deed, table.interval, table.currency)
    sums: Any = session.execute(
        select(*priced, func.count(), func.sum(table.amount))
        .where(own, table.deed.in_(("adopt", "invite")), table.amount.is_not(None))
        .group_by(*priced).order_by(*priced)
    )  # fmt: skip
    recurring = [Recurring(deed, rhythm, number, Money(int(amount), code)) for deed, rhythm, code, number, amount in sums]
    tiers = session.execute(
        select(table.their_tier, Tier.name, func.count())
        .join(Tier, Tier.id == table.tier_id)
        .where(own, table.deed.in_(("adopt", "invite", "keep")))
        .group_by(table.their_tier, Tier.name).order_by(func.count().desc(), table.their_tier).limit(100)
    )  # fmt: skip
    lines = [TierLine(theirs or "", ours, number) for theirs, ours, number in tiers]
    return Report(counts, recurring, lines, sum(one.rows for one in counts))


def not_brought(session: Session, run_id: int, *, most: int | None = None) -> Iterator[ImportRow]:
    """The rows that are refused or in doubt, in their order."""
    statement = select(ImportRow).where(ImportRow.import_id == run_id, ImportRow.verdict.in_(("refused", "doubt")))
    rows = session.execute(statement.order_by(ImportRow.number).limit(most).execution_options(yield_per=500))
    yield from rows.scalars()


def runs(session: Session, *, most: int = 100) -> list[Import]:
    """The files that were handed in, the newest first."""
    return list(session.execute(select(Import).order_by(Import.id.desc()).limit(most)).scalars())


def invitation_of(session: Session, invitation_id: int, *, lock: bool = False) -> Invitation | None:
    """An invitation by its number; `lock` holds its row."""
    statement = select(Invitation).where(Invitation.id == invitation_id)
    return session.execute(statement.with_for_update(key_share=True) if lock else statement).scalar_one_or_none()


def is_spent(session: Session, invitation: Invitation) -> bool:
    """Whether the checkout of an invitation began a membership."""
    if invitation.checkout_id is None:
        return False
    begun = select(Membership.id).where(Membership.checkout_id == invitation.checkout_id)
    return session.execute(begun).first() is not None
