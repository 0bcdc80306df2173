"""What the story's people promised and gave, and what happened to it: plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody of the story. The address is under `.example`, where no mail arrives."""

    name: str
    email: str


@dataclass(frozen=True)
class Turn:
    """Something that happened to a pledge at a moment: a verb of the sandbox's lives, and what it was about.

    `amount` in minor units; `until` a moment; `word` a decline code, a reason, an outcome or a card; `step` the letter
    by whose link a card was changed; `which` payment; `tier` the one that was changed to.
    """

    do: str
    at: int
    amount: int | None = None
    until: int | None = None
    word: str = ""
    step: str = ""
    which: int = 0
    tier: str = ""


@dataclass(frozen=True)
class Pledge:
    """A promise to give. `ends`: when it ended or (`past_due`) when the renewal that failed was due; Unix seconds.

    `fate`: active, left (by choice), lost (payments failed), past_due, ending (cancelled, runs to its period's end).
    `seats`: it is a group's, and the amount is for all of them; `good_until`: the year and month in which its card expires.
    """

    prefix: str
    person: Person
    tier: str
    interval: str
    currency: str
    amount: int
    start: int
    fate: str
    ends: int | None
    card: str
    article: int | None
    turns: tuple[Turn, ...] = ()
    seats: int | None = None
    good_until: tuple[int, int] | None = None

    @property
    def lived(self) -> bool:
        """Whether it is more than payments on time, and perhaps an end."""
        return bool(self.turns) or self.fate in {"lost", "past_due"} or self.card.startswith("AT")


@dataclass(frozen=True)
class Gift:
    """A one-time gift: a `donation`, or the payment for a membership given away (`gift`)."""

    prefix: str
    person: Person
    currency: str
    amount: int
    at: int
    card: str
    article: int | None
    turns: tuple[Turn, ...] = ()
    kind: str = "donation"

    @property
    def lived(self) -> bool:
        """Whether something became of it."""
        return bool(self.turns)
