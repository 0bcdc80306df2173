"""What is kept of a count: canonical text, the same byte for byte whenever the same votes are counted again. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from membership.ballots.counting.methods import RULE_VERSION, tally
from membership.ballots.rules import publishes_contents
from membership.ballots.seals import digest


@dataclass(frozen=True)
class Count:
    """All that a count depends on. `options` are (position, title); `groups` (content, votes)."""

    ballot: str
    method: str
    seats: int
    quorum: int
    options: Sequence[tuple[int, str]]
    groups: Sequence[tuple[str, int]]
    lot_order: Sequence[int]
    roll: int
    voted: int


def counted(count: Count) -> str:
    """Count, and write the result as canonical JSON (sorted keys, no spaces)."""
    groups = sorted(count.groups)
    votes = sum(number for _content, number in groups)
    public = publishes_contents(votes)  # a hash of very few votes could be guessed
    outcome = tally(
        count.method, [position for position, _title in count.options], groups, count.seats, count.lot_order
    )
    result: dict[str, Any] = {
        "ballot": count.ballot,
        "method": count.method,
        "rule_version": RULE_VERSION,
        "seats": count.seats,
        "quorum": count.quorum,
        "binding": votes > 0 and votes >= count.quorum,
        "options": [[position, title] for position, title in count.options],
        "lot_order": list(count.lot_order),
        "roll": count.roll,
        "voted": count.voted,
        "votes": votes,
        "votes_sha": digest("".join(f"{content}\t{number}\n" for content, number in groups)) if public else None,
        **outcome.as_plain(),
    }
    return json.dumps(result, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
