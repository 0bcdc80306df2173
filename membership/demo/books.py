"""Our books of the same story: every row is read off the objects that the sandbox holds, by the gateway's own readings.

Bulk inserts, because a year of two hundred patrons is some ten thousand rows; what they mean is decided by the same rules
as in the rooms (`counted_amount`, `movement_kind`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import stripe
from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from membership.db import Base
from membership.demo.past import Told, token_of
from membership.demo.promised import Gift, Person, Pledge
from membership.gateway.readings import (
    DisputeReading,
    InvoiceReading,
    RefundReading,
    Settlement,
    SubscriptionReading,
    read_dispute,
    read_invoice,
    read_payment,
    read_refund,
    read_subscription,
)
from membership.giving.correction_rules import counts, is_disputed, is_undecided
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.memberships.models import Membership, MembershipCheckout, MembershipPayment, Movement
from membership.memberships.rules import ENDED, counted_amount, movement_kind
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.perks.rules import code_from
from membership.readers.models import Person as PersonRow
from membership.readers.models import Reader
from membership.readers.rules import email_key
from membership.sandbox.store import shown

Row = dict[str, Any]
FORM_MINUTES = timedelta(minutes=3)
"""How long before the payment somebody began to fill in the form."""


@dataclass(frozen=True)
class PaidPeriod:
    """A paid invoice and how it was paid."""

    invoice: InvoiceReading
    settlement: Settlement


@dataclass(frozen=True)
class Step:
    """A membership from a moment on: its status, the product it is for, its counted yearly amount."""

    at: datetime
    status: str
    product_id: str
    yearly: int
    payment_failed: bool
    paused: bool = False


@dataclass
class Account:
    """A pledge as it stands in our books. `steps` begin with the first payment; `final`: the columns that still change
    while the story is told."""

    told: Told
    pledge: Pledge
    subscription: SubscriptionReading
    paid: list[PaidPeriod]
    reader_id: int
    steps: list[Step]
    id: int = 0
    final: Row = field(default_factory=dict)

    def as_of(self, moment: datetime) -> Row:
        """The changing columns as they stood at a moment: who was a patron then."""
        reached = [one.invoice.period_end for one in self.paid if one.invoice.paid_at and one.invoice.paid_at <= moment]
        status = next((step.status for step in reversed(self.steps) if step.at <= moment), "active")
        return {"paid_until": max(reached, default=None), "status": status, "frozen": False}


def add(session: Session, model: type[Base], rows: Sequence[Row]) -> list[int]:
    """Insert many rows at once and return their ids in the same order."""
    if not rows:
        return []
    statement = insert(model).returning(model.__table__.c.id, sort_by_parameter_order=True)
    return list(session.execute(statement, list(rows)).scalars())


def add_plain(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert many rows of a table whose keys are given."""
    if rows:
        session.execute(insert(model), list(rows))


def write_readers(session: Session, first_seen: Mapping[Person, datetime]) -> dict[Person, int]:
    """A reader and what identifies them, for each person; returns the readers' ids."""
    everybody = sorted(first_seen, key=lambda person: (first_seen[person], person.email))
    ids = add(session, Reader, [{"created_at": first_seen[person]} for person in everybody])
    known = dict(zip(everybody, ids, strict=True))
    add_plain(
        session,
        PersonRow,
        [
            {"reader_id": known[person], "email": person.email, "email_key": email_key(person.email),
             "name": person.name, "language": "en"}
            for person in everybody
        ],
    )  # fmt: skip
    return known


def read_pledge(told: Told, reader_id: int) -> Account:
    """A pledge's objects as our readings of them."""
    assert isinstance(told.of, Pledge)
    links = {link["invoice"]: link for link in told.all("invoice_payment")}
    money = _Money(told)
    paid = []
    for obj in told.all("invoice"):
        if obj["status"] != "paid":
            continue
        link = links[obj["id"]]
        whole = _part(obj, INVOICE) | {"lines": _periods(obj), "payments": {"object": "list", "data": [link]}}
        invoice = read_invoice(stripe.Invoice.construct_from(whole, None))
        paid.append(PaidPeriod(invoice, money.settlement(link["payment"]["payment_intent"])))
    subscription = _read_subscription(told)
    return Account(told, told.of, subscription, paid, reader_id, _steps(told, subscription, paid))


