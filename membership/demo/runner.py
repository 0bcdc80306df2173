"""`python -m membership demo`: sandbox, web, worker and the newsroom's site as child processes, all ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from membership import clock
from membership.config import WrongSetting
from membership.demo.articles import DREDGER
from membership.demo.ground import Ground
from membership.jobs.models import WorkerBeat

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0
"""Seconds until everything must answer."""
LAST_WORDS = 12
"""Seconds that a child has to finish what it is at."""


class Stop(Exception):
    """The demo cannot go on; the words are for the person at the terminal."""


@dataclass(frozen=True)
class Child:
    """A process of the demo, and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run(
    port: int = 8000,
    sandbox_port: int = 8001,
    newsroom_port: int = 8002,
    fresh: bool = False,
    *,
    data: Path = ROOT / "var" / "demo",
) -> int:
    """Serve until Ctrl-C or SIGTERM. Returns the exit code: 0 when asked to end, 1 when something went wrong."""
    for asked_to_end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(asked_to_end, _interrupt)
    children: list[Child] = []
    try:
        ground = Ground(data, port, sandbox_port, newsroom_port)
        _check_ports(port, sandbox_port, newsroom_port)
        if fresh:
            ground.begin_anew()
        environment = ground.environment(os.environ)
        engine = ground.prepare(environment)
        started = clock.wall()
        for name, command in _commands(ground).items():
            children.append(_start(name, command, environment, data / "log"))
        _announce(ground)
        _wait_until_ready(ground, engine, children, started)
        print("ready", flush=True)
        _watch(children)
    except KeyboardInterrupt:
        return 0
    except (Stop, WrongSetting) as stop:
        print(stop, file=sys.stderr, flush=True)
        return 1
    finally:
        _end(children)
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _check_ports(*ports: int) -> None:
    if len(set(ports)) < len(ports):
        raise Stop("The three ports must differ: PORT, SANDBOX_PORT and NEWSROOM_PORT.")
    for port, setting in zip(ports, ("PORT", "SANDBOX_PORT", "NEWSROOM_PORT"), strict=True):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                raise Stop(f"Port {port} is in use or not allowed; choose another one with {setting}=…") from None


def _commands(ground: Ground) -> dict[str, list[str]]:
    python, data = [sys.executable, "-m"], ground.data
    keys = ground.keys()
    return {
        "sandbox": [
            *python, "membership.sandbox", "--port", str(ground.sandbox_port), "--data", str(data / "sandbox"),
            "--webhook", f"{ground.url}/webhooks/stripe", "--webhook-secret", keys.webhook_secret,
            "--clock-file", str(data / "clock"), "--letters", str(data / "letters"),
        ],
        "web": [
            *python, "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(ground.port), "--workers", "1",
            "--blocking-threads", "8", "--no-ws", "--log-level", "warning", "membership.demo.wsgi:app",
        ],
        "worker": [*python, "membership", "worker"],
        "newsroom": [*python, "membership.demo.site", "--port", str(ground.newsroom_port), "--members", ground.url],
    }  # fmt: skip


def _start(name: str, command: list[str], environment: Mapping[str, str], logs: Path) -> Child:
    """A child in a session of its own, so that Ctrl-C reaches it by us and in order."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(environment), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_die_with_parent(),
        )  # fmt: skip
    return Child(name, process, log)


def _die_with_parent() -> Callable[[], object] | None:
    """On Linux the kernel ends a child whose parent was killed outright."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(1, signal.SIGTERM)  # 1: PR_SET_PDEATHSIG


def _announce(ground: Ground) -> None:
    keys = ground.keys()
    for what, url in {
        "support page": f"{ground.url}/",
        "article": f"{ground.newsroom_url}/{DREDGER.slug}",
        "patron": f"{ground.url}/sign-in/demo/{keys.patron}",
        "staff": f"{ground.url}/sign-in/demo/{keys.staff}",
        "sandbox": f"{ground.sandbox_url}/",
    }.items():
        print(f"{what}: {url}", flush=True)


def _wait_until_ready(ground: Ground, engine: Engine, children: list[Child], started: datetime) -> None:
    waiting = {
        "the sandbox": lambda: _answers(f"{ground.sandbox_url}/_sandbox/clock"),
        "the newsroom's site": lambda: _answers(f"{ground.newsroom_url}/{DREDGER.slug}"),
        "the support page": lambda: _answers(f"{ground.url}/"),
        "the worker": lambda: _beats(engine, started) and _answers(f"{ground.url}/readyz"),
    }
    until = time.monotonic() + PATIENCE
    while waiting:
        _check_alive(children)
        waiting = {name: answers for name, answers in waiting.items() if not answers()}
        if waiting and time.monotonic() > until:
            raise Stop(f"Still no answer from {', '.join(waiting)}; see {children[0].log.parent}.")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _beats(engine: Engine, since: datetime) -> bool:
    with Session(engine.execution_options(begin="BEGIN")) as session:
        return session.execute(select(WorkerBeat.worker).where(WorkerBeat.at >= since)).first() is not None


def _watch(children: list[Child]) -> None:
    while True:
        _check_alive(children)
        time.sleep(0.5)


def _check_alive(children: list[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            last = child.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Stop(f"{child.name} stopped (exit code {code}): {''.join(last) or 'no word'}; see {child.log}")


def _end(children: list[Child]) -> None:
    """Ask all of them to end, the worker first; whoever does not is killed."""
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    for child in reversed(children):
        child.process.terminate()
    until = time.monotonic() + LAST_WORDS
    for child in children:
        try:
            child.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
