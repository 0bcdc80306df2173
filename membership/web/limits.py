"""Limits, counted in the database with one atomic statement, so that they hold across processes and machines."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import Connection, Index, Text, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from membership.db import Base, UtcTime, run, transaction
from membership.refusals import N_, Refused

WIDE = 1000
"""In the demo every limit is this many times wider: all its visitors come from one address."""


class TooOften(Refused):
    """A limit was reached. The words tell a tester nothing about which."""

    status = 429
    words = N_("That was tried too often in a short time. Please wait a little and try again; nothing was lost.")


class LimitCount(Base):
    """How often something happened in one window. `subject` is a keyed hash: no address is kept in the clear."""

    __tablename__ = "limit_count"
    __table_args__ = (Index("ix_limit_count_window_start", "window_start"),)

    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class ChosenFigure(Base):
    """A number that staff chose in the place of the house's own: a limit by its scope, or another figure by its name."""

    __tablename__ = "chosen_figure"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[int]


@dataclass(frozen=True)
class Limit:
    """At most `most` times within `window`, per subject."""

    scope: str
    most: int
    window: timedelta


SIGN_IN_PER_ADDRESS = Limit("sign-in/email", 3, timedelta(minutes=15))
SIGN_IN_PER_ADDRESS_DAY = Limit("sign-in/email/day", 10, timedelta(days=1))
SIGN_IN_PER_CLIENT = Limit("sign-in/client", 5, timedelta(hours=1))
SIGN_IN_PER_NETWORK = Limit("sign-in/network", 20, timedelta(hours=1))
CODES_PER_CLIENT = Limit("code/client", 50, timedelta(hours=1))
STEPS_PER_READER = Limit("step/reader", 20, timedelta(hours=1))
WRONG_STEPS_PER_SESSION = Limit("step/session", 5, timedelta(hours=12))
CHECKOUTS_PER_CLIENT = Limit("checkout/client", 5, timedelta(hours=1))
CHECKOUTS_PER_ADDRESS = Limit("checkout/email", 3, timedelta(hours=1))
CLAIMS_PER_CLIENT = Limit("claim/client", 200, timedelta(hours=1))
"""Seats and gifts that were claimed by the secret of a letter: a class takes its seats from one address within an hour."""
GIFT_LETTERS_PER_CLIENT = Limit("gift-letter/client", 20, timedelta(hours=1))
PROPOSALS_PER_READER = Limit("topic/reader", 10, timedelta(days=1))
EXPORTS_PER_READER = Limit("export/reader", 10, timedelta(days=1))
ERASURES_PER_READER = Limit("erasure/reader", 5, timedelta(days=1))
VOTES_PER_READER = Limit("vote/reader", 60, timedelta(hours=1))
FIXED = frozenset({VOTES_PER_READER.scope})
"""What is no setting of anybody's, where asking would be felt."""

_COUNT = text("""
    INSERT INTO limit_count (scope, subject, window_start, count) VALUES (:scope, :subject, :window_start, 1)
    ON CONFLICT (scope, subject, window_start) DO UPDATE SET count = limit_count.count + 1
    RETURNING count
""").bindparams(bindparam("window_start", type_=UtcTime()))

COUNTED = (
    insert(LimitCount)
    .values(scope=bindparam("scope"), subject=bindparam("subject"), window_start=bindparam("window_start"), count=1)
    .on_conflict_do_update(
        index_elements=["scope", "subject", "window_start"], set_={"count": LimitCount.__table__.c.count + 1}
    )
    .returning(LimitCount.count)
    .cte("counted")
)
"""The same for PostgreSQL as a part of a larger statement: its column `count` is what `count_beside` made the values for."""


STAFF_MAY_CHANGE = (
    SIGN_IN_PER_ADDRESS, SIGN_IN_PER_ADDRESS_DAY, SIGN_IN_PER_CLIENT, SIGN_IN_PER_NETWORK, CODES_PER_CLIENT,
)  # fmt: skip
"""Limits whose number is a setting."""

