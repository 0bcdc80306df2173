"""`drain`: a queue of events worked off by one worker in a process of its own. The last tenth beside the first (a steady
rate), the memory at the end beside that after the first tenth, and Stripe asked once per object beside once per event.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench.frame import ROUNDS, Figure, Ground

EVENTS, ABOUT_ONE = 100_000, 5
"""So many events, so many of them about each object."""
TENTHS = 10


def measure(ground: Ground) -> Mapping[str, Figure]:
    from bench.inbox import RENEWAL, keep
    from bench.people import patrons
    from membership.db import engine_for

    objects = ground.size(EVENTS) // ABOUT_ONE
    kinds = [*RENEWAL, *["customer.subscription.updated"] * (ABOUT_ONE - len(RENEWAL))]
    with ground.fresh() as url:
        patrons(url, objects)
        engine = engine_for(url)
        events = keep(engine, ((kind, f"sub_{n}") for kind in kinds for n in range(objects)))
        engine.dispose()
        runs = []
        for _ in range(1 if ground.full else ROUNDS):
            with ground.copy(url) as copy:
                command = [sys.executable, "-m", "bench.measures.drain", str(objects)]
                environment = ground.environment(copy)
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                runs.append(json.loads(done.stdout.splitlines()[-1]))

    def middle(name: str, at: int) -> float:
        return median(run[name][at] for run in runs)

    per_tenth = objects * ABOUT_ONE / TENTHS
    rates = [per_tenth / middle("seconds", tenth) for tenth in range(TENTHS)]
    fetches = median(run["fetches"] for run in runs)
    return {
        "drain": Figure("events/s", rates[-1], rates[0], said=f"{events} events, last tenth beside first"),
        "drain_memory": Figure("MiB", middle("memory", -1), middle("memory", 0), "lower", "at the end, after a tenth"),
        "drain_fetches": Figure("fetches", fetches, float(events), "lower", f"{objects} objects"),
    }


def drain(objects: int) -> dict[str, object]:
    """Work the queue off; seconds and memory (MiB) of each tenth."""
    from bench import prepared
    from membership.app import create_app, open_house
    from membership.config import from_environment
    from membership.jobs.worker import run_one
    from membership.webhooks.tasks import TASKS

    config = from_environment()
    open_house(config)
    app = create_app(config)
    prepared.answer_here()
    seconds, memory = [], []
    for _ in range(TENTHS):
        began = time.perf_counter()
        for _ in range(objects // TENTHS):
            with app.app_context():
                assert run_one(TASKS)
        seconds.append(time.perf_counter() - began)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return {"seconds": seconds, "memory": memory, "fetches": prepared.asked["subscription"]}


if __name__ == "__main__":
    print(json.dumps(drain(int(sys.argv[1]))))
