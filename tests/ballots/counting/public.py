"""Public elections with their outcomes, in the folder that PUBLIC_ELECTIONS names; manifest.json there tells the format."""

from __future__ import annotations

import json
import os
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

FOLDER = os.environ.get("PUBLIC_ELECTIONS", "")


def entries() -> list[dict[str, Any]]:
    """What the manifest lists; nothing when there is no folder."""
    manifest = Path(FOLDER) / "manifest.json"
    return json.loads(manifest.read_text())["entries"] if FOLDER and manifest.exists() else []


def election(entry: dict[str, Any]) -> dict[str, Any]:
    """One election as its file has it."""
    return json.loads((Path(FOLDER) / entry["file"]).read_text())


def rankings(ballots: list[Any]) -> list[tuple[str, int]]:
    """Ranked ballots as contents: skipped ranks close up, a repeat counts once, at an overvote a ballot ends."""
    groups: Counter[str] = Counter()
    for number, ranks in ballots:
        kept: list[int] = []
        for rank in ranks:
            if rank is None or rank in kept:
                continue
            if not isinstance(rank, int):
                break
            kept.append(rank)
        groups[",".join(map(str, kept))] += number
    return list(groups.items())


def ticks(ballots: list[Any], places: dict[Any, int]) -> list[tuple[str, int]]:
    """Ticks as contents: sorted positions."""
    return [(",".join(map(str, sorted({places[one] for one in ticked}))), number) for number, ticked in ballots]


def exact(tally: dict[str, Any]) -> dict[str, Fraction]:
    """Figures as exact numbers, however they are written."""
    return {name: Fraction(str(figure)) for name, figure in tally.items()}