def _read_subscription(told: Told) -> SubscriptionReading:
    """The subscription, with what its schedule plans where it has one."""
    whole = shown(told.one("subscription"))
    if whole["schedule"]:
        prices = {one["id"]: shown(one) for one in told.all("price")}
        plan = shown(told.one("subscription_schedule"))
        for phase in plan["phases"]:
            for item in phase["items"]:
                item["price"] = prices[item["price"]]
        whole["schedule"] = plan
    return read_subscription(stripe.Subscription.construct_from(whole, None))


def _steps(told: Told, now: SubscriptionReading, paid: Sequence[PaidPeriod]) -> list[Step]:
    """How the membership changed since its first payment, by what was told; a plain one only began and perhaps ended."""
    began = min((one.invoice.paid_at for one in paid if one.invoice.paid_at), default=None)
    if began is None:
        return []
    if not told.notices:
        whole = counted_amount(status="active", paid_once=True, amount=now.amount, interval=now.interval)
        steps = [Step(began, "active", now.product_id, whole, False)]
        if now.ended_at:
            steps.append(Step(now.ended_at, now.status, now.product_id, 0, now.payment_failed))
        return steps
    steps = []
    before: Row = {}
    for notice in told.notices:
        if notice.type.startswith("customer.subscription."):
            named = ("status", "items", "cancellation_details", "pause_collection")
            facts = {name: notice.object[name] for name in named}
            if facts == before:
                continue
            before = facts
            read = read_subscription(stripe.Subscription.construct_from(shown(notice.object), None))
            at = max(began, moment(notice.at))
            steps.append(Step(at, read.status, read.product_id, _counted(read), read.payment_failed, read.paused))
    return steps


INVOICE = (
    "id", "object", "status", "currency", "amount_paid", "status_transitions", "period_start", "period_end", "parent",
)  # fmt: skip
INTENT = ("id", "object", "metadata", "status", "currency", "amount_received", "customer", "created")
CHARGE = ("id", "object", "created", "amount_refunded", "disputed")
BOOKED = ("id", "object", "currency", "amount", "fee", "created")
"""What the readings look at: to build the SDK's object of everything takes most of the time, thousands of times over."""


def _part(obj: Row, names: Sequence[str]) -> Row:
    return {name: obj[name] for name in names}


def _periods(invoice: Row) -> Row:
    lines = invoice["lines"]
    return lines | {"data": [_part(line, ("id", "object", "period")) for line in lines["data"]]}


class _Money:
    """A story's intents, with charge and balance transaction put in where Stripe would expand them."""

    def __init__(self, told: Told) -> None:
        self._by_id = {obj["id"]: obj for obj in told.objects}

    def whole(self, intent_id: str) -> Any:
        intent = self._by_id[intent_id]
        charge = self._by_id[intent["latest_charge"]]
        booked = _part(self._by_id[charge["balance_transaction"]], BOOKED)
        made = charge["payment_method_details"]
        card = {"card": _part(made["card"], ("brand", "last4"))} if "card" in made else {}
        paid = _part(charge, CHARGE) | {"payment_method_details": {"type": made["type"], **card}}
        whole = _part(intent, INTENT) | {"latest_charge": paid | {"balance_transaction": booked}}
        return stripe.PaymentIntent.construct_from(whole, None)

    def settlement(self, intent_id: str) -> Settlement:
        settlement = read_payment(self.whole(intent_id)).settlement
        assert settlement is not None
        return settlement


def refund_of(obj: Row) -> RefundReading:
    """A refund as the gateway reads it; its balance transactions put in."""
    return read_refund(stripe.Refund.construct_from(obj, None))


def dispute_of(obj: Row) -> DisputeReading:
    """A dispute as the gateway reads it."""
    return read_dispute(stripe.Dispute.construct_from(obj, None))


def write_checkouts(
    session: Session, told: Sequence[Told], known: Mapping[Person, int], articles: Sequence[int]
) -> dict[str, int]:
    """The forms that everything began with; returns their ids by prefix."""
    rows = []
    for one in told:
        of = one.of
        done = one.page
        rows.append(
            {"token": token_of(of.prefix), "attempt": f"demo:{of.prefix}",
             "kind": of.kind if isinstance(of, Gift) else "membership",
             "state": "waiting" if done["payment_status"] == "unpaid" else "paid",
             "reader_id": known[of.person], "email": of.person.email, "language": "en", "currency": of.currency,
             "amount": of.amount, "article_id": _at(articles, of.article), "browser_hash": "",
             "session_id": done["id"], "begun_at": moment(done["created"]) - FORM_MINUTES}
        )  # fmt: skip
    return dict(zip([one.of.prefix for one in told], add(session, Checkout, rows), strict=True))


