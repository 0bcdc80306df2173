"""What a reader may have a say in, and what came of it: open ballots, topics of their own, stories they helped to choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from membership.ballots.queries import may_vote, open_ballots
from membership.ballots.rules import MayVote
from membership.promises.queries import StoryLine, stories_for
from membership.topics.queries import TopicLine, topics_of


@dataclass(frozen=True)
class BallotLine:
    """An open ballot, and whether this reader may vote in it."""

    slug: str
    title: str
    closes_at: datetime
    may_vote: MayVote


@dataclass(frozen=True)
class TakingPart:
    """All of it, for the overview."""

    ballots: list[BallotLine]
    topics: list[TopicLine]
    stories: list[StoryLine]


def taking_part(session: Session, reader_id: int, at: datetime) -> TakingPart:
    """What this reader takes part in at this moment; those ballots first that close first."""
    ballots = [
        BallotLine(ballot.slug, ballot.title, ballot.closes_at, may_vote(session, ballot, reader_id, at))
        for ballot in open_ballots(session, at)
    ]
    return TakingPart(ballots, topics_of(session, reader_id), stories_for(session, reader_id))
