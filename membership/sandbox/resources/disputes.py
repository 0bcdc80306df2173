"""/v1/disputes and /v1/radar/early_fraud_warnings (https://docs.stripe.com/api/disputes)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists, params
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import disputing
from membership.sandbox.params import ID, METADATA, PAGE, Field, Group, Range, Text, Truth
from membership.sandbox.routes import Answer, Route, found
from membership.sandbox.shapes.disputes import EVIDENCE
from membership.sandbox.world import World


def index(kind: str, url: str) -> Answer:
    """A list by charge, payment intent or time."""

    def answer(world: World, given: dict[str, Any]) -> dict[str, Any]:
        columns = {"charge": "owner", "payment_intent": "payment_intent"}
        where = {column: given[key] for key, column in columns.items() if key in given}
        return lists.listed(world.store, kind, given, url, where=where)

    return answer


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    """Write evidence down; it is handed in unless `submit` is false."""
    old = world.get("dispute", id)
    change: dict[str, Any] = {}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if "evidence" not in given:
        return disputing.answer(world, old, change, submit=bool(given.get("submit")))
    if old["status"] in disputing.OVER:
        raise Refusal("This dispute is closed: its evidence can no longer be updated.", param="evidence")
    change["evidence"] = {**old["evidence"], **given["evidence"]}
    change["evidence_details"] = {**old["evidence_details"], "has_evidence": True}
    return disputing.answer(world, old, change, submit=given.get("submit", True))


def close(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    """Accept the dispute: it is lost."""
    old = world.get("dispute", id)
    inquiry = old["status"].startswith("warning_")
    return disputing.close(world, old, "warning_closed" if inquiry else "lost")


TEXTS: dict[str, Field] = dict.fromkeys(EVIDENCE, Text(20_000, unset=True))
LIST = {**PAGE, "charge": ID, "payment_intent": ID, "created": Range()}
WARNINGS = "/v1/radar/early_fraud_warnings"
ROUTES = [
    Route("GET", "/v1/disputes", index("dispute", "/v1/disputes"), LIST, sdk="DisputeListParams"),
    Route("GET", "/v1/disputes/<id>", found("dispute"), sdk="DisputeRetrieveParams"),
    Route(
        "POST",
        "/v1/disputes/<id>",
        update,
        {"evidence": Group(TEXTS), "submit": Truth(), "metadata": METADATA},
        sdk="DisputeUpdateParams",
    ),
    Route("POST", "/v1/disputes/<id>/close", close, sdk="DisputeCloseParams"),
    Route("GET", WARNINGS, index("radar.early_fraud_warning", WARNINGS), LIST, sdk="radar.EarlyFraudWarningListParams"),
    Route("GET", f"{WARNINGS}/<id>", found("radar.early_fraud_warning"), sdk="radar.EarlyFraudWarningRetrieveParams"),
]
