"""Rules of bringing people along: what becomes of a row, and why. Pure.

A row is matched by the other system's own id, else by the normalised address. Whoever has a live subscription at Stripe is
adopted as they are; whoever pays elsewhere is invited; what was paid for is kept; nobody is written to without a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from membership.memberships.rules import LONGEST_GIVEN
from membership.money import Money, check_bounds
from membership.refusals import N_, Refused

FORMATS = ("patreon", "csv", "ghost", "memberful", "steady")
RUNNING, ENDING, ENDED, FREE, COMPLIMENTARY = "running", "ending", "ended", "free", "complimentary"
"""How a pledge stands in the other system: it goes on; it was cancelled and is paid until a day; it is over; there never was
one; it costs nothing."""
VERDICTS = ("new", "known", "doubt", "refused", "left")
DEEDS = ("adopt", "invite", "keep", "know", "nothing")
INVITED_FOR = timedelta(days=60)
AFTER_PAID = timedelta(days=30)
"""An invitation is open for sixty days, and at least thirty days beyond what is paid for elsewhere."""
REMINDED_BEFORE = timedelta(days=7)
CELLS_KEPT_FOR = timedelta(days=90)
"""So long after its last step the cells of an import's rows are kept, then only what became of them."""
MOST_ROWS = 250_000

REASONS = {
    # refused: it cannot be read
    "broken": N_("A quotation mark is opened in this line and never closed, or the line is endless."),
    "no_address": N_("There is no e-mail address."),
    "bad_address": N_("“%(typed)s” is no e-mail address."),
    "amount": N_("The amount “%(typed)s” cannot be read for certain."),
    "currency": N_("“%(typed)s” is no currency that we can take."),
    "day": N_("The day “%(typed)s” cannot be read for certain."),
    "day_ahead": N_("The pledge would begin on %(typed)s, which is still to come."),
    "status": N_("The status “%(typed)s” is not known."),
    "twice": N_("The same person stands in line %(line)s, which counts instead."),
    # in doubt: a person must look
    "two_people": N_("The id and the address belong to two readers here. Look at both, and merge them if they are one."),
    "several_subscriptions": N_("More than one subscription is live at Stripe: %(ids)s. Name the right one in a column."),
    "one_subscription": N_("Line %(line)s leads to the same subscription at Stripe (%(ids)s), which is one person's."),
    "other_shape": N_("The subscription %(ids)s at Stripe has several items, a rhythm of its own, or is unpaid."),
    "other_price": N_("Stripe charges %(theirs)s under %(ids)s, the file says %(ours)s: these may be two pledges."),
    "pays_twice": N_("This reader has a membership here and pays at Stripe under %(ids)s as well."),
    "not_at_stripe": N_("The file names Stripe, but there is no live subscription in this account; perhaps in another."),
    "no_price": N_("The pledge runs, but the file does not say what it costs."),
    "no_rhythm": N_("The file does not say whether %(price)s is for a month or for a year."),
    "rhythm": N_("The pledge is neither monthly nor yearly (“%(typed)s”)."),
    "not_chargeable": N_("%(price)s is less than can be charged at once, or more."),
    "no_end": N_("This membership costs nothing, and the file does not say until when. Give it by hand, or add a column."),
    "too_long": N_("It is paid until %(day)s: further away than five years."),
    # known, and nothing follows
    "brought_before": N_("Brought along before."),
    "here_already": N_("The subscription is in our books already."),
    "patron_here": N_("A patron here already."),
    "nothing_runs": N_("Known here; no pledge runs elsewhere."),
    # left where they are
    "no_pledge": N_("No pledge runs, and nothing says that they agreed to letters: not brought along."),
}  # fmt: skip
"""Why a row has its verdict; `%(…)s` are the values kept with it."""


class LooksLike(Refused):
    """The columns are another system's."""

    field = "file"
    words = N_("These are the columns of another system (%(other)s). Please choose that one.")


