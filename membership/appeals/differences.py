"""How sure a rate is, and when two variants can be believed to differ, where whole article-days were dealt out. Pure.

Readers of one article on one day are alike: they came for the same story from the same place. Counting each of them as an
experiment of its own would find differences that are not there. So what was dealt out is what is counted: a rate is a ratio
of sums over article-days, and its variance is that of the article-days around it (the linearised variance of a ratio
estimator over clusters: W. G. Cochran, *Sampling Techniques*, 3rd ed., 2.11 and 6.3). The degrees of freedom are those of
the *effective* number of article-days, (Σx)² / Σx²: one article that everybody read is one, however many read it.

Rates are estimates and so are floats; what was paid stays an integer of minor units everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

SURE = 0.95
"""Of the intervals shown."""
VERY_SURE = 0.99
"""Of a difference that is believed: higher, because people look often, and shared out over the comparisons made."""
FEWEST_EVENTS = 5
"""Below so many, no interval is told: it would look surer than it is."""
FEWEST_TO_BELIEVE = 20
"""So many payments, and effective article-days, each of two variants needs before a difference can be believed."""


@dataclass(frozen=True)
class Rate:
    """Events for each that was seen; `low` and `high` are None where too little was counted to say."""

    value: float
    variance: float
    events: int
    effective: float
    low: float | None
    high: float | None

    @property
    def is_told(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None


@dataclass(frozen=True)
class Comparison:
    """One variant's rate less another's, with the interval of `VERY_SURE`. `believed` only when all is as it should be."""

    difference: float
    low: float
    high: float
    enough: bool

    @property
    def believed(self) -> bool:
        """Enough was counted, and the interval leaves no difference out of it."""
        return self.enough and (self.low > 0 or self.high < 0)


def rate(article_days: Sequence[tuple[int, int]], events: int | None = None) -> Rate | None:
    """The rate over article-days of (seen, what came of it); None where nothing was seen.

    `events` is how many things came of it, where the second number is money and not a count.
    """
    seen = sum(x for x, _ in article_days)
    if not seen:
        return None
    came, number = sum(y for _, y in article_days), len(article_days)
    value = came / seen
    events = came if events is None else events
    effective = seen * seen / sum(x * x for x, _ in article_days)
    if number < 2 or events < FEWEST_EVENTS:
        return Rate(value, 0.0, events, effective, None, None)
    variance = number / (number - 1) * sum((y - value * x) ** 2 for x, y in article_days) / (seen * seen)
    half = quantile(SURE, max(effective - 1, 1.0)) * sqrt(variance)
    return Rate(value, variance, events, effective, max(value - half, 0.0), value + half)


def compared(first: Rate, other: Rate, comparisons: int = 1) -> Comparison | None:
    """The other's rate less the first one's; None while one of them is not told. `comparisons`: how many are made at once."""
    if not (first.is_told and other.is_told):
        return None
    variance = first.variance + other.variance
    # Welch and Satterthwaite: as many degrees of freedom as the less known of the two allows.
    shares = [(one.variance, max(one.effective - 1, 1.0)) for one in (first, other)]
    below = sum(part * part / freedom for part, freedom in shares)
    freedom = variance * variance / below if below else min(freedom for _, freedom in shares)
    half = quantile(1 - (1 - VERY_SURE) / comparisons, freedom) * sqrt(variance)
    difference = other.value - first.value
    enough = all(min(one.events, one.effective) >= FEWEST_TO_BELIEVE for one in (first, other))
    return Comparison(difference, difference - half, difference + half, enough)


def quantile(sure: float, freedom: float) -> float:
    """How many standard errors an interval reaches to each side: Student's t by its expansion (A. & S. 26.7.5)."""
    z = NormalDist().inv_cdf((1 + sure) / 2)
    powers = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(part / freedom**power for power, part in enumerate(powers)))
