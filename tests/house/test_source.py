"""Laws that the source itself must keep: floors, one commit, one clock, no float on money, no hidden imports."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from tests.house.source import ROOT, called, files, where


def test_imports_go_downwards_only():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr


def test_only_db_commits():
    found = [
        where(path, node)
        for path, tree in files()
        for node in ast.walk(tree)
        if called(node).endswith(".commit") and path != "db.py"
    ]
    assert found == []


NOW = (
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.localtime",
    "datetime.datetime.now",
)


def test_only_the_clock_knows_what_time_it_is():
    found = [
        where(path, node)
        for path, tree in files()
        for node in ast.walk(tree)
        if called(node) in NOW and path != "clock.py"
    ]
    assert found == []


MAY_ASK = (
    "app.py", "cli.py", "mail/post.py", "giving/paying.py", "giving/guarding.py", "demo/*.py", "jobs/*.py",
    "*/views.py", "*/tasks.py", "*/pages.py", "*/*_pages.py", "*/commands.py", "webhooks/door.py", "webhooks/reconciling.py",
    "ballots/booth.py", "ballots/desk.py", "account/address.py", "account/asking.py", "account/cancelling.py",
    "account/card.py", "account/changing.py",
    "account/papers.py", "account/patron_money.py", "account/pausing.py", "desk/board.py", "desk/doctor.py",
    "desk/settings.py", "desk/setup.py", "desk/team.py", "desk/tiers.py", "readers/proving.py",
)  # fmt: skip
"""The edge: pages, tasks, the command line, and what measures real waiting. Everything else is handed its `at`."""


def test_only_the_edge_asks_the_clock():
    found = [
        where(path, node)
        for path, tree in files()
        for node in ast.walk(tree)
        if called(node).split(".")[-2:] in (["clock", "now"], ["clock", "wall"]) and not _is_edge(path)
    ]
    assert found == []


def test_the_clock_is_asked_by_its_full_name():
    """So that the law above sees every question: nobody imports `now` itself, or the clock under another name."""
    found = [
        where(path, node)
        for path, tree in files()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and node.module == "membership.clock" and _names(node) & {"now", "wall"})
        or (
            isinstance(node, ast.Import | ast.ImportFrom)
            and any(one.name.endswith("clock") and one.asname for one in node.names)
        )
    ]
    assert found == []


def test_who_may_ask_the_clock_is_there_and_asks():
    asking = {path for path, tree in files() for node in ast.walk(tree) if called(node) in {"clock.now", "clock.wall"}}
    idle = [edge for edge in MAY_ASK if not any(fnmatch(path, edge) for path in asking)]
    assert idle == []


def _is_edge(path: str) -> bool:
    return any(fnmatch(path, edge) for edge in MAY_ASK)


def _names(node: ast.ImportFrom) -> set[str]:
    return {one.name for one in node.names}


def test_no_float_touches_money():
    rooms = ("giving", "memberships", "money", "gateway")
    trees = [*files(*rooms), *((path, tree) for path, tree in files("reports") if path.endswith("rules.py"))]
    floats = [
        where(path, node)
        for path, tree in trees
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float)) or called(node) == "float"
    ]
    assert floats == []


def test_no_import_hides_in_a_function_or_behind_type_checking():
    hidden = []
    for path, tree in files():
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in top:
                hidden.append(where(path, node))
            if isinstance(node, ast.Name) and node.id == "TYPE_CHECKING":
                hidden.append(where(path, node))
    assert hidden == []


def test_rooms_say_what_they_are_for_and_hold_no_code_in_their_door():
    for path, tree in files():
        if path.endswith("__init__.py"):
            assert ast.get_docstring(tree), f"{path} says nothing"
            assert len(tree.body) == 1, f"{path} holds code"


def test_every_test_that_the_security_table_names_is_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text()))
    sources = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    written = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.M)}
    assert len(named) > 30 and named - written == set()
