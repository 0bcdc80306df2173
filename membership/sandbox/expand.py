"""`expand[]`: ids in an answer replaced by the objects they name (https://docs.stripe.com/api/expanding_objects).

Some lists are only there when asked for: a session's line items, an invoice's payments, a charge's refunds, a
customer's subscriptions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from membership.sandbox.answers import Refusal
from membership.sandbox.shapes.common import page
from membership.sandbox.store import Store, shown

DEEPEST = 4
MOST = 20


def _all(store: Store, kind: str, url: str, **where: str) -> dict[str, Any]:
    return page(url, [shown(obj) for obj in reversed(store.find(kind, **where))])


ON_DEMAND: dict[tuple[str, str], Callable[[Store, dict[str, Any]], dict[str, Any]]] = {
    ("checkout.session", "line_items"): lambda store, o: line_items(store, o["id"]),
    ("invoice", "payments"): lambda store, o: _all(store, "invoice_payment", "/v1/invoice_payments", owner=o["id"]),
    ("charge", "refunds"): lambda store, o: _all(store, "refund", f"/v1/charges/{o['id']}/refunds", owner=o["id"]),
    ("customer", "subscriptions"): lambda store, o: _alive(store, o["id"]),
}


def line_items(store: Store, session_id: str) -> dict[str, Any]:
    """The lines of a session, which the session itself keeps as a note."""
    session = store.get("checkout.session", session_id) or {}
    return page(f"/v1/checkout/sessions/{session_id}/line_items", session.get("_lines", []))


def _alive(store: Store, customer_id: str) -> dict[str, Any]:
    mine = store.find("subscription", customer=customer_id)
    living = [shown(obj) for obj in reversed(mine) if obj["status"] not in ("canceled", "incomplete_expired")]
    return page(f"/v1/customers/{customer_id}/subscriptions", living)


def expanded(store: Store, answer: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The answer with these paths expanded. Raises `Refusal` for a path that cannot be."""
    if len(paths) > MOST:
        raise Refusal(f"You cannot expand more than {MOST} properties at once.", param="expand")
    for path in paths:
        steps = path.split(".")
        if len([step for step in steps if step != "data"]) > DEEPEST:
            raise Refusal(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}", param="expand"
            )
        _expand(store, answer, steps, path)
    return answer


def _expand(store: Store, at: dict[str, Any], steps: list[str], path: str) -> None:
    step, *rest = steps
    if step not in at:
        build = ON_DEMAND.get((str(at.get("object")), step))
        if build is None:
            if at.get("deleted") or (not rest and _may_be_absent(at, step)):
                return
            raise _cannot(path)
        at[step] = build(store, at)
    value = at[step]
    if isinstance(value, str):
        at[step] = value = shown(_named(store, value, path))
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        at[step] = value = [shown(_named(store, part, path)) for part in value]
    elif value is not None and not rest and not isinstance(value, dict):
        raise _cannot(path)
    if not rest or value is None:
        return
    for inner in value if isinstance(value, list) else [value]:
        if isinstance(inner, dict):
            _expand(store, inner, rest, path)


def _named(store: Store, id: str, path: str) -> dict[str, Any]:
    found = store.any(id)
    if found is None:
        raise _cannot(path)
    return found


def _may_be_absent(at: dict[str, Any], step: str) -> bool:
    """Of a payment's three kinds only the one that it is stands in it; a refund names a failure only if it failed."""
    if at.get("object") == "refund" and step == "failure_balance_transaction":
        return True
    return step in ("charge", "payment_intent", "payment_record") and "type" in at


def _cannot(path: str) -> Refusal:
    return Refusal(
        f"This property cannot be expanded ({path}). You may want to try expanding a different property.",
        param="expand",
    )
