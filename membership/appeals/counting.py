"""Counting what was seen and clicked: in memory, and written every few seconds with one statement for all of it.

What was counted and not yet written when a process is killed is lost: at most `WRITE_EVERY` seconds of it. A process that
ends in order writes first. Machines that say so are not counted, nor pages fetched ahead of a reader who may never come.
Nothing here is about one reader: there is no address, no cookie, no time of day.
"""

from __future__ import annotations

import atexit
import logging
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from multiprocessing.util import Finalize

from flask import Request, current_app
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from membership.appeals.models import NOWHERE, AppealCount
from membership.appeals.rules import dealt
from membership.appeals.shelf import Face
from membership.db import transaction
from membership.giving import touches
from membership.newsroom import actions as newsroom
from membership.newsroom.models import Article
from membership.web.browser import client_network

SEEN, CLICKED = "seen", "clicked"
WRITE_EVERY = 5.0
"""Seconds."""
MOST_LINES = 2_000
"""Different lines kept between two writings; beyond, what comes is counted without its article. Nobody fills our memory."""
MACHINES = re.compile(r"bot\b|bot/|crawl|spider|slurp|facebookexternalhit|lighthouse|archiver|preview", re.I)
NEW_A_DAY = 500
"""So many articles at most become known within a day by being seen: there is no end of paths that somebody can invent."""
NEW_PER_NETWORK = 30
"""And so many of them on the word of one network, in one process."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """What one count is of."""

    day: date
    appeal_id: int
    article: str
    title: str
    variant: int
    language: str


def by_a_reader(request: Request) -> bool:
    """Whether it was asked for by somebody who looks: no machine that says so, and nothing fetched in advance."""
    ahead = f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}"
    return "prefetch" not in ahead and "prerender" not in ahead and not MACHINES.search(request.user_agent.string)


def line_of(face: Face, carried: str, at: datetime) -> Line | None:
    """What a frame of ours says about itself, if it can be true: this appeal, dealt today or yesterday, under our article."""
    touch = touches.read(carried, face.sites)
    days = {face.today(at), face.today(at - timedelta(days=1))}
    if touch.appeal != face.appeal_id or touch.day is None or touch.day not in days:
        return None
    language = touch.language if touch.language in face.languages else face.language
    variant = dealt(face.appeal_id, touch.article or "", touch.day, face.variants)
    return Line(touch.day, face.appeal_id, touch.article or "", touch.title or "", variant, language or face.language)


class Counts:
    """What this process counted and did not write yet."""

    def __init__(self, *, write_by_itself: bool) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[Line, str]] = Counter()
        self._named_by: dict[str, str] = {}
        self._made: tuple[date | None, Counter[str]] = (None, Counter())
        self._waiting: threading.Timer | None = None
        self._latest: datetime | None = None
        self._by_itself = write_by_itself
        if write_by_itself:
            # A server's worker ends as a process that was spawned: those never come to what atexit was told.
            atexit.register(self.write)
            Finalize(None, self.write, exitpriority=1)

    def note(self, face: Face, carried: str, what: str, request: Request, at: datetime) -> None:
        """One more seen or clicked; quietly nothing for machines and for what no frame of ours says."""
        line = line_of(face, carried, at) if by_a_reader(request) else None
        if line is None:
            return
        network = client_network()
        with self._lock:
            if (line, what) not in self._counted and len(self._counted) >= MOST_LINES:
                variant = dealt(line.appeal_id, "", line.day, face.variants)
                line = Line(line.day, line.appeal_id, "", "", variant, line.language)
            self._counted[line, what] += 1
            if line.article:
                self._named_by.setdefault(line.article, network)
            self._latest = at
            if self._by_itself and self._waiting is None:
                self._waiting = threading.Timer(WRITE_EVERY, self.write)
                self._waiting.daemon = True
                self._waiting.start()

    def write(self) -> None:
        """Add what was counted to the books; what could not be written is kept for the next time."""
        with self._lock:
            counted, self._counted, self._waiting = self._counted, Counter(), None
            named_by, self._named_by = self._named_by, {}
            at = self._latest
        if not counted or at is None:
            return
        if self._made[0] != at.date():
            self._made = (at.date(), Counter())
        made = self._made[1]
        try:
            with transaction() as session:
                new = add(session, counted, at=at, named_by=named_by, made=made)
            made.update(new)
        except Exception:  # a timer has nobody to tell but the log, and the counts must not be lost to a busy database
            log.exception("what was seen and clicked could not be written; it is tried again")
            with self._lock:
                self._counted.update(counted)
                self._named_by = named_by | self._named_by


def add(
    session: Session, counted: Counter[tuple[Line, str]], *, at: datetime, named_by: Mapping[str, str],
    made: Mapping[str, int],
) -> Counter[str]:  # fmt: skip
    """One statement for all lines; two processes may write the same line at once and nothing is lost.

    `named_by` says on which network's word an article was named, `made` how many each has made known today; those that it
    makes known now are returned.
    """
    numbers, new = _numbers(session, counted, at=at, named_by=named_by, made=made)
    rows: dict[tuple[object, ...], Counter[str]] = {}
    for (line, what), number in counted.items():
        key = (line.day, line.appeal_id, numbers[line.article], line.variant, line.language)
        rows.setdefault(key, Counter())[what] += number
    names = ("day", "appeal_id", "article_id", "variant", "language")
    values = [
        dict(zip(names, key, strict=True)) | {SEEN: rows[key][SEEN], CLICKED: rows[key][CLICKED]}
        for key in sorted(rows, key=repr)  # in one order, so that two writers never wait for each other in a ring
    ]
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    for start in range(0, len(values), 100):
        statement = insert(AppealCount).values(values[start : start + 100])
        session.execute(
            statement.on_conflict_do_update(
                index_elements=list(names),
                set_={
                    SEEN: AppealCount.seen + statement.excluded.seen,
                    CLICKED: AppealCount.clicked + statement.excluded.clicked,
                },
            )
        )
    return new


def _numbers(
    session: Session, counted: Counter[tuple[Line, str]], *, at: datetime, named_by: Mapping[str, str],
    made: Mapping[str, int],
) -> tuple[dict[str, int], Counter[str]]:  # fmt: skip
    """The number of each article that was named, and on whose word the new ones became known.

    Anybody can name an address on the newsroom's sites, and whether anything stands there we do not know. So only so many
    become known in a day; what is named beyond is counted without its article until a day has room for it, or until
    somebody begins to pay there.
    """
    titles: dict[str, str] = {}
    for line, _ in sorted(counted, key=lambda key: (key[0].article, key[0].title)):
        titles[line.article] = titles.get(line.article) or line.title
    found = select(Article.address, Article.id, Article.title).where(Article.address.in_(list(titles)))
    known = {row.address: row for row in session.execute(found)}
    of_today = select(func.count()).where(Article.first_seen_at > at - timedelta(days=1))
    room = NEW_A_DAY - session.execute(of_today).scalar_one() if titles.keys() - known.keys() - {""} else 0
    numbers, new = {"": NOWHERE}, Counter[str]()
    for address, title in titles.items():  # in one order, as above
        network, row = named_by.get(address, ""), known.get(address)
        if row is not None and (row.title or not title):
            numbers[address] = row.id
        elif address and (row or (new.total() < room and made.get(network, 0) + new[network] < NEW_PER_NETWORK)):
            kept = newsroom.article(session, address, title, at)
            numbers[address] = kept.id if kept else NOWHERE
            new[network] += row is None and kept is not None
        else:
            numbers[address] = NOWHERE
    return numbers, new


def counts() -> Counts:
    """This process' own."""
    found: Counts | None = current_app.extensions.get("appeals.counts")
    if found is None:
        by_itself = bool(current_app.config.get("COUNTS_BY_THEMSELVES", True))
        found = current_app.extensions["appeals.counts"] = Counts(write_by_itself=by_itself)
    return found