_GIVE_BACK = text("""
    UPDATE limit_count SET count = count - 1
    WHERE scope = :scope AND subject = :subject AND window_start = :window_start AND count > 0
""").bindparams(bindparam("window_start", type_=UtcTime()))


def chosen_figures(session: Session | Connection) -> dict[str, int]:
    """What staff chose, by name."""
    return {row.name: row.value for row in session.execute(select(ChosenFigure.name, ChosenFigure.value))}


def choose_figures(session: Session, figures: Mapping[str, int], own: Mapping[str, int]) -> dict[str, int]:
    """From now on these numbers hold; where one is the house's `own`, nothing is kept. Returns those that changed."""
    before = {**own, **chosen_figures(session)}
    session.execute(delete(ChosenFigure).where(ChosenFigure.name.in_(figures)))
    session.add_all(ChosenFigure(name=name, value=value) for name, value in figures.items() if value != own[name])
    session.flush()
    return {name: value for name, value in figures.items() if before[name] != value}


def keyed(what: str) -> str:
    """A keyed hash of an address, network or card: to be recognised by, and no way back."""
    key = current_app.config["MEMBERSHIP"].secret_key
    return hmac.new(key.encode(), what.encode(), hashlib.sha256).hexdigest()[:32]


def count_up(session: Session, limit: Limit, subject: str, *, at: datetime) -> int:
    """Count one try in the caller's transaction; returns how many there are in this window now, this one included."""
    values = _values(limit, subject, at, current_app.config["MEMBERSHIP"].secret_key)
    return int(session.execute(_COUNT, values).scalar_one())


def give_back(session: Session, limit: Limit, subject: str, *, counted_at: datetime) -> None:
    """What was counted turned out well: it counts no longer."""
    session.execute(_GIVE_BACK, _values(limit, subject, counted_at, current_app.config["MEMBERSHIP"].secret_key))


def count_against(*counted: tuple[Limit, str], at: datetime) -> None:
    """Count one try against each (limit, subject), in a transaction of its own. Raises `TooOften` at the first that is over.

    A refused try is not counted against anybody: who has used up a limit of their own cannot use up somebody else's.
    Name the client's own limit first.
    """
    with transaction() as session:
        count_within(session, *counted, at=at)


def count_within(session: Session | Connection, *counted: tuple[Limit, str], at: datetime) -> None:
    """The same in the caller's transaction: one commit less. Whatever rolls it back takes the count back as well, so a
    caller that refuses counts once more by `count_against`. Raises `TooOften`."""
    config = current_app.config["MEMBERSHIP"]
    factor = WIDE if config.wide_limits else 1
    chosen = chosen_figures(session) if any(limit.scope not in FIXED for limit, _ in counted) else {}
    for limit, subject in counted:
        values = _values(limit, subject, at, config.secret_key)
        if run(session, _COUNT, values).scalar() > chosen.get(limit.scope, limit.most) * factor:
            raise TooOften()


def count_beside(limit: Limit, subject: str, *, at: datetime) -> dict[str, object]:
    """The values of `COUNTED`, for a limit that is no setting; what it says goes to `check_count`."""
    assert limit.scope in FIXED
    return _values(limit, subject, at, current_app.config["MEMBERSHIP"].secret_key)


def check_count(limit: Limit, count: int) -> None:
    """Raises `TooOften` for a count beyond a limit that is no setting."""
    if count > limit.most * (WIDE if current_app.config["MEMBERSHIP"].wide_limits else 1):
        raise TooOften()


def _values(limit: Limit, subject: str, at: datetime, key: str) -> dict[str, object]:
    seconds = int(limit.window.total_seconds())
    start = datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=at.tzinfo)
    digest = hmac.new(key.encode(), f"{limit.scope}\0{subject}".encode(), hashlib.sha256).hexdigest()[:32]
    return {"scope": limit.scope, "subject": digest, "window_start": start}
