"""What an editor changed of an announced ballot, in the words of its public log (English, like all of the log). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

NAMES = {
    "title": "title", "question": "question", "method": "method", "seats": "places", "budget": "days to share",
    "last_place": "level at the last place", "quorum": "quorum", "opens_at": "opens", "closes_at": "closes",
    "rule": "who may vote",
}  # fmt: skip
"""The parts of an announcement that may change, beside its topics, in the order in which they are told."""


def parts_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the parts that are another now."""
    return [name for name in NAMES if before[name] != after[name]]


def told(parts: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Each changed part with what it was and what it is."""
    return [f"{NAMES[name]}: {_written(before[name])} → {_written(after[name])}" for name in parts]


def topics_told(out: Sequence[str], new: Sequence[str]) -> list[str]:
    """Which topics were taken out, and which came in."""
    found = [f"out: {', '.join(_written(title) for title in out)}"] if out else []
    return found + ([f"in: {', '.join(_written(title) for title in new)}"] if new else [])


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_plain(value[key])}" for key in value)
    return f"“{' '.join(value.split())}”" if isinstance(value, str) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return "/".join(f"{key}×{weight}" for key, weight in value.items()) or "-"
    return ",".join(map(str, value)) or "-" if isinstance(value, list) else "-" if value is None else str(value)
