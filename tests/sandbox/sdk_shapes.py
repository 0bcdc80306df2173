"""What the SDK's own annotations say of an object's payload, as a check over plain JSON.

The SDK is generated from Stripe's specification, so its annotations are the schema at the pinned version: a field that
is not Optional must be there, a field it does not know must not, and a Literal names every value there is.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import types
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

from stripe import ListObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES, V2_OBJECT_CLASSES
from stripe._stripe_object import UntypedStripeObject
from stripe.events._event_classes import get_v2_event_class

Check = Callable[[Any, str], list[str]]
PLAIN = {str: str, bool: bool, Decimal: str}


@cache
def names_of(module: str) -> dict[str, tuple[str, str]]:
    """The names that a module of the SDK imports for type checkers only: name to (module, name there)."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found = {}
    guarded = [part for node in tree.body if isinstance(node, ast.If) for part in node.body]
    for node in [*tree.body, *guarded]:
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = (node.module, name.name)
    return found


@cache
def resolved(name: str, module: str) -> Any:
    """The class that a forward reference means."""
    own = getattr(sys.modules[module], name, None)
    if own is not None:
        return own
    where, there = names_of(module)[name]
    return getattr(importlib.import_module(where), there)


@cache
def fields_of(cls: type) -> dict[str, tuple[Check, bool]]:
    """How each field is checked, and whether it may be absent."""
    kinds = {name: kind for name, kind in cls.__annotations__.items() if name not in ("OBJECT_NAME", "LOOKUP_TYPE")}
    return {name: (check_of(kind, cls.__module__), may_be_absent(kind)) for name, kind in kinds.items()}


@cache
def check_of(kind: Any, module: str) -> Check:
    """What tells everything in which a JSON value differs from an annotation: each annotation is read once."""
    if isinstance(kind, ForwardRef | str):
        name = kind if isinstance(kind, str) else kind.__forward_arg__
        return lambda value, path: check_of(resolved(name, module), module)(value, path)
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value, path: []
    if origin in (Union, types.UnionType):
        return _union(args, module)
    if origin is Literal:
        return lambda value, path: [] if value in args else [f"{path}: {value!r} is none of {args[:6]}"]
    if origin is list:
        return _list(check_of(args[0], module))
    if origin is dict or origin is UntypedStripeObject:
        return _hash(check_of(args[-1], module))
    if origin is ListObject:
        return _list_object(check_of(args[0], module))
    if kind is int:
        return lambda value, path: [] if type(value) is int else [f"{path}: {value!r} is no integer"]
    if kind is float:
        return lambda value, path: [] if type(value) in (int, float) else [f"{path}: {value!r} is no number"]
    if kind in PLAIN:
        return lambda value, path: [] if type(value) is PLAIN[kind] else [f"{path}: {value!r} is no {kind.__name__}"]
    if kind is type(None):
        return lambda value, path: [] if value is None else [f"{path}: {value!r} is not null"]
    if isinstance(kind, type) and issubclass(kind, StripeObject):
        return lambda value, path: wrong_object(value, kind, path)
    raise AssertionError(f"how is {kind!r} to be read?")


def _union(kinds: tuple, module: str) -> Check:
    """Open enumerations (Literal or str) are held to their Literal."""
    if any(get_origin(kind) is Literal for kind in kinds):
        kinds = tuple(kind for kind in kinds if kind is not str)
    checks = [check_of(kind, module) for kind in kinds]

    def check(value: Any, path: str) -> list[str]:
        found = []
        for of_kind in checks:
            faults = of_kind(value, path)
            if not faults:
                return []
            found.append(faults)
        return max(found, key=len) if isinstance(value, dict) else found[0]

    return check


def _list(inner: Check) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [fault for n, part in enumerate(value) for fault in inner(part, f"{path}[{n}]")]

    return check


def _hash(inner: Check) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no hash"]
        return [fault for key, part in value.items() for fault in inner(part, f"{path}.{key}")]

    return check


def _list_object(inner: Check) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, dict) or value.get("object") != "list":
            return [f"{path}: is no list object"]
        if set(value) != {"object", "data", "has_more", "url"}:
            return [f"{path}: a list holds {sorted(value)}"]
        return [fault for n, part in enumerate(value["data"]) for fault in inner(part, f"{path}.data[{n}]")]

    return check


def wrong_object(value: Any, cls: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {cls.__name__}"]
    if value.get("deleted") is True:
        return [] if set(value) == {"id", "object", "deleted"} else [f"{path}: a deleted object says too much"]
    fields = fields_of(cls)
    faults = [f"{path}: unknown field {name}" for name in value.keys() - fields.keys()]
    for name, (check, optional) in fields.items():
        if name in value:
            faults += check(value[name], f"{path}.{name}")
        elif not optional:
            faults.append(f"{path}: {name} is missing")
    return faults


def _wrong_v2(body: Any) -> list[str]:
    """An event has a class of its own for each type, with the fields that all events have beside its own."""
    if set(body) == {"id", "object"}:
        return []
    module, name = V2_OBJECT_CLASSES[body["object"]]
    cls = getattr(importlib.import_module(module), name)
    if body["object"] != "v2.core.event":
        return wrong_object(body, cls, body["object"])
    own = get_v2_event_class(body["type"])
    if own is StripeObject:
        return wrong_object({key: value for key, value in body.items() if key != "related_object"}, cls, body["type"])
    common = {key: value for key, value in body.items() if key not in own.__annotations__ or key == "type"}
    special = {key: value for key, value in body.items() if key in own.__annotations__}
    return wrong_object(common, cls, body["type"]) + wrong_object(special, own, body["type"])


def may_be_absent(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


def wrong_answer(body: Any) -> list[str]:
    """Everything wrong with one answer of the API: an object, or a list of objects."""
    if body.get("object") in ("list", "search_result"):
        fields = {"object", "data", "has_more", "url"} | ({"next_page"} if body["object"] == "search_result" else set())
        faults = [] if set(body) == fields else [f"a list holds {sorted(body)}"]
        return faults + [fault for part in body["data"] for fault in wrong_answer(part)]
    if "object" not in body and "next_page_url" in body:
        return [fault for part in body["data"] for fault in wrong_answer(part)]
    if body["object"].startswith("v2."):
        return _wrong_v2(body)
    module, name = OBJECT_CLASSES[body["object"]]
    faults = wrong_object(body, getattr(importlib.import_module(module), name), body["object"])
    if body["object"] == "event":
        faults += wrong_answer(body["data"]["object"])
    return faults
