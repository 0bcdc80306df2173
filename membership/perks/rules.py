"""Rules about perks: what a personal code looks like, where a members' link leads, what an address may be. Pure.

On which terms a perk is somebody's stands in `terms`, what may become of a grant in `states`.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from membership.refusals import N_, NotFound, Refused

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Thirty-two signs (five bits each) without those that are taken for one another: 0 and O, 1 and I."""
GROUPS, GROUP = 4, 4
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoSuchLink(NotFound):
    """No grant has this code, or its perk was retired."""

    words = N_("This members' link leads nowhere. Please look at your account for the one that is yours.")


class LinkExpired(Refused):
    """A members' link or a file's address that was signed too long ago, or is none of ours."""

    status = 403
    words = N_("This address has expired. Please open it from your account once more.")


class LinkRests(Refused):
    """The code is genuine, but its reader has no standing at the moment."""

    status = 403
    words = N_("This members' link opens again as soon as its membership is in good standing.")


class NotAnAddress(Refused):
    """Where a perk should lead is no safe web address."""

    field = "address"
    words = N_("Please write a whole address that begins with https://, like https://example.org/members.")


class TitleTaken(Refused):
    """There is a perk with this title already (also when a form was sent twice)."""

    status = 409
    field = "title"
    words = N_("There is a perk with this title already.")


def code_from(bits: int) -> str:
    """Eighty random bits as a code to read aloud: `7KQM-2XPA-R9DH-WC4T`."""
    signs = [ALPHABET[bits >> 5 * place & 31] for place in range(GROUPS * GROUP)]
    return "-".join("".join(signs[start : start + GROUP]) for start in range(0, len(signs), GROUP))


def read_code(typed: str) -> str | None:
    """A code as it stands in the table, however it was typed (small letters, without hyphens); None when it is none."""
    signs = re.sub(r"[\s-]", "", typed).upper()
    if len(signs) != GROUPS * GROUP or not set(signs) <= set(ALPHABET):
        return None
    return "-".join(signs[start : start + GROUP] for start in range(0, len(signs), GROUP))


def destination(address: str, code: str, signed: str) -> str:
    """The perk's address with the personal code and the signed pass added to its query."""
    parts = urlsplit(address)
    own = {"code": code, "pass": signed}
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in own]
    return urlunsplit(parts._replace(query=urlencode([*query, *own.items()])))


def checked_address(typed: str) -> str:
    """The address, if a reader can safely be sent there: https (on this machine itself also http). Raises `NotAnAddress`."""
    try:
        parts = urlsplit(typed.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise NotAnAddress() from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    strange = any(character.isspace() or not character.isprintable() for character in typed.strip())
    if not safe or not host or strange or parts.username or "\\" in typed:
        raise NotAnAddress()
    return typed.strip()


def slug_of(title: str) -> str:
    """What a perk is called inside the house: its title's letters and digits, so that no two titles are alike."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return re.sub(r"\W+", "-", plain).strip("-") or "perk"
