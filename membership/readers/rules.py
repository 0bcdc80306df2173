"""Rules about people: how an address is recognised, how long a challenge and a session live. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from membership.refusals import N_, Refused

RECENT = timedelta(minutes=15)
"""So long after signing in by a letter a reader may do what wants a fresh proof. The team proves itself by its step."""
CHALLENGE_LIVES = timedelta(minutes=10)
WRONG_CODES = 5
READER_IDLE = timedelta(days=30)
READER_ABSOLUTE = timedelta(days=180)
STAFF_IDLE = timedelta(minutes=30)
STAFF_ABSOLUTE = timedelta(hours=12)


class LinkSpent(Refused):
    """The link or code was used, is too old, or was asked for by another browser."""

    status = 410
    words = N_("This sign-in link has been used or is more than ten minutes old. Please ask for a new one.")


class WrongCode(Refused):
    """The code does not fit. The fifth wrong one voids the letter."""

    field = "code"
    words = N_("That code does not fit. Please look at the newest letter from us, or ask for a new one.")


class LastAdmin(Refused):
    """Without an admin nobody could invite one."""

    field = "role"
    words = N_("This is the last admin. Please make somebody else an admin first.")


def email_key(typed: str) -> str:
    """By what an address is recognised: NFC, case-folded, the domain in IDNA. Dots and +tags are kept: they are somebody's.

    `typed` must have passed a syntax check.
    """
    local, _, domain = unicodedata.normalize("NFC", typed.strip()).rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = domain
    return f"{local.casefold()}@{ascii_domain.lower()}"


def code_of(typed: str) -> str:
    """The six digits that somebody typed over, without the spaces they came with; empty when it is something else."""
    digits = "".join(typed.split())
    return digits if len(digits) == 6 and digits.isascii() and digits.isdigit() else ""


def is_open(*, used_at: datetime | None, expires_at: datetime, wrong_codes: int, at: datetime) -> bool:
    """Whether a challenge may still sign somebody in: unused, at most ten minutes old, fewer than five wrong codes."""
    return used_at is None and at <= expires_at and wrong_codes < WRONG_CODES


def session_is_alive(*, created_at: datetime, seen_at: datetime, staff: bool, at: datetime) -> bool:
    """A reader's session lives 180 days and 30 days idle; a staff member's 12 hours and 30 minutes (ASVS 7.3)."""
    idle, absolute = (STAFF_IDLE, STAFF_ABSOLUTE) if staff else (READER_IDLE, READER_ABSOLUTE)
    return at - seen_at < idle and at - created_at < absolute
