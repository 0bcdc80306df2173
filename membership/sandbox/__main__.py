"""`python -m membership.sandbox`: the sandbox as a process; SIGTERM or Ctrl-C ends it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from membership.sandbox.server import NotLoopback, running

TICK_SECONDS = 0.5
log = logging.getLogger("membership.sandbox")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m membership.sandbox", description="A local stand-in for Stripe.")
    parser.add_argument("--port", type=int, default=8001, help="0 takes any free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback only")
    parser.add_argument("--data", type=Path, default=Path("var/sandbox"), help="where its memory is kept")
    parser.add_argument("--webhook", help="where events are delivered")
    parser.add_argument("--webhook-secret", help="what deliveries are signed with")
    parser.add_argument("--clock-file", type=Path, help="gets the clock's offset in seconds")
    parser.add_argument("--letters", type=Path, help="directory of sent letters (.eml), for the control room")
    parser.add_argument("--after-retries", choices=("canceled", "unpaid", "past_due"), default="canceled")
    parser.add_argument("--payouts", action="store_true", help="pay out every day what is available")
    return parser


def main() -> int:
    asked = arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    try:
        with running(
            asked.data,
            asked.port,
            host=asked.host,
            webhook=asked.webhook,
            webhook_secret=asked.webhook_secret,
            clock_file=asked.clock_file,
            letters=asked.letters,
            after_retries=asked.after_retries,
            payouts=asked.payouts,
        ) as sandbox:
            log.info("the sandbox answers at %s", sandbox.url)
            while not stop.wait(TICK_SECONDS):  # a signal that another thread took is noticed all the same
                pass
    except NotLoopback as error:
        log.error("%s", error)
        return 1
    except OSError as error:
        log.error("port %s cannot be used: %s", asked.port, error.strerror)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
