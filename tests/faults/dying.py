"""Web and worker processes that kill themselves with SIGKILL at a given step. No code of the house knows of it.

A **step** is a moment between two things that last: before a statement, before and after a commit, before and after a
request to Stripe. A nursery process has imported the house and forks a child for each life, so that a hundred deaths take
seconds: `Nursery` is the test's side of it, `main` the other. They speak JSON, a line each.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import warm

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
        self._process = warm.start(
            "tests.faults.dying:main", ["nursery"], environment, stdin=True, stderr=self._log.fileno(), own_group=True
        )

    def work(self, kill_at: int) -> Death:
        """A worker that does all that is due and ends, unless it dies at a step before."""
        return self._reap(self._ask(do="work", kill_at=kill_at)["pid"], end=False)

    def survive(self) -> None:
        """A worker that does all that is due and does not die."""
        self._ask(do="survive")

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
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the nursery died"}')
        assert "error" not in answer, f"{answer['error']}; see {self._log.name}"
        return dict(answer)


def main() -> None:
    """The nursery: imports the house once, opens it without connecting to anything, and forks."""
    from membership.app import create_app, open_house
    from membership.config import from_environment

    house = create_app(from_environment())
    open_house(from_environment())
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "reap":
            answer = reap(asked["pid"], end=asked["end"])
        elif asked["do"] == "survive":
            answer = survive(house)
        else:
            answer = bear(house, asked)
        print(json.dumps(answer), flush=True)


def survive(house: Any) -> dict[str, Any]:
    """A worker that does not die needs no life of its own: the nursery does all that is due, and lets go of the database.

    The first time also makes the later lives warm: none spends its time on late imports, mappings and statements.
    """
    from membership import db

    work(house)
    engine: Any = db.bound()
    engine.dispose()
    gc.freeze()
    return {}


def own_house() -> Any:
    """What a life must not share with others: its connections. Returns the engine, with what it has compiled."""
    from membership import db
    from membership.app import connect_outside
    from membership.config import from_environment

    connect_outside(from_environment())
    engine: Any = db.bound()
    engine.dispose(close=False)
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
    """The child: connects for itself as every process does, counts its steps, and does what was asked."""
    try:
        os.dup2(2, 1)  # the nursery's answers go out there
        count_steps(own_house(), asked["kill_at"], last_step)
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
    from flask import Response, request

    from membership.webhooks import door, views

    def receive() -> Response:
        raw = views._body()
        envelope = door.genuine(raw, request.headers["Stripe-Signature"], house.config["MEMBERSHIP"])
        answer = Response("kept\n", 200)

        @answer.call_on_close
        def store() -> None:
            door.keep(envelope, raw)

        return answer

    house.wsgi_app = house.wsgi_app.behind  # past the way in front of Flask

    receive.allowed = views.receive.allowed  # type: ignore[attr-defined]
    house.view_functions["webhooks.receive"] = receive
    house.extensions["csrf"].exempt(receive)

