"""Every parameter that the sandbox takes is one that Stripe takes: held against the SDK's parameter types."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import stripe.params
import stripe.params.checkout
import stripe.params.v2.core

from membership.sandbox.gate import ROUTES
from membership.sandbox.params import Choice, Field, Group, Range, Several
from membership.sandbox.routes import Route

KNOWN = [route for route in ROUTES if route.sdk]


def typed_dict(name: str) -> Any:
    room = stripe.params
    for part in name.split("."):
        room = getattr(room, part)
    return room


def strange(fields: Any, cls: Any, path: str) -> list[str]:
    """Parameters, and values of them, that the SDK's type does not have."""
    found = []
    for name, field in fields.items():
        where = f"{path}[{name}]" if path else name
        if name not in cls.__annotations__:
            found.append(where)
            continue
        found += strange_within(field, str(cls.__annotations__[name]), cls.__module__, where)
    return found


def strange_within(field: Field, kind: str, module: str, where: str) -> list[str]:
    if isinstance(field, Several):
        return strange_within(field.of, kind, module, where)
    if isinstance(field, Choice):
        values = set(re.findall(r"Literal\[([^\]]*)\]", kind))
        known = {part.strip(" '\"") for text in values for part in text.split(",")} - {""}
        return [f"{where}={value}" for value in field.among if known and value not in known]
    if isinstance(field, (Group, Range)):
        room = importlib.import_module(module)
        classes = [getattr(room, name) for name in re.findall(r"\w*Params\w+", kind) if hasattr(room, name)]
        if not classes and isinstance(field, Range):
            from stripe.params import _charge_list_params

            classes = [_charge_list_params.ChargeListParamsCreated]
        assert classes, f"{where}: no type for {kind}"
        return min((strange(field.fields, cls, where) for cls in classes), key=len)
    return []


@pytest.mark.parametrize("route", KNOWN, ids=lambda route: f"{route.method} {route.path}")
def test_it_takes_nothing_that_stripe_does_not(route: Route) -> None:
    cls = typed_dict(route.sdk or "")
    ours = dict(route.fields)
    assert strange(ours, cls, "") == []
    assert not [name for name in route.required if name not in route.fields]


def test_the_check_sees_what_is_strange() -> None:
    cls = typed_dict("CustomerCreateParams")
    assert strange({"nonsense": Field()}, cls, "") == ["nonsense"]
    assert strange({"invoice_settings": Group({"colour": Field()})}, cls, "") == ["invoice_settings[colour]"]


def test_nearly_every_endpoint_is_held_against_its_type() -> None:
    assert {route.path for route in ROUTES if not route.sdk} <= {
        "/v1/account",
        "/v1/accounts/acct_1SandboxNewsroom",
        "/v1/charges/<id>/refunds",
    }
