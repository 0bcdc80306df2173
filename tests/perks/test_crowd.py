"""More patrons than codes claim at once, from several processes, half of them twice (at length: 200 for 150 codes)."""

import multiprocessing
import threading
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import create_app
from membership.db import engine_for
from membership.memberships.given_models import GivenMembership
from membership.perks import codes, ledger
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.perks.stock_models import PerkCode
from membership.readers import actions as readers
from tests import make

THREADS = 3


def prepared(session: Session, patrons: int, stock: int) -> list[tuple[int, int]]:
    """Everybody's grant and reader."""
    make.newsroom(session)
    at, tier = clock.now(), make.tier(session)
    perk = Perk(slug="p", title="A voucher", blurb="", kind="code", address="")
    session.add(perk)
    session.flush()
    session.add_all(PerkCode(perk_id=perk.id, code=f"CODE-{number}", added_at=at) for number in range(stock))
    everybody = []
    for number in range(patrons):
        reader_id = readers.know(session, f"p{number}@example.org", at=at).reader_id
        session.add(
            GivenMembership(
                key=f"g{number}", kind="complimentary", reader_id=reader_id, tier_id=tier.id, begins_at=at, reason="",
                ends_at=at + timedelta(days=30), frozen=False, given_at=at,
            )
        )  # fmt: skip
        grant = ledger.issue(session, perk, reader_id, number=1, at=at)
        everybody.append((grant.id, reader_id))
    session.commit()
    return everybody


def claiming(url: str, mine: list[tuple[int, int]], ready, answers) -> None:
    """One process: its patrons' claims in several threads, each grant as often as it is named."""
    engine = engine_for(url)
    db.bind(engine)
    found: Counter[str] = Counter()
    turn = count()
    ready.wait(60)

    def run() -> None:
        while (number := next(turn)) < len(mine):
            grant_id, reader_id = mine[number]
            try:
                with db.transaction() as session:
                    codes.claim(session, grant_id, reader_id, at=clock.now())
                found["claimed"] += 1
            except codes.NoneLeft:
                found["none left"] += 1

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    answers.put(dict(found))


@pytest.fixture
def crowded(store, config):
    """A database of one's own, bound again to nothing afterwards."""
    with store.fresh() as url:
        before = db._bind
        yield url
        if before is not None:
            db.bind(before)


@pytest.mark.parametrize(
    ("patrons", "stock", "processes"), [(40, 30, 2), pytest.param(200, 150, 3, marks=pytest.mark.long)]
)
def test_as_many_get_a_code_as_there_are_and_each_code_is_one_patrons(crowded, config, patrons, stock, processes):
    app, engine = create_app(config), engine_for(crowded)
    db.bind(engine)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["membership.app"])
    answers, ready = context.Queue(), context.Barrier(processes)
    with app.app_context(), Session(engine, expire_on_commit=False) as session:
        everybody = prepared(session, patrons, stock)
        # Every second patron presses twice, and the second press comes to another process.
        work = [[*everybody[n::processes], *everybody[(n + 1) % processes :: 2 * processes]] for n in range(processes)]
        crowd = [context.Process(target=claiming, args=(crowded, mine, ready, answers)) for mine in work]
        for process in crowd:
            process.start()
        found = sum((Counter(answers.get(timeout=120)) for _ in crowd), Counter())
        for process in crowd:
            process.join(30)
        assert all(process.exitcode == 0 for process in crowd)
        assert sum(found.values()) == sum(len(mine) for mine in work) > patrons * 5 // 4
        assert found["claimed"] >= stock and found["none left"] >= patrons - stock
        states = dict(session.execute(select(PerkGrant.state, func.count()).group_by(PerkGrant.state)).all())
        assert states == {"claimed": stock, "issued": patrons - stock}
        taken = session.execute(select(PerkCode.grant_id)).scalars().all()
        assert None not in taken and len(set(taken)) == stock
        steps = select(func.count()).select_from(PerkStep).where(PerkStep.state == "claimed")
        assert session.execute(steps).scalar_one() == stock
    engine.dispose()
