"""/v1/checkout/sessions (https://docs.stripe.com/api/checkout/sessions)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import amounts, expand, ids, lists, params
from membership.sandbox.answers import Refusal, missing
from membership.sandbox.billing import agenda, discounts
from membership.sandbox.billing.checkout import discounted
from membership.sandbox.params import (
    ID,
    METADATA,
    PAGE,
    Choice,
    Currency,
    Email,
    Field,
    Group,
    Range,
    Several,
    Text,
    Truth,
    Url,
    Whole,
)
from membership.sandbox.resources import inline
from membership.sandbox.resources.locales import LOCALES
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import sessions
from membership.sandbox.world import World

HOUR = 3600
LINE = Group({"price": ID, "price_data": inline.PRICE_DATA, "quantity": Whole(1, 999_999)})
TEXTS = Group({key: Group({"message": Text(1200)}, ("message",)) for key in ("submit", "after_submit")})
CREATE: dict[str, Field] = {
    "mode": Choice(("payment", "setup", "subscription")),
    "line_items": Several(LINE),
    "success_url": Url(),
    "cancel_url": Url(),
    "customer": ID,
    "customer_email": Email(800),
    "customer_creation": Choice(("always", "if_required")),
    "client_reference_id": Text(200),
    "metadata": METADATA,
    "subscription_data": Group({"metadata": METADATA, "description": Text(500)}),
    "payment_intent_data": Group(
        {
            "metadata": METADATA,
            "description": Text(1000),
            "receipt_email": Email(),
            "setup_future_usage": Choice(("off_session", "on_session")),
            "statement_descriptor_suffix": Text(22),
        }
    ),
    "setup_intent_data": Group({"metadata": METADATA, "description": Text(1000)}),
    "currency": Currency(),
    "submit_type": Choice(("auto", "book", "donate", "pay", "subscribe")),
    "locale": Choice(LOCALES),
    "expires_at": Whole(),
    "ui_mode": Choice(("hosted_page",)),
    "payment_method_collection": Choice(("always", "if_required")),
    "billing_address_collection": Choice(("auto", "required")),
    "phone_number_collection": Group({"enabled": Truth()}, ("enabled",)),
    "allow_promotion_codes": Truth(),
    "discounts": Several(Group({"coupon": ID, "promotion_code": ID}), most=1),
    "custom_text": TEXTS,
    "adaptive_pricing": Group({"enabled": Truth()}),
}


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    mode = given.get("mode") or _no_mode()
    _check(world, given, mode)
    lines = [_line(world, line, n, mode) for n, line in enumerate(given.get("line_items", []))]
    currency = _currency(lines, given, mode)
    total = sum(line["amount_total"] for line in lines)
    if mode == "payment":
        amounts.check(total, currency or "", "line_items[0]")
    id = ids.new("cs_test_")
    kept = (
        "success_url",
        "cancel_url",
        "customer",
        "customer_email",
        "client_reference_id",
        "submit_type",
        "locale",
        "expires_at",
        "payment_method_collection",
        "billing_address_collection",
        "allow_promotion_codes",
        "custom_text",
    )
    new = sessions.checkout_session(
        id=id,
        created=world.now(),
        mode=mode,
        currency=currency,
        amount=None if mode == "setup" else total,
        url=f"{world.base_url}/pay/{id}",
        metadata=params.merged({}, given.get("metadata", {})),
        customer_creation=_creation(given, mode),
        payment_status="no_payment_required" if mode == "setup" else "unpaid",
        customer_details=_details(world, given),
        phone_number_collection=given.get("phone_number_collection", {}).get("enabled", False),
        **{key: given[key] for key in kept if key in given},
    )
    notes: dict[str, Any] = {
        f"_{key}": _clean(given.get(key)) for key in ("subscription_data", "payment_intent_data", "setup_intent_data")
    }
    session = {**new, "_lines": lines, **notes}
    if given.get("discounts"):
        found = discounts.asked(world, given["discounts"][0], "discounts[0]")
        session = discounted(session, found)
    if session["amount_total"]:
        amounts.check(session["amount_total"], currency or "", "line_items[0]")
    return world.save(session)


def _no_mode() -> str:
    raise missing("mode")


def _creation(given: dict[str, Any], mode: str) -> str | None:
    if "customer" in given:
        return None
    return "always" if mode == "subscription" else given.get("customer_creation", "if_required")


def _clean(data: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if data is None else {**data, "metadata": params.merged({}, data.get("metadata", {}))}


def _details(world: World, given: dict[str, Any]) -> dict[str, Any] | None:
    if "customer" in given:
        known = world.get("customer", given["customer"], "customer")
        return sessions.customer_details(known["email"], known["name"])
    return sessions.customer_details(given["customer_email"]) if "customer_email" in given else None


def _check(world: World, given: dict[str, Any], mode: str) -> None:
    """What Stripe refuses before it looks at the lines."""
    if "success_url" not in given:
        raise missing("success_url")
    if mode != "setup" and not given.get("line_items"):
        raise missing("line_items")
    if mode == "setup" and "currency" not in given:
        raise missing("currency")
    for param, only in (
        ("subscription_data", "subscription"),
        ("payment_intent_data", "payment"),
        ("customer_creation", "payment"),
        ("setup_intent_data", "setup"),
    ):
        if param in given and mode != only and not (param == "customer_creation" and mode == "setup"):
            raise Refusal(f"You can not pass `{param}` in `{mode}` mode.", param=param)
    if given.get("submit_type") in ("auto", "book", "donate", "pay") and mode == "subscription":
        raise Refusal("You can not pass `submit_type` in `subscription` mode.", param="submit_type")
    if "customer" in given and ("customer_email" in given or "customer_creation" in given):
        other = "customer_email" if "customer_email" in given else "customer_creation"
        raise Refusal(f"You may only specify one of these parameters: customer, {other}.", param="customer")
    if "discounts" in given and "allow_promotion_codes" in given:
        words = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise Refusal(words, param="discounts")
    wait = given.get("expires_at", world.now() + 24 * HOUR) - world.now()
    if not HOUR // 2 - 60 <= wait <= 24 * HOUR + 60:
        words = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from now."
        raise Refusal(words, param="expires_at")


def _line(world: World, line: dict[str, Any], n: int, mode: str) -> dict[str, Any]:
    param = f"line_items[{n}]"
    if ("price" in line) == ("price_data" in line):
        raise Refusal("You must specify either `price` or `price_data` for each line item.", param=param)
    if "quantity" not in line:
        raise Refusal(
            "Quantity is required. Add `quantity` to the line item.",
            code="parameter_missing",
            param=f"{param}[quantity]",
        )
    price = (
        world.get("price", line["price"], f"{param}[price]")
        if "price" in line
        else inline.priced(world, line["price_data"], param)
    )
    if not price["active"] and "price" in line:
        raise Refusal(
            "The price specified is inactive. This field only accepts active prices.", param=f"{param}[price]"
        )
    if mode == "payment" and price["recurring"]:
        raise Refusal(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode "
            "or use only one-time prices.",
            param=f"{param}[price]",
        )
    product = world.get("product", price["product"], param)
    return sessions.line_item(id=ids.new("li_"), price=price, quantity=line["quantity"], description=product["name"])


def _currency(lines: list[dict[str, Any]], given: dict[str, Any], mode: str) -> str | None:
    found = sorted({line["currency"] for line in lines})
    if len(found) > 1:
        raise Refusal("All prices on a Checkout Session must have the same currency.", param="line_items")
    if mode == "subscription" and not any(line["price"]["recurring"] for line in lines):
        raise Refusal(
            "You must provide at least one recurring price in `subscription` mode when using prices.", param="mode"
        )
    if mode == "subscription" and len(lines) > 1:
        raise Refusal("The sandbox's subscriptions have one line.", param="line_items")
    return found[0] if found else given.get("currency")


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("checkout.session", id)
    return world.save({**old, "metadata": params.merged(old["metadata"], given.get("metadata", {}))})


def expire(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    session = world.get("checkout.session", id)
    if session["status"] != "open":
        words = f"Only open Checkout Sessions can be expired. This Checkout Session is {session['status']}."
        raise Refusal(words)
    return agenda.expire(world, session)


def line_items(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    lines = world.get("checkout.session", id)["_lines"]
    page = expand.line_items(world.store, id)
    ordered = [line["id"] for line in lines]
    start = ordered.index(given["starting_after"]) + 1 if given.get("starting_after") in ordered else 0
    limit = given.get("limit", 10)
    return {**page, "data": lines[start : start + limit], "has_more": len(lines) > start + limit}


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        email = given.get("customer_details", {}).get("email")
        return ("status" not in given or obj["status"] == given["status"]) and (
            email is None or (obj["customer_details"] or {}).get("email") == email
        )

    columns = {"customer": "customer", "payment_intent": "payment_intent", "subscription": "owner"}
    where = {column: given[key] for key, column in columns.items() if key in given}
    return lists.listed(world.store, "checkout.session", given, "/v1/checkout/sessions", where=where, keep=wanted)


LIST = {
    **PAGE,
    "customer": ID,
    "payment_intent": ID,
    "subscription": ID,
    "created": Range(),
    "status": Choice(("complete", "expired", "open")),
    "customer_details": Group({"email": Text(512)}, ("email",)),
}
ROUTES = [
    Route("POST", "/v1/checkout/sessions", create, CREATE, sdk="checkout.SessionCreateParams"),
    Route("GET", "/v1/checkout/sessions", index, LIST, sdk="checkout.SessionListParams"),
    Route("GET", "/v1/checkout/sessions/<id>", found("checkout.session"), sdk="checkout.SessionRetrieveParams"),
    Route("POST", "/v1/checkout/sessions/<id>", update, {"metadata": METADATA}, sdk="checkout.SessionUpdateParams"),
    Route("POST", "/v1/checkout/sessions/<id>/expire", expire, sdk="checkout.SessionExpireParams"),
    Route("GET", "/v1/checkout/sessions/<id>/line_items", line_items, PAGE, sdk="checkout.SessionListLineItemsParams"),
]
