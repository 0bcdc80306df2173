"""/v1/coupons and /v1/promotion_codes (https://docs.stripe.com/api/coupons)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from membership.sandbox import ids, lists, params
from membership.sandbox.answers import Refusal, missing
from membership.sandbox.params import (
    ID,
    METADATA,
    PAGE,
    Choice,
    Currency,
    Field,
    Group,
    Range,
    Text,
    Truth,
    Whole,
)
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import coupons
from membership.sandbox.shapes.customers import deleted
from membership.sandbox.world import World

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class Percent(Field):
    """Up to two decimals, above 0 and at most 100, in hundredths of a percent."""

    def read(self, raw: Any, name: str) -> int:
        match = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2})0*)?", raw if isinstance(raw, str) else "")
        value = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0
        if not 0 < value <= 10_000:
            raise Refusal(f"Invalid percentage: {raw}", param=name)
        return value


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if ("percent_off" in given) == ("amount_off" in given):
        raise Refusal("You must pass either percent_off or amount_off.", param="percent_off")
    if "amount_off" in given and "currency" not in given:
        raise missing("currency")
    duration = given.get("duration", "once")
    if (duration == "repeating") != ("duration_in_months" in given):
        words = "You must pass duration_in_months with a duration of repeating, and only then."
        raise Refusal(words, param="duration_in_months")
    if "id" in given and world.store.any(given["id"]):
        raise Refusal("Coupon already exists.", code="resource_already_exists", param="id")
    kept = ("amount_off", "duration_in_months", "max_redemptions", "redeem_by", "name")
    new = coupons.coupon(
        id=given.get("id") or _word(),
        created=world.now(),
        duration=duration,
        hundredths=given.get("percent_off"),
        currency=given["currency"] if "amount_off" in given else None,
        metadata=params.merged({}, given.get("metadata", {})),
        **{key: given[key] for key in kept if key in given},
    )
    world.save(new)
    world.tell("coupon.created", new)
    return new


def _word() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(8))


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("coupon", id)
    change: dict[str, Any] = {"name": given["name"]} if "name" in given else {}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    return world.change(old, "coupon.updated", **change)


def delete(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    """Nobody can use it any more; those who do keep it."""
    old = world.get("coupon", id)
    world.tell("coupon.deleted", old)
    world.save({**deleted(id, "coupon"), "_was": old})
    return deleted(id, "coupon")


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    return lists.listed(world.store, "coupon", given, "/v1/coupons", keep=lambda obj: not obj.get("deleted"))


def create_code(world: World, given: dict[str, Any]) -> dict[str, Any]:
    promotion = given["promotion"]
    if "coupon" not in promotion:
        raise missing("promotion[coupon]")
    coupon = world.get("coupon", promotion["coupon"], "promotion[coupon]")
    code = given.get("code") or _word()
    if any(one["code"].lower() == code.lower() and one["active"] for one in world.store.find("promotion_code")):
        words = f"An active promotion code with `code: {code}` already exists."
        raise Refusal(words, code="resource_already_exists", param="code")
    kept = ("active", "customer", "expires_at", "max_redemptions")
    new = coupons.promotion_code(
        id=ids.new("promo_"),
        created=world.now(),
        coupon=coupon["id"],
        code=code,
        metadata=params.merged({}, given.get("metadata", {})),
        **{key: given[key] for key in kept if key in given},
        **given.get("restrictions", {}),
    )
    world.save(new)
    world.tell("promotion_code.created", new)
    return new


def update_code(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("promotion_code", id)
    change: dict[str, Any] = {"active": given["active"]} if "active" in given else {}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    return world.change(old, "promotion_code.updated", **change)


def codes(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return (
            given.get("active", obj["active"]) == obj["active"]
            and given.get("code", obj["code"]).lower() == obj["code"].lower()
            and given.get("coupon", obj["promotion"]["coupon"]) == obj["promotion"]["coupon"]
        )

    return lists.listed(world.store, "promotion_code", given, "/v1/promotion_codes", keep=wanted)


COUPON: dict[str, Field] = {
    "id": Text(200),
    "percent_off": Percent(),
    "amount_off": Whole(1),
    "currency": Currency(),
    "duration": Choice(("forever", "once", "repeating")),
    "duration_in_months": Whole(1, 120),
    "max_redemptions": Whole(1),
    "redeem_by": Whole(),
    "name": Text(40),
    "metadata": METADATA,
}
CODE: dict[str, Field] = {
    "promotion": Group({"type": Choice(("coupon",)), "coupon": ID}, ("type",)),
    "code": Text(500),
    "active": Truth(),
    "customer": ID,
    "expires_at": Whole(),
    "max_redemptions": Whole(1),
    "restrictions": Group({"minimum_amount": Whole(1), "minimum_amount_currency": Currency()}),
    "metadata": METADATA,
}
ROUTES = [
    Route("POST", "/v1/coupons", create, COUPON, sdk="CouponCreateParams"),
    Route("GET", "/v1/coupons", index, {**PAGE, "created": Range()}, sdk="CouponListParams"),
    Route("GET", "/v1/coupons/<id>", found("coupon"), sdk="CouponRetrieveParams"),
    Route("POST", "/v1/coupons/<id>", update, {"name": Text(40), "metadata": METADATA}, sdk="CouponUpdateParams"),
    Route("DELETE", "/v1/coupons/<id>", delete, sdk="CouponDeleteParams"),
    Route("POST", "/v1/promotion_codes", create_code, CODE, ("promotion",), "PromotionCodeCreateParams"),
    Route(
        "GET",
        "/v1/promotion_codes",
        codes,
        {**PAGE, "active": Truth(), "code": Text(500), "coupon": ID, "created": Range()},
        sdk="PromotionCodeListParams",
    ),
    Route("GET", "/v1/promotion_codes/<id>", found("promotion_code"), sdk="PromotionCodeRetrieveParams"),
    Route(
        "POST",
        "/v1/promotion_codes/<id>",
        update_code,
        {"active": Truth(), "metadata": METADATA},
        sdk="PromotionCodeUpdateParams",
    ),
]
