"""Checking a counted ballot from what was published about it: the log's chain, the lots, the votes, the result. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from membership.ballots.counting.methods import RULE_VERSION
from membership.ballots.published import EVIDENCE
from membership.ballots.results import Count, counted
from membership.ballots.seals import Lots, digest, first_break
from membership.refusals import N_, Refused


class NoEvidence(Refused):
    """A file of another kind."""

    words = N_("This is no file of evidence about a ballot (evidence.json).")


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: `ok` None where it cannot be (too few votes for contents)."""

    name: str
    ok: bool | None
    words: str


def read(text: str) -> dict[str, Any]:
    """The evidence in a file. Raises `NoEvidence`."""
    try:
        found = json.loads(text)
        json.loads(found["result"])
    except (ValueError, TypeError, KeyError):
        raise NoEvidence() from None
    if found.get("format") != EVIDENCE:
        raise NoEvidence()
    return dict(found)


def verify(evidence: dict[str, Any], heads: Iterable[str] = ()) -> list[Finding]:
    """Every check, in order; `heads` are hashes that observers were told. Raises `NoEvidence` for what has not the shape of
    evidence."""
    try:
        checks = [check(evidence) for check in (_chain, _lots, _result, _codes, _numbers, _recount)]
        return checks + [_head(evidence, head) for head in heads]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NoEvidence() from None


def _log(evidence: dict[str, Any]) -> list[tuple[int, str, str, str, str]]:
    return [tuple(line) for line in evidence["log"]]


def _chain(evidence: dict[str, Any]) -> Finding:
    broken = first_break(_log(evidence), evidence["log_head"])
    words = f"{len(evidence['log'])} lines, each follows from the one before"
    if broken is not None:
        words = (
            f"line {broken} does not follow from the one before"
            if broken
            else "the last line is not the published head"
        )
    return Finding("log", broken is None, words)


def _head(evidence: dict[str, Any], head: str) -> Finding:
    """What somebody was told at the time must still stand in the log: then nothing before it was rewritten since."""
    head = "".join(head.lower().split())
    line = next((seq for seq, _event, _code, _prev, own in _log(evidence) if own == head), None)
    return Finding("head", line is not None, f"stands in line {line}" if line else "stands in no line of this log")


def _lots(evidence: dict[str, Any]) -> Finding:
    lots = evidence["lots"]
    fits = Lots(lots["salt"], lots["order"]).commitment == lots["commitment"]
    sealed = any(
        event == "opened" and f"lots={lots['commitment']}" in code for _s, event, code, _p, _h in _log(evidence)
    )
    used = ",".join(map(str, json.loads(evidence["result"])["lot_order"])) == lots["order"]
    words = "the order that was used is the one sealed at the opening"
    return Finding(
        "lots", fits and sealed and used, words if fits and sealed and used else "the order is not the one sealed"
    )


def _result(evidence: dict[str, Any]) -> Finding:
    own = digest(evidence["result"])
    told = any(event == "closed" and f"result={own}" in code for _s, event, code, _p, _h in _log(evidence))
    good = own == evidence["result_sha"] and told
    return Finding("result", good, "its hash stands in the log" if good else "its hash is not the one in the log")


def live_codes(log: list[tuple[int, str, str, str, str]]) -> Counter[str]:
    """The codes of votes that stood at the close: cast, and not replaced, withdrawn or struck."""
    live: Counter[str] = Counter()
    for _seq, event, code, _prev, _hash in log:
        if event == "cast":
            live[code] += 1
        elif event in {"replaced", "withdrawn", "struck"}:
            live[code] -= 1
    return Counter({code: number for code, number in live.items() if number})


def _codes(evidence: dict[str, Any]) -> Finding:
    codes = Counter(code for code, _content, _weight in evidence["votes"])
    good = codes == live_codes(_log(evidence))
    return Finding(
        "votes", good, "the codes are those that stand in the log" if good else "the codes are not those in the log"
    )


def _numbers(evidence: dict[str, Any]) -> Finding:
    result = json.loads(evidence["result"])
    good = len(evidence["votes"]) == result["votes"] == result["voted"] <= result["roll"]
    words = f"{len(evidence['votes'])} votes; the roll says that {result['voted']} of {result['roll']} took part"
    return Finding("turnout", good, words)


def _recount(evidence: dict[str, Any]) -> Finding:
    if any(content is None for _code, content, _weight in evidence["votes"]):
        return Finding("recount", None, "too few votes: their contents are not published")
    result = json.loads(evidence["result"])
    again = counted(_count_of(result, evidence["votes"]))
    good = again == evidence["result"]
    if not good and result["rule_version"] != RULE_VERSION:
        return _by_other_rules(result, json.loads(again))
    return Finding("recount", good, "the same, byte for byte" if good else "counting again gives another result")


def _by_other_rules(result: dict[str, Any], again: dict[str, Any]) -> Finding:
    version = result["rule_version"]
    if again | {"rule_version": version} == result:
        return Finding("recount", True, f"the same; it was counted by version {version} of the rules, now by {RULE_VERSION}")
    words = f"it was counted by version {version} of the rules, this program counts by {RULE_VERSION}: take one of that time"
    return Finding("recount", None, words)


def _count_of(result: dict[str, Any], votes: list[list[Any]]) -> Count:
    groups = Counter((content, weight) for _code, content, weight in votes)
    return Count(
        ballot=result["ballot"], method=result["method"], seats=result["seats"], quorum=result["quorum"],
        options=[(position, title) for position, title in result["options"]],
        groups=[([content], weight, number) for (content, weight), number in groups.items()],
        lot_order=result["lot_order"], roll=result["roll"], voted=result["voted"], last_place=result["last_place"],
        costs={int(position): cost for position, cost in result["costs"].items()}, budget=result["budget"],
        withdrawn=result["withdrawn"], weights=result["weights"],
    )  # fmt: skip
