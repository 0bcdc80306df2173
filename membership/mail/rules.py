"""What a mail server's answer means, and when a letter is tried again. Pure.

The numbers are those of RFC 5321 (4.2: 4yz passes, 5yz stays) and RFC 3463 (`5.1.1`: what the trouble is about).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)
"""A letter that a server puts off is tried for so long (RFC 5321, 4.5.4.1, says four to five days for a server that
relays; what is news should not come later than this)."""
CLOSING = 421
"""The server ends the conversation: this is about it, not about the letter."""
LEAST_PER_MINUTE, PER_MINUTE, MOST_PER_MINUTE = 1, 600, 600_000

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
ABOUT_THE_ADDRESS = ("5.1.", "5.2.")
"""RFC 3463: the addressing status, and the mailbox's. All other 5.x.x are about the letter, the network, or a policy."""
NO_SUCH_MAILBOX = frozenset({550, 551, 553})
"""Without a finer status: RFC 5321's three ways to say that there is no such mailbox here."""


class Came(StrEnum):
    """What came of handing a letter over."""

    TAKEN = "taken"
    PUT_OFF = "put off"
    REFUSED = "refused"
    NO_SUCH_ADDRESS = "no such address"


def enhanced(words: str) -> str | None:
    """The finer status that begins a server's words (`5.1.1`), if it gave one."""
    match = _ENHANCED.match(words)
    return match[1] if match else None


def meaning(code: int, words: str) -> Came:
    """What an answer to the recipient or the letter means. A refusal is the address's own only where the server says so: a
    filter that dislikes one bulletin must not silence every reader behind it."""
    if 400 <= code < 500:
        return Came.PUT_OFF
    status = enhanced(words)
    if status is not None:
        return Came.NO_SUCH_ADDRESS if status.startswith(ABOUT_THE_ADDRESS) else Came.REFUSED
    return Came.NO_SUCH_ADDRESS if code in NO_SUCH_MAILBOX else Came.REFUSED


def next_try(written_at: datetime, attempts: int, at: datetime) -> datetime | None:
    """When a letter that was put off `attempts` times is tried again; None when it is given up."""
    if at - written_at >= GIVEN_UP_AFTER:
        return None
    pause: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
    return at + pause


def room(per_minute: int, seconds: float, free_at: datetime | None, at: datetime) -> tuple[int, datetime, timedelta]:
    """How many letters may go out at once, what `free_at` is when they have, and the time that each of them takes.

    `free_at` is when the pace will have caught up with all that went out. It may run ahead by as many letters as fit into
    so many seconds (one at least), so that a few go out at once and many at the pace.
    """
    each = timedelta(seconds=60 / per_minute)
    most = max(1, int(per_minute * seconds / 60))
    begin = at if free_at is None or not at < free_at <= at + most * each else free_at
    letters = (at + most * each - begin) // each
    return letters, begin + letters * each, each


_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")


def without_addresses(words: str) -> str:
    """A server's words as we keep and log them: in one line, not longer than it needs, and naming nobody."""
    return _ADDRESS.sub("…", " ".join(words.split()))[:300]