class ColumnsMissing(Refused):
    """What is needed to know whom a row is about."""

    field = "file"
    words = N_("These columns are missing: %(columns)s. The first line must name the columns.")


class TooManyRows(Refused):
    """More than are taken in at once."""

    field = "file"
    words = N_("These are more rows than we take in at once. Please split the file.")


class NoTiers(Refused):
    """Nobody can become a member of nothing."""

    status = 409
    words = N_("There is no membership on offer yet. Please make one first: whoever comes along becomes a member of one.")


class NotRehearsed(Refused):
    """It is still being read."""

    status = 409
    words = N_("This file is still being looked through. Please wait until the report is complete.")


class InvitationOver(Refused):
    """Used, or too old."""

    status = 410
    words = N_("This invitation has been used or has run out. You can become a patron all the same, or write to us.")


class BadRow(Exception):
    """A row that cannot be read: `reason` is one of `REASONS`, with its values."""

    def __init__(self, reason: str, **values: str) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


@dataclass(frozen=True)
class Reading:
    """A row as read. `key` is the other system's id (empty if it gives none), `since` the age of the pledge, `paid_until`
    what is paid for there; `interval` None is another rhythm; `letters`: whether they agreed to any, None: it is not said."""

    key: str
    email: str
    email_key: str
    name: str
    state: str
    price: Money | None = None
    interval: str | None = "month"
    rhythm: str = ""
    tier: str = ""
    since: datetime | None = None
    paid_until: datetime | None = None
    customer_id: str = ""
    subscription_id: str = ""
    letters: bool | None = None

    @property
    def weight(self) -> int:
        """Of two rows about one person the heavier counts: a pledge that runs before one that is over."""
        return {RUNNING: 2, ENDING: 2, COMPLIMENTARY: 1}.get(self.state, 0)


@dataclass(frozen=True)
class Live:
    """A subscription that is live at Stripe and not in our books. `fits`: one item, by the month or the year, not unpaid.
    `by_id`: the row names it or its customer; else it was found by the address alone. `line`: another that leads to it."""

    subscription_id: str
    customer_id: str
    price: Money
    interval: str
    fits: bool
    by_id: bool
    started_at: datetime
    line: int | None = None


@dataclass(frozen=True)
class Facts:
    """What we know about a row's person, by reader numbers where there are any."""

    by_key: int | None = None
    by_address: int | None = None
    by_customer: int | None = None
    brought_before: bool = False
    patron: bool = False
    here_already: bool = False
    live: Sequence[Live] = ()
    twin_line: int | None = None


@dataclass(frozen=True)
class Plan:
    """What becomes of a row, and why if anything stands against more."""

    verdict: str
    deed: str = "nothing"
    reason: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    live: Live | None = None


def plan(row: Reading, facts: Facts, *, at: datetime) -> Plan:
    """What becomes of a row that could be read."""
    if facts.twin_line is not None:
        return Plan("refused", reason="twice", values={"line": str(facts.twin_line)})
    if len({reader for reader in (facts.by_key, facts.by_address, facts.by_customer) if reader}) > 1:
        return Plan("doubt", reason="two_people")
    known = "known" if facts.by_key or facts.by_address or facts.by_customer else "new"
    if facts.here_already:
        return Plan(known, reason="here_already")
    if facts.live:
        return _adopted(row, facts, known)
    if facts.brought_before:
        return Plan(known, reason="brought_before")
    if facts.patron:
        return Plan(known, reason="patron_here")
    return _moved(row, known, at)


