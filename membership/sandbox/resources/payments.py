"""/v1/payment_intents, /v1/charges, /v1/setup_intents (https://docs.stripe.com/api/charges)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists, params
from membership.sandbox.answers import Refusal
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Range, Text
from membership.sandbox.routes import Answer, Route, found
from membership.sandbox.world import World


def changed(kind: str, told: str | None = None) -> Answer:
    """The answer of an update endpoint that changes metadata and description only; `told`: the event, if any."""

    def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
        old = world.get(kind, id)
        change = {key: value for key, value in given.items() if key != "metadata"}
        if "metadata" in given:
            change["metadata"] = params.merged(old["metadata"], given["metadata"])
        return world.change(old, told, **change) if told else world.save({**old, **change})

    return update


def intents(world: World, given: dict[str, Any]) -> dict[str, Any]:
    where = {"customer": given["customer"]} if "customer" in given else {}
    return lists.listed(world.store, "payment_intent", given, "/v1/payment_intents", where=where)


def cancel_intent(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("payment_intent", id)
    if old["status"] in ("succeeded", "canceled"):
        words = f"You cannot cancel this PaymentIntent because it has a status of {old['status']}."
        raise Refusal(words, code="payment_intent_unexpected_state")
    return world.change(
        old,
        "payment_intent.canceled",
        status="canceled",
        canceled_at=world.now(),
        cancellation_reason=given.get("cancellation_reason"),
    )


def charges(world: World, given: dict[str, Any]) -> dict[str, Any]:
    where: dict[str, object] = {key: given[key] for key in ("customer", "payment_intent") if key in given}
    return lists.listed(world.store, "charge", given, "/v1/charges", where=where)


def setups(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return "payment_method" not in given or obj["payment_method"] == given["payment_method"]

    where = {"customer": given["customer"]} if "customer" in given else {}
    return lists.listed(world.store, "setup_intent", given, "/v1/setup_intents", where=where, keep=wanted)


NOTES = {"metadata": METADATA, "description": Text(unset=True)}
ROUTES = [
    Route(
        "GET",
        "/v1/payment_intents",
        intents,
        {**PAGE, "customer": ID, "created": Range()},
        sdk="PaymentIntentListParams",
    ),
    Route("GET", "/v1/payment_intents/<id>", found("payment_intent"), sdk="PaymentIntentRetrieveParams"),
    Route("POST", "/v1/payment_intents/<id>", changed("payment_intent"), NOTES, sdk="PaymentIntentUpdateParams"),
    Route(
        "POST",
        "/v1/payment_intents/<id>/cancel",
        cancel_intent,
        {"cancellation_reason": Choice(("abandoned", "duplicate", "fraudulent", "requested_by_customer"))},
        sdk="PaymentIntentCancelParams",
    ),
    Route(
        "GET",
        "/v1/charges",
        charges,
        {**PAGE, "customer": ID, "payment_intent": ID, "created": Range()},
        sdk="ChargeListParams",
    ),
    Route("GET", "/v1/charges/<id>", found("charge"), sdk="ChargeRetrieveParams"),
    Route("POST", "/v1/charges/<id>", changed("charge", "charge.updated"), NOTES, sdk="ChargeUpdateParams"),
    Route(
        "GET",
        "/v1/setup_intents",
        setups,
        {**PAGE, "customer": ID, "payment_method": ID, "created": Range()},
        sdk="SetupIntentListParams",
    ),
    Route("GET", "/v1/setup_intents/<id>", found("setup_intent"), sdk="SetupIntentRetrieveParams"),
]
