"""Web and worker processes that kill themselves with SIGKILL at a given step. No code of the house knows of it.

A **step** is a moment between two things that last: before a statement, before and after a commit, before and after a
request to Stripe. A nursery process has imported the house and forks a child for each life, so that a hundred deaths take
seconds: `Nursery` is the test's side of it, `python -m tests.faults.dying` the other. They speak JSON, a line each.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
NEVER = 0


@dataclass(frozen=True)
class Death:
    """How a life ended: killed at its step (`at` says which), or not."""

    killed: bool
    at: str


class Nursery:
    """The test's side: starts lives and is told how they ended."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.dying"], cwd=ROOT, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, start_new_session=True,
        )  # fmt: skip

    def warm_up(self) -> None:
        """Do what is due once in the nursery itself; later lives start warm."""
        self._ask(do="warm_up")

    def work(self, kill_at: int = NEVER) -> Death:
        """A worker that does all that is due and ends, unless it dies at a step before."""
        return self._reap(self._ask(do="work", kill_at=kill_at)["pid"], end=False)

    def serve(self, kill_at: int = NEVER, *, answers_first: bool = False) -> int:
        """A web process that answers by now; returns its id. `answers_first`: the control's door."""
        return int(self._ask(do="serve", kill_at=kill_at, answers_first=answers_first)["pid"])

    def end(self, pid: int) -> Death:
        """End a web process, if it did not die at its step before."""
        return self._reap(pid, end=True)

    def close(self) -> None:
        """End the nursery and whatever it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            assert pipe is not None
            pipe.close()

    def _reap(self, pid: int, *, end: bool) -> Death:
        return Death(**self._ask(do="reap", pid=pid, end=end))

    def _ask(self, **what: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the nursery died"}')
        assert "error" not in answer, f"{answer['error']}; see {self._log.name}"
        return dict(answer)


def main() -> None:
    """The nursery: imports the house once, opens nothing, and forks."""
    from membership.app import create_app
    from membership.config import from_environment

    house = create_app(from_environment())
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "reap":
            answer = reap(asked["pid"], end=asked["end"])
        elif asked["do"] == "warm_up":
            answer = warm_up(house)
        else:
            answer = bear(house, asked)
        print(json.dumps(answer), flush=True)


COMPILED: dict[Any, Any] = {}
"""Statements compiled once for all lives."""


def warm_up(house: Any) -> dict[str, Any]:
    """Work once without dying, so that no life spends its time on late imports, mappings, templates and statements."""
    engine = open_house_as_it_is()
    work(house)
    engine.dispose()
    gc.freeze()
    return {}


def open_house_as_it_is() -> Any:
    """What every process of the house does first; returns the engine."""
    from membership import db
    from membership.app import open_house
    from membership.config import from_environment

    open_house(from_environment())
    engine: Any = db.bound()
    engine.update_execution_options(compiled_cache=COMPILED)
    db.bind(engine)  # what is made of it for reading takes the options along
    return engine


STEPPING = ExitStack()
"""Left open: a life counts until it ends."""

LAST_STEPS: dict[int, int] = {}
"""For each child the pipe in which it notes the step it dies at."""


def bear(house: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Fork a child; answer once it is ready."""
    ready, told_ready = os.pipe()
    steps, told_steps = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        os.close(steps)
        live(house, asked, told_ready, told_steps)
    os.close(told_ready)
    os.close(told_steps)
    said = os.read(ready, 1)
    os.close(ready)
    LAST_STEPS[pid] = steps
    # A life may end before it is ready: that, too, is a death at a step.
    return {"pid": pid} if said in (b"r", b"") else {"error": "the child could not start"}


def reap(pid: int, *, end: bool) -> dict[str, Any]:
    """Wait for a child's end, bringing it about if asked to."""
    if end:
        os.kill(pid, signal.SIGTERM)
    _, status = os.waitpid(pid, 0)
    steps = LAST_STEPS.pop(pid)
    at = os.read(steps, 500).decode()
    os.close(steps)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status != 0 and not (end and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM):
        return {"error": f"a life ended with status {status}"}
    return {"killed": killed, "at": at}


def live(house: Any, asked: dict[str, Any], ready: int, last_step: int) -> None:
    """The child: opens the house as every process does, counts its steps, and does what was asked."""
    try:
        os.dup2(2, 1)  # the nursery's answers go out there
        count_steps(open_house_as_it_is(), asked["kill_at"], last_step)
        if asked["do"] == "work":
            os.write(ready, b"r")
            work(house)
        else:
            port = int(house.config["MEMBERSHIP"].base_url.rpartition(":")[2])
            serve(house, port, ready, answers_first=asked["answers_first"])
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def count_steps(engine: Any, kill_at: int, last_step: int) -> None:
    """From now on each step counts, in whatever thread; at the one numbered `kill_at` (from 1) the process is no more."""
    from tests.faults.steps import each_step

    taken = 0

    def step(what: str) -> None:
        nonlocal taken
        taken += 1
        if taken == kill_at:
            os.write(last_step, what.encode()[:500])
            os.kill(os.getpid(), signal.SIGKILL)

    STEPPING.enter_context(each_step(engine, step))


def work(house: Any) -> None:
    """All jobs that are due. The lease ends at once, so that after a death the next worker need not wait a minute."""
    from membership.app import all_tasks
    from membership.jobs.worker import run_one

    tasks = all_tasks()
    with house.app_context():
        while run_one(tasks, lease=timedelta(0)):
            pass


def serve(house: Any, port: int, ready: int, *, answers_first: bool) -> None:
    """The site, one request after another, until it is told to end."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any) -> None:
            pass

    if answers_first:
        answer_before_storing(house)
    server = make_server("127.0.0.1", port, house, request_handler=Quiet)
    os.write(ready, b"r")
    server.serve_forever(poll_interval=0.02)


def answer_before_storing(house: Any) -> None:
    """The control: a door as one often sees it, that says 200 and stores when the answer is out."""
    from flask import Response

    from membership.webhooks import views

    def receive() -> Response:
        raw = views._body()
        envelope = views._genuine(raw)
        answer = Response("kept\n", 200)

        @answer.call_on_close
        def store() -> None:
            with views.writing() as connection:
                views.keep_event(connection, envelope, raw, heard=views.is_heard(envelope), at=views.clock.now())

        return answer

    receive.allowed = views.receive.allowed  # type: ignore[attr-defined]
    house.view_functions["webhooks.receive"] = receive
    house.extensions["csrf"].exempt(receive)


if __name__ == "__main__":
    main()
