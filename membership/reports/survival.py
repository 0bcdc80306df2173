"""How long memberships last, and what follows from it: survival by Kaplan and Meier, its uncertainty by Greenwood. Pure.

Ages are counted in months, as in the report on cohorts: 0 is the month in which a membership began. What is learned is
learned from the months of a period: a membership that began before is watched from the age it had then (a late entry), one
that still runs is watched until the period ends. Numbers are exact or decimal; nothing is a float.

Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958); Greenwood, Rep. Public Health 33 (1926).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from membership.reports.lines import SpellLine
from membership.reports.rules import month_later, months

LEAST = 5
"""With fewer memberships at an age, nothing is learned about it, and the curve ends."""
LONGEST = 60
"""Months to which a lifetime is followed at most."""
WIDE = Decimal("1.96")
"""So many standard deviations to both sides hold 95 of 100 cases."""
_DIGITS = 30


@dataclass(frozen=True)
class Age:
    """At one age: how many memberships were watched, and how many of them ended."""

    watched: int
    ended: int


@dataclass(frozen=True)
class Watched:
    """What a period tells of some memberships: `ages` (0, 1, …), how many there were at all, how many ended; the months they
    ran (at each month's end), and the money that ran with them: minor units a year, summed over those months."""

    ages: tuple[Age, ...]
    memberships: int
    ended: int
    ran: int
    yearly: int

    def a_month(self) -> Fraction:
        """What one brought in a month, in minor units."""
        return Fraction(self.yearly, 12 * self.ran) if self.ran else Fraction()


@dataclass(frozen=True)
class Span:
    """A figure and where 95 of 100 such figures lie."""

    middle: Decimal
    low: Decimal
    high: Decimal


def watched(lines: Iterable[SpellLine], since: str, last: str) -> Watched:
    """What happened in the months `since` to `last` (both included, and over)."""
    by_began: dict[str, dict[str, list[int]]] = {}
    for line in lines:
        if line.month <= last:
            sums = by_began.setdefault(line.began, {}).setdefault(line.month, [0, 0, 0])
            for place, value in enumerate((line.begun, line.chosen + line.failed, line.yearly)):
                sums[place] += value
    ages: dict[int, list[int]] = {}
    there = gone = ran = money = 0
    period = months(since, last)
    for began, by_month in by_began.items():
        earlier = [sums for month, sums in by_month.items() if month < since]
        alive, yearly = sum(sums[0] - sums[1] for sums in earlier), sum(sums[2] for sums in earlier)
        first = max(since, began)
        age = len(months(began, first)) - 1
        for month in period[period.index(first) :] if first <= last else ():
            begun, ended, change = by_month.get(month, (0, 0, 0))
            alive, yearly = alive + begun, yearly + change
            there += alive if month == first else 0
            pair = ages.setdefault(age, [0, 0])
            pair[0], pair[1] = pair[0] + alive, pair[1] + ended
            alive -= ended
            gone, ran, money, age = gone + ended, ran + alive, money + yearly, age + 1
    found = tuple(Age(*ages.get(age, (0, 0))) for age in range(max(ages, default=-1) + 1))
    return Watched(found, there, gone, ran, money)


def known(ages: Sequence[Age]) -> Sequence[Age]:
    """The ages, from the beginning, of which there is enough to learn from."""
    for place, age in enumerate(ages[:LONGEST]):
        if age.watched < LEAST:
            return ages[:place]
    return ages[:LONGEST]


def survival(ages: Sequence[Age]) -> list[Span]:
    """Which share is still there at the end of each age, between 0 and 1."""
    made, product, spread = [], Decimal(1), Decimal(0)
    with localcontext() as context:
        context.prec = _DIGITS
        for age in ages:
            product *= Decimal(age.watched - age.ended) / age.watched
            spread += _greenwood(age)
            wide = WIDE * product * spread.sqrt()
            made.append(Span(product, max(product - wide, Decimal(0)), min(product + wide, Decimal(1))))
    return made


def _greenwood(age: Age) -> Decimal:
    """What an age adds to the relative variance; where all ended, nothing is left that could vary."""
    left = age.watched - age.ended
    return Decimal(age.ended) / (age.watched * left) if left else Decimal(0)


def months_run(ages: Sequence[Age]) -> Span:
    """How many month's ends a membership sees on average within these ages: the area under the curve."""
    with localcontext() as context:
        context.prec = _DIGITS
        shares = [one.middle for one in survival(ages)]
        area = sum(shares, Decimal(0))
        variance = sum((_greenwood(age) * sum(shares[n:], Decimal(0)) ** 2 for n, age in enumerate(ages)), Decimal(0))
        wide = WIDE * variance.sqrt()
        return Span(area, max(area - wide, Decimal(0)), min(area + wide, Decimal(len(ages))))


@dataclass(frozen=True)
class Expected:
    """Recurring money at the end of a month, minor units a year; `there`: of it, from those who were there already."""

    month: str
    money: Span
    there: Decimal


def learned(lines: Sequence[SpellLine], others: Mapping[str, int], since: str, last: str) -> list[tuple[int, int]]:
    """What each month of a period brought, minor units a year: by those who came in it (what ran at its end), and by the
    `others` of that month, who give more or less, pause or go on."""
    came = dict.fromkeys(months(since, last), 0)
    for line in lines:
        if line.month == line.began and line.began in came:
            came[line.began] += line.yearly
    return [(sum_, others.get(month, 0)) for month, sum_ in came.items()]


def expected(
    lines: Sequence[SpellLine], others: Mapping[str, int], since: str, last: str, ahead: int
) -> list[Expected]:
    """The recurring money of the months after `last`, from what happened in `since` to `last`; empty where fewer than three
    months or too few memberships can be learned from.

    Those who are there leave as others of their age did; as many come as came on average; the others go on as they did. The
    interval adds four uncertainties: who leaves; how well the leaving is known (for all ages in the same direction, which is
    cautious); how many come; what the others do.
    """
    month_sums = learned(lines, others, since, last)
    rates = _rates(watched(lines, since, last).ages)
    if len(month_sums) < 3 or not rates:
        return []
    with localcontext() as context:
        context.prec = _DIGITS
        came, came_varies = _average([pair[0] for pair in month_sums])
        other, other_varies = _average([pair[1] for pair in month_sums])
        many, there = len(month_sums), _there(lines, last)
        made = []
        for k in range(1, ahead + 1):
            stays = leaves = unsure = Decimal(0)
            for age, number, yearly in there:
                share, spread = _share(rates, age + 1, age + k)
                stays += yearly * share
                leaves += Decimal(yearly) ** 2 / number * share * (1 - share)
                unsure += yearly * share * spread.sqrt()
            shares = [_share(rates, 1, k - j) for j in range(1, k + 1)]
            area = sum((share for share, _ in shares), Decimal(0))
            squares = sum((share**2 for share, _ in shares), Decimal(0))
            unsure += came * sum((share * spread.sqrt() for share, spread in shares), Decimal(0))
            middle = stays + came * area + other * k
            variance = leaves + unsure**2 + came_varies * (squares + area**2 / many)
            variance += other_varies * (k + Decimal(k * k) / many)
            wide = WIDE * variance.sqrt()
            span = Span(middle, max(middle - wide, Decimal(0)), middle + wide)
            made.append(Expected(month_later(last, k), span, stays))
        return made


def _rates(ages: Sequence[Age]) -> list[Age]:
    """What is known of each age; the last entry pools the last year of ages (and all older ones), and holds beyond."""
    good = list(known(ages))
    if not good:
        return []
    tail = list(ages[max(len(good) - 12, 0) :])
    return [*good, Age(sum(age.watched for age in tail), sum(age.ended for age in tail))]


def _share(rates: Sequence[Age], first: int, last: int) -> tuple[Decimal, Decimal]:
    """Which share of those who reached the age before `first` is still there at the end of `last`, and its relative
    variance by Greenwood. Where one rate is used for several ages, it errs the same way in each."""
    share, spread, beyond = Decimal(1), Decimal(0), 0
    for age in range(first, last + 1):
        rate = rates[min(age, len(rates) - 1)]
        share *= Decimal(rate.watched - rate.ended) / rate.watched
        if age < len(rates) - 1:
            spread += _greenwood(rate)
        else:
            beyond += 1
    return share, spread + beyond**2 * _greenwood(rates[-1])


def _there(lines: Sequence[SpellLine], last: str) -> list[tuple[int, int, int]]:
    """The memberships there at the end of a month: age, number, money a year."""
    found: dict[str, list[int]] = {}
    for line in lines:
        if line.month <= last:
            pair = found.setdefault(line.began, [0, 0])
            pair[0], pair[1] = pair[0] + line.begun - line.chosen - line.failed, pair[1] + line.yearly
    return [(len(months(began, last)) - 1, *pair) for began, pair in sorted(found.items()) if pair[0] > 0]  # type: ignore[misc]


def _average(values: Sequence[int]) -> tuple[Decimal, Decimal]:
    """Mean, and variance of one value around it."""
    mean = Decimal(sum(values)) / len(values)
    return mean, sum(((value - mean) ** 2 for value in values), Decimal(0)) / (len(values) - 1)
