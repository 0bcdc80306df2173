"""Running the sandbox: in a thread for tests and the demo's runner, or as a process of its own."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from membership.sandbox.app import create_app
from membership.sandbox.billing import agenda
from membership.sandbox.store import Store
from membership.sandbox.world import Settings, World

LOOPBACK = ("127.0.0.1", "localhost", "::1")
TICK = 2.0
log = logging.getLogger(__name__)


class NotLoopback(ValueError):
    """The sandbox was asked to listen where others could reach it."""


@dataclass
class Running:
    """A sandbox that answers: its address, its store, and the rest of its world."""

    url: str
    store: Store
    world: World


class _Quiet(WSGIRequestHandler):
    def log(self, *said: object) -> None:
        log.debug("%s", said)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True


@contextmanager
def running(
    data_dir: Path | str,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    webhook: str | None = None,
    webhook_secret: str | None = None,
    clock_file: Path | str | None = None,
    letters: Path | str | None = None,
    patience: float = 10.0,
    couriers: int = 4,
    after_retries: str = "canceled",
    payouts: bool = False,
) -> Iterator[Running]:
    """A sandbox on a port (0: any free one) until the block ends; what it knows stays in `data_dir`.

    `webhook`, `webhook_secret`: where events go; `clock_file`: gets the offset in seconds; `letters`: the directory of
    sent letters; `patience`: seconds to wait for an endpoint; `payouts`: pay out every day. Raises `NotLoopback` for a
    host that others could reach, `OSError` for a port in use.
    """
    if host not in LOOPBACK:
        raise NotLoopback(f"The sandbox listens on this machine only, not on {host}.")
    listener = _bound(host, port)
    settings = Settings(
        webhook=webhook,
        webhook_secret=webhook_secret,
        clock_file=Path(clock_file) if clock_file else None,
        letters=Path(letters) if letters else None,
        patience=patience,
        couriers=couriers,
        after_retries=after_retries,
        payouts=payouts,
    )
    store = Store.open(data_dir)
    try:
        world = World.open(store, settings)
        world.base_url = f"http://{host}:{listener.getsockname()[1]}"
        server = make_server(host, port, create_app(world), threaded=True, request_handler=_Quiet, fd=listener.fileno())
        server.daemon_threads = True  # type: ignore[attr-defined]
        with _threads(world, server):
            yield Running(world.base_url, store, world)
    finally:
        store.close()
        listener.close()


def _bound(host: str, port: int) -> socket.socket:
    """A listening socket; `OSError` when the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener


@contextmanager
def _threads(world: World, server: BaseWSGIServer) -> Iterator[None]:
    stopping = threading.Event()
    ticker = threading.Thread(target=_tick, args=(world, stopping), name="sandbox-clock", daemon=True)
    listener = threading.Thread(target=server.serve_forever, args=(0.05,), name="sandbox-http", daemon=True)
    world.deliveries.start()
    ticker.start()
    listener.start()
    try:
        yield
    finally:
        stopping.set()
        _end(server)
        listener.join()
        server.server_close()
        ticker.join()
        world.deliveries.stop()


def _end(server: BaseWSGIServer) -> None:
    """Shut down without sitting out the listener's last pause: one more connection wakes it."""
    ending = threading.Thread(target=server.shutdown, daemon=True)
    ending.start()
    with contextlib.suppress(OSError), socket.create_connection((server.host, server.port), timeout=1):
        ending.join(0.2)
    ending.join()


def _tick(world: World, stopping: threading.Event) -> None:
    """Time also passes by itself."""
    while not stopping.is_set():
        try:
            agenda.catch_up(world)
        except Exception:
            log.exception("what was due could not be done")
        stopping.wait(TICK)