def _adopted(row: Reading, facts: Facts, known: str) -> Plan:
    """A subscription is live at Stripe: it is taken into the books as it is, or nothing at all is done."""
    ids = {"ids": ", ".join(live.subscription_id for live in facts.live)}
    live = facts.live[0]
    if len(facts.live) > 1:
        return Plan("doubt", reason="several_subscriptions", values=ids)
    if live.line is not None:
        return Plan("doubt", reason="one_subscription", values=ids | {"line": str(live.line)})
    if not live.fits:
        return Plan("doubt", reason="other_shape", values=ids)
    if facts.patron:
        return Plan("doubt", reason="pays_twice", values=ids)
    if not live.by_id and row.price and (row.price, row.interval) != (live.price, live.interval):
        prices = {"ours": f"{row.price} / {row.interval or row.rhythm}", "theirs": f"{live.price} / {live.interval}"}
        return Plan("doubt", reason="other_price", values=ids | prices)
    return Plan(known, "adopt", live=live)


def _moved(row: Reading, known: str, at: datetime) -> Plan:
    paid_ahead = row.paid_until is not None and row.paid_until > at
    if paid_ahead and row.paid_until is not None and row.paid_until > at + LONGEST_GIVEN:
        return Plan("doubt", reason="too_long", values={"day": f"{row.paid_until:%Y-%m-%d}"})
    if row.state == RUNNING:
        return _invited(row, known)
    if row.state in (ENDING, COMPLIMENTARY) and paid_ahead:
        return Plan(known, "keep")
    if row.state == COMPLIMENTARY and row.paid_until is None:
        return Plan("doubt", reason="no_end")
    if known == "known":
        return Plan(known, reason="nothing_runs")
    return Plan(known, "know") if row.letters else Plan("left", reason="no_pledge")


def _invited(row: Reading, known: str) -> Plan:
    if row.subscription_id or (row.customer_id and not row.price):
        return Plan("doubt", reason="not_at_stripe")
    if not row.price:
        return Plan("doubt", reason="no_price")
    if row.interval is None and not row.rhythm:
        return Plan("doubt", reason="no_rhythm", values={"price": str(row.price)})
    if row.interval is None:
        return Plan("doubt", reason="rhythm", values={"typed": row.rhythm})
    try:
        check_bounds(row.price)
    except Refused:
        return Plan("doubt", reason="not_chargeable", values={"price": str(row.price)})
    return Plan(known, "invite")


@dataclass(frozen=True)
class Offer:
    """A tier of ours, in its place in the order, with its prices by (currency, interval) in minor units."""

    id: int
    slug: str
    name: str
    prices: Mapping[tuple[str, str], int]


def tier_for_row(
    name: str, price: Money | None, interval: str | None, offers: Sequence[Offer], named: Mapping[str, str]
) -> Offer:
    """The tier of ours for a tier of theirs: the one that staff `named` for it (slug by their name), the one of the same
    name, the highest whose price is reached, else the first. The price they pay stays theirs in any case."""
    wanted = named.get(_word(name), _word(name))
    for offer in offers:
        if wanted and wanted in (_word(offer.slug), _word(offer.name)):
            return offer
    if price is not None and interval is not None:
        reached = [
            (minor, -place) for place, offer in enumerate(offers)
            if (minor := offer.prices.get((price.currency, interval))) is not None and minor <= price.minor
        ]  # fmt: skip
        if reached:
            return offers[-max(reached)[1]]
    return offers[0]


def _word(name: str) -> str:
    return " ".join(name.split()).casefold()


def true_age(told: datetime | None, begun: datetime) -> datetime | None:
    """Since when a pledge runs if it began before the subscription that carries it; None: it did not."""
    return told if told is not None and told < begun else None


def open_until(at: datetime, paid_until: datetime | None) -> datetime:
    """Until when an invitation can be used."""
    return max(at + INVITED_FOR, paid_until + AFTER_PAID if paid_until else at)


def reminded_at(at: datetime, paid_until: datetime | None) -> datetime | None:
    """When somebody who was invited is reminded, once: a week before what they have paid for ends; None if that is too
    near, or if nothing is paid for."""
    if paid_until is None or paid_until - REMINDED_BEFORE < at + REMINDED_BEFORE:
        return None
    return paid_until - REMINDED_BEFORE
