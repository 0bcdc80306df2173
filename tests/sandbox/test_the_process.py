"""The sandbox as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path


def start(tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "membership.sandbox", "--data", str(tmp_path / "data"), *more]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=root)


def test_it_starts_says_where_and_ends_cleanly(tmp_path: Path) -> None:
    with start(tmp_path, "--port", "0", "--clock-file", str(tmp_path / "clock")) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = line.split()[-1]
        with urllib.request.urlopen(url + "/_sandbox/clock") as answer:
            assert answer.status == 200
        assert (tmp_path / "clock").read_text() == "0\n"
        with start(tmp_path, "--port", url.rsplit(":", 1)[1]) as second:
            assert second.wait(10) == 1
            assert second.stderr is not None
            assert len(second.stderr.read().splitlines()) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_refuses_to_be_reached_from_elsewhere(tmp_path: Path) -> None:
    with start(tmp_path, "--host", "0.0.0.0") as process:
        assert process.wait(10) == 1
