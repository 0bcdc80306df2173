"""A **touch**: how somebody came to a payment, as it travels with the reader from the article to the form. Pure.

It travels as one address, in the field `article` that every page on the way hands on: the article's own address, its UTM
marks in the query as they always were, and in the fragment what the embed knows (`#appeal=3&day=2026-11-25&from=host`). So
nothing is kept about anybody before they pay, and no cookie is needed. Without an article only query and fragment are left.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlencode, urlsplit

from membership.newsroom.rules import canonical_article

LIMIT = 2000
"""Characters that are carried at most; what is longer is carried without its fragment, and then not at all."""
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_WORD = re.compile(r"[\w .,:/+@|&()'-]{1,100}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}", re.ASCII)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Touch:
    """What was said about the way here, each value checked for its form; what did not fit is None.

    `article` and `first_article` are canonical and on the newsroom's sites. `language` is the article's.
    """

    article: str | None = None
    title: str | None = None
    language: str | None = None
    embed: str | None = None
    appeal: int | None = None
    day: date | None = None
    campaign: str | None = None
    utm: Mapping[str, str] | None = None
    from_host: str | None = None
    first_article: str | None = None
    first_day: date | None = None
    thanks: str | None = None

    def __bool__(self) -> bool:
        return self != Touch()


NO_TOUCH = Touch()


def read(carried: str, sites: Container[str]) -> Touch:
    """The touch in a carried address. An article outside the newsroom's sites takes all that came with it along."""
    if not carried or len(carried) > LIMIT:
        return NO_TOUCH
    address, _, fragment = carried.partition("#")
    article = canonical_article(address, sites) if not address.startswith("?") and address else None
    if article is None and address and not address.startswith("?"):
        return NO_TOUCH
    asked = dict(parse_qsl(address.partition("?")[2], max_num_fields=60))
    said = asked | dict(parse_qsl(fragment, max_num_fields=60))
    utm = {name: found for name in UTM if (found := _fitting(_WORD, said.get(name)))}
    first = said.get("first", "")
    first_article = canonical_article(first, sites) if first else None
    return Touch(
        article=article,
        title=_title(said.get("title")) if article else None,
        language=_fitting(_LANGUAGE, said.get("lang")),
        embed=_fitting(_CODE, said.get("embed")),
        appeal=_number(said.get("appeal")),
        day=_day(said.get("day")),
        campaign=_fitting(_CODE, said.get("campaign")),
        utm=utm or None,
        from_host=_host(said.get("from"), sites),
        first_article=first_article,
        first_day=_day(said.get("first_day")) if first_article else None,
        thanks=_fitting(_CODE, said.get("thanks")),
    )


def carry(address: str, **more: object) -> str:
    """The address with more in its fragment; what stands there already stays, what would be too long is left out."""
    said = {name: str(value) for name, value in more.items() if value not in (None, "")}
    bare, _, fragment = address.partition("#")
    together = "&".join(part for part in (fragment, urlencode(said)) if part)
    whole = f"{bare}#{together}" if together else bare
    return next((one for one in (whole, address, bare) if len(one) <= LIMIT), "")


def with_marks(address: str, marks: Mapping[str, str], referrer: str | None) -> str:
    """An address as it came to a form, with the marks of the form's own address (a letter's link) and the referring site."""
    said = {name: marks[name] for name in (*UTM, "campaign", "thanks") if marks.get(name)}
    if not address:
        said |= {"from": _host_of(referrer) or ""}
    return carry(address, **said)


def _fitting(form: re.Pattern[str], value: str | None) -> str | None:
    value = (value or "").strip()
    return value if form.fullmatch(value) else None


def _title(value: str | None) -> str | None:
    return " ".join("".join(c for c in value or "" if c.isprintable()).split())[:300] or None


def _number(value: str | None) -> int | None:
    return int(value) if value and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) else None


def _day(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value and len(value) == 10 else None
    except ValueError:
        return None


def _host(value: str | None, sites: Container[str]) -> str | None:
    """The host of another site; one's own pages lead to each other all day, and that says nothing."""
    host = _fitting(_HOST, (value or "").lower())
    return None if host is None or f"https://{host}" in sites or f"http://{host}" in sites else host


def _host_of(address: str | None) -> str | None:
    try:
        return urlsplit(address or "").netloc.lower() or None
    except ValueError:
        return None
