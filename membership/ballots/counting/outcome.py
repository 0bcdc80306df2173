"""What a count says, the same for every method: who won, round by round, and each tie with how it was broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Round:
    """One round: what each option held, and what followed. Options are named by their position on the ballot."""

    tally: Mapping[int, int]
    elected: tuple[int, ...] = ()
    eliminated: tuple[int, ...] = ()
    exhausted: int = 0


@dataclass(frozen=True)
class Tie:
    """A tie that mattered: in which round, between whom, by which step it was broken, and for whom."""

    round: int
    options: tuple[int, ...]
    step: str
    favoured: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """Winners in the order they were elected, the rounds, and the ties."""

    winners: tuple[int, ...]
    rounds: tuple[Round, ...]
    ties: tuple[Tie, ...] = field(default=())

    def as_plain(self) -> dict[str, Any]:
        """Lists, texts and whole numbers only, for JSON; figures are exact decimals written as text."""
        return {
            "winners": list(self.winners),
            "rounds": [
                {
                    "tally": {str(option): str(votes) for option, votes in sorted(one.tally.items())},
                    "elected": list(one.elected),
                    "eliminated": list(one.eliminated),
                    "exhausted": str(one.exhausted),
                }
                for one in self.rounds
            ],
            "ties": [
                {
                    "round": tie.round,
                    "options": list(tie.options),
                    "step": tie.step,
                    "favoured": list(tie.favoured),
                }
                for tie in self.ties
            ],
        }