def write_memberships(
    session: Session,
    accounts: Sequence[Account],
    *,
    tiers: Mapping[str, int],
    tier_of: Mapping[str, int],
    checkouts: Mapping[str, int],
    articles: Sequence[int],
    as_of: datetime,
) -> None:
    """The memberships as they stood at a moment (`bring_memberships_to` moves them on), with customers and movements."""
    add_plain(
        session, StripeCustomer,
        [{"customer_id": account.subscription.customer_id, "reader_id": account.reader_id} for account in accounts],
    )  # fmt: skip
    add_plain(
        session, MembershipCheckout,
        [
            {"checkout_id": checkouts[account.pledge.prefix], "tier_id": tiers[account.pledge.tier],
             "interval": account.pledge.interval, "seats": account.pledge.seats}
            for account in accounts
        ],
    )  # fmt: skip
    rows = []
    for account in accounts:
        pledge, read = account.pledge, account.subscription
        account.final = {"status": read.status, **_standing(account)}
        plan = read.planned
        rows.append(
            {"subscription_id": read.id, "reader_id": account.reader_id, "tier_id": tier_of[read.product_id],
             "checkout_id": checkouts[pledge.prefix], "article_id": _at(articles, pledge.article),
             "currency": read.currency, "amount": read.amount, "interval": read.interval,
             "counted": account.steps[-1].yearly if account.steps else 0,
             "seats": pledge.seats, "started_at": read.started_at, "period_ends_at": read.period_ends_at,
             "ends_at": read.ends_at, "ended_at": read.ended_at, "paused": read.paused, "resumes_at": read.resumes_at,
             "next_tier_id": tier_of[plan.product_id] if plan else None, "next_amount": plan.amount if plan else None,
             "next_interval": plan.interval if plan else None, "next_from": plan.starts_at if plan else None}
            | account.as_of(as_of)
        )  # fmt: skip
    for account, id in zip(accounts, add(session, Membership, rows), strict=True):
        account.id = id
    add(session, Movement, _movements(accounts, tier_of))


def _standing(account: Account) -> Row:
    """Until when it is paid, by the payments that count, and whether an undecided dispute of one of them freezes it."""
    counting, frozen = [], False
    for one in account.paid:
        charge = account.told.by_id(one.settlement.charge_id)
        cases = [case["status"] for case in account.told.all("dispute") if case["charge"] == charge["id"]]
        if counts(charge["amount"], refunded=charge["amount_refunded"], disputed=is_disputed(cases)):
            counting.append(one.invoice.period_end)
        frozen = frozen or is_undecided(cases)
    return {"paid_until": max(counting, default=None), "frozen": frozen}


def bring_memberships_to(session: Session, accounts: Sequence[Account], as_of: datetime | None) -> None:
    """The changing columns as they stood at a moment, or (None) as they stand today."""
    states = [(account.id, account.as_of(as_of) if as_of else account.final) for account in accounts]
    table: Any = Membership.__table__
    session.connection().execute(
        update(table)
        .where(table.c.id == bindparam("membership"))
        .values({name: bindparam(f"new_{name}") for name in ("status", "paid_until", "frozen")}),
        [{"membership": id, **{f"new_{name}": value for name, value in state.items()}} for id, state in states],
    )


def write_membership_payments(session: Session, accounts: Sequence[Account], articles: Sequence[int]) -> dict[str, int]:
    """Payments of memberships with their periods and ledger lines; returns their ids by charge."""
    paid = [(account, one) for account in accounts for one in account.paid]
    rows = [
        _payment(one.invoice.id, account.reader_id, "membership", one.settlement, one.invoice.paid_at,
                 one.invoice.currency, one.invoice.amount_paid, _at(articles, account.pledge.article))
        for account, one in paid
    ]  # fmt: skip
    ids = _pay(session, rows, [one.settlement for _, one in paid])
    add_plain(
        session, MembershipPayment,
        [
            {"payment_id": id, "membership_id": account.id, "period_start": one.invoice.period_start,
             "period_end": one.invoice.period_end}
            for id, (account, one) in zip(ids, paid, strict=True)
        ],
    )  # fmt: skip
    return {row["charge_id"]: id for id, row in zip(ids, rows, strict=True)}


