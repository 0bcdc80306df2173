"""A process dies while it takes a vote, or while it closes a ballot: done again, it is one vote, and one result."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import NullPool, func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import create_app
from membership.ballots import actions, tasks
from membership.ballots.models import BallotRoll
from membership.ballots.urn import BallotPending, Vote
from membership.db import engine_for
from membership.jobs.models import Job
from membership.jobs.queue import claim_key
from membership.jobs.worker import do
from membership.mail.models import Letter
from membership.web.limits import VOTES_PER_READER
from tests import make
from tests.ballots.helpers import SECRET, ballot, cast, patrons
from tests.ballots.test_many_at_once import check
from tests.faults.steps import dies


@pytest.fixture
def house(store, config):
    """The app on a database of one's own, every connection used once; afterwards bound to what it was before."""
    with store.fresh() as url:
        before, engine = db._bind, engine_for(url, poolclass=NullPool)
        app = create_app(config)
        db.bind(engine)
        with app.app_context(), Session(engine, expire_on_commit=False) as session:
            make.newsroom(session)
            yield session, engine
        if before is not None:
            db.bind(before)


def votes(slug: str, reader_id: int, choice: int, attempt: str) -> str:
    """What the door of the votes does; the receipt code."""
    with db.writing() as books:
        held = actions.hold_and_count(books, slug, VOTES_PER_READER, str(reader_id), at=clock.now())
        made = actions.cast_and_confirm(
            books, held, reader_id, [choice], secret=SECRET, attempt=attempt, at=clock.now()
        )
    return made.code


def test_killed_anywhere_a_vote_is_one_vote_and_so_is_its_change(house):
    session, engine = house
    people = [person.reader_id for person in patrons(session, 40)]
    made = ballot(session)
    ballot_id, slug = made.id, made.slug
    lines = select(BallotPending.event).order_by(BallotPending.event)
    for step, who in enumerate(people):  # at 0 nobody dies: so what is compiled is there for those who do

        def first(who: int = who) -> str:
            return votes(slug, who, 1, "first")

        def change(who: int = who) -> str:
            return votes(slug, who, 2, "second")

        session.rollback()
        dead = step > 0 and dies(engine, step, first)
        code = first()
        assert session.scalars(select(Vote.code).where(Vote.code == code)).all() == [code]
        assert session.scalars(lines.where(BallotPending.code == code)).all() == ["cast"]
        posted = select(func.count()).select_from(Job).where(Job.key == f"vote:{ballot_id}:{who}")
        assert session.scalar(posted) == 1
        session.rollback()
        dead |= step > 0 and dies(engine, step, change)
        new = change()
        assert session.scalars(select(Vote.code).where(Vote.code.in_([code, new]))).all() == [new]
        assert session.scalars(lines.where(BallotPending.code == code)).all() == ["cast", "replaced"]
        assert session.scalars(lines.where(BallotPending.code == new)).all() == ["cast"]
        session.rollback()
        if step and not dead:
            break
    assert step > 4 and not dead, step
    ticked = select(func.count()).select_from(BallotRoll).where(BallotRoll.voted)
    assert session.scalar(select(func.count()).select_from(Vote)) == session.scalar(ticked)
    session.rollback()
    for who in people:
        letter = claim_key(f"vote:{ballot_id}:{who}", lease=timedelta(0))
        if letter is not None:
            do(letter, tasks.TASKS)
    letters = select(func.count()).select_from(Letter).where(Letter.kind == "vote_is_in")
    assert session.scalar(letters) == session.scalar(ticked)


def closes(ballot_id: int) -> None:
    """What the worker does when this ballot is due."""
    job = claim_key(f"ballot:{ballot_id}:close", lease=timedelta(0))
    if job is not None:
        do(job, tasks.TASKS)


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.long)])
def test_killed_anywhere_a_close_counts_once(house, every, monkeypatch):
    session, engine = house
    voters, now = patrons(session, 6), clock.now()
    died = 0
    for kill_at in range(1, 200, every):
        made = ballot(session)
        for number, who in enumerate(voters):
            cast(session, made, who, 1 + number % 2 if number else 3)
        with monkeypatch.context() as later:
            later.setattr(clock, "now", lambda: now + timedelta(hours=2))
            session.rollback()
            killed = dies(engine, kill_at, lambda ballot_id=made.id: closes(ballot_id))
            closes(made.id)
        session.expire_all()
        check(session, made.id)
        told = select(func.count()).select_from(Job).where(Job.key == f"ballot:{made.id}:close")
        assert session.scalar(told) == 0
        if not killed:
            break
        died += 1
    assert died * every > 15, died
