"""A living house on real sockets: sandbox, web and worker, each for itself, on free ports and a database of their own.

    with living_house(store, tmp_path) as house:
        with house.session() as session: make.tier(session)
        house.start_web(); house.start_worker()
        walker = house.walker(); walker.get("/join") …
        house.web.kill(); house.start_web(); house.settle()

The web runs under granian, the worker as its own process, both configured by their environment as in production; the
sandbox answers from a thread of the test, over HTTP. Killing is SIGKILL to the whole process group.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import engine_for
from membership.jobs.models import Job
from membership.sandbox.server import Running, running
from tests import make, warm
from tests.databases import Databases
from tests.processes import COMPILED
from tests.walker import Walker

ROOT = Path(__file__).resolve().parent.parent
WEBHOOK_SECRET = "whsec_of_a_living_house"
PATIENCE = 30.0
TIERS = {"reader": 500, "friend": 1000}
"""The house's tiers and their monthly prices in euro cents."""
IDLE_SECONDS = 0.05
"""A worker with nothing to do looks again sooner than in production: every walk waits for it at every turn."""


class TookTooLong(AssertionError):
    """Something that should have come about did not, within `PATIENCE`."""


FIRST_PORT, PORTS = 20_000, 500
"""Each run of the tests has so many ports to itself, all below those that the system hands to passing connections."""
_ports = itertools.count(secrets.randbelow(PORTS))


def free_port() -> int:
    """A port of this machine that nobody listens on, and that is not given out again soon: between asking for it and using
    it nobody else takes it by chance."""
    own = FIRST_PORT + os.getpid() % 24 * PORTS
    while True:
        port = own + next(_ports) % PORTS
        with socket.socket() as probe:
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


