"""Are flaws known in what we depend on? `make audit` asks the public lists of them about every pinned version.

A flaw that is known fails. Where the tool or the lists are out of reach, nothing fails and nothing is claimed: it says
plainly that it has not looked, because a list that does not know a package answers like one that found no fault.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements-uv.lock", "requirements.lock", "requirements-test.lock")
"""The first is the smallest: if nobody answers about it, the others are not asked about."""
SERVICES = ("pypi", "osv")
SECONDS = 180


@dataclass(frozen=True)
class Verdict:
    """What came of one list of versions: how many were looked at, which were not, and which flaws are known."""

    looked: int
    unknown: tuple[str, ...]
    flaws: tuple[str, ...]


def judged(report: str) -> Verdict:
    """What pip-audit's JSON says. What is no report is nothing looked at."""
    try:
        found = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict(0, (), ())
    flaws = tuple(
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in found
        for flaw in one.get("vulns", ())
    )
    unknown = tuple(one["name"] for one in found if "skip_reason" in one)
    return Verdict(len(found) - len(unknown), unknown, flaws)


def asked(tool: Path, lock: str, service: str) -> Verdict:
    """One list of versions, held against one list of flaws."""
    command = [
        tool, "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json", "--timeout", "5",
        "--vulnerability-service", service, "--progress-spinner", "off",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return Verdict(0, (), ())
    return judged(done.stdout)


def main(arguments: Sequence[str]) -> int:
    tool = Path(arguments[0])
    if not tool.exists():
        print("NOT AUDITED: pip-audit could not be installed here.")
        return 0
    service = next((one for one in SERVICES if asked(tool, LOCKS[0], one).looked), None)
    if service is None:
        print("NOT AUDITED: no list of known flaws answers from here. Run `make audit` where there is a way to one.")
        return 0
    verdicts = [asked(tool, lock, service) for lock in LOCKS]
    for flaw in sorted({flaw for verdict in verdicts for flaw in verdict.flaws}):
        print(f"KNOWN FLAW: {flaw}")
    for name in sorted({name for verdict in verdicts for name in verdict.unknown}):
        print(f"not audited: {name} is not on the list")
    print(f"Audited by {service}: {sum(verdict.looked for verdict in verdicts)} pinned versions.")
    return 1 if any(verdict.flaws for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
