"""The whole suite on SQLite and on PostgreSQL: `python -m tests.run [--long]`. What `make test` runs.

Both runs go side by side, a core each; what a run printed is shown when it is done, so that nothing interleaves. What had
to be left out is said plainly, with how to have it; with `CI=true` leaving out is failing.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO

from tests import chromium, processes

KINDS = ("sqlite", "postgresql")
PROMISED_MINUTES = 12
"""On two cores of one's own; a busy machine takes longer, and is told so."""
SLOWEST = 20
"""So many of the slowest are named at the end of each run: what grows is seen."""
STUCK_MINUTES = 45
STUCK_MINUTES_LONG = 480


@dataclass
class Run:
    """One pytest process and the file that it prints into."""

    kind: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    def text(self) -> str:
        """All that was printed so far."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def closing_line(self) -> str:
        """pytest's own last word, or that there was none."""
        lines = [line for line in self.text().splitlines() if line.strip()]
        told = [line for line in lines if " in " in line and ("passed" in line or "failed" in line or "error" in line)]
        return told[-1].strip("= ") if told else f"no result (exit status {self.process.returncode})"


def main() -> int:
    asked = _arguments().parse_args()
    strict = os.environ.get("CI") == "true"
    left_out = []
    options = ["--long"] if asked.long else []
    if chromium.find() is None:
        left_out.append(f"the walks in a browser: no Chromium was found ({chromium.HOW_TO_HAVE_IT})")
        options += ["-m", "not browser"]
    if not os.environ.get("PUBLIC_ELECTIONS"):
        print("Public elections are not recounted: set PUBLIC_ELECTIONS to a directory of them to have that.")
    if strict and left_out:
        return _say_left_out(left_out, strict)
    began = time.monotonic()
    runs = [_start(kind, options) for kind in KINDS]
    _wait(runs, STUCK_MINUTES_LONG if asked.long else STUCK_MINUTES)
    took = (time.monotonic() - began) / 60
    print()
    for run in runs:
        print(f"{run.kind}: {run.closing_line()}")
    if took > PROMISED_MINUTES and not asked.long:
        load = "{:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg())
        print(
            f"It took {took:.0f} minutes; {PROMISED_MINUTES} are promised on two cores. The machine's load is {load}."
        )
    red = any(run.process.returncode != 0 for run in runs)
    return _say_left_out(left_out, strict) or int(red)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.run", description="Every test, on both databases.")
    parser.add_argument("--long", action="store_true", help="with many repetitions")
    return parser


def _start(kind: str, options: list[str]) -> Run:
    output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the run
    command = [
        sys.executable, "-m", "pytest", "-q", "-o", "faulthandler_timeout=180", f"--durations={SLOWEST}",
        "--database", kind, *options,
    ]  # fmt: skip
    environment = processes.inherited() | {"PY_COLORS": "0"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment,
        start_new_session=True,
    )  # fmt: skip
    return Run(kind, process, output)


def _wait(runs: list[Run], minutes: int) -> None:
    """Show each run's output as it ends; end those that take too long, with everything they started."""
    began = time.monotonic()
    waiting = list(runs)
    try:
        while waiting:
            for run in [run for run in waiting if run.process.poll() is not None]:
                print(f"\n===== {run.kind} =====\n{run.text()}", flush=True)
                waiting.remove(run)
            if time.monotonic() - began > minutes * 60:
                print(f"Still running after {minutes} minutes, ended: {', '.join(run.kind for run in waiting)}")
                _end(waiting, signal.SIGINT)
                began = time.monotonic()
            time.sleep(0.2)
    except KeyboardInterrupt:
        _end(waiting, signal.SIGINT)
        raise SystemExit(130) from None


def _end(runs: list[Run], first: signal.Signals) -> None:
    """Let pytest clear up; whoever is left after half a minute is killed."""
    for run in runs:
        os.killpg(run.process.pid, first)
    deadline = time.monotonic() + 30
    for run in runs:
        try:
            run.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(run.process.pid, signal.SIGKILL)


def _say_left_out(left_out: list[str], strict: bool) -> int:
    for what in left_out:
        print(f"Left out: {what}.")
    if left_out and strict:
        print("CI=true: leaving out is failing.")
    return int(bool(left_out and strict))


if __name__ == "__main__":
    sys.exit(main())
