"""What is published of a counted ballot as files: the votes (`ballots.csv`), and everything at once (`evidence.json`). Pure.

`ballots.csv` begins with lines `# name: value` that say how to count it (`method`, `seats`, `budget`, `lots`, `withdrawn`,
and `cost 3`: days), then come the columns `code`, `content`, where votes do not all weigh one `weight`, and one column for
each option, headed by position and title, with a tick (1), a rank or stars.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Protocol

from membership.ballots.ways import chosen

EVIDENCE = 1
"""The format of `evidence.json`."""

Votes = Sequence[tuple[str, str | None, int]]
"""(code, content or None where contents are not published, weight)"""


class Sealed(Protocol):
    """A line of the log."""

    seq: Any
    event: Any
    code: Any
    prev: Any
    hash: Any


class Counted(Protocol):
    """A counted ballot, as far as it is published."""

    slug: Any
    title: Any
    question: Any
    lot_commitment: Any
    lot_salt: Any
    lot_order: Any
    log_head: Any
    result: Any
    result_sha: Any
    rule: Any


def ballot_file(result: dict[str, Any], votes: Votes) -> str:
    """The text of `ballots.csv`."""
    text = io.StringIO()
    for name, value in _head(result):
        text.write(f"# {name}: {value}\n")
    rows = csv.writer(text, lineterminator="\n")
    if any(content is None for _code, content, _weight in votes):
        rows.writerow(("code",))
        rows.writerows((code,) for code, _content, _weight in votes)
        return text.getvalue()
    weighted, titles = result["weights"] is not None, dict(result["options"])
    rows.writerow(
        ["code", "content", *(["weight"] if weighted else []), *(f"{o}. {_plain(titles[o])}" for o in titles)]
    )
    for code, content, weight in votes:
        numbers = {one.position: one.number or 1 for one in chosen(content or "", result["method"], titles)}
        rows.writerow([code, content, *([weight] if weighted else []), *(numbers.get(o, "") for o in titles)])
    return text.getvalue()


def _plain(title: str) -> str:
    return " ".join(title.split())


def _head(result: dict[str, Any]) -> list[tuple[str, Any]]:
    head = [("ballot", result["ballot"]), ("method", result["method"]), ("seats", result["seats"])]
    if result["budget"] is not None:
        head.append(("budget", result["budget"]))
    if result["last_place"] != "lot":
        head.append(("level at the last place", result["last_place"]))
    head.append(("lots", ",".join(map(str, result["lot_order"]))))
    if result["withdrawn"]:
        head.append(("withdrawn", ",".join(map(str, result["withdrawn"]))))
    head += [(f"cost {position}", cost) for position, cost in result["costs"].items()]
    return head


def evidence(ballot: Counted, votes: Votes, log: Sequence[Sealed]) -> str:
    """The text of `evidence.json`: the result as it was kept, byte for byte, and all that it can be checked against."""
    plain = {
        "format": EVIDENCE,
        "ballot": ballot.slug,
        "title": ballot.title,
        "question": ballot.question,
        "rule": ballot.rule,
        "lots": {"commitment": ballot.lot_commitment, "salt": ballot.lot_salt, "order": ballot.lot_order},
        "log_head": ballot.log_head,
        "log": [[line.seq, line.event, line.code, line.prev, line.hash] for line in log],
        "votes": [list(vote) for vote in votes],
        "result": ballot.result,
        "result_sha": ballot.result_sha,
    }
    return json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
