"""Rules about the newsroom: its sites and articles, its colour, the operator's token, prices by the cup of coffee. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Container, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from urllib.parse import SplitResult, urlsplit, urlunsplit
from zoneinfo import available_timezones

from membership.money import Money, currency
from membership.refusals import N_, Refused

ADDRESS_LIMIT = 1000
READABLE = 4.5
"""The contrast that WCAG 2.2 (1.4.3) asks of text, as a ratio to 1."""
DARK_SHEET = "#211d19"
"""The lightest background on which the accent stands when the screen is dark (house.css, --sheet)."""

CONTINENTS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


class WrongSetupToken(Refused):
    """Not the token that the console prints."""

    field = "token"
    words = N_("This is not the operator's token. “membership check” prints it on the console.")


class NotAColour(Refused):
    """No colour as six hexadecimal digits."""

    field = "accent"
    words = N_("Please write the colour as # and six digits or letters, like #9a3324.")


class PaleColour(Refused):
    """A colour on which white text, or which on white paper, cannot be read by everybody."""

    field = "accent"
    words = N_(
        "This colour is too pale: on white it reaches a contrast of %(contrast)s to 1, and text needs 4.5 to 1. "
        "Please choose a darker one."
    )


class NotASite(Refused):
    """A line that is no web origin."""

    field = "sites"
    words = N_(
        "“%(line)s” is not the address of a site. Please write it like https://news.example.org, nothing after it."
    )


class NotAnAddressForReports(Refused):
    """Neither an e-mail address nor a page on the web."""

    field = "security"
    words = N_("Please write an e-mail address, or the address of a page that begins with https://.")


class AlreadySetUp(Refused):
    """The newsroom stands; the operator's first form is over."""

    status = 404
    words = N_("This newsroom is set up already. Its settings are among the staff's pages.")


def setup_token(secret: str) -> str:
    """What the operator must know to set the newsroom up: made from SECRET_KEY, so that nothing has to be stored."""
    digest = hmac.new(secret.encode(), b"membership: set up the newsroom", hashlib.sha256).hexdigest()
    return "-".join(digest[start : start + 6] for start in range(0, 24, 6))


def check_setup_token(typed: str, secret: str) -> None:
    """Raises `WrongSetupToken`; compares in constant time."""
    if not hmac.compare_digest(typed.strip().encode(), setup_token(secret).encode()):
        raise WrongSetupToken()


def canonical_article(address: str, sites: Container[str]) -> str | None:
    """An article's address without query and fragment, or None when it is not on one of the newsroom's sites.

    `sites` are origins (`https://news.example.org`); an address with credentials, or one that is too long, is nobody's.
    """
    parts = _web_address(address)
    origin = _origin(parts) if parts else None
    if parts is None or origin is None or origin not in sites:
        return None
    scheme, _, host = origin.partition("://")
    return urlunsplit((scheme, host, parts.path or "/", "", ""))


def read_site(line: str) -> str:
    """The origin that somebody typed (`https://News.Example.org/`), canonical. Raises `NotASite`."""
    parts = _web_address(line.strip())
    origin = _origin(parts) if parts else None
    if parts is None or origin is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise NotASite(line=line.strip()[:80])
    return origin


def read_sites(text: str) -> list[str]:
    """One origin a line, each once, in their order; empty lines are skipped. Raises `NotASite` for the first wrong one."""
    return list(dict.fromkeys(read_site(line) for line in text.splitlines() if line.strip()))


def _web_address(address: str) -> SplitResult | None:
    if len(address) > ADDRESS_LIMIT or any(ord(character) <= 32 for character in address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    return parts


def _origin(parts: SplitResult) -> str | None:
    """Scheme, host in IDNA and the port if it is not the usual one."""
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    if not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]+", host):
        return None
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if parts.port in {None, usual} else f"{parts.scheme}://{host}:{parts.port}"


def read_accent(typed: str) -> str:
    """A colour as `#rrggbb` that white text can stand on and that can stand on white. Raises `NotAColour`, `PaleColour`."""
    match = re.fullmatch(r"#?([0-9a-fA-F]{6})", typed.strip())
    if match is None:
        raise NotAColour()
    colour = "#" + match[1].lower()
    reached = contrast(colour, "#ffffff")
    if reached < READABLE:
        raise PaleColour(contrast=f"{reached:.1f}")
    return colour


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


UNSAID = timedelta(days=90)
"""So far ahead reaches a security.txt whose last day nobody named."""
LONGEST_SAID = timedelta(days=365)
"""RFC 9116, 2.5.5: less than a year is recommended."""


def read_report_address(typed: str) -> str:
    """An e-mail address or a page, for those who report something. Raises `NotAnAddressForReports`."""
    if not re.fullmatch(r"https://[!-~]+|[!-~]+@[!-~]+\.[!-~]+", typed.strip()):
        raise NotAnAddressForReports()
    return typed.strip()


def security_txt(address: str, *, until: date | None, languages: Sequence[str], base_url: str, at: datetime) -> str:
    """What RFC 9116 wants at /.well-known/security.txt: whom to tell of a hole, and how long this may be believed."""
    expires = datetime.combine(until + timedelta(days=1), time(), UTC) if until else at + UNSAID
    contact = address if address.startswith("https://") else f"mailto:{address}"
    lines = (
        f"Contact: {contact}",
        f"Expires: {expires.replace(microsecond=0).isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(dict.fromkeys(languages))}",
        f"Canonical: {base_url}/.well-known/security.txt",
    )
    return "\n".join(lines) + "\n"


def accent_on_dark(accent: str) -> str:
    """The accent for dark screens: mixed with white, twentieth by twentieth, until it reads well on the dark sheet."""
    channels = _channels(accent)
    for part in range(21):
        mixed = "#" + "".join(f"{(value * (20 - part) + 255 * part) // 20:02x}" for value in channels)
        if contrast(mixed, DARK_SHEET) >= READABLE + 2:
            return mixed
    return "#ffffff"


def accent_sheet(accent: str) -> str:
    """The style sheet that makes the accent the site's: `#rrggbb`, and a lighter shade of it for dark screens."""
    return (
        f":root{{--accent:{accent}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{accent_on_dark(accent)};--on-accent:#1a1512}}}}\n"
    )


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def by_the_cup(price: Money, here: Money, there: Money) -> Money:
    """A price carried into another currency by what a coffee costs in both, made round, never below one coffee there.

    `here` and `there` are the coffees. It is a price list, not an exchange rate.
    """
    exact = price.minor * there.minor // here.minor
    step = max(_round_step(exact), currency(there.currency).step)
    return Money(max((exact + step // 2) // step * step, there.minor), there.currency)


def _round_step(minor: int) -> int:
    """What a price of this size is rounded to: two digits stay, the second a 0 or 5 in the smaller sizes."""
    return {1: 1, 2: 5, 3: 50, 4: 100, 5: 500}.get(len(str(minor)), 5000)


@cache
def time_zones() -> tuple[str, ...]:
    """UTC, and the zones that are named after places; the tz database's old and short names are left out."""
    places = (name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return ("UTC", *sorted(places))
