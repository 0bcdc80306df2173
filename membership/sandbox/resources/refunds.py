"""/v1/refunds (https://docs.stripe.com/api/refunds)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists, params
from membership.sandbox.answers import Refusal, missing
from membership.sandbox.billing import refunding
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Range, Whole
from membership.sandbox.resources.payments import changed
from membership.sandbox.routes import Route, found
from membership.sandbox.world import World

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def refund(world: World, given: dict[str, Any]) -> dict[str, Any]:
    charge = _charge_for(world, given)
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] and not _refundable(world, charge):
        words = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refusal(words, code="charge_disputed")
    if not charge["paid"]:
        raise Refusal(f"Charge {charge['id']} has not been captured and cannot be refunded.", param="charge")
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = given.get("amount", left)
    if amount > left:
        words = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise Refusal(words, param="amount")
    return refunding.give_back(world, charge, amount, given.get("reason"), params.merged({}, given.get("metadata", {})))


def _charge_for(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if "charge" in given:
        return world.get("charge", given["charge"], "charge")
    if "payment_intent" not in given:
        raise missing("charge")
    intent = world.get("payment_intent", given["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        words = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise Refusal(words, param="payment_intent")
    return world.get("charge", intent["latest_charge"], "payment_intent")


def refunds(world: World, given: dict[str, Any], charge_id: str | None = None) -> dict[str, Any]:
    if charge_id:
        world.get("charge", charge_id)
    where = {"owner": charge_id or given["charge"]} if charge_id or "charge" in given else {}
    if "payment_intent" in given:
        where["payment_intent"] = given["payment_intent"]
    url = f"/v1/charges/{charge_id}/refunds" if charge_id else "/v1/refunds"
    return lists.listed(world.store, "refund", given, url, where=where)


def _refundable(world: World, charge: dict[str, Any]) -> bool:
    """An inquiry may be answered with a refund; money that a dispute has taken cannot be given back again."""
    return all(dispute["is_charge_refundable"] for dispute in world.store.find("dispute", owner=charge["id"]))


ROUTES = [
    Route("GET", "/v1/charges/<id>/refunds", refunds, PAGE),
    Route(
        "POST",
        "/v1/refunds",
        refund,
        {"charge": ID, "payment_intent": ID, "amount": Whole(1), "reason": Choice(REASONS), "metadata": METADATA},
        sdk="RefundCreateParams",
    ),
    Route(
        "GET",
        "/v1/refunds",
        refunds,
        {**PAGE, "charge": ID, "payment_intent": ID, "created": Range()},
        sdk="RefundListParams",
    ),
    Route("GET", "/v1/refunds/<id>", found("refund"), sdk="RefundRetrieveParams"),
    Route(
        "POST",
        "/v1/refunds/<id>",
        changed("refund", "refund.updated"),
        {"metadata": METADATA},
        sdk="RefundUpdateParams",
    ),
]
