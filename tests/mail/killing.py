"""A bulletin on its way while workers die by SIGKILL and the mail server fails; and what must hold afterwards."""

from __future__ import annotations

import itertools
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from membership import clock
from membership.bulletins import actions, queries
from membership.bulletins.models import Bulletin
from membership.bulletins.rules import Segment
from membership.jobs.models import Job
from membership.mail import many
from membership.mail.models import Letter
from membership.mail.rules import MOST_PER_MINUTE
from membership.readers.models import Person, Reader
from tests import make
from tests.house_on_sockets import WarmProcess, environment_of, wait_until
from tests.mail.post_office import PostOffice

FAULTS = ("shut", "busy", "dropping")


def work() -> int:
    """The worker's process, which tries an absent mail server again sooner than in production."""
    from membership.mail import tasks
    from tests import house_on_sockets

    tasks.AWAY_SECONDS = 0.2  # type: ignore[assignment]
    return house_on_sockets.work()


@dataclass
class Killing:
    """One bulletin to `number` readers. `doubts`: how many letters may have been handed over twice, and why."""

    engine: Engine
    office: PostOffice
    directory: Path
    environment: dict[str, str]
    number: int
    lease: float
    doubts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    most_memory: int = 0
    bulletin_id: int = 0
    _worker: WarmProcess | None = None

    @classmethod
    def prepared(
        cls, url: str, engine: Engine, office: PostOffice, directory: Path, number: int, lease: float
    ) -> Killing:
        """A newsroom, so many readers, and the bulletin that is to go to all of them, at the highest pace."""
        environment = environment_of(url, "http://127.0.0.1:8219", "http://127.0.0.1:9", directory)
        environment |= {"SMTP_URL": office.url, "TEST_LEASE_SECONDS": str(lease)}
        made = cls(engine, office, directory, environment, number, lease)
        with Session(engine, expire_on_commit=False) as session:
            make.newsroom(session)
            editor = make.staff(session, "manager").reader_id
            begun = clock.now() - timedelta(days=1)
            for first in range(0, number - 1, 5000):
                new = [{"created_at": begun} for _ in range(min(5000, number - 1 - first))]
                ids = list(session.execute(insert(Reader).returning(Reader.id), new).scalars())
                people = [
                    {"reader_id": one, "email": f"r{one}@example.org", "email_key": f"r{one}@example.org", "name": "",
                     "language": "en"}
                    for one in ids
                ]  # fmt: skip
                session.execute(insert(Person), people)
            many.set_pace(session, MOST_PER_MINUTE)
            at = clock.now()
            made.bulletin_id = actions.draft(session, attempt="a", language="en", by=editor, at=at)
            actions.write(
                session, made.bulletin_id, "en", subject="The quay", body="All **about** it.\n\n" * 10, sort="bulletins",
                segment=Segment("anyone"), by=editor, at=at,
            )  # fmt: skip
            actions.schedule(session, made.bulletin_id, confirmed=number, due_at=None, by=editor, at=at)
            session.commit()
        return made

    def run(self, kills: int, *, patience: float) -> None:
        """Kill the worker so often, the first two times while the letters are still being written, and let the mail server
        fail in between; then let it come to its end."""
        chance, begun = random.Random(1847), time.monotonic()
        self._start()
        moments = [int(self.number * (one + 0.5) / (kills - 1)) for one in range(kills - 1)]
        faults = itertools.cycle(FAULTS)
        wait_until(lambda: self._written() > self.number // 3, "the first letters to be written", patience, every=0.01)
        self._kill()
        for moment in moments:
            for _ in FAULTS if kills < len(FAULTS) else FAULTS[:1]:
                self._fail(next(faults))
            wait_until(lambda: len(self.office.taken) >= moment, f"{moment} letters", patience, every=0.005)  # noqa: B023
            time.sleep(chance.random() * 0.05)
            self._kill()
        wait_until(self._is_quiet, "all letters to be sent", patience, every=0.2)
        self.seconds = time.monotonic() - begun
        self._remember()
        assert self._worker is not None
        self._worker.stop()

    def _start(self) -> None:
        self._worker = WarmProcess(["tests.mail.killing:work"], self.environment, self.directory / "worker.log")

    def _kill(self) -> None:
        assert self._worker is not None and self._worker.alive
        self._remember()
        self._worker.kill()
        self.doubts["killed"] += 1
        self._start()

    def _fail(self, fault: str) -> None:
        if fault == "shut":
            self.office.shut()
            self.doubts["shut"] += 1
            time.sleep(0.4)
            self.office.open()
        elif fault == "busy":
            self.office.busy = 5
        else:
            self.office.dropping = 3

    def _remember(self) -> None:
        """The most memory that a worker has held, in kB."""
        assert self._worker is not None
        pid = self._worker._popen.pid
        found = (
            re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) if sys.platform == "linux" else None
        )
        self.most_memory = max(self.most_memory, int(found[1]) if found else 0)

    def _written(self) -> int:
        with Session(self.engine) as session:
            return session.scalar(select(func.count(Letter.id))) or 0

    def _is_quiet(self) -> bool:
        """Nothing is due. What a busy server put off is due in some minutes: the house's clock is moved on."""
        with Session(self.engine) as session:
            parked = session.execute(select(Job.key, Job.last_error).where(Job.state == "parked")).all()
            assert not parked, parked
            ours = Job.name.like("bulletins.%") | Job.name.like("mail.%")
            jobs = session.execute(select(Job.key, Job.due_at).where(ours)).all()
            if jobs and min(job.due_at for job in jobs) > self._now() + timedelta(seconds=30):
                (self.directory / "clock").write_text(str(self._offset() + 600))
            return not jobs

    def _offset(self) -> float:
        file = self.directory / "clock"
        return float(file.read_text()) if file.exists() else 0.0

    def _now(self):  # type: ignore[no-untyped-def]
        return clock.wall() + timedelta(seconds=self._offset())

    def assert_each_has_one(self) -> None:
        """No person twice but the letters in doubt, nobody missed, and the books say the same as the mail server."""
        with Session(self.engine) as session:
            bulletin = session.get_one(Bulletin, self.bulletin_id)
            addresses = set(session.scalars(select(Person.email)))
            states = dict(session.execute(select(Letter.state, func.count()).group_by(Letter.state)).all())
            line = queries.line_of(session, bulletin, own="en")
        assert states == {"sent": self.number} and line.state == "sent" and line.progress.sent == self.number
        ids: dict[str, set[str]] = {}
        for taken in self.office.taken:
            ids.setdefault(taken.address, set()).add(taken.message_id)
        assert set(ids) == addresses, "nobody is missed, and nobody else gets it"
        assert {len(one) for one in ids.values()} == {1}, "each person has one letter, whatever was killed"
        assert len({one for found in ids.values() for one in found}) == self.number
        self.doubts["dropped"] = sum(self.office.unanswered.values())
        twice = len(self.office.taken) - self.number
        assert twice <= self.doubts.total(), f"{twice} letters were handed over twice; {self.doubts} could explain"
