"""SIGKILL to the worker while it marks a milestone and writes to those who gave: each of them gets one letter, sent once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from membership.campaigns import actions, telling
from membership.campaigns.models import CampaignChoice, CampaignMilestone
from membership.giving.models import Payment
from membership.mail import many
from membership.mail.models import Letter
from membership.mail.rules import MOST_PER_MINUTE
from tests import make
from tests.databases import Databases
from tests.faults.dying import Nursery
from tests.house_on_sockets import House, living_house

GIVERS = telling.LETTERS_AT_ONCE + 5
"""More than are written at once, so that the job goes on in turns."""
DEATHS = (2, 5, 8, 11, 14, 17, 30, 100)
"""Steps of one worker after the other: before, within and behind the look and the turns in which letters are written."""


@pytest.fixture
def house(store: Databases, tmp_path: Path) -> Iterator[House]:
    with living_house(store, tmp_path) as made:
        yield made


def a_goal_that_is_reached(house: House) -> list[str]:
    """A campaign that has come to half of its goal by now, and whom the worker has to tell."""
    at = house.now()
    with house.session() as session:
        by = make.staff(session, "manager").reader_id
        said = actions.Said(
            title="A second reporter", summary="For the winter.", story="", goal_kind="amount", goal=GIVERS * 1_000,
            currency="EUR", scope="all", opens_at=at - timedelta(days=1), closes_at=at + timedelta(days=9), match_sponsor="",
            match_cap=None, wall=True, milestones=(25, 50, 75),
        )  # fmt: skip
        made = actions.draft(session, said, by=by, at=at)
        givers = [make.reader(session, f"giver{number}@example.org") for number in range(GIVERS)]
        session.add_all(
            Payment(
                stripe_id=f"pi_{one.reader_id}", reader_id=one.reader_id, kind="donation", currency="EUR", amount=600,
                paid_at=at - timedelta(hours=1), method="card",
            )
            for one in givers
        )  # fmt: skip
        session.add_all(
            CampaignChoice(campaign_id=made.id, reader_id=one.reader_id, wall=False, name="", letters=True, chosen_at=at)
            for one in givers
        )
        many.set_pace(session, MOST_PER_MINUTE)
        actions.publish(session, made.id, by=by, at=at)
        session.commit()
        return sorted(one.email for one in givers)


def test_a_worker_killed_on_the_way_tells_each_milestone_to_each_once(house: House, tmp_path: Path):
    nursery = Nursery(house.environment, tmp_path / "nursery.log")
    deaths: list[str] = []
    written: set[int] = set()
    try:
        nursery.survive()  # leaves later lives warm
        everybody = a_goal_that_is_reached(house)
        for step in DEATHS:
            death = nursery.work(kill_at=step)
            assert death.killed, f"it was done before step {step}"
            deaths.append(death.at)
            with house.session() as session:
                kinds = session.scalars(select(Letter.id).where(Letter.kind == "campaign_milestone"))
                written.add(len(kinds.all()))
        assert sum("INSERT INTO" in at or "UPDATE" in at for at in deaths) >= 1, deaths
        assert {0, telling.LETTERS_AT_ONCE} <= written or {0, GIVERS} <= written
        nursery.survive()
    finally:
        nursery.close()
    with house.session() as session:
        letters = session.execute(select(Letter.address, Letter.state, Letter.subject).where(Letter.kind.like("campaign_%")))
        rows = letters.all()
        assert sorted(row.address for row in rows) == everybody
        assert {(row.state, row.subject) for row in rows} == {("sent", "50 % reached: A second reporter")}
        reached = select(CampaignMilestone.percent).where(CampaignMilestone.reached_at.is_not(None))
        assert sorted(session.scalars(reached)) == [25, 50]
    files = house.letters_directory.glob("[!.]*")
    sent = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    out = Counter(message["To"] for message in sent if "reached" in message["Subject"])
    assert sum(out.values()) == len(everybody) == len(out)
