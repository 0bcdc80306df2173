"""What time it is. Called only at the edge (views, tasks, the command line); everything below is handed its `at`.

In the demo and the tests the sandbox's clock can be moved; the house then follows it through a small file that holds the
offset in seconds, so that standing, dunning and ballots move along with the payments. Leases, signatures and anything
that measures real waiting use `wall()`, which never moves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

_offset_file: Path | None = None


def follow(offset_file: Path | None) -> None:
    """From now on add the seconds that stand in this file (absent or empty: none). Never called in production."""
    global _offset_file
    _offset_file = offset_file


def wall() -> datetime:
    """The real time, UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """The time the house goes by, UTC: the real time, or in the demo the sandbox's."""
    return wall() + timedelta(seconds=_offset())


def _offset() -> float:
    if _offset_file is None:
        return 0.0
    try:
        return float(_offset_file.read_text() or 0)
    except FileNotFoundError:
        return 0.0
