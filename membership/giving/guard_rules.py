"""Rules against card testing: what looks like it, what is asked for then, when declines are a wave. Pure.

Sources: docs.stripe.com/disputes/prevention/card-testing; OWASP ASVS 2.4.1. Suspicion is answered by a proof, never by a
refusal: a real crowd behind one address passes by arithmetic or by a letter, and by paying.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum


@dataclass(frozen=True)
class Figures:
    """The numbers that staff may change (`chosen_figure`). Counts are an hour's unless they say otherwise.

    What is begun and not paid counts; a payment that succeeds gives its count back.
    """

    free_per_client: int = 5
    free_per_network: int = 20
    free_per_person: int = 3
    free_per_browser: int = 10
    free_everywhere: int = 60
    people_per_network: int = 10
    proofs_per_client: int = 60
    posts_per_client: int = 1000
    letters_per_person: int = 3
    letters_per_client: int = 300
    fast_seconds: int = 3
    own_declines: int = 3
    wave_declines: int = 5
    wave_percent: int = 50
    wave_minutes: int = 10
    suspend_tries: int = 10
    suspend_percent: int = 80
    proof_bits: int = 15
    confirm_first: int = 0


NOT_COUNTS = frozenset({"fast_seconds", "wave_percent", "wave_minutes", "suspend_percent", "proof_bits", "confirm_first"})
"""Figures that are no number of tries: these are never widened."""
PERCENTS = frozenset({"wave_percent", "suspend_percent"})
MOST_BITS = 22
"""Harder than that, an old telephone would work for minutes."""


def figures_of(chosen: Mapping[str, int], *, wide: int = 1) -> Figures:
    """The figures as chosen, every count `wide` times wider (the demo's visitors all come from one address, and at once)."""
    own = Figures()
    found = {field.name: chosen.get(field.name, getattr(own, field.name)) for field in fields(Figures)}
    if wide != 1:
        found = {name: value if name in NOT_COUNTS else value * wide for name, value in found.items()}
        found["fast_seconds"] = 0
    return replace(own, **found)


@dataclass(frozen=True)
class Tally:
    """Tries at a bank, and how many of them were declined."""

    tries: int
    declines: int


@dataclass(frozen=True)
class Signals:
    """What is known about somebody who wants to begin a payment, this one included.

    `seconds`: since the form was shown, None when the form is none of ours; `people`: addresses of different people from
    this network within a day; `own`: the tries of this client, network and person within a day; `wave`: declines are
    many everywhere.
    """

    seconds: int | None
    client: int
    network: int
    person: int
    browser: int
    everywhere: int
    people: int
    own: tuple[Tally, ...] = ()
    wave: bool = False


class Demand(Enum):
    """What is asked for before the payment."""

    NOTHING = 0
    PROOF = 1
    LETTER = 2


def is_suspicious(signals: Signals, figures: Figures) -> bool:
    """Whether any sign of card testing is there."""
    return (
        signals.wave
        or signals.seconds is None
        or signals.seconds < figures.fast_seconds
        or signals.client > figures.free_per_client
        or signals.network > figures.free_per_network
        or signals.person > figures.free_per_person
        or signals.browser > figures.free_per_browser
        or signals.everywhere > figures.free_everywhere
        or signals.people > figures.people_per_network
        or any(tally.declines >= figures.own_declines and 2 * tally.declines >= tally.tries for tally in signals.own)
    )


def demand(signals: Signals, figures: Figures, *, unconfirmed: bool) -> Demand:
    """What is asked for: nothing as a rule; a letter when the address must be `unconfirmed` no longer, or when one client
    has begun too much to be believed by arithmetic."""
    if unconfirmed or signals.client > figures.proofs_per_client:
        return Demand.LETTER
    return Demand.PROOF if is_suspicious(signals, figures) else Demand.NOTHING


def is_wave(tally: Tally, figures: Figures) -> bool:
    """Whether the declines of the last minutes are so many that every payment must be proven."""
    return tally.declines >= figures.wave_declines and tally.declines * 100 >= tally.tries * figures.wave_percent


def is_to_be_suspended(tally: Tally, figures: Figures) -> bool:
    """Whether a month's tries of one person, card, address or network are those of a thief."""
    return tally.tries >= figures.suspend_tries and tally.declines * 100 >= tally.tries * figures.suspend_percent


def proves(solution: str, bits: int) -> bool:
    """Whether SHA-256 of the solution begins with so many zero bits."""
    return int.from_bytes(hashlib.sha256(solution.encode()).digest(), "big") >> (256 - bits) == 0 if bits else True


def tally(outcomes: Iterable[bool]) -> Tally:
    """Count outcomes (paid or not)."""
    found = list(outcomes)
    return Tally(len(found), found.count(False))
