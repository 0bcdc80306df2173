"""A report as it was told a moment ago, for whoever asks for the same again: somebody who goes back, or a colleague beside
them. It says of itself as of when it is; files are always of the moment."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from flask import current_app

Told = TypeVar("Told")
SECONDS = 15.0
MOST = 64
"""So many are held, and the oldest goes first."""
LARGEST = 128 * 1024
"""In bytes of UTF-8. A page that is larger is not held: in whatever script, together they stay below some tens of MiB."""


class Held:
    """What was told, by all that it depends on: the report, what was asked, by whom in which language."""

    def __init__(self) -> None:
        self._told: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = Lock()

    def told(self, key: Hashable, make: Callable[[], Told]) -> Told:
        """What is held for this, or made now. The configuration's `REPORT_SECONDS` says for how long; 0: nothing is held."""
        seconds, began = float(current_app.config.get("REPORT_SECONDS", SECONDS)), time.monotonic()
        with self._lock:
            found = self._told.get(key)
        if found and began - found[0] < seconds:
            kept: Told = found[1]
            return kept
        made = make()
        if seconds and not (isinstance(made, str) and len(made.encode()) > LARGEST):
            with self._lock:
                self._told.pop(key, None)
                self._told[key] = (began, made)
                while len(self._told) > MOST:
                    self._told.popitem(last=False)
        return made


def held() -> Held:
    """This application's."""
    found: Held = current_app.extensions.setdefault("reports", Held())
    return found
