"""What a count says, the same for every method: who won, round by round, and each tie with how it was broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Figure = int | Fraction
"""An exact number: votes, points, money. Never a float."""


@dataclass(frozen=True)
class Round:
    """One round: what each option held, and what followed. Options are named by their position on the ballot.

    `tally` is what stood after the round's `action`, and `exhausted` how much had by then left the count altogether.
    `action` and `of` say what was done: nothing in an instant runoff, whose rounds each count the ballots anew; in STV
    "first preferences", then "surplus" or "exclusion" `of` an option; in STAR "scores", then "runoff"; in Equal Shares
    "ticks" if nobody could pay, and "completion" for places left over, whose tally is what each supporter would owe.
    `transfers` is how much went to whom in that action. In an instant runoff `eliminated` leaves after the round, in STV
    in the round.
    """

    tally: Mapping[int, Figure]
    elected: tuple[int, ...] = ()
    eliminated: tuple[int, ...] = ()
    exhausted: Figure = 0
    action: str = ""
    of: int | None = None
    transfers: Mapping[int, Figure] = field(default_factory=dict)
    threshold: Figure | None = None

    def as_plain(self, names: Mapping[int, str]) -> dict[str, Any]:
        """Lists and texts; what this method does not have is left out."""
        named: dict[str, Any] = {
            "tally": {names[option]: decimal(held) for option, held in sorted(self.tally.items())},
            "elected": list(self.elected),
            "eliminated": list(self.eliminated),
            "exhausted": decimal(self.exhausted),
        }
        if self.action:
            named["action"] = self.action
        if self.of is not None:
            named["of"] = self.of
        if self.transfers:
            named["transfers"] = {names[to]: decimal(moved) for to, moved in sorted(self.transfers.items())}
        if self.threshold is not None:
            named["threshold"] = decimal(self.threshold)
        return named


@dataclass(frozen=True)
class Tie:
    """A tie that mattered: in which round, between whom, by which step it was broken, and for whom.

    Steps: "earlier rounds", "head-to-head", "score", "fives", "cost", "ticks", "lot". What one step narrows down and
    another decides is two ties, told one after the other.
    """

    round: int
    options: tuple[int, ...]
    step: str
    favoured: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """Winners in the order they were elected, the rounds, and the ties.

    `quota` is STV's, `spent` what the winners of a budget cost together, `completion` the way in which Equal Shares
    handed out what nobody could pay for alone.
    """

    winners: tuple[int, ...]
    rounds: tuple[Round, ...]
    ties: tuple[Tie, ...] = field(default=())
    quota: int | None = None
    spent: Figure | None = None
    completion: str = ""

    def as_plain(self, names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Lists, texts and whole numbers only, for JSON; figures are exact decimals written as text.

        Without `names` options are given by position (a key is text all the same); with them by name everywhere.
        """
        keys = names or {option: str(option) for one in self.rounds for option in one.tally}
        plain: dict[str, Any] = {
            "winners": list(self.winners),
            "rounds": [one.as_plain(keys) for one in self.rounds],
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
        if self.quota is not None:
            plain["quota"] = str(self.quota)
        if self.spent is not None:
            plain["spent"] = decimal(self.spent)
        if self.completion:
            plain["completion"] = self.completion
        return _named(plain, names) if names else plain


def _named(plain: dict[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """The same with positions replaced by names."""
    plain["winners"] = [names[option] for option in plain["winners"]]
    for one in plain["rounds"]:
        one["elected"] = [names[option] for option in one["elected"]]
        one["eliminated"] = [names[option] for option in one["eliminated"]]
        if "of" in one:
            one["of"] = names[one["of"]]
    for tie in plain["ties"]:
        tie["options"] = [names[option] for option in tie["options"]]
        tie["favoured"] = [names[option] for option in tie["favoured"]]
    return plain


def decimal(figure: Figure) -> str:
    """An exact decimal: whole numbers bare, fractions of 100,000 with five places, others with as many as they need.

    What no decimal can say exactly (a third of a vote) stays a fraction: "7/3".

    >>> decimal(12), decimal(Fraction(1304086, 10000)), decimal(Fraction(5, 2)), decimal(Fraction(7, 3))
    ('12', '130.40860', '2.50000', '7/3')
    """
    if figure.denominator == 1:
        return str(figure.numerator)
    places = 5
    while figure.denominator and 10**places % figure.denominator:
        if 10**places > figure.denominator**4:
            return f"{figure.numerator}/{figure.denominator}"
        places += 1
    whole, rest = divmod(abs(figure.numerator) * (10**places // figure.denominator), 10**places)
    return f"{'-' if figure < 0 else ''}{whole}.{rest:0{places}d}"
