"""A result made ready to be told: round by round, with what moved, and where other rules would have said otherwise. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from membership.ballots.ways import MOST_STARS


@dataclass(frozen=True)
class Bar:
    """One option in one round. `width` and `gained` are in whole percent of the whole; `state`: elected, out or nothing."""

    title: str
    votes: str
    width: int
    gained: int
    gain: str
    state: str


@dataclass(frozen=True)
class RoundTold:
    """One round, its bars from the longest on. `mark`: where the line of the quota or majority stands, in percent."""

    number: int
    bars: list[Bar]
    elected: list[str]
    eliminated: list[str]
    exhausted: str
    action: str
    of: str
    threshold: str
    mark: int | None


@dataclass(frozen=True)
class Told:
    """The whole story of a count."""

    rounds: list[RoundTold]
    winners: list[str]
    runner_up: str
    differs: dict[str, list[str]]
    weighs: bool
    plain_winners: list[str] | None
    spent: str


def told(plain: dict[str, Any]) -> Told:
    """A kept result in words and percents; figures exact where decimals can be, else cut to two places."""
    titles = dict(plain["options"])
    whole = _whole(plain)
    rounds = [_round(number, one, titles, whole, plain) for number, one in enumerate(plain["rounds"], start=1)]
    differs = {
        name: [titles[one] for one in winners]
        for name, winners in plain.get("elsewhere", {}).items()
        if winners and not _same(winners, plain["winners"])
    }
    each = plain.get("one_vote_each")
    last = rounds[-1].bars if rounds else []
    winners = [titles[one] for one in plain["winners"]]
    return Told(
        rounds, winners, next((bar.title for bar in last if bar.title not in winners), ""), differs,
        plain.get("weights") is not None, [titles[one] for one in each["winners"]] if each else None,
        figure(plain["spent"]) if "spent" in plain else "",
    )  # fmt: skip


def _same(others: list[int], winners: list[int]) -> bool:
    """A method for one place may name several who are level; then it does not say otherwise if the winner is among them."""
    return set(others) == set(winners) or (len(winners) == 1 and winners[0] in others)


def _whole(plain: dict[str, Any]) -> Fraction:
    """What a full bar stands for: everybody's votes (or all their stars), or the longest bar where that is more."""
    by_weight = plain.get("by_weight") or {"1": plain["votes"]}
    votes = Fraction(sum(int(weight) * number for weight, number in by_weight.items()))
    longest = max((Fraction(held) for one in plain["rounds"] for held in one["tally"].values()), default=Fraction(0))
    return max(
        votes * (MOST_STARS if plain["method"] == "star" else 1) if plain["method"] == "star" else votes, longest
    )


def _round(
    number: int, one: dict[str, Any], titles: dict[int, str], whole: Fraction, plain: dict[str, Any]
) -> RoundTold:
    runoff = plain["method"] == "star" and one.get("action") == "runoff"
    full = Fraction(plain["votes"]) if runoff else whole
    moved = one.get("transfers", {})
    bars = []
    for position, held in sorted(one["tally"].items(), key=lambda item: (-Fraction(item[1]), int(item[0]))):
        gain = Fraction(moved.get(position, 0))
        state = "elected" if int(position) in one["elected"] else "out" if int(position) in one["eliminated"] else ""
        bars.append(
            Bar(
                titles[int(position)],
                figure(held),
                _percent(Fraction(held), full),
                _percent(gain, full) if gain > 0 else 0,
                figure(str(moved[position])) if gain else "",
                state,
            )
        )
    threshold = one.get("threshold") or plain.get("quota") or ""
    return RoundTold(
        number, bars, [titles[o] for o in one["elected"]], [titles[o] for o in one["eliminated"]],
        figure(one["exhausted"]), one.get("action", ""), titles[one["of"]] if "of" in one else "",
        figure(threshold) if threshold else "", _percent(Fraction(threshold), full) if threshold else None,
    )  # fmt: skip


def _percent(part: Fraction, whole: Fraction) -> int:
    return min(100, round(100 * part / whole)) if whole else 0


def figure(exact: str) -> str:
    """An exact figure as it is shown: `12`, `130.40860`, `2.5`; a fraction that no decimal can say as `≈ 2.33`."""
    if "/" in exact:
        hundredths = round(Fraction(exact) * 100)
        return f"≈ {hundredths // 100}.{hundredths % 100:02d}"
    return exact.rstrip("0").rstrip(".") if "." in exact else exact
