"""Stripe's bracketed form bodies: `items[0][price]=p&metadata[a]=b` becomes nested dicts and lists.

Both `expand[]=x` and `expand[0]=x` make lists; a dict whose keys are all numbers is a list in their order.
"""

from __future__ import annotations

import re
from typing import Any

from membership.sandbox.answers import Refusal

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Nested parameters of a query or body. Raises `Refusal` on a name that cannot be read or is given two shapes."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            raise Refusal(f"Invalid parameter name: {name}", param=name)
        _plant(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value, name)
    return {key: _listed(value) for key, value in tree.items()}


def _plant(tree: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for part in path[:-1]:
        key = part if part else str(len(tree))
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise Refusal(f"Invalid {name}: it is both a value and a hash.", param=name)
    last = path[-1] if path[-1] else str(len(tree))
    if isinstance(tree.get(last), dict):
        raise Refusal(f"Invalid {name}: it is both a value and a hash.", param=name)
    tree[last] = value


def _listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(part) for key, part in value.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
