"""The report `leaving`: why people left, as far as they said, over the last twelve months. Their own words apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.account.models import LeavingReason
from membership.account.rules import LEAVING
from membership.memberships.models import Membership, Movement
from membership.memberships.rules import ENDED
from membership.memberships.tiers import Tier
from membership.reports.rules import MONTHS_SHOWN, month_start

HEAD = ("part", "item", "left", "leaving")
MOST_WORDS = 100
UNSAID = "unsaid"


@dataclass(frozen=True)
class Why:
    """One reason (`unsaid`: none was given): memberships that have left by choice, and those whose end is settled."""

    reason: str
    left: int
    leaving: int


@dataclass(frozen=True)
class Said:
    """What one reader wrote about it. No name: whose words they are is nobody's business here."""

    at: datetime
    reason: str
    tier: str
    words: str


@dataclass(frozen=True)
class LeavingReport:
    """Since `since` (the beginning of a month of `zone`): reasons in the order of the form, `unsaid` last."""

    at: datetime
    since: datetime
    zone: str
    whys: tuple[Why, ...]
    lost: int

    @property
    def left(self) -> int:
        """Memberships that ended by choice."""
        return sum(why.left for why in self.whys)

    @property
    def leaving(self) -> int:
        """Memberships that are cancelled and still run."""
        return sum(why.leaving for why in self.whys)

    @property
    def said(self) -> int:
        """Of those that left: with a reason."""
        return sum(why.left for why in self.whys if why.reason != UNSAID)

    @property
    def is_empty(self) -> bool:
        """Whether nobody left and nobody is about to."""
        return not (self.left or self.leaving or self.lost)


def leaving_report(session: Session, at: datetime, zone: str) -> LeavingReport:
    """The report as of `at`; twelve months as they begin in `zone`, the running one included."""
    since = month_start(at, zone, back=MONTHS_SHOWN - 1)
    ended = (
        select(Movement.kind, LeavingReason.reason, func.count(Movement.id))
        .outerjoin(LeavingReason, LeavingReason.membership_id == Movement.membership_id)
        .where(Movement.kind.in_(("left", "lost")), Movement.at >= since, Movement.at <= at)
        .group_by(Movement.kind, LeavingReason.reason)
    )
    left: dict[str, int] = {}
    lost = 0
    for kind, reason, number in session.execute(ended):
        if kind == "lost":
            lost += number
        else:
            left[reason or UNSAID] = left.get(reason or UNSAID, 0) + number
    going = (
        select(LeavingReason.reason, func.count(Membership.id))
        .select_from(Membership)
        .outerjoin(LeavingReason, LeavingReason.membership_id == Membership.id)
        .where(Membership.ends_at.is_not(None), Membership.ended_at.is_(None), Membership.status.not_in(ENDED))
        .group_by(LeavingReason.reason)
    )
    leaving = {reason or UNSAID: number for reason, number in session.execute(going)}
    whys = tuple(Why(reason, left.get(reason, 0), leaving.get(reason, 0)) for reason in (*LEAVING, UNSAID))
    return LeavingReport(at, since, zone, whys, lost)


def words_said(session: Session, since: datetime, *, most: int = MOST_WORDS) -> list[Said]:
    """What those wrote who wrote something, the newest first. For managers: readers wrote it to the newsroom."""
    statement = (
        select(LeavingReason.at, LeavingReason.reason, Tier.name, LeavingReason.words)
        .join(Membership, Membership.id == LeavingReason.membership_id)
        .join(Tier, Tier.id == Membership.tier_id)
        .where(LeavingReason.words != "", LeavingReason.at >= since)
        .order_by(LeavingReason.at.desc(), LeavingReason.id.desc())
        .limit(most)
    )
    return [Said(*row) for row in session.execute(statement)]


def leaving_rows(report: LeavingReport) -> Iterator[tuple[str | int, ...]]:
    """As rows under `HEAD`."""
    yield ("about", f"as of {report.at.isoformat()}", "", "")
    yield ("about", f"since {report.since.isoformat()}", "", "")
    for why in report.whys:
        yield ("reason", why.reason, why.left, why.leaving)
    yield ("all", "by choice", report.left, report.leaving)
    yield ("all", "lost to failed payments", report.lost, "")


def leaving_json(report: LeavingReport) -> dict[str, Any]:
    """For scripts."""
    return {
        "report": "leaving",
        "as_of": report.at.isoformat(),
        "since": report.since.isoformat(),
        "time_zone": report.zone,
        "left": report.left,
        "leaving": report.leaving,
        "lost": report.lost,
        "reasons": [{"reason": why.reason, "left": why.left, "leaving": why.leaving} for why in report.whys],
    }
