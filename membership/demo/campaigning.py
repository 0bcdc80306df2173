"""The invented newsroom's campaigns: one that runs and is matched by a sponsor, and one that is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from membership.campaigns import actions, queries
from membership.campaigns.actions import Said
from membership.campaigns.models import Campaign
from membership.funding.models import FundingLimit, FundingName
from membership.funding.queries import large_givers
from membership.readers.models import Person

RUNS = (timedelta(days=12), timedelta(days=16))
"""Since when, and for how much longer."""
RAN = (timedelta(days=70), timedelta(days=40))
PLACES = ("North Quay", "Mill Lane", "Chandler Street", "the lighthouse")


def tell_campaigns(session: Session, *, by: int, at: datetime, chance: Random) -> None:
    """Both, as far as the story's own payments bring them, and those who thank or wish to be thanked."""
    over = _run(session, _harbour(at), began=at - RAN[0], by=by)
    actions.look(session, over.id, at=over.closes_at + timedelta(minutes=1))
    running = _run(session, _winter(at), began=at - RUNS[0], by=by)
    for one in (over, running):
        _choices(session, one, at=at, chance=chance)
    actions.look(session, running.id, at=at)
    _name_the_largest(session, at=at)


def _run(session: Session, said: Said, *, began: datetime, by: int) -> Campaign:
    made = actions.draft(session, said, by=by, at=began - timedelta(days=3))
    return actions.publish(session, made.id, by=by, at=began - timedelta(days=1))


def _harbour(at: datetime) -> Said:
    return Said(
        title="Fifteen new patrons for the harbour desk",
        summary="The harbour desk needs a second pair of hands. Fifteen new patrons pay for one day of it every week.",
        story="The dredgers come back in spring. We should like to have read the contracts by then.",
        goal_kind="patrons", goal=15, currency="EUR", scope="all", opens_at=at - RAN[0], closes_at=at - RAN[1],
        match_sponsor="", match_cap=None, wall=True, milestones=(50, 100),
    )  # fmt: skip


def _winter(at: datetime) -> Said:
    return Said(
        title="A winter of long stories",
        summary="Three stories that need months: the empty flats, the tap water, the night school. Until spring, together.",
        story=(
            "## What it pays for\n\nOne reporter for three months, and the records that offices charge for.\n\n"
            "## What you get\n\nThe stories, open to everybody, and a letter that says how far we have come."
        ),
        goal_kind="amount", goal=400_000, currency="EUR", scope="all", opens_at=at - RUNS[0], closes_at=at + RUNS[1],
        match_sponsor="The Ferrowmouth Ferry Cooperative", match_cap=100_000, wall=True, milestones=(25, 50, 75, 100),
    )  # fmt: skip


def _choices(session: Session, campaign: Campaign, *, at: datetime, chance: Random) -> None:
    counted = queries.gifts(campaign)
    givers = sorted(session.query(counted.c.reader_id).filter(counted.c.kept > 0).distinct())
    for (reader_id,) in chance.sample(givers, min(14, len(givers))):
        person = session.get(Person, reader_id)
        first = person.name.split()[0] if person and person.name else ""
        name = f"{first} of {chance.choice(PLACES)}" if first and chance.random() < 0.7 else ""
        actions.choose(session, campaign, reader_id, wall=True, name=name, letters=chance.random() < 0.6, at=at)


def _name_the_largest(session: Session, *, at: datetime) -> None:
    """A limit at which a few stand, and some of them agreed to be named."""
    session.add(FundingLimit(id=1, minor=18_000, currency="EUR"))
    session.flush()
    for number, one in enumerate(large_givers(session, at)):
        person = session.get(Person, one.reader_id)
        if number % 2 == 0 and person is not None and person.name:
            session.add(FundingName(reader_id=one.reader_id, name=person.name, agreed_at=at, noted_by=None))
    session.flush()
