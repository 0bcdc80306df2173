"""Drawing up the roll: whom the ballot's rule lets vote at this moment, once each, with the reason; and whose money went
back before the close."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from membership.ballots.eligibility import GIFTS_PER_GIVER, Reason, Verdict, judge, rule_of
from membership.ballots.models import Ballot, BallotRoll
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership
from membership.memberships.standing import standings_at
from membership.readers.models import Reader


def draw_up(session: Session, ballot: Ballot, *, at: datetime) -> int:
    """Write the roll of a ballot and say how many were added; `roll_by` tells of which source. Who stands on it already is
    left alone."""
    there = set(session.execute(select(BallotRoll.reader_id).where(BallotRoll.ballot_id == ballot.id)).scalars())
    rule = rule_of(ballot.rule)
    givers = _givers(session)
    given: Counter[int] = Counter()
    lines = []
    late = _given_after(session, rule.given_until(ballot.opens_at))
    for reader_id, reasons in sorted(_reasons(session, at=at, late=late).items()):
        verdict = judge(rule, reasons, at=at)
        if reader_id in there or verdict.why != "on" or verdict.reason is None:
            continue
        giver = givers.get(verdict.reason.source_id) if verdict.reason.source == "gift" else None
        if giver is not None:
            given[giver] += 1
            if given[giver] > GIFTS_PER_GIVER:
                continue
        lines.append(_line(ballot.id, reader_id, verdict))
    if lines:
        session.execute(insert(BallotRoll), lines)
    added = Counter(line["reason"] for line in lines)
    ballot.roll_by = dict(Counter(ballot.roll_by or {}) + added)
    return len(lines)


def _line(ballot_id: int, reader_id: int, verdict: Verdict) -> dict[str, Any]:
    assert verdict.reason is not None
    return {
        "ballot_id": ballot_id,
        "reader_id": reader_id,
        "reason": verdict.reason.source,
        "source_id": verdict.reason.source_id,
        "tier_id": verdict.reason.tier_id,
        "paid_until": verdict.reason.until,
        "voted": False,
        "weight": verdict.weight,
    }


def _givers(session: Session) -> dict[int, int]:
    """Who gave each claimed gift."""
    rows = session.execute(
        select(GivenMembership.id, GivenMembership.given_by).where(
            GivenMembership.kind == "gift", GivenMembership.given_by.is_not(None)
        )
    )
    return {row.id: row.given_by for row in rows if row.given_by is not None}


def _given_after(session: Session, moment: datetime | None, *, reader_id: int | None = None) -> set[int]:
    """The complimentary memberships that were given later than that, of everybody or of one reader."""
    if moment is None:
        return set()
    statement = select(GivenMembership.id).where(
        GivenMembership.kind == "complimentary", GivenMembership.given_at > moment
    )
    if reader_id is not None:
        statement = statement.where(GivenMembership.reader_id == reader_id)
    return set(session.scalars(statement))


def _reasons(session: Session, *, at: datetime, late: set[int]) -> dict[int, list[Reason]]:
    found = standings_at(at)
    rows = session.execute(select(found).join(Reader, Reader.id == found.c.reader_id).where(Reader.erased_at.is_(None)))
    by_reader: dict[int, list[Reason]] = defaultdict(list)
    for row in rows:
        by_reader[row.reader_id].append(_reason(row, late))
    return by_reader


def _reason(row: Any, late: set[int]) -> Reason:
    given_late = row.source == "complimentary" and row.source_id in late
    return Reason(row.source, row.source_id, row.tier_id, row.since, row.until, given_late)


def verdict_on(session: Session, ballot: Ballot, reader_id: int, *, at: datetime) -> Verdict:
    """What the ballot's rule says of a reader at this moment."""
    rows, rule = session.execute(select(standings_at(at, reader_id=reader_id))).all(), rule_of(ballot.rule)
    given = any(row.source == "complimentary" for row in rows)
    late = _given_after(session, rule.given_until(ballot.opens_at), reader_id=reader_id) if given else set()
    return judge(rule, [_reason(row, late) for row in rows], at=at)


def money_back(session: Session, lines: Iterable[BallotRoll]) -> set[int]:
    """The readers among these lines of one roll whose standing was taken back: what was paid for it was refunded or is
    disputed, so that it no longer reaches as far as the roll says. Who merely leaves, or ends early, keeps the vote."""
    lines = list(lines)
    paid = _paid(session, {line.source_id for line in lines if line.reason == "membership"})
    seats = _seats(session, {line.source_id for line in lines if line.reason == "seat"})
    gifts = _gifts(session, {line.source_id for line in lines if line.reason == "gift"})
    found = {"membership": paid, "seat": seats, "gift": gifts}
    back = set()
    for line in lines:
        reaches = found.get(line.reason, {}).get(line.source_id)
        if reaches is not None and line.paid_until is not None and (reaches[1] or reaches[0] < line.paid_until):
            back.add(line.reader_id)
    return back


Reaches = dict[int | None, tuple[datetime, bool]]
"""By the reason's row: until when it is paid by now, and whether its money is disputed."""
_NEVER = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _paid(session: Session, ids: set[int | None]) -> Reaches:
    rows = session.execute(
        select(Membership.id, Membership.paid_until, Membership.frozen).where(Membership.id.in_(ids))
    )
    return {row.id: (row.paid_until or _NEVER, row.frozen) for row in rows}


def _seats(session: Session, ids: set[int | None]) -> Reaches:
    rows = session.execute(
        select(GroupSeat.id, Membership.paid_until, Membership.frozen)
        .join(Membership, Membership.id == GroupSeat.membership_id)
        .where(GroupSeat.id.in_(ids))
    )
    return {row.id: (row.paid_until or _NEVER, row.frozen) for row in rows}


def _gifts(session: Session, ids: set[int | None]) -> Reaches:
    """A gift that was ended by nobody was ended by its refund."""
    rows = session.execute(select(GivenMembership).where(GivenMembership.id.in_(ids))).scalars()
    return {
        row.id: (row.ends_at or _NEVER, row.frozen)
        for row in rows
        if row.frozen or (row.ended_at is not None and row.ended_by is None)
    }
