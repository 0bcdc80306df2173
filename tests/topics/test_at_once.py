"""Two at once, on a database of their own: a topic is merged while somebody comes to stand behind it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import create_app
from membership.db import engine_for
from membership.topics import actions, editing, rules
from membership.topics.models import TopicSupport
from tests import make
from tests.ballots.helpers import accepted_topics


@pytest.fixture
def lone(store, config):
    """Two topics, who proposed them, and a reader."""
    app, before = create_app(config), db._bind
    with store.fresh() as url, app.app_context():
        engine = engine_for(url)
        db.bind(engine)
        with Session(engine) as session:
            make.newsroom(session)
            editor, reader = make.staff(session, "editor").reader_id, make.patron(session).reader_id
            topic_ids = accepted_topics(session, 2, by=editor, proposer=editor, at=clock.now())
            session.commit()
        yield topic_ids, editor, reader
        engine.dispose()
        if before is not None:
            db.bind(before)


def test_a_support_that_meets_a_merging_is_refused_with_a_word_and_never_lost(lone):
    (topic, into), editor, reader = lone
    answers: list[object] = []

    def support() -> None:
        try:
            with db.transaction() as session:
                answers.append(actions.support(session, topic, reader, at=clock.now()))
        except rules.TopicClosed as refused:
            answers.append(refused)

    with db.transaction() as session:
        editing.merge(session, topic, into, by=editor, at=clock.now())
        thread = threading.Thread(target=support)
        thread.start()
        thread.join(0.5)
        assert answers == []  # it waits
    thread.join(20)
    assert isinstance(answers[0], rules.TopicClosed)
    with db.reading() as session:
        assert session.scalars(select(TopicSupport.topic_id).where(TopicSupport.reader_id == reader)).all() == []
