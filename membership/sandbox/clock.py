"""The sandbox's time: the wall's time plus an offset that only grows, kept in the store and in a file for others.

While due work runs, the clock stands at the moment the work was due, so that a renewal in a jump of 31 days carries the
time at which it would have happened.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from membership.sandbox.store import Store

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class NotATime(ValueError):
    """What was asked of the clock is no step forward."""


def seconds(written: str) -> int:
    """`31d`, `12h`, `5m`, `30s`, or several together (`1d12h`), in seconds."""
    parts = re.findall(r"(\d{1,9})([smhd])", written)
    if not parts or "".join(number + unit for number, unit in parts) != written.replace(" ", ""):
        raise NotATime(f"“{written}” is no span of time; write it like 31d, 12h, 5m or 30s.")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


class Clock:
    """`now()` in whole Unix seconds of the sandbox."""

    def __init__(self, store: Store, file: Path | None = None) -> None:
        self._store = store
        self._file = file
        self._standing: int | None = None
        self.offset: int = store.setting("offset", 0)
        self.write_file()

    def now(self) -> int:
        return int(time.time()) + self.offset if self._standing is None else self._standing

    @contextmanager
    def standing_at(self, moment: int) -> Iterator[None]:
        """Inside, it is `moment`. Only ever used with the store's lock held."""
        before, self._standing = self._standing, moment
        try:
            yield
        finally:
            self._standing = before

    def set_offset(self, offset: int) -> None:
        """Keep a new offset; the file is written at once, so that nobody is told of a time they do not know yet."""
        self.offset = offset
        self._store.set("offset", offset)
        self.write_file()

    def write_file(self) -> None:
        """The offset as a plain number of seconds, replaced in one step."""
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        fresh.write_text(f"{self.offset}\n")
        fresh.replace(self._file)
