"""What embeds are made of: read from the database once in a while and kept in this process, so that no spike reaches it.

Everything that an embed shows is read at once into a `Face`. It serves for `KEEP` seconds; then one request reads it anew
while the others go on with the old one. If nothing changed, the pages that were made of it stay. So an embed may be half a
minute older than what staff saved (at once in the process in which they saved it), and what caches on the way add to that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from sqlalchemy.orm import Session

from membership.appeals import queries
from membership.appeals.models import BUILT_IN
from membership.appeals.rules import Words
from membership.db import reading
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.newsroom.models import Newsroom
from membership.web.held import HeldAnswers

KEEP = 30.0
"""Seconds; `EMBED_SECONDS` in the application's settings says otherwise (0: never keep anything)."""
PAGES_KEPT = 5_000
Made = TypeVar("Made")


@dataclass(frozen=True)
class OpenBallot:
    """What the thanks to a patron say about the ballot that closes next."""

    slug: str
    title: str
    closes_at: datetime


@dataclass(frozen=True)
class Face:
    """Everything that embeds show, as it stood at one moment. `texts` by variant and language; empty: the built-in words."""

    name: str
    language: str
    zone: str
    accent: str
    currency: str
    sites: tuple[str, ...]
    prices: Mapping[str, Money]
    appeal_id: int
    variants: int
    texts: Mapping[tuple[int, str], Words]
    ballots: tuple[OpenBallot, ...]
    pages: dict[object, tuple[bytes, str]] = field(default_factory=dict, compare=False, repr=False)
    templates: dict[object, str] = field(default_factory=dict, compare=False, repr=False)

    def today(self, at: datetime) -> date:
        """The newsroom's day at a moment."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def languages(self) -> list[str]:
        """Those in which the appeal has words; none: the site's own."""
        return sorted({language for _, language in self.texts})

    def price(self, currency: str) -> Money | None:
        """The smallest monthly price in a currency, else in the newsroom's own."""
        return self.prices.get(currency) or self.prices.get(self.currency)

    def page(self, key: object, make: Callable[[], tuple[bytes, str]]) -> tuple[bytes, str]:
        """A page and its tag, made when it is first asked for."""
        return _once(self.pages, key, make)

    def template(self, key: object, make: Callable[[], str]) -> str:
        """What the pages of many articles have in common, made when it is first asked for."""
        return _once(self.templates, key, make)


def _once(held: dict[object, Made], key: object, make: Callable[[], Made]) -> Made:
    """A full shelf is cleared: whoever asks for thousands of different pages fills nobody's memory."""
    found = held.get(key)
    if found is None:
        if len(held) >= PAGES_KEPT:
            held.clear()
        found = held[key] = make()
    return found


def _read(session: Session, us: Newsroom, at: datetime) -> Face:
    running = queries.running(session)
    texts = queries.texts_of(session, running.id) if running else {}
    return Face(
        name=us.name,
        language=us.language,
        zone=us.time_zone,
        accent=us.accent,
        currency=us.currency,
        sites=tuple(newsroom.sites(session)),
        prices=queries.smallest_prices(session),
        appeal_id=running.id if running else BUILT_IN,
        variants=running.variants if running else 1,
        texts=texts,
        ballots=tuple(OpenBallot(row.slug, row.title, row.closes_at) for row in queries.open_ballots(session, at)),
    )


class Shelf:
    """One process' newest face."""

    def __init__(self, held: HeldAnswers) -> None:
        self._held = held
        self._reading = threading.Lock()
        self._face: Face | None = None
        self._read_at = 0.0

    def face(self, at: datetime) -> Face | None:
        """The face to serve now; None before the newsroom is set up. One thread at a time reads it anew."""
        keep = float(current_app.config.get("EMBED_SECONDS", KEEP))
        held = self._face
        if held is not None and time.monotonic() - self._read_at < keep:
            return held
        if not self._reading.acquire(blocking=held is None or keep == 0):
            return held
        try:
            began = time.monotonic()
            with reading() as session:
                us = newsroom.current(session)
                fresh = _read(session, us, at) if us else None
            # What did not change keeps its pages; a shelf that keeps nothing keeps none either.
            self._face = held if fresh == held and keep else fresh
            self._read_at = began
            return self._face
        finally:
            self._reading.release()

    def clear(self) -> None:
        """Staff changed something: the next request reads anew."""
        self._read_at = float("-inf")
        self._held.clear()


def install(app: Flask) -> None:
    """Give the application its shelf, and hold whole answers in front of it for a part of that time."""

    def seconds() -> float:
        return float(app.config.get("EMBED_SECONDS", KEEP)) / 2

    held = HeldAnswers(app.wsgi_app, seconds)
    app.wsgi_app = held  # type: ignore[assignment, method-assign]
    app.extensions["appeals"] = Shelf(held)


def shelf() -> Shelf:
    """This application's."""
    found: Shelf = current_app.extensions["appeals"]
    return found
