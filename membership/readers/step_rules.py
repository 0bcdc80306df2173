"""Rules of the second step. Pure, but for the arithmetic of TOTP, which is the library's."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from membership.refusals import N_, Refused

FRESH = timedelta(minutes=5)
"""So long one proof is good for what asks for a fresh one (ASVS 7.5.3)."""
CHALLENGE_LIVES = timedelta(minutes=10)
STEP_SECONDS = 30
RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of recovery codes: no letters or digits that look alike; twelve of them carry 59 bits."""
CODE_LENGTH = 12


class WrongStep(Refused):
    """The digits, the recovery code or the device's answer do not fit."""

    field = "step"
    words = N_("That does not fit. The app shows new digits every half minute; a recovery code is good once.")


class PasskeyRefused(Refused):
    """The device's answer could not be verified, or was given before."""

    field = "step"
    words = N_("Your device's answer could not be verified. Please try once more.")


class LastWay(Refused):
    """Somebody of the team always has at least one way to take the second step."""

    status = 409
    words = N_("This is your only second step. Please add another one first.")


class NoSuchWay(Refused):
    """It was removed meanwhile."""

    status = 404
    words = N_("That passkey is not on your list any more.")


def fitting_step(digits: str, *, at: datetime, last_step: int, code_of: Callable[[int], str]) -> int | None:
    """The half minute whose digits these are: this one, the one before or the next (clocks differ; RFC 6238, 5.2), later
    than any that was taken before; None when there is none. `code_of` gives a half minute's digits."""
    now = int(at.timestamp()) // STEP_SECONDS
    fitting = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(code_of(step), digits)]
    return next((step for step in fitting if step > last_step), None)


def recovery_code_of(typed: str) -> str:
    """A recovery code as it is kept, however it was typed over; empty when it is none."""
    plain = "".join(character for character in typed.casefold() if character not in " -\u2013")
    return plain if len(plain) == CODE_LENGTH and set(plain) <= set(ALPHABET) else ""


def shown(code: str) -> str:
    """In groups of four, for reading."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
