"""Breaking ties: first by what was so in earlier rounds, then by the lot order, which was drawn before the first vote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from membership.ballots.counting.outcome import Figure, Round, Tie


class Lots:
    """The lot order. Whoever stands earlier in it is favoured; options it does not name come last, as they stand."""

    def __init__(self, order: Sequence[int]):
        self._place = {option: place for place, option in enumerate(order)}
        self._last = len(order)

    def place(self, option: int) -> tuple[int, int]:
        """A key that sorts the favoured first."""
        return self._place.get(option, self._last), option

    def first(self, options: Iterable[int]) -> int:
        """Whom the lots favour."""
        return min(options, key=self.place)

    def last(self, options: Iterable[int]) -> int:
        """Whom the lots put last."""
        return max(options, key=self.place)


def who_is_ahead(
    tied: Sequence[int], earlier: Sequence[Round], lots: Lots, *, round_number: int
) -> tuple[int, list[Tie]]:
    """One of several level options: who was ahead at the latest earlier round where they differ, else by lot."""
    return _one_of(tied, earlier, lots, round_number=round_number, ahead=True)


def who_is_behind(
    tied: Sequence[int], earlier: Sequence[Round], lots: Lots, *, round_number: int
) -> tuple[int, list[Tie]]:
    """One of several level options: who was behind at the latest earlier round where they differ, else by lot."""
    return _one_of(tied, earlier, lots, round_number=round_number, ahead=False)


def _one_of(
    tied: Sequence[int], earlier: Sequence[Round], lots: Lots, *, round_number: int, ahead: bool
) -> tuple[int, list[Tie]]:
    if len(tied) == 1:
        return tied[0], []
    left = _narrowed(tied, [one.tally for one in reversed(earlier)], ahead=ahead)
    ties = []
    if len(left) < len(tied):
        ties.append(_tie(round_number, tied, "earlier rounds", left, ahead=ahead))
    if len(left) > 1:
        one = lots.first(left) if ahead else lots.last(left)
        ties.append(_tie(round_number, left, "lot", [one], ahead=ahead))
        return one, ties
    return left[0], ties


def _narrowed(tied: Sequence[int], tallies: Iterable[Mapping[int, Figure]], *, ahead: bool) -> list[int]:
    left = list(tied)
    for tally in tallies:
        held = [tally.get(option, 0) for option in left]
        extreme = max(held) if ahead else min(held)
        left = [option for option, votes in zip(left, held, strict=True) if votes == extreme]
        if len(left) == 1:
            break
    return left


def _tie(round_number: int, tied: Sequence[int], step: str, picked: Sequence[int], *, ahead: bool) -> Tie:
    favoured = picked if ahead else [option for option in tied if option not in picked]
    return Tie(round_number, tuple(sorted(tied)), step, tuple(sorted(favoured)))