def wait_until(true: Callable[[], Any], what: str, patience: float = PATIENCE, *, every: float = 0.03) -> Any:
    """The first true answer, asked for again and again (`every` so many seconds). Raises `TookTooLong`."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        answer = true()
        if answer:
            return answer
        time.sleep(every)
    raise TookTooLong(what)


class Process:
    """A process of the house with everything it starts; what it says goes into `log`."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = self._started(command, environment, output.fileno())

    def _started(
        self, command: list[str], environment: dict[str, str], output: int
    ) -> subprocess.Popen[bytes] | warm.Started:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def kill(self) -> None:
        """SIGKILL, at once and to the whole group: nothing is cleared up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: what is in hand is finished; after ten seconds SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(10)
        self._end(signal.SIGKILL)

    def _end(self, sign: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, sign)
        self._popen.wait()


class WarmProcess(Process):
    """The same, forked from one that has imported the house: `command` is `module:function` and its words."""

    def _started(self, command: list[str], environment: dict[str, str], output: int) -> warm.Started:
        return warm.start(
            command[0], command, environment, stdout=output, stderr=subprocess.STDOUT, own_group=True
        )  # fmt: skip


@dataclass
class House:
    """The running parts, and how to reach them. `url` is the members' site, `sandbox.url` the stand-in for Stripe."""

    url: str
    sandbox: Running
    engine: Engine
    directory: Path
    environment: dict[str, str]
    web: Process | None = None
    workers: list[Process] = field(default_factory=list)

    @property
    def letters_directory(self) -> Path:
        return self.directory / "letters"

    def start_web(self) -> Process:
        """The site under granian; returns when it answers. Started again it comes back on the same port."""
        port = self.url.rpartition(":")[2]
        command = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port,
            "--workers", "1", "--no-ws", "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
        self.web = Process(command, self.environment, self.directory / "web.log")
        wait_until(self._answers, f"the site at {self.url} to answer; see {self.web.log.read_text()[-2000:]}")
        return self.web

    def _answers(self) -> bool:
        assert self.web is not None
        assert self.web.alive, f"the site ended: {self.web.log.read_text()[-3000:]}"
        try:
            return requests.get(f"{self.url}/static/house.css", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def start_worker(self, *, lease: float = 60.0) -> Process:
        """A worker; `lease` in seconds, short where a test kills it and will not wait for the next one to take over."""
        environment = self.environment | {"TEST_LEASE_SECONDS": str(lease)}
        worker = WarmProcess(["tests.house_on_sockets:work"], environment, self.directory / "worker.log")
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        """End every process, gently."""
        for process in [*self.workers, self.web]:
            if process is not None:
                process.stop()
        self.workers.clear()
        self.web = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the test's own on the house's database."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def count(self, model: type, *where: Any) -> int:
        """How many rows there are."""
        with self.session() as session:
            return int(session.execute(select(func.count()).select_from(model).where(*where)).scalar_one())

    def now(self) -> datetime:
        """The house's time: the wall's plus the sandbox's offset."""
        return clock.wall() + timedelta(seconds=self.sandbox.world.clock.offset)

    def walker(self, **headers: str) -> Walker:
        """A new browser without script, at the site's door. Close it (it is a context manager)."""
        return Walker(self.url, **headers)

    def advance(self, span: str) -> None:
        """Move the sandbox's clock, and so the house's; what is due meanwhile happens."""
        answer = requests.post(f"{self.sandbox.url}/_sandbox/clock", json={"advance": span}, timeout=60)
        answer.raise_for_status()

    def faults(self, **faults: Any) -> None:
        """Pull the sandbox's levers: `duplicate`, `drop`, `reorder`, `pause`, …; `clear=True` puts all back."""
        requests.post(f"{self.sandbox.url}/_sandbox/faults", json=faults, timeout=20).raise_for_status()

    def letters(self, to: str | None = None) -> list[dict[str, str]]:
        """The letters sent so far, oldest first: `to`, `subject`, `text`."""
        answer = requests.get(f"{self.sandbox.url}/_sandbox/letters", params={"to": to} if to else {}, timeout=20)
        return list(answer.json())

    def code_for(self, email: str) -> str:
        """The six digits of the newest letter that brings any: other letters may have come after it."""
        for letter in reversed(self.letters(email)):
            if found := re.search(r"(?:^|: )(\d{6})\r?$", letter["text"], re.M):
                return found[1]
        raise AssertionError(f"no letter with a code has come to {email}")

    def settle(self, patience: float = PATIENCE) -> None:
        """Until every event is delivered and no job is due. A parked job is a failure, and is shown."""
        wait_until(self._is_quiet, "the house to become quiet", patience)

    def _is_quiet(self) -> bool:
        requests.post(f"{self.sandbox.url}/_sandbox/deliveries/flush", timeout=60)
        with self.session() as session:
            parked = session.execute(select(Job.key, Job.last_error).where(Job.state == "parked")).all()
            assert not parked, f"parked jobs: {parked}"
            due = select(func.count()).select_from(Job).where((Job.state == "running") | (Job.due_at <= self.now()))
            waiting = session.execute(due).scalar_one()
        return not waiting and not self.sandbox.world.deliveries.pending()


@contextmanager
def living_house(
    store: Databases, directory: Path, *, tiers: bool = True, couriers: int = 4, patience: float = 10.0,
    name: str = "127.0.0.1",
) -> Iterator[House]:
    """A house with a newsroom (and two tiers), nothing started yet but the sandbox; everything is gone afterwards."""
    url = f"http://{name}:{free_port()}"
    clock_file, letters = directory / "clock", directory / "letters"
    letters.mkdir()
    with (
        store.fresh() as database_url,
        running(
            directory / "sandbox", webhook=f"{url}/webhooks/stripe", webhook_secret=WEBHOOK_SECRET,
            clock_file=clock_file, letters=letters, couriers=couriers, patience=patience,
        ) as sandbox,
    ):  # fmt: skip
        engine = engine_for(database_url)
        house = House(url, sandbox, engine, directory, environment_of(database_url, url, sandbox.url, directory))
        try:
            with house.session() as session:
                make.newsroom(session)
                if tiers:
                    for slug, monthly in TIERS.items():
                        # Stripe has not heard of it yet; the first who joins makes it known.
                        make.tier(session, slug, monthly=monthly).stripe_product_id = None
                    session.commit()
            yield house
        finally:
            house.stop()
            engine.dispose()


def environment_of(database_url: str, url: str, sandbox_url: str, directory: Path) -> dict[str, str]:
    """The environment of the house's processes: as in production, with the sandbox in Stripe's place."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        **COMPILED,
        "DATABASE_URL": database_url,
        "SECRET_KEY": "the secret of a living house, for tests only",
        "BASE_URL": url,
        "STRIPE_SECRET_KEY": "sk_test_livinghouse",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": sandbox_url,
        "SMTP_URL": f"file:{directory / 'letters'}",
        "MAIL_FROM": "The Test Lantern <members@lantern.example>",
        "SANDBOX_CLOCK_FILE": str(directory / "clock"),
        "SANDBOX_WIDE_LIMITS": "1",
    }


def work() -> int:
    """The worker's process: what `membership worker` does, with a lease of the test's choosing."""
    import logging

    from membership.app import all_tasks, create_app, open_house
    from membership.config import from_environment
    from membership.jobs import worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = from_environment()
    open_house(config)
    lease = timedelta(seconds=float(os.environ.get("TEST_LEASE_SECONDS", "60")))
    with create_app(config).app_context():
        worker.IDLE_SECONDS = IDLE_SECONDS
        worker.run(all_tasks(), lease=lease)
    return 0
