"""What staff are alarmed about, and from which figure on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from membership.refusals import N_

UNUSUAL = 8
"""So many times the usual pause: with payments that come by chance, a pause this long is met once in three thousand."""
SURE = timedelta(seconds=50)
"""What is seen at one look only (the worker had just begun, the clock of the demo was moved) is no alarm: at two, it is."""
QUIET = timedelta(minutes=10)
"""It is over when for so long it was not seen again: what comes and goes is one alarm, not twenty."""


@dataclass(frozen=True)
class Threshold:
    """From which figure on staff are written to: the house's own, the most that may be chosen, the words. 0: never."""

    own: int
    most: int
    words: str


ALARMS = {
    "payments": Threshold(24, 24 * 90, N_("No payment came: hours")),
    "events": Threshold(5, 24 * 60, N_("What Stripe told has not been taken in: minutes")),
    "missed": Threshold(3, 100_000, N_("What Stripe told did not reach this site: events between two comparisons")),
    "stripe": Threshold(5, 9, N_("Stripe does not answer: tries in a row")),
    "queue": Threshold(15, 24 * 60, N_("Work waits that nobody has begun: minutes")),
    "letters": Threshold(15, 24 * 60, N_("A letter waits to be sent: minutes")),
    "parked": Threshold(1, 1000, N_("Jobs gave up: how many")),
    "drift": Threshold(60, 24 * 60, N_("A difference between our books and Stripe's stays: minutes")),
    "backup": Threshold(48, 24 * 90, N_("No backup was made by this program, once there was one: hours")),
}


def breaches(figures: Mapping[str, int | None], thresholds: Mapping[str, int]) -> dict[str, int]:
    """What is at or beyond its threshold, with its figure. A figure that is None is no matter of alarm."""
    found = {name: figures.get(name) for name, least in thresholds.items() if least > 0}
    return {name: figure for name, figure in found.items() if figure is not None and figure >= thresholds[name]}


def unusual_quiet(quiet_seconds: int, usual_seconds: int | None) -> int | None:
    """For how many seconds no payment came, if that is unusual for this house; None while it is not."""
    if usual_seconds is not None and quiet_seconds < UNUSUAL * usual_seconds:
        return None
    return quiet_seconds
