"""The worker dies while it brings a patron's perks in step, and the patron while a code is claimed: each thing once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import NullPool, func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import create_app
from membership.db import engine_for
from membership.jobs.models import Job
from membership.jobs.queue import claim_key
from membership.jobs.worker import do
from membership.mail.models import Letter
from membership.perks import actions, codes, tasks
from membership.perks.models import PerkGrant, PerkStep
from membership.perks.stock_models import PerkCode
from tests import make
from tests.faults.steps import dies
from tests.perks.test_ledger import perk

NOW = timedelta(0)
"""A lease that ends at once: after a death the next worker need not wait."""


def work(reader_id: int) -> None:
    """What the worker does when this reader's perks are due."""
    job = claim_key(f"perks:{reader_id}", lease=NOW)
    if job is not None:
        do(job, tasks.TASKS)


@pytest.fixture
def house(store, config):
    """The app on a database of one's own, every connection used once; afterwards bound to what it was before."""
    with store.fresh() as url:
        before, engine = db._bind, engine_for(url, poolclass=NullPool)
        app = create_app(config)
        db.bind(engine)
        with app.app_context(), Session(engine, expire_on_commit=False) as session:
            make.newsroom(session)
            made = perk(session, "code", title="A voucher")
            session.add_all(PerkCode(perk_id=made.id, code=f"CODE-{number}", added_at=clock.now()) for number in range(90))
            session.commit()
            yield session, engine
        if before is not None:
            db.bind(before)


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
def test_killed_anywhere_it_is_one_grant_one_letter_and_one_code(house, every):
    session, engine = house

    def claim(grant_id: int, reader_id: int) -> None:
        with db.transaction() as books:
            codes.claim(books, grant_id, reader_id, at=clock.now())

    claiming, deaths = True, {"work": 0, "claim": 0}
    for kill_at in (0, *range(1, 80, every)):  # at 0 nobody dies: so what is compiled is there for those who do
        person = make.patron(session)
        actions.wake(session, person.reader_id, at=clock.now())
        session.commit()
        died = kill_at > 0 and dies(engine, kill_at, lambda reader_id=person.reader_id: work(reader_id))
        work(person.reader_id)
        grant = session.scalars(select(PerkGrant).where(PerkGrant.reader_id == person.reader_id)).one()
        letters = select(func.count()).select_from(Letter).where(Letter.key == f"perk:{grant.id}")
        assert session.scalar(letters) == 1
        own = (grant.id, person.reader_id)
        session.rollback()
        claiming = claiming and (kill_at == 0 or dies(engine, kill_at, lambda own=own: claim(*own)))
        claim(*own)
        assert session.scalars(select(func.count()).select_from(PerkCode).where(PerkCode.grant_id == own[0])).one() == 1
        steps = select(PerkStep.state).where(PerkStep.grant_id == own[0]).order_by(PerkStep.id)
        assert session.scalars(steps).all() == ["issued", "claimed"]
        session.rollback()
        deaths["work"] += died
        deaths["claim"] += claiming
        if kill_at and not died and not claiming:
            break
    assert deaths["work"] * every > 20 and deaths["claim"] * every > 8, deaths
    looked = select(Job).where(Job.key.like("perks:%"), Job.due_at <= clock.now())
    assert session.scalars(looked).all() == []
