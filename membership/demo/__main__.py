"""`python -m membership.demo --port 8000 --sandbox-port 8001 --newsroom-port 8002 [--fresh]`."""

from __future__ import annotations

import argparse
import sys

from membership.demo.runner import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m membership.demo")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--sandbox-port", type=int, default=8001)
    parser.add_argument("--newsroom-port", type=int, default=8002)
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    asked = parser.parse_args()
    sys.exit(run(asked.port, asked.sandbox_port, asked.newsroom_port, asked.fresh))
