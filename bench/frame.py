"""What every benchmark shares: a figure beside its floor, measured turn by turn, and the ground it is measured on."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from membership.config import Config, from_environment
from tests.databases import Databases
from tests.processes import COMPILED

ROUNDS = 3
SECRET_KEY = "the secret of a benchmark, long enough for it"
WEBHOOK_SECRET = "whsec_of_a_benchmark"


@dataclass(frozen=True)
class Figure:
    """A median of ours and of its floor, in `unit`; `better` says which way is good. `said`: a remark for the table."""

    unit: str
    ours: float
    floor: float
    better: str = "higher"
    said: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.floor if self.floor else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "unit": self.unit,
            "ours": round(self.ours, 3),
            "floor": round(self.floor, 3),
            "ratio": round(self.ratio, 4),
            "better": self.better,
        }


@dataclass(frozen=True)
class Ground:
    """Where a benchmark runs: databases of one kind, a directory of its own, a tenth of the size unless `full`."""

    store: Databases
    directory: Path
    full: bool

    def size(self, full: int) -> int:
        return full if self.full else full // 10

    def fresh(self) -> AbstractContextManager[str]:
        """The URL of a migrated, empty database, gone afterwards."""
        return self.store.fresh()

    def copy(self, url: str) -> AbstractContextManager[str]:
        """A copy of a database that nobody is connected to."""
        return self.store.copy(url)

    def environment(self, url: str, port: int = 8000) -> dict[str, str]:
        """The settings of a house on that database, as in production; where Stripe should be, nobody answers."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(Path.cwd()),
            **COMPILED,
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET_KEY,
            "BASE_URL": f"http://127.0.0.1:{port}",
            "STRIPE_SECRET_KEY": "sk_test_benchmark",
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_API_BASE": "http://127.0.0.1:9",
            "SANDBOX_WIDE_LIMITS": "1",
            "SMTP_URL": f"file:{self.directory / 'letters'}",
            "MAIL_FROM": "The Bench <bench@lantern.example>",
        }

    def config(self, url: str, port: int = 8000) -> Config:
        return from_environment(self.environment(url, port))


def turn_by_turn(ours: Callable[[int], float], floor: Callable[[int], float]) -> tuple[float, float]:
    """The medians of `ROUNDS` rounds, ours and the floor in turns, so that what else the machine does falls on both."""
    seen: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            seen[which].append((ours, floor)[which](number))
    return median(seen[0]), median(seen[1])
