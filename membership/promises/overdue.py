"""A promised day that has passed: staff are told the next morning, and readers after as many days as staff have set.

Each day that was promised has its own letters (their keys name it): moved and missed again, it is told again, once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from membership.jobs.queue import post
from membership.mail.many import LANE_NEWS, One, mailing, write_each
from membership.mail.writing import Recipient, write
from membership.newsroom.queries import current, today
from membership.promises.models import Promise
from membership.promises.queries import address_of, late_after, promise_by_id, those_to_tell
from membership.promises.rules import is_late
from membership.readers.queries import team
from membership.readers.wishes import stop_address

LETTERS_AT_ONCE = 50


def watch(session: Session, promise: Promise) -> None:
    """Post the job that looks at a promise when its day has passed."""
    if promise.due_on is not None:
        due = _begin_of(session, promise.due_on + timedelta(days=1))
        post(session, "promises.watch", f"promise:{promise.id}:watch", {"promise": promise.id}, due_at=due)


def tell_staff(session: Session, promise_id: int, *, at: datetime) -> None:
    """If a promise is late, tell the editors, and post the job that tells readers; if its day was moved, look again then."""
    promise = promise_by_id(session, promise_id)
    if promise is None or promise.due_on is None or promise.closed_at is not None:
        return
    if not _late(session, promise, at):
        watch(session, promise)
        return
    for one in team(session, role="editor"):
        to = Recipient(one.email, one.name, one.language, one.reader_id)
        key = f"promise:{promise.id}:late:{promise.due_on}:staff:{one.reader_id}"
        write(session, "promise_late_staff", to, key=key, at=at, promise=promise, days=late_after(session))
    due = _begin_of(session, promise.due_on + timedelta(days=1 + late_after(session)))
    _post_readers(session, promise, after=0, at=max(at, due))


def tell_readers(session: Session, promise_id: int, due_on: str, *, after: int, at: datetime) -> None:
    """Tell the next readers who asked for a story that its day has passed, and why; unless it was moved or closed since."""
    promise = promise_by_id(session, promise_id)
    if promise is None or promise.due_on is None or promise.due_on.isoformat() != due_on:
        return
    if not _late(session, promise, at):
        return
    told = those_to_tell(session, promise, after=after, most=LETTERS_AT_ONCE)
    those = [
        One(
            Recipient(who.email, who.name, who.language, who.reader_id),
            f"promise:{promise.id}:late:{due_on}:{who.reader_id}", stop_address(who.reader_id, "stories"),
            {"promise": promise, "address": address_of(promise)},
        )
        for who in told
    ]  # fmt: skip
    of = mailing(session, f"promise:{promise.id}:late:{due_on}", sort="stories", lane=LANE_NEWS)
    write_each(session, of, "promise_late", those, at=at)
    if len(told) == LETTERS_AT_ONCE:
        _post_readers(session, promise, after=told[-1].reader_id, at=at)


def _post_readers(session: Session, promise: Promise, *, after: int, at: datetime) -> None:
    payload = {"promise": promise.id, "due_on": str(promise.due_on), "after": after}
    post(session, "promises.tell_late", f"promise:{promise.id}:late:{promise.due_on}", payload, due_at=at)


def _late(session: Session, promise: Promise, at: datetime) -> bool:
    return is_late(state=promise.state, due_on=promise.due_on, today=today(session, at))


def _begin_of(session: Session, day: date) -> datetime:
    """The first moment of a day by the newsroom's calendar."""
    newsroom = current(session)
    zone = ZoneInfo(newsroom.time_zone if newsroom else "UTC")
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
