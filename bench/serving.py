"""A site under the server that `membership serve` starts, with the same workers and threads: ours, or a floor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.house_on_sockets import Process, free_port, wait_until

OURS = "wsgi:app"


@contextmanager
def serving(target: str, environment: dict[str, str], log: Path) -> Iterator[int]:
    """The port at which it answers; the server is gone afterwards."""
    port = free_port()
    environment = environment | {"BASE_URL": f"http://127.0.0.1:{port}"}
    process = Process([sys.executable, "-m", "bench.serving", target, str(port)], environment, log)

    def answers() -> bool:
        assert process.alive, log.read_text()[-3000:]
        try:
            return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    try:
        wait_until(answers, f"{target} to answer")
        yield port
    finally:
        process.stop()


if __name__ == "__main__":
    from membership.cli import server

    server(sys.argv[1], "127.0.0.1", int(sys.argv[2]), 2).serve()
