"""What is published of a counted ballot as files: the votes (`ballots.csv`), and everything at once (`evidence.json`). Pure.

`ballots.csv` begins with lines `# name: value` that say how to count it (`ballot`, `method`, `seats`, `budget`, `lots`,
and for each position `option 3: title` and `cost 3: days`), then come the columns `code`, `content` and, where votes do
not all weigh one, `weight`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Protocol

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
    contents, weighted = all(content is not None for _code, content, _weight in votes), result["weights"] is not None
    columns = 3 if contents and weighted else 2 if contents else 1
    rows.writerow(("code", "content", "weight")[:columns])
    rows.writerows(vote[:columns] for vote in votes)
    return text.getvalue()


def _head(result: dict[str, Any]) -> list[tuple[str, Any]]:
    head = [("ballot", result["ballot"]), ("method", result["method"]), ("seats", result["seats"])]
    if result["budget"] is not None:
        head.append(("budget", result["budget"]))
    if result["last_place"] != "lot":
        head.append(("level at the last place", result["last_place"]))
    head.append(("lots", ",".join(map(str, result["lot_order"]))))
    head += [(f"option {position}", " ".join(title.split())) for position, title in result["options"]]
    head += [(f"cost {position}", cost) for position, cost in result["costs"].items()]
    head += [(f"withdrawn {position}", "skipped") for position in result["withdrawn"]]
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
