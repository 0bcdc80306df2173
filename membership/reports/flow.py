"""What came and went, month by month, from the sums of movements: what `movements`, `churn` and the desk read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from membership.reports.frame import Asked
from membership.reports.lines import Line
from membership.reports.rolling import movement_lines
from membership.reports.rules import KINDS, months


@dataclass
class Flow:
    """One month (or a whole period) in one currency: how it opened, and per kind what changed. `yearly` is exact.

    `paying` counts memberships that bring recurring money, `members` also those that pause.
    """

    currency: str
    paying: int = 0
    members: int = 0
    yearly: int = 0
    number: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    paying_by: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    members_by: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    yearly_by: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def take(self, line: Line) -> None:
        """Add what a line changes."""
        self.number[line.kind] += line.number
        self.paying_by[line.kind] += line.paying
        self.members_by[line.kind] += line.members
        self.yearly_by[line.kind] += line.yearly

    @property
    def closing_paying(self) -> int:
        """Paying memberships at the end."""
        return self.paying + sum(self.paying_by.values())

    @property
    def closing_members(self) -> int:
        """Members at the end."""
        return self.members + sum(self.members_by.values())

    @property
    def closing(self) -> int:
        """The recurring money at the end, minor units a year."""
        return self.yearly + sum(self.yearly_by.values())

    def then(self) -> Flow:
        """The month after it, nothing in it yet."""
        return Flow(self.currency, self.closing_paying, self.closing_members, self.closing)


def flows(session: Session, asked: Asked) -> dict[str, dict[str, Flow]]:
    """By month (all that were asked for) and currency (all that there ever was something of, the newsroom's own first)."""
    lines = movement_lines(session, asked.zone, asked.wanted)
    codes = sorted({line.currency for line in lines}, key=lambda code: (code != asked.own, code))
    by_month: dict[str, list[Line]] = defaultdict(list)
    running = {code: Flow(code) for code in codes}
    for line in lines:
        if line.month < asked.since:
            running[line.currency].take(line)
        else:
            by_month[line.month].append(line)
    made = {}
    for month in months(asked.since, asked.until):
        running = {code: flow.then() for code, flow in running.items()}
        for line in by_month[month]:
            running[line.currency].take(line)
        made[month] = running
    return made


def over(found: dict[str, dict[str, Flow]], code: str) -> Flow:
    """All months of one currency as one."""
    every = [by_code[code] for by_code in found.values()]
    whole = Flow(code, every[0].paying, every[0].members, every[0].yearly)
    for flow in every:
        for kind in KINDS:
            whole.take(
                Line("", "", code, kind, 0, "", flow.number[kind], flow.paying_by[kind], flow.members_by[kind],
                     flow.yearly_by[kind])
            )  # fmt: skip
    return whole
