"""An import that is killed goes on where it was: no row twice, none missed, and the report adds up."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, func, select
from sqlalchemy.orm import Session

from membership import db
from membership.app import connect_outside, create_app
from membership.config import Config
from membership.db import engine_for
from membership.imports import actions, queries, tasks
from membership.imports.commands import carry_out
from membership.imports.models import Brought, Import, ImportRow, Invitation
from membership.mail.models import Letter
from membership.memberships.given_models import GivenMembership
from membership.readers.models import Person, Reader
from membership.sandbox.server import running
from tests import make
from tests.imports.sheets import PATREON, member, sheet

KILLED = signal.SIGKILL


def crowd(size: int) -> tuple[bytes, Counter[str]]:
    """A file of so many rows, and how many of each kind there are: every tenth has cancelled, every twelfth is over, every
    fiftieth cannot be read, every seventieth stands in it twice."""
    rows, kinds = [], Counter[str]()
    for number in range(size):
        row, kind = member(f"reader{number}@example.org", number), "invite"
        if number % 50 == 7:
            row["Pledge Amount"], kind = "many", "refused"
        elif number % 70 == 11:
            row["Email"], kind = f"Reader{number - 3}@example.org", "refused"  # the third before it is never special
        elif number % 10 == 3:
            row["Patron Status"], kind = "Former patron", "keep"
        elif number % 12 == 5:
            row |= {"Patron Status": "Former patron", "Access Expiration": "2026-01-01"}
            kind = "left"
        rows.append(row)
        kinds[kind] += 1
    return sheet(PATREON, rows), kinds


def dying(verb: Callable[..., None], times: int) -> Callable[..., None]:
    """The verb, and after so many of its deeds the end."""
    left = [times]

    def act(*args: Any, **values: Any) -> None:
        verb(*args, **values)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


class Town:
    """A database with a newsroom, a stand-in for Stripe, and the command, in a process of its own each time."""

    def __init__(self, url: str, config: Config, directory: Path, content: bytes) -> None:
        self.url, self.config = url, config
        self.engine = engine_for(url, poolclass=NullPool)
        self.file = directory / "members.csv"
        self.file.write_bytes(content)
        self.log = directory / "log"
        with Session(self.engine) as session:
            make.newsroom(session)
            make.tier(session, "reader", monthly=500)

    def start(self, *, die: str = "", at_once: int = actions.AT_ONCE) -> int:
        """A forked process that carries the command out; `die`: a verb and how often it is done before the process kills
        itself, with everything written and nothing committed."""
        child = os.fork()
        if child == 0:
            code = 70
            try:
                with self.log.open("w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                    code = self._carry_out(die, at_once)
            finally:
                os._exit(code)
        return child

    def run(self, **how: Any) -> tuple[int, str]:
        """Signal or exit code, and what was said."""
        _, status = os.waitpid(self.start(**how), 0)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), self.log.read_text()

    def _carry_out(self, die: str, at_once: int) -> int:
        db.bind(engine_for(self.url))
        connect_outside(self.config)
        actions.AT_ONCE, tasks.WATCHED_LEASE = at_once, timedelta(seconds=1)
        if die:
            name, _, times = die.partition(":")
            setattr(actions, name, dying(getattr(actions, name), int(times)))
        with create_app(self.config).app_context():
            carry_out(self.file, "patreon", True, None, {"tiers": (), "currency": None, "dates": None})
        return 0

    def count(self, what, *where) -> int:
        with Session(self.engine) as session:
            return int(session.execute(select(func.count()).select_from(what).where(*where)).scalar_one())

    def check(self, size: int, kinds: Counter[str]) -> None:
        """No row twice, none missed, and everything adds up."""
        brought = kinds["invite"] + kinds["keep"]
        counts = {
            Person: brought, Reader: brought, Brought: brought, GivenMembership: brought, Invitation: kinds["invite"],
        }  # fmt: skip
        assert {model: self.count(model) for model in counts} == counts
        assert self.count(Letter, Letter.kind == "brought_along") == brought
        assert self.count(ImportRow) == size
        with Session(self.engine) as session:
            run = session.execute(select(Import)).scalar_one()
            report = queries.report(session, run)
            assert report.judged == run.rows == size
            assert sum(report.of(verdict) for verdict in ("new", "refused", "left")) == size
            assert (report.of("refused"), report.of("left")) == (kinds["refused"], kinds["left"])
            assert (report.deeds("invite", done=True), report.deeds("keep", done=True)) == (kinds["invite"], kinds["keep"])
            assert session.execute(select(func.count(Brought.source_key.distinct()))).scalar_one() == brought


@pytest.fixture
def town(store, config, tmp_path, request):
    size = request.param
    content, kinds = crowd(size)
    with store.fresh() as url, running(tmp_path / "sandbox", clock_file=tmp_path / "clock") as sandbox:
        there = replace(config, database_url=url, stripe_api_base=sandbox.url, clock_file=tmp_path / "clock")
        made = Town(url, there, tmp_path, content)
        yield made, size, kinds
        made.engine.dispose()


@pytest.mark.parametrize("town", [200], indirect=True)
def test_killed_while_judging_and_while_bringing_it_goes_on(town):
    house, size, kinds = town
    assert house.run(die="judge_some:2", at_once=60)[0] == KILLED
    assert house.count(Brought) == 0
    code, told = house.run(die="apply_some:3", at_once=60)
    assert code == KILLED, told
    assert 0 < house.count(Brought) < size, "two batches are done, the third is as if it had never been begun"
    code, told = house.run(at_once=60)
    assert code == 0, told
    house.check(size, kinds)
    assert f"total             {size:>8}".split() == next(line for line in told.splitlines() if "total" in line).split()
    lines = (house.file.parent / "members.not-brought.csv").read_text().splitlines()
    assert len(lines) == kinds["refused"] + 1


@pytest.mark.long
@pytest.mark.parametrize("town", [100_000], indirect=True)
def test_a_hundred_thousand_rows_killed_twice(town):
    """At any moment, from outside: once while it judges, once while it brings people along."""
    house, size, kinds = town
    for step, beyond in (("judging", 30_000), ("applying", 40_000)):
        process = house.start()
        while True:
            with Session(house.engine.execution_options(begin="BEGIN")) as session:
                run = session.execute(select(Import.step, Import.cursor)).first()
            if run is not None and run.step == step and int(run.cursor or 0) > beyond:
                break
            assert os.waitpid(process, os.WNOHANG) == (0, 0), house.log.read_text()
            time.sleep(0.05)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        assert 0 <= house.count(Brought) < kinds["invite"] + kinds["keep"]
    began = time.monotonic()
    code, told = house.run()
    print(f"\nwhat was left of it took {time.monotonic() - began:.0f} s")
    assert code == 0, told
    house.check(size, kinds)
