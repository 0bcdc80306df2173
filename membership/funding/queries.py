"""What /funding says, read from the ledger: what was paid in the four quarters, less what of it went back since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.funding import rules
from membership.funding.models import FundingLimit, FundingName
from membership.funding.rules import Cell, Line
from membership.giving.models import LedgerEntry, Payment
from membership.giving.way_models import WAYS
from membership.money import Money
from membership.newsroom import queries as newsroom

CORRECTIONS = ("refund", "refund_returned", "dispute")


@dataclass(frozen=True)
class Giver:
    """Somebody at or above the limit: their name and sum where they agreed, neither where not."""

    name: str | None
    given: Money | None


@dataclass(frozen=True)
class Part:
    """One currency: the whole (rounded), how many people (down to tens), and its lines; None where somebody would show."""

    whole: Money
    people: int
    kinds: list[Line] | None
    sizes: list[Line] | None
    bounds: tuple[Money, ...]


@dataclass(frozen=True)
class Funding:
    """The page. `givers` are those at or above `limit`, the named ones first."""

    since: datetime
    until: datetime
    parts: tuple[Part, ...]
    limit: Money
    givers: tuple[Giver, ...]


@dataclass(frozen=True)
class Large:
    """Somebody at or above the limit, for staff."""

    reader_id: int
    given: Money
    name: str | None


Books = Mapping[str, Mapping[int, Mapping[str, int]]]
"""Minor units by currency, reader and kind."""


def limit(session: Session) -> Money:
    """From which sum on givers are named."""
    row = session.get(FundingLimit, 1)
    if row is not None:
        return Money(row.minor, row.currency)
    own = newsroom.current(session)
    assert own is not None, "no page opens before the first run"
    coffees = newsroom.coffees(session)
    return coffees.get(own.currency, Money(300, own.currency)) * rules.USUAL_LIMIT


def funding(session: Session, at: datetime) -> Funding:
    """Everything that the page says at a moment."""
    own = newsroom.current(session)
    assert own is not None, "no page opens before the first run"
    since, until = rules.quarters(at, own.time_zone)
    books, least, coffees = _books(session, since, until), limit(session), newsroom.coffees(session)
    names = _names(session)
    large = _large(books, least)
    named = {reader_id for reader_id, _ in large if reader_id in names}
    codes = sorted(books, key=lambda code: (code != own.currency, code))
    parts = [
        part
        for code in codes
        if (part := _part(books[code], code, named if code == least.currency else set(), coffees.get(code)))
    ]
    givers = [Giver(names[one], Money(minor, least.currency)) for one, minor in large if one in names]
    unnamed = [Giver(None, None) for one, _ in large if one not in names]
    return Funding(since, until, tuple(parts), least, (*givers, *unnamed))


def large_givers(session: Session, at: datetime) -> list[Large]:
    """Those at or above the limit, the largest first, with the names they agreed to."""
    own = newsroom.current(session)
    assert own is not None, "no page of the desk opens before the first run"
    least, names = limit(session), _names(session)
    books = _books(session, *rules.quarters(at, own.time_zone))
    return [Large(one, Money(minor, least.currency), names.get(one)) for one, minor in _large(books, least)]


def _names(session: Session) -> dict[int, str]:
    return {row.reader_id: row.name for row in session.execute(select(FundingName)).scalars()}


def _books(session: Session, since: datetime, until: datetime) -> Books:
    """By settlement currency, reader and kind: payments whose money came in this time, with all that became of them."""
    came = select(LedgerEntry.payment_id).where(
        LedgerEntry.kind == "gross", LedgerEntry.at >= since, LedgerEntry.at < until
    )
    statement = (
        select(LedgerEntry.currency, Payment.reader_id, Payment.kind, Payment.method, func.sum(LedgerEntry.amount))
        .join(Payment, Payment.id == LedgerEntry.payment_id)
        .where(LedgerEntry.payment_id.in_(came), LedgerEntry.kind.in_(("gross", *CORRECTIONS)))
        .group_by(LedgerEntry.currency, Payment.reader_id, Payment.kind, Payment.method)
    )
    books: dict[str, dict[int, dict[str, int]]] = {}
    for code, reader_id, kind, method, minor in session.execute(statement):
        if minor > 0:
            called = "other" if method in WAYS else kind
            mine = books.setdefault(code, {}).setdefault(reader_id, {})
            mine[called] = mine.get(called, 0) + int(minor)
    return books


def _large(books: Books, least: Money) -> list[tuple[int, int]]:
    sums = ((reader_id, sum(kinds.values())) for reader_id, kinds in books.get(least.currency, {}).items())
    return sorted(((one, minor) for one, minor in sums if minor >= least.minor), key=lambda pair: (-pair[1], pair[0]))


def _part(readers: Mapping[int, Mapping[str, int]], code: str, named: set[int], coffee: Money | None) -> Part | None:
    """A currency's part; None where even the whole would show somebody."""
    sums = {reader_id: sum(kinds.values()) for reader_id, kinds in readers.items()}
    if not rules.is_safe([minor for reader_id, minor in sums.items() if reader_id not in named]):
        return None
    cup = coffee or Money(300, code)
    by_size = {reader_id: {rules.size_of(minor, cup): minor} for reader_id, minor in sums.items()}
    return Part(
        whole=Money(rules.rounded(sum(sums.values())), code),
        people=rules.people(len(sums)),
        kinds=_lines(readers, rules.KINDS, named),
        sizes=_lines(by_size, tuple(str(n) for n in range(len(rules.COFFEES) + 1)), named),
        bounds=tuple(cup * cups for cups in rules.COFFEES),
    )


def _lines(readers: Mapping[int, Mapping[str, int]], keys: tuple[str, ...], named: set[int]) -> list[Line] | None:
    def of(key: str, wanted: Callable[[int], bool]) -> tuple[int, ...]:
        return tuple(kinds[key] for reader_id, kinds in readers.items() if key in kinds and wanted(reader_id))

    cells = [Cell(key, sum(of(key, lambda _: True)), of(key, lambda one: one not in named)) for key in keys]
    return rules.shown(cells)
