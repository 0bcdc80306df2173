"""`python -m bench [NAME …] [--database sqlite|postgresql]`: the table, and `var/bench.json`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path

from bench import measures
from bench.frame import Figure, Ground
from tests.databases import databases

KINDS = ("sqlite", "postgresql")
RESULT = Path("var/bench.json")


def main() -> int:
    names = sorted(module.name for module in pkgutil.iter_modules(measures.__path__))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names)}; all of them by default")
    parser.add_argument("--database", choices=KINDS, action="append")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    found: dict[str, dict[str, Figure]] = {}
    for kind in asked.database or KINDS:
        with databases(kind, durable=True) as store, tempfile.TemporaryDirectory(prefix="membership-bench-") as directory:
            ground = Ground(store, Path(directory), os.environ.get("SCALE") == "full")
            for name in asked.names or names:
                print(f"{name} on {kind} …", file=sys.stderr, flush=True)
                for label, figure in importlib.import_module(f"bench.measures.{name}").measure(ground).items():
                    found.setdefault(label, {})[kind] = figure
                    _print(label, kind, figure)
    _keep(found)
    return 0


def _print(label: str, kind: str, figure: Figure) -> None:
    values = f"{figure.ours:12,.1f} {figure.floor:12,.1f} {figure.ratio:7.2f}"
    print(f"{label:16} {kind:11} {values}  {figure.unit}, {figure.better} is better  {figure.said}", flush=True)


def _keep(found: dict[str, dict[str, Figure]]) -> None:
    """Under its name each benchmark stands as it is on the database that does worse, and under `NAME_DATABASE` on each.

    What was measured before and not asked for now stays."""
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for label, by_kind in found.items():
        kept |= {f"{label}_{kind}": figure.as_json() for kind, figure in by_kind.items()}
        worse = sorted(by_kind.values(), key=lambda figure: figure.ratio, reverse=by_kind_is_lower(by_kind))
        kept[label] = worse[0].as_json()
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n")


def by_kind_is_lower(by_kind: dict[str, Figure]) -> bool:
    """Whether less is better in these figures."""
    return next(iter(by_kind.values())).better == "lower"


if __name__ == "__main__":
    sys.exit(main())
