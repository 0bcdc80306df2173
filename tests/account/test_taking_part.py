"""The overview brings together what a reader may vote on, asks for, and helped to choose."""

from datetime import timedelta

import pytest

from membership import clock
from membership.account import taking_part as room
from membership.account.taking_part import TakingPart
from membership.ballots import actions as ballots
from membership.promises.queries import StoryLine
from membership.topics import actions as topics
from tests import make

SECRET = "a secret for tests only, long enough"


@pytest.fixture
def open_ballot(session):
    """A ballot about two accepted topics, opened while Ada was a patron."""
    ada, editor = make.patron(session, name="Ada"), make.staff(session, "editor")
    made = []
    for title in ("The night buses", "The old dam"):
        topic = topics.propose(
            session,
            reader_id=ada.reader_id,
            title=title,
            why="It concerns everybody who lives here, and nobody has asked yet.",
            attempt=title,
            at=clock.now(),
        )
        topics.accept(session, topic.id, by=editor.reader_id, at=clock.now())
        made.append(topic.id)
    ballot = ballots.draft(
        session, title="What shall we look into", question="Which one?", topic_ids=made, attempt="attempt-1",
        opens_at=clock.now() - timedelta(hours=1), closes_at=clock.now() + timedelta(days=3), by=editor.reader_id,
        at=clock.now() - timedelta(hours=2), secret=SECRET,
    )  # fmt: skip
    ballots.open_ballot(session, ballot.id, secret=SECRET, at=clock.now())
    session.commit()
    return ada, ballot


def test_a_patron_sees_the_ballot_they_may_vote_in_and_then_that_they_have(session, client, open_ballot):
    ada, ballot = open_ballot
    make.sign_in(session, client, ada)
    page = client.get("/account").text
    assert f"/ballots/{ballot.slug}" in page and "You can vote." in page
    assert "The night buses" in page and "1 supporter" in page
    ballots.cast(session, ballot.id, ada.reader_id, [1], secret=SECRET, attempt="attempt-2", at=clock.now())
    session.commit()
    assert "You have voted." in client.get("/account").text


@pytest.mark.parametrize(
    ("who", "words"), [("patron", "the next one is your first"), ("reader", "Patrons in good standing vote here")]
)
def test_others_are_told_why_they_may_not(session, client, open_ballot, who, words):
    make.sign_in(session, client, getattr(make, who)(session))
    assert words in client.get("/account").text


def test_stories_are_linked(session, client, monkeypatch):
    story = StoryLine("https://lantern.example/dam", "What the dam hides", "The dam", clock.now())
    monkeypatch.setattr("membership.account.views.taking_part", lambda *_: TakingPart([], [], [story]))
    make.sign_in(session, client, make.patron(session))
    page = client.get("/account").text
    assert "Stories you helped to choose" in page and 'href="https://lantern.example/dam"' in page


def test_without_anything_to_take_part_in_there_is_nothing(session):
    reader = make.reader(session)
    assert room.taking_part(session, reader.reader_id, clock.now()) == TakingPart([], [], [])
