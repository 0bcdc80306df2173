"""Who may vote: a rule over the reasons for standing, kept with its ballot as JSON, and what it says about a reader. Pure.

The rule is published with the ballot. By default everybody in good standing has one vote, whatever they pay.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from membership.refusals import N_, Refused

SOURCES = ("membership", "seat", "gift", "complimentary", "elsewhere")
MOST_WEIGHT = 3
"""No vote weighs more, whatever an editor would like."""
GIVEN_DAYS, MOST_GIVEN_DAYS = 7, 365
"""So many days before the opening a complimentary membership must have been given, unless the rule says otherwise: nobody
is let in for one vote."""
GIFTS_PER_GIVER = 10
"""So many gifts of one giver stand on a roll: votes cannot be bought by the dozen."""


class RuleDoesNotFit(Refused):
    """A rule that would let nobody vote, or that nobody means."""

    field = "sources"
    words = N_("Please say whose memberships count.")


class MonthsDoNotFit(Refused):
    """Months of membership before the opening."""

    field = "months"
    words = N_("Months of membership: a whole number from 0 to 60.")


class HoursDoNotFit(Refused):
    """The cut-off for late joiners."""

    field = "late_hours"
    words = N_("Late joiners: a whole number of hours, at least 1, and shorter than the ballot is open.")


class GivenDaysDoNotFit(Refused):
    """How long before the opening a complimentary membership was given."""

    field = "given_days"
    words = N_("Complimentary memberships: a whole number of days from 0 to %(most)s.")


class WeightDoesNotFit(Refused):
    """A weight above the cap."""

    field = "weights"
    words = N_("A vote weighs from 1 to %(most)s.")


@dataclass(frozen=True)
class RollRule:
    """Who may vote. `tiers` empty: all of them. `months`: how long the membership must have lasted at the opening.

    `late_hours`: who stands well so many hours before the close joins the roll then; None: next ballot. `weights`: votes
    per tier where they are not 1. `given_days`: complimentary memberships count if they were given at least so many days
    before the opening; 0: those given since, too.
    """

    sources: tuple[str, ...] = SOURCES
    tiers: tuple[int, ...] = ()
    months: int = 0
    late_hours: int | None = None
    weights: Mapping[int, int] = field(default_factory=dict)
    given_days: int = GIVEN_DAYS

    def given_until(self, opens_at: datetime) -> datetime | None:
        """Until when a complimentary membership must have been given; None: whenever."""
        return opens_at - timedelta(days=self.given_days) if self.given_days else None

    def as_plain(self) -> dict[str, Any]:
        """For the ballot's row."""
        return {
            "sources": list(self.sources),
            "tiers": list(self.tiers),
            "months": self.months,
            "late_hours": self.late_hours,
            "weights": {str(tier): weight for tier, weight in sorted(self.weights.items())},
            "cap": MOST_WEIGHT,
            "gifts_per_giver": GIFTS_PER_GIVER,
            "given_days": self.given_days,
        }

    @property
    def weighted(self) -> bool:
        """Whether some votes weigh more than others."""
        return any(weight != 1 for weight in self.weights.values())


def rule_of(plain: Mapping[str, Any]) -> RollRule:
    """A kept rule; one from before there were rules is the default of its time."""
    if "sources" not in plain:
        return RollRule(given_days=0)
    return RollRule(
        tuple(plain["sources"]), tuple(plain["tiers"]), plain["months"], plain["late_hours"],
        {int(tier): weight for tier, weight in plain["weights"].items()}, plain.get("given_days", 0),
    )  # fmt: skip


def check_rule(rule: RollRule, *, open_for: timedelta) -> None:
    """Whether a ballot can be announced with this rule. Raises the refusal of the part that is wrong."""
    if not rule.sources or not set(rule.sources) <= set(SOURCES):
        raise RuleDoesNotFit()
    if not 0 <= rule.months <= 60:
        raise MonthsDoNotFit()
    if rule.late_hours is not None and not timedelta(0) < timedelta(hours=rule.late_hours) < open_for:
        raise HoursDoNotFit()
    if not 0 <= rule.given_days <= MOST_GIVEN_DAYS:
        raise GivenDaysDoNotFit(most=MOST_GIVEN_DAYS)
    if any(not 1 <= weight <= MOST_WEIGHT for weight in rule.weights.values()):
        raise WeightDoesNotFit(most=MOST_WEIGHT)


@dataclass(frozen=True)
class Reason:
    """One reason for standing, as the memberships tell it. `given_late`: a complimentary membership that was given later than
    the rule allows."""

    source: str
    source_id: int
    tier_id: int
    since: datetime
    until: datetime
    given_late: bool = False


@dataclass(frozen=True)
class Verdict:
    """What the rule says. `why`: "on", or what stands against it: "no_standing", "source", "tier", "months", "given_late".

    `reason`: what speaks for the reader, or the nearest that does not suffice.
    """

    why: str
    reason: Reason | None = None
    weight: int = 1


_AGAINST = ("source", "tier", "months", "given_late")


def judge(rule: RollRule, reasons: Iterable[Reason], *, at: datetime) -> Verdict:
    """Whether a reader with these reasons is on the roll that is drawn up at this moment, and why.

    Of several reasons that suffice the one that lasts longest counts, and of those the first in `SOURCES`.
    """
    since = months_before(at, rule.months)
    found = sorted(
        ((_against(rule, reason, since), reason) for reason in reasons if reason.since <= at),
        key=lambda one: (one[1].until, -SOURCES.index(one[1].source), one[1].source_id), reverse=True,
    )  # fmt: skip
    for against, reason in found:
        if against is None:
            return Verdict("on", reason, rule.weights.get(reason.tier_id, 1))
    nearest = max(found, key=lambda one: _AGAINST.index(one[0] or ""), default=None)
    return Verdict(nearest[0] or "", nearest[1]) if nearest else Verdict("no_standing")


def _against(rule: RollRule, reason: Reason, since: datetime) -> str | None:
    if reason.source not in rule.sources:
        return "source"
    if rule.tiers and reason.tier_id not in rule.tiers:
        return "tier"
    if reason.since > since:
        return "months"
    return "given_late" if reason.given_late else None


def months_before(at: datetime, months: int) -> datetime:
    """The same day and hour so many months earlier, or the last day of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))
