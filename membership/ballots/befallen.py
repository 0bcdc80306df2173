"""What befell a ballot, read back from the lines of its log, for a page to tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_PARTS = {
    "announced": ("options", "lots"), "opened": ("roll", "options", "lots"), "extended": ("to",),
    "option withdrawn": ("option",), "late joiners": ("added",), "closed": ("struck", "result"),
}  # fmt: skip
"""What `name=value` parts each kind of line begins with; all else is words."""


@dataclass(frozen=True)
class Befallen:
    """One line: when, and in an editor's words what or why. `to`: a new closing time; `number`: of the roll, or added."""

    event: str
    at: datetime
    words: str
    to: datetime | None = None
    number: int | None = None


def read(event: str, code: str) -> Befallen:
    """A line of the log as it is kept: a moment, then parts `name=value`, then words."""
    moment, _, rest = code.partition(" ")
    parts = {}
    for name in _PARTS.get(event, ()):
        if rest.startswith(f"{name}="):
            value, _, rest = rest.partition(" ")
            parts[name] = value.removeprefix(f"{name}=")
    number = parts.get("added") or parts.get("roll")
    to = datetime.fromisoformat(parts["to"]) if "to" in parts else None
    return Befallen(event, datetime.fromisoformat(moment), rest, to, int(number) if number else None)
