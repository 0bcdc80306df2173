"""The whole demo as a person starts it: on free ports, in a directory and on a database of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.db import engine_for
from membership.demo.people import PATRON
from membership.giving.models import LedgerEntry, Payment
from membership.memberships.models import Membership
from membership.sandbox.store import Store
from tests import make, warm
from tests.databases import Databases
from tests.house_on_sockets import ROOT, free_port, wait_until
from tests.processes import inherited
from tests.walker import Walker

ONCE = pytest.mark.only_on("sqlite")
"""About processes and ports: what the database is plays no part."""

LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="needs /proc, and a kernel that ends a killed parent's children"
)


@dataclass
class Demo:
    """A running demo: what it printed, by the words before the colon."""

    process: subprocess.Popen[str] | warm.Started
    said: dict[str, str] = field(default_factory=dict)

    def read_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                return
            what, _, url = line.strip().partition(": ")
            self.said[what] = url
        raise AssertionError(f"the demo ended before it was ready: {self.process.communicate()[1]}")

    def end(self) -> int:
        """SIGTERM, as Ctrl-C does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@dataclass
class Place:
    """Where a demo runs: three free ports, a directory, a database."""

    ports: tuple[int, int, int]
    data: Path
    database_url: str

    @contextmanager
    def start(self) -> Iterator[Demo]:
        environment = inherited() | {"DATABASE_URL": self.database_url, "PYTHONPATH": str(ROOT)}
        process = warm.start("tests.demo.running:main", ["demo", *map(str, self.ports), str(self.data)], environment)
        try:
            yield Demo(process)
        finally:
            process.terminate()
            process.communicate(timeout=30)

    def answers(self) -> list[int]:
        """The ports on which somebody listens."""
        found = []
        for port in self.ports:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(port)
        return found


def _free_place(store: Databases, directory: Path) -> Iterator[Place]:
    with store.fresh() as url:
        yield Place((free_port(), free_port(), free_port()), directory / "demo", url)


@pytest.fixture
def place(store: Databases, tmp_path: Path) -> Iterator[Place]:
    """Where no demo ever ran."""
    yield from _free_place(store, tmp_path)


@pytest.fixture(scope="module")
def told(store: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for several tests: whoever starts first tells the story, the others find it."""
    yield from _free_place(store, tmp_path_factory.mktemp("told"))


def test_it_prints_its_addresses_serves_the_story_and_is_found_again(told):
    with told.start() as demo:
        demo.read_until_ready()
        first = demo.said
        assert list(first) == ["support page", "article", "patron", "staff", "sandbox"]
        assert first["article"].startswith(f"http://localhost:{told.ports[2]}/")
        _walk_from_the_article(first)
        _come_in_twice(first)
        _everybody_renews_by_the_clock(first, told)
        assert demo.end() == 0
    assert told.answers() == []
    with told.start() as again:
        again.read_until_ready()
        assert again.said == first
        with Walker(first["support page"]) as patron:
            patron.get(first["patron"])
            assert patron.send(status=None).status < 500
        again.end()


def _walk_from_the_article(said: dict[str, str]) -> None:
    with Walker(said["support page"]) as reader:
        reader.get(said["article"])
        page = reader.follow("Become a patron")
        assert page.form("/join", {"email"}).fields["article"] == [said["article"]]


def _come_in_twice(said: dict[str, str]) -> None:
    """The printed links open in any browser, as often as wanted; looking at one signs nobody in."""
    for _ in range(2):
        with Walker(said["support page"]) as patron:
            patron.get(said["patron"])
            assert "Sign in as" in patron.page.text
            assert patron.get("/account").path.startswith("/sign-in")
            patron.get(said["patron"])
            assert patron.send(status=None).path.startswith("/account")
        with Walker(said["support page"]) as staff:
            staff.get(said["staff"])
            assert staff.send(status=None).path.startswith("/staff")


def _everybody_renews_by_the_clock(said: dict[str, str], place: Place) -> None:
    """A month on, the ordinary webhooks have brought our books to where the sandbox is."""
    requests.post(f"{said['sandbox']}_sandbox/clock", json={"advance": "31d"}, timeout=60).raise_for_status()
    engine, store = engine_for(place.database_url), Store.open(place.data / "sandbox")

    def agree() -> bool:
        paid = {one["id"] for one in store.find("invoice") if one["status"] == "paid"}
        states = {(one["id"], one["status"]) for one in store.find("subscription")}
        booked = {(one["id"], one["net"]) for one in store.find("balance_transaction")}
        with Session(engine) as session:
            memberships = session.execute(select(Membership.subscription_id, Membership.status)).all()
            payments = session.execute(select(Payment.stripe_id).where(Payment.kind == "membership")).scalars()
            sums = select(LedgerEntry.stripe_id, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.stripe_id)
            net = session.execute(sums.where(LedgerEntry.stripe_id.not_like("way:%"))).all()
        return (paid, states, booked) == (set(payments), set(memberships), {(id, int(sum)) for id, sum in net})

    wait_until(agree, "our books to agree with the sandbox after a month", 90, every=0.5)
    (wren,) = [one for one in store.find("customer") if one["email"] == PATRON.email]
    assert sum(one["status"] == "paid" for one in store.find("invoice", customer=wren["id"])) == 10
    assert not any(one["status"] == "past_due" for one in store.find("subscription"))
    store.close()
    engine.dispose()


@ONCE
def test_a_port_in_use_is_said_in_one_line_before_anything_starts(place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", place.ports[1]))
        taken.listen()
        with place.start() as demo:
            said, words = demo.process.communicate(timeout=30)
    assert (demo.process.returncode, said) == (1, "")
    assert words == f"Port {place.ports[1]} is in use or not allowed; choose another one with SANDBOX_PORT=…\n"
    assert not place.data.exists()


def test_a_database_that_holds_somebody_elses_newsroom_is_left_alone(place):
    engine = engine_for(place.database_url)
    with Session(engine) as session:
        make.newsroom(session)
    engine.dispose()
    with place.start() as demo:
        said, words = demo.process.communicate(timeout=30)
    assert (demo.process.returncode, said) == (1, "")
    assert words.strip().endswith("give it an empty database.")


@ONCE
@LINUX
def test_when_one_part_dies_all_of_it_ends_with_a_word(told):
    with told.start() as demo:
        demo.read_until_ready()
        os.kill(_child(demo.process.pid, "membership.sandbox"), signal.SIGKILL)
        _, words = demo.process.communicate(timeout=30)
    assert demo.process.returncode == 1
    assert words.startswith("sandbox stopped (exit code -9)")
    assert told.answers() == []


def _child(parent: int, what: str) -> int:
    """The child process whose command names this."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(int(one) for one in children if what.encode() in Path(f"/proc/{one}/cmdline").read_bytes())


@ONCE
@LINUX
def test_killed_outright_it_leaves_nothing_running(told):
    with told.start() as demo:
        demo.read_until_ready()
        demo.process.kill()
        demo.process.wait()
        wait_until(lambda: not told.answers(), "the children to end")


def test_the_application_that_goes_live_has_no_demo_door(app: Flask):
    assert not [rule.rule for rule in app.url_map.iter_rules() if "demo" in rule.rule or "demo" in rule.endpoint]
    assert "/sign-in/<token>" in {rule.rule for rule in app.url_map.iter_rules()}
