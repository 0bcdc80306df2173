"""The house's own source, as the laws read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOUSE = ROOT / "membership"
APART = ("sandbox",)
"""Not part of the house: the stand-in for Stripe has a store and a clock of its own."""


def files(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Each file of the house (or of these rooms) by its path, parsed."""
    for path in sorted(HOUSE.rglob("*.py")):
        inside = path.relative_to(HOUSE)
        top = inside.parts[0].removesuffix(".py")
        if top not in APART and (not rooms or top in rooms):
            yield inside.as_posix(), ast.parse(path.read_text())


def where(path: str, node: ast.AST) -> str:
    """`giving/actions.py:12`."""
    return f"{path}:{getattr(node, 'lineno', 0)}"


def called(node: ast.AST) -> str:
    """The dotted name of what is called, as far as it is written out: `datetime.now`, `.commit`."""
    if not isinstance(node, ast.Call):
        return ""
    name, parts = node.func, []
    while isinstance(name, ast.Attribute):
        parts.append(name.attr)
        name = name.value
    parts.append(name.id if isinstance(name, ast.Name) else "")
    return ".".join(reversed(parts))
