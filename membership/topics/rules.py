"""Rules about topics: what a proposal must say, what an editor may decide, how an address is made of a title. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from membership.refusals import N_, Refused

TITLE_LENGTH = (8, 140)
WHY_LENGTH = (20, 4000)
REASON_LENGTH = 2000
LINKS = 5
TAGS = 6
TAG_LENGTH = 30
TAKEN = frozenset({"similar"})
"""What stands in addresses of ours where a title would."""
OPEN = frozenset({"proposed", "accepted", "needs_facts"})
"""The states in which a topic can be supported."""


class TitleTooShort(Refused):
    """Nobody could tell what is meant."""

    field = "title"
    words = N_("Please say in a few words what we should look into (at least %(least)s letters).")


class TitleTooLong(Refused):
    """A title that would not fit on a ballot."""

    field = "title"
    words = N_("Please keep the title below %(most)s letters; there is room for more beneath it.")


class WhyTooShort(Refused):
    """A topic without a reason cannot be judged."""

    field = "why"
    words = N_("Please tell us in a sentence or two why this matters.")


class WhyTooLong(Refused):
    """Longer than anybody would read on a ballot."""

    field = "why"
    words = N_("Please keep this below %(most)s letters.")


class NotALink(Refused):
    """Only web addresses can be given as background."""

    field = "links"
    words = N_("Please write each link as a web address that begins with https:// or http://, one on each line.")


class TooManyLinks(Refused):
    """More background than needed."""

    field = "links"
    words = N_("Please give at most %(most)s links.")


class ChangedMeanwhile(Refused):
    """Two editors wrote at once: the second sees the words of the first before they are replaced."""

    field = "title"
    words = N_(
        "Somebody changed this topic while you were writing. What it says now stands on this page; your words are still in "
        "the form, and sending them again puts them in its place."
    )


class ReasonMissing(Refused):
    """Turning a topic away, or holding it, needs a reason that everybody may read."""

    field = "reason"
    words = N_("Please give the reason. It will be public.")


class ReasonTooLong(Refused):
    """A public reason is a few sentences."""

    field = "reason"
    words = N_("Please keep the reason below %(most)s letters.")


class TopicClosed(Refused):
    """A declined or merged topic takes no support."""

    status = 409
    words = N_("This topic cannot be supported any more.")


class AlreadyDecided(Refused):
    """A merged topic is no longer decided about."""

    status = 409
    words = N_("This topic was merged into another one and cannot be decided about by itself.")


class NotWithItself(Refused):
    """Two topics are needed."""

    field = "into"
    words = N_("Please choose another topic; this one cannot be merged with itself.")


class NotATopic(Refused):
    """Nothing stands at that address, or by that number."""

    field = "into"
    words = N_("There is no such topic. Please give its address or its number.")


class NotInto(Refused):
    """Only a topic that can be supported takes another one in."""

    field = "into"
    words = N_("That topic was declined or merged itself. Please choose one that stands.")


class OnABallot(Refused):
    """Patrons are voting on it at this moment."""

    field = "into"
    words = N_("This topic stands on an open ballot. It can be merged when the votes are counted.")


class Promised(Refused):
    """What was promised keeps its own address until the promise is closed."""

    field = "into"
    words = N_("This topic has been promised. Please merge the other one into it instead.")


class TagTooLong(Refused):
    """A tag is a word or two."""

    field = "tags"
    words = N_("Please keep each tag below %(most)s letters.")


class TooManyTags(Refused):
    """Tags help only while they are few."""

    field = "tags"
    words = N_("Please give at most %(most)s tags.")


def read_tags(typed: str) -> list[str]:
    """The tags between the commas, casefolded, each once, sorted. Raises `TagTooLong`, `TooManyTags`."""
    tags = sorted({" ".join(_printable(part).casefold().split()) for part in typed.split(",")} - {""})
    if any(len(one) > TAG_LENGTH for one in tags):
        raise TagTooLong(most=TAG_LENGTH)
    if len(tags) > TAGS:
        raise TooManyTags(most=TAGS)
    return tags


def check_title(typed: str) -> str:
    """The title on one line. Raises `TitleTooShort`, `TitleTooLong`."""
    title = " ".join(_printable(typed).split())
    least, most = TITLE_LENGTH
    if _seen(title) < least:
        raise TitleTooShort(least=least)
    if len(title) > most:
        raise TitleTooLong(most=most)
    return title


def check_why(typed: str) -> str:
    """The reason with its paragraphs. Raises `WhyTooShort`, `WhyTooLong`."""
    why = tidy(typed)
    least, most = WHY_LENGTH
    if _seen(why) < least:
        raise WhyTooShort()
    if len(why) > most:
        raise WhyTooLong(most=most)
    return why


def check_links(typed: Iterable[str]) -> list[str]:
    """The web addresses, each once, in their order. Raises `NotALink`, `TooManyLinks`."""
    links = list(dict.fromkeys(line.strip() for line in typed if line.strip()))
    if not all(is_web_address(link) for link in links):
        raise NotALink()
    if len(links) > LINKS:
        raise TooManyLinks(most=LINKS)
    return links


def check_reason(typed: str, *, needed: bool) -> str:
    """A decision's public reason. Raises `ReasonMissing`, `ReasonTooLong`."""
    reason = tidy(typed)
    if needed and len(reason) < 5:
        raise ReasonMissing()
    if len(reason) > REASON_LENGTH:
        raise ReasonTooLong(most=REASON_LENGTH)
    return reason


def is_web_address(text: str) -> bool:
    """Whether this is an absolute http(s) address with a host, without a password, spaces or control characters."""
    if len(text) > 2000 or any(c.isspace() or not c.isprintable() for c in text):
        return False
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.username is None
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False


def tidy(typed: str) -> str:
    """Text of several paragraphs: line ends unified, control characters and long gaps taken out."""
    text = _printable(typed.replace("\r\n", "\n").replace("\r", "\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def _printable(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in _TURNING))


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: with them a text reads otherwise than it is written."""


def _seen(text: str) -> int:
    """How many letters and signs there are to see; joiners and other marks without a width are none."""
    return sum(unicodedata.category(c) != "Cf" for c in text)


def slug_of(title: str, otherwise: str) -> str:
    """What stands in an address for a title: ASCII words joined by hyphens; `otherwise` when no letter is left."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    slug = slug[:60].rstrip("-") or otherwise
    return f"{slug}-{otherwise}" if slug in TAKEN else slug
