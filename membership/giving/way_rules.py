"""Rules about other ways to give: what an IBAN, a BIC and a link look like. Pure.

Sources: ISO 13616 (IBAN, check digits by ISO 7064 mod 97-10), ISO 9362 (BIC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from membership.refusals import N_, Refused

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)


class NotAnIban(Refused):
    """Mistyped: the check digits do not fit."""

    field = "iban"
    words = N_("This is not an IBAN; please compare it with your bank's letter, sign by sign.")


class NotABic(Refused):
    """Eight or eleven letters and digits."""

    field = "bic"
    words = N_("This is not a BIC: it has eight or eleven letters and digits.")


class NotALink(Refused):
    """Not an https address."""

    field = "paypal"
    words = N_("Please write the whole address, beginning with https://")


class InTheFuture(Refused):
    """A gift that has not come yet."""

    field = "paid_on"
    words = N_("This day is still to come.")


def read_iban(typed: str) -> str:
    """An IBAN without its spaces, its check digits proved; empty stays empty. Raises `NotAnIban`."""
    iban = "".join(typed.split()).upper()
    if not iban:
        return ""
    if not _IBAN.fullmatch(iban):
        raise NotAnIban()
    digits = "".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])
    if int(digits) % 97 != 1:
        raise NotAnIban()
    return iban


def read_bic(typed: str) -> str:
    """A BIC; empty stays empty (within the euro area none is needed). Raises `NotABic`."""
    bic = "".join(typed.split()).upper()
    if bic and not _BIC.fullmatch(bic):
        raise NotABic()
    return bic


def read_link(typed: str) -> str:
    """An https address; empty stays empty. Raises `NotALink`."""
    link = typed.strip()
    if not link:
        return ""
    try:
        parts = urlsplit(link)
    except ValueError:
        raise NotALink() from None
    if parts.scheme != "https" or "." not in (parts.hostname or "") or not link.isprintable() or " " in link:
        raise NotALink()
    return link


class NotLinks(Refused):
    """A line without an https address."""

    words = N_(
        "Please write one link a line: some words, then the whole address beginning with https://. Not so: “%(line)s”."
    )


@dataclass(frozen=True)
class Link:
    """A link of the staff's choosing."""

    words: str
    address: str


def read_links(typed: str, *, field: str) -> list[Link]:
    """Links as typed, one a line: words, then an https address. Without words the host stands for them. Raises `NotLinks`."""
    links = []
    for line in (" ".join(one.split()) for one in typed.splitlines()):
        if not line:
            continue
        words, _, address = line.rpartition(" ")
        try:
            links.append(Link(words or urlsplit(address).hostname or "", read_link(address)))
        except (NotALink, ValueError):
            raise NotLinks(field=field, line=line[:80]) from None
    return links


def grouped(iban: str) -> str:
    """As it is printed: in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def epc_payload(*, holder: str, iban: str, bic: str) -> str:
    """What a European bank's app reads from the QR code (EPC069-12, version 2): a transfer whose amount the giver chooses."""
    return "\n".join(["BCD", "002", "1", "SCT", bic, holder[:70], iban])