def write_gifts(
    session: Session, told: Sequence[Told], known: Mapping[Person, int], articles: Sequence[int]
) -> dict[str, int]:
    """One-time payments with their ledger lines; returns their ids by charge."""
    rows, settlements = [], []
    for one in told:
        assert isinstance(one.of, Gift)
        read = read_payment(_Money(one).whole(one.one("payment_intent")["id"]))
        assert read.settlement is not None
        settlements.append(read.settlement)
        rows.append(
            _payment(read.id, known[one.of.person], one.of.kind, read.settlement, read.settlement.paid_at,
                     read.currency, read.amount, _at(articles, one.of.article))
        )  # fmt: skip
    ids = _pay(session, rows, settlements)
    return {row["charge_id"]: id for id, row in zip(ids, rows, strict=True)}


def write_grants(session: Session, perk: Perk, accounts: Sequence[Account], chance: Random) -> None:
    """The perk, issued to everybody when their first payment arrived."""
    first: dict[int, datetime] = {}
    for account in accounts:
        if not account.steps or account.pledge.seats:
            continue
        began = account.steps[0].at
        first[account.reader_id] = min(began, first.get(account.reader_id, began))
    rows = [
        {"perk_id": perk.id, "reader_id": reader_id, "code": code_from(chance.getrandbits(80)), "issued_at": at}
        for reader_id, at in sorted(first.items())
    ]
    ids = add(session, PerkGrant, rows)
    steps = [
        {"grant_id": id, "state": "issued", "at": row["issued_at"], "why": ""}
        for id, row in zip(ids, rows, strict=True)
    ]
    add_plain(session, PerkStep, steps)


def moment(seconds: int) -> datetime:
    """A Unix time as ours."""
    return datetime.fromtimestamp(seconds, UTC)


def _payment(
    stripe_id: str,
    reader_id: int,
    kind: str,
    settled: Settlement,
    at: datetime | None,
    currency: str,
    amount: int,
    article_id: int | None,
) -> Row:
    return {
        "stripe_id": stripe_id,
        "reader_id": reader_id,
        "kind": kind,
        "currency": currency,
        "amount": amount,
        "paid_at": at,
        "payment_intent_id": settled.payment_intent_id,
        "charge_id": settled.charge_id,
        "method": settled.method,
        "card_brand": settled.card_brand,
        "card_last4": settled.card_last4,
        "article_id": article_id,
    }


def _pay(session: Session, rows: Sequence[Row], settlements: Sequence[Settlement]) -> list[int]:
    ids = add(session, Payment, rows)
    lines = [
        {"payment_id": id, "kind": kind, "currency": booked.currency, "amount": amount,
         "at": booked.at, "stripe_id": booked.id}
        for id, settled in zip(ids, settlements, strict=True)
        if (booked := settled.booked)
        for kind, amount in (("gross", booked.amount), ("fee", -booked.fee))
    ]  # fmt: skip
    add(session, LedgerEntry, lines)
    return ids


def _counted(read: SubscriptionReading) -> int:
    return counted_amount(
        status=read.status, paid_once=True, amount=read.amount, interval=read.interval, paused=read.paused
    )


def _movements(accounts: Sequence[Account], tier_of: Mapping[str, int]) -> list[Row]:
    """One whenever what a membership counts changed; in the order of time."""
    rows: list[Row] = []
    seen: set[int] = set()
    for account in sorted((one for one in accounts if one.steps), key=lambda one: one.steps[0].at):
        before, sequence, rested, tier_before = 0, 0, False, None
        for step in account.steps:
            tier = tier_of[step.product_id]
            kind = movement_kind(
                before,
                step.yearly,
                was_patron_before=account.reader_id in seen or sequence > 0,
                payment_failed=step.payment_failed,
                paused=step.paused,
                ended=step.status in ENDED,
                rested=rested,
                switched=tier != tier_before,
            )
            if kind is not None:
                sequence, rested = sequence + 1, kind == "paused"
                rows.append(
                    {"membership_id": account.id, "sequence": sequence, "reader_id": account.reader_id,
                     "tier_id": tier, "kind": kind, "currency": account.subscription.currency,
                     "yearly": step.yearly - before, "at": step.at}
                )  # fmt: skip
            before, tier_before = step.yearly, tier
        seen.add(account.reader_id)
    return sorted(rows, key=lambda row: row["at"])


def _at(articles: Sequence[int], index: int | None) -> int | None:
    return None if index is None else articles[index]
