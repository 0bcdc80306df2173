"""Processes of the house that start warm: forked from one that has imported all of it, so that each starts at once.

    checking = warm.start("membership.cli:main", ["membership", "check"], environment)
    said, complaints = checking.communicate()

Such a process has its own environment, streams, signals and death, as after `python -m membership check`; only its imports
are done already, which would cost it more than everything else it does. `python -m tests.warm` is the one they come from:
it ends when the tests do.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests import processes

ROOT = Path(__file__).resolve().parent.parent
PAUSE = 0.01


class Started:
    """A process, to be spoken to as to a `subprocess.Popen` with pipes and text."""

    def __init__(self, pid: int, streams: Sequence[IO[str] | None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = streams

    def poll(self) -> int | None:
        """The exit code, minus the signal's number if one ended it; None while it lives."""
        if self.returncode is None:
            self.returncode = _origin().ask({"do": "look", "pid": self.pid})["code"]
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises `subprocess.TimeoutExpired`."""
        until = time.monotonic() + (timeout or float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(PAUSE)
        return code

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sign)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it printed (and was not read yet) and what it complained of."""
        said: dict[str, str] = {"stdout": "", "stderr": ""}

        def read(name: str, stream: IO[str]) -> None:
            with stream:
                said[name] = stream.read()

        streams = {name: stream for name in said if (stream := getattr(self, name)) and not stream.closed}
        readers = [threading.Thread(target=read, args=one, daemon=True) for one in streams.items()]
        for reader in readers:
            reader.start()
        if self.stdin:
            self.stdin.close()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return said["stdout"], said["stderr"]


def start(
    call: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bool = False,
    stdout: int | None = None,
    stderr: int | None = None,
    own_group: bool = False,
) -> Started:
    """Start `module:function` with these words as its command line. What it returns is its exit code.

    Its input is a pipe if `stdin`, else empty. Its output goes to an open descriptor, `stderr` to `subprocess.STDOUT` as
    well; what is not given is a pipe. With `own_group` it can be killed with all that it starts (`os.killpg`).
    """
    with contextlib.ExitStack() as closing:

        def passed_on(descriptor: int) -> int:
            closing.callback(os.close, descriptor)
            return descriptor

        def pipe() -> tuple[IO[str], int]:
            ours, theirs = os.pipe()
            return os.fdopen(ours), passed_on(theirs)

        told, said, complained = None, None, None
        if stdin:
            reads, writes = os.pipe()
            told, given = os.fdopen(writes, "w"), passed_on(reads)
        else:
            given = passed_on(os.open(os.devnull, os.O_RDONLY))
        if stdout is None:
            said, stdout = pipe()
        if stderr is None:
            complained, stderr = pipe()
        asked = {"do": "start", "call": call, "words": list(words), "environment": dict(environment)}
        descriptors = [given, stdout, stdout if stderr == subprocess.STDOUT else stderr]
        pid = _origin().ask(asked | {"own_group": own_group}, descriptors)["pid"]
    return Started(pid, (told, said, complained))


class Origin:
    """The test's side of the process that all others come from."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())], cwd=ROOT, env=processes.inherited(),
                stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip

    def ask(self, asked: dict[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """One question, one answer; open descriptors may go along."""
        with self._one_at_a_time:
            told = json.dumps(asked).encode() + b"\n"
            sent = socket.send_fds(self._line, [told], list(descriptors))
            self._line.sendall(told[sent:])
            answer, _ = _heard(self._line)
        assert answer is not None, "the process that all others come from is gone"
        return answer

    def close(self) -> None:
        """It ends when nobody speaks to it any more."""
        self._line.close()
        self._process.wait(10)


@functools.cache
def _origin() -> Origin:
    origin = Origin()
    atexit.register(origin.close)
    return origin


def _heard(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message and the descriptors that came with it; None when the other side is gone."""
    told, descriptors = b"", []
    while not told.endswith(b"\n"):
        part, came, *_ = socket.recv_fds(line, 65536, 3)
        if not part:
            return None, descriptors
        told += part
        descriptors += came
    return json.loads(told), descriptors


def main() -> None:
    """Import the house, and fork for whoever asks."""
    line = socket.socket(fileno=int(sys.argv[1]))
    _import_the_house()
    while True:
        asked, descriptors = _heard(line)
        if asked is None:
            os._exit(0)
        answer: dict[str, Any]
        if asked["do"] == "look":
            pid, status = os.waitpid(asked["pid"], os.WNOHANG)
            answer = {"code": os.waitstatus_to_exitcode(status) if pid else None}
        else:
            pid = os.fork()
            if pid == 0:
                line.close()
                _live(asked, descriptors)
            if asked["own_group"]:
                os.setpgid(pid, pid)  # before anybody who might kill the group knows of it
            answer = {"pid": pid}
            for descriptor in descriptors:
                os.close(descriptor)
        line.sendall(json.dumps(answer).encode() + b"\n")


def _import_the_house() -> None:
    import psycopg  # noqa: F401
    from sqlalchemy.orm import configure_mappers

    import membership.cli  # noqa: F401

    configure_mappers()
    gc.collect()
    gc.freeze()


def _live(asked: dict[str, Any], descriptors: list[int]) -> None:
    """The forked process: what it is to be, from its environment to its exit code."""
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        for descriptor in descriptors:
            if descriptor > 2:
                os.close(descriptor)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv[:] = asked["words"]
        sys.modules["__main__"].__package__ = None  # a command, not a part of the tests
        random.seed()
        module, _, name = asked["call"].partition(":")
        code = getattr(importlib.import_module(module), name)()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
