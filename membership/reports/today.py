"""What the desk shows of the reports: patrons, recurring revenue, and how this month has changed it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from membership.memberships.standing import patrons_at
from membership.money import Money
from membership.reports import snapshots
from membership.reports.asking import asked_of
from membership.reports.flow import flows, over
from membership.reports.frame import LEAST, Asked, Drawing, Part
from membership.reports.movements import in_own, whole
from membership.reports.register import REPORTS
from membership.reports.rules import monthly

Recurring = tuple[Money, int]
"""What a currency brings a month, and how many memberships bring it."""


@dataclass(frozen=True)
class Today:
    """Patrons in good standing; recurring revenue by currency, and (with several) all of it in the newsroom's own by today's
    rates, or the currencies that have none; the running month as a table and as waterfalls, one for each currency.

    `counted_at`: when the patrons were counted. `none_yet`: nothing has ever moved. For viewers, figures of few people are
    None.
    """

    asked: Asked
    patrons: int | None
    counted_at: datetime
    recurring: tuple[Recurring, ...]
    in_own: Money | None
    without_rate: tuple[str, ...]
    month: Part
    drawings: tuple[Drawing, ...]

    @property
    def none_yet(self) -> bool:
        """Whether nothing has ever moved: a new newsroom."""
        return not self.month.rows


def today(session: Session, *, at: datetime, full: bool) -> Today:
    """As of now; `full` for those who may also see figures of few people."""
    asked = asked_of(session, REPORTS["movements"], {}, at=at, full=full)
    asked = replace(asked, since=asked.until)
    found = flows(session, asked)
    wholes = [over(found, code) for code in next(iter(found.values()))]
    month = whole(asked, wholes, still=False)
    month = month if full else month.for_viewers()
    taken = snapshots.number_of(session, "patrons")
    patrons = taken[0] if taken else patrons_at(session, at)
    told = [flow for flow in wholes if flow.closing_paying]
    own, missing = in_own(session, asked, asked.until, {flow.currency: flow.closing for flow in told if flow.closing})
    few = not full and any(flow.closing_paying < LEAST for flow in told)
    several = {flow.currency for flow in told} - {asked.own}
    return Today(
        asked=asked,
        counted_at=taken[1] if taken else at,
        patrons=patrons if full or patrons == 0 or patrons >= LEAST else None,
        recurring=tuple(
            (Money(monthly(flow.closing), flow.currency), flow.closing_paying)
            for flow in told
            if full or flow.closing_paying >= LEAST
        ),
        in_own=own if several and not few else None,
        without_rate=tuple(missing) if several else (),
        month=month,
        drawings=tuple(month.drawings()) if wholes else (),
    )
