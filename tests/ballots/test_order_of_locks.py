"""Acts of staff beside each other: each ends with the audit trail's head, so that none waits for another in a ring."""

import threading
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.ballots import actions
from membership.ballots.models import Ballot, BallotRoll
from membership.readers import actions as readers
from membership.readers.queries import role_of
from membership.readers.trail import AuditEntry, first_break, note
from tests import make
from tests.ballots.helpers import HOUR, SECRET, accepted_topics


@pytest.fixture
def engine_of_ones_own(store):
    with store.fresh() as url:
        engine = db.engine_for(url)
        db.bind(engine)
        yield engine
        engine.dispose()


def at_once(*works):
    """Do these in threads of their own; raises what any of them raised."""
    troubles = []

    def tried(work):
        try:
            work()
        except Exception as error:
            troubles.append(error)

    threads = [threading.Thread(target=tried, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert troubles == [] and not any(thread.is_alive() for thread in threads)


def test_a_ballot_opens_at_once_while_a_patron_is_given_a_role(app, engine_of_ones_own):
    """The roll points to the patron whose row the other act holds; that act is about to take the trail's head."""
    with Session(engine_of_ones_own, expire_on_commit=False) as session:
        make.newsroom(session)
        patron, editor = make.patron(session), make.staff(session, "editor")
        topic_ids = accepted_topics(session, 2, by=editor.reader_id, proposer=editor.reader_id, at=clock.now())
        session.commit()
    held = threading.Event()

    def gives_a_role():
        with app.app_context(), db.transaction() as session:
            readers.grant_role(session, patron.reader_id, "viewer", at=clock.now(), by=None)
            held.set()
            time.sleep(1)
            note(session, actor_id=None, action="role:granted", object=f"reader/{patron.reader_id}", at=clock.now())

    def announces():
        held.wait(10)
        at = clock.now()
        with app.app_context(), db.transaction() as session:
            actions.announce(
                session, title="At once", question="What should we look into next?", topic_ids=topic_ids, opens_at=at,
                closes_at=at + HOUR, by=editor.reader_id, at=at, attempt="one", secret=SECRET,
            )  # fmt: skip

    at_once(gives_a_role, announces)
    with Session(engine_of_ones_own) as session:
        assert session.scalars(select(Ballot.status)).one() == "open"
        assert patron.reader_id in session.scalars(select(BallotRoll.reader_id)).all()
        assert role_of(session, patron.reader_id) == "viewer"
        noted = session.scalars(select(AuditEntry.action)).all()
        assert {"ballot:drafted", "ballot:opened", "role:granted"} <= set(noted) and first_break(session) is None


def test_announcing_takes_the_trails_head_when_all_else_is_done(session, monkeypatch):
    editor = make.staff(session, "editor").reader_id
    make.patron(session)
    topic_ids = accepted_topics(session, 2, by=editor, proposer=editor, at=clock.now())
    at, rolls = clock.now(), []

    def watched(session, **entry):
        rolls.append(len(session.scalars(select(BallotRoll)).all()))

    monkeypatch.setattr(actions, "note", watched)
    actions.announce(
        session, title="At once", question="What should we look into next?", topic_ids=topic_ids, opens_at=at,
        closes_at=at + HOUR, by=editor, at=at, attempt="one", secret=SECRET,
    )  # fmt: skip
    assert rolls == [1, 1]
