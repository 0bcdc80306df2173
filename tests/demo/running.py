"""The demo on ports and in a directory of a test's choosing."""

from __future__ import annotations

import sys
from pathlib import Path

from membership.demo.runner import run


def main() -> int:
    """`demo PORT SANDBOX_PORT NEWSROOM_PORT DIRECTORY`."""
    *ports, data = sys.argv[1:]
    return run(*map(int, ports), data=Path(data))
