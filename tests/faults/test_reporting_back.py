"""SIGKILL to the worker while it writes to those who asked for a story: each of them gets one letter, and it is sent once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select

from membership.ballots import actions as ballots
from membership.giving.models import Payment
from membership.jobs.models import Job
from membership.mail import many
from membership.mail.models import Letter
from membership.mail.rules import MOST_PER_MINUTE
from membership.promises import actions
from membership.promises.models import Promise
from tests import make
from tests.ballots.helpers import accepted_topics
from tests.databases import Databases
from tests.faults.dying import Nursery
from tests.house_on_sockets import House, living_house

READERS = actions.LETTERS_AT_ONCE + 5
"""More than are written at once, so that the job goes on in turns."""
DEATHS = (3, 10, 12, 13, 14, 30, 100, 140)
"""Steps of one worker after the other: before, within and behind the turns in which letters are written."""


@pytest.fixture
def house(store: Databases, tmp_path: Path) -> Iterator[House]:
    with living_house(store, tmp_path) as made:
        yield made


def a_story_that_is_out(house: House, nursery: Nursery) -> list[str]:
    """A ballot that was counted, a promise that was kept, and the letters still to be written; who is to get one."""
    at, secret = house.now(), house.environment["SECRET_KEY"]
    with house.session() as session:
        editor = make.staff(session, "editor").reader_id
        voter = make.patron(session, since=at - timedelta(days=9), paid_until=at + timedelta(days=9))
        ids = accepted_topics(session, 2, by=editor, proposer=voter.reader_id, at=at)
        made = ballots.announce(
            session, title="What next?", question="What should we do?", topic_ids=ids, opens_at=at - timedelta(hours=2),
            closes_at=at + timedelta(seconds=0.2), by=editor, at=at, attempt="a", secret=secret,
        )  # fmt: skip
        ballots.cast(session, made.id, voter.reader_id, [1], secret=secret, attempt="a", at=at)
        payers = [make.reader(session, f"payer{number}@example.org") for number in range(READERS)]
        session.add_all(
            Payment(
                stripe_id=f"pi_{one.reader_id}", reader_id=one.reader_id, kind="donation", currency="EUR", amount=500,
                paid_at=at - timedelta(hours=1), method="card",
            )
            for one in payers
        )  # fmt: skip
        session.commit()
        house.advance("1m")
        nursery.survive()  # counts, makes the promise, and leaves later lives warm
        promise = session.scalars(select(Promise)).one()
        actions.publish(
            session, promise.id, url="https://lantern.example/x", title="The story", by=editor, at=house.now()
        )
        many.set_pace(session, MOST_PER_MINUTE)
        session.commit()
        return sorted([voter.email, *(one.email for one in payers)])


def test_a_worker_killed_while_it_writes_to_those_who_asked_writes_to_each_once(house: House, tmp_path: Path):
    nursery = Nursery(house.environment, tmp_path / "nursery.log")
    deaths: list[str] = []
    written: list[int] = []
    try:
        everybody = a_story_that_is_out(house, nursery)
        for step in DEATHS:
            death = nursery.work(kill_at=step)
            assert death.killed, f"it was done before step {step}"
            deaths.append(death.at)
            with house.session() as session:
                written.append(len(session.scalars(select(Letter.id).where(Letter.kind == "story_is_out")).all()))
        assert sum("INSERT INTO" in at for at in deaths) >= 2 and {0, actions.LETTERS_AT_ONCE} <= set(written)
        nursery.survive()
    finally:
        nursery.close()
    with house.session() as session:
        letters = session.execute(select(Letter.address, Letter.state).where(Letter.kind == "story_is_out")).all()
        assert sorted(letter.address for letter in letters) == everybody
        assert {letter.state for letter in letters} == {"sent"}
        assert session.scalars(select(Job.key).where(Job.name == "promises.report_back")).all() == []
    sent = [
        message_from_bytes(file.read_bytes(), policy=policy.default) for file in house.letters_directory.glob("[!.]*")
    ]
    out = Counter(message["To"] for message in sent if "here it is" in message["Subject"])
    assert sum(out.values()) == len(everybody) == len(out)
