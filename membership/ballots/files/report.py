"""A counted file in lines of text: every round, every tie, and who won."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from membership.ballots.counting.outcome import Outcome, Tie, decimal
from membership.ballots.files.shape import BallotFile

_STEPS = {
    "earlier rounds": "by what stood in earlier rounds",
    "head-to-head": "by their meetings head-to-head",
    "score": "by their stars",
    "fives": "by who has more fives",
    "cost": "by the smaller cost",
    "ticks": "by who has more ticks",
    "lot": "by lot",
    "all win": "by letting all of them win",
}


def as_lines(file: BallotFile, method: str, seats: int, outcome: Outcome) -> Iterator[str]:
    """What a person reads at a terminal."""
    names = file.options
    votes = sum(number for _content, number in file.groups)
    yield f"{file.title or 'Ballot'}: {method}, {seats} to win, {len(names)} options, {votes} votes"
    yield from file.notes
    if outcome.quota is not None:
        yield f"Quota: {outcome.quota}"
    for number, one in enumerate(outcome.as_plain(names)["rounds"], 1):
        yield ""
        yield from _round(number, one)
    yield ""
    for tie in outcome.ties:
        yield _tie(tie, names)
    if any(tie.step == "lot" for tie in outcome.ties) and not file.lots:
        yield "The file gives no lots: the order of its options stands for them."
    if outcome.spent is not None:
        yield f"Spent: {decimal(outcome.spent)} of {decimal(file.budget or 0)}"
    if outcome.completion:
        yield f"Completed by: {outcome.completion}"
    yield "Winners: " + (", ".join(names[option] for option in outcome.winners) or "nobody")


def _round(number: int, one: Mapping[str, Any]) -> Iterator[str]:
    action = " ".join(filter(None, [one.get("action"), f"of {one['of']}" if "of" in one else ""]))
    yield f"Round {number}" + (f": {action}" if action else "")
    rows = list(one["tally"].items())
    if one["exhausted"] != "0":
        rows.append(("(no preference)" if one.get("action") == "runoff" else "(exhausted)", one["exhausted"]))
    wide = max((len(name) for name, _held in rows), default=0)
    high = max((len(held) for _name, held in rows), default=0)
    transfers = one.get("transfers", {})
    for name, held in rows:
        came = f"  +{transfers[name]}" if name in transfers else ""
        fate = "  elected" if name in one["elected"] else "  eliminated" if name in one["eliminated"] else ""
        yield f"  {name.ljust(wide)}  {held.rjust(high)}{came}{fate}"


def _tie(tie: Tie, names: Mapping[int, str]) -> str:
    tied = ", ".join(names[option] for option in tie.options)
    favoured = ", ".join(names[option] for option in tie.favoured)
    return f"Tie in round {tie.round} between {tied}: decided {_STEPS[tie.step]} for {favoured}"
