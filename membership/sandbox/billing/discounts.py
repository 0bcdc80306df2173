"""What a coupon takes off, whether it may be used, and for how long it lasts (https://docs.stripe.com/billing/coupons).

Only the line of the period is discounted, prorations are not.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids
from membership.sandbox.answers import Refusal
from membership.sandbox.billing.periods import boundary
from membership.sandbox.shapes import coupons
from membership.sandbox.world import World

Found = tuple[dict[str, Any], dict[str, Any] | None]


def worth(coupon: dict[str, Any], amount: int) -> int:
    """What it takes off an amount: never more than that, a percentage rounded half up."""
    if coupon["_hundredths"] is None:
        return int(min(amount, coupon["amount_off"]))
    return int((amount * coupon["_hundredths"] + 5000) // 10_000)


def asked(world: World, wanted: dict[str, str], param: str) -> Found:
    """The coupon, and promotion code if it came by one. Raises `Refusal` for one that is not there or not valid."""
    if ("coupon" in wanted) == ("promotion_code" in wanted):
        raise Refusal("You must specify either `coupon` or `promotion_code`.", param=param)
    if "coupon" in wanted:
        return _valid(world, world.get("coupon", wanted["coupon"], f"{param}[coupon]")), None
    code = world.get("promotion_code", wanted["promotion_code"], f"{param}[promotion_code]")
    return _by_code(world, code, f"{param}[promotion_code]")


def typed(world: World, word: str) -> Found | None:
    """The coupon that a payer's word stands for, or None."""
    for code in world.store.find("promotion_code"):
        if code["code"].lower() == word.strip().lower():
            try:
                return _by_code(world, code, "code")
            except Refusal:
                continue
    return None


def _by_code(world: World, code: dict[str, Any], param: str) -> Found:
    spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    late = code["expires_at"] is not None and code["expires_at"] <= world.now()
    if not code["active"] or spent or late:
        raise Refusal("This promotion code is not active.", code="promotion_code_inactive", param=param)
    return _valid(world, world.get("coupon", code["promotion"]["coupon"], param)), code


def _valid(world: World, coupon: dict[str, Any]) -> dict[str, Any]:
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    if spent or (coupon["redeem_by"] is not None and coupon["redeem_by"] <= world.now()):
        raise Refusal(f"Coupon expired: {coupon['id']}", code="coupon_expired", param="coupon")
    return coupon


def check(found: Found, amount: int, currency: str | None, param: str) -> None:
    """Whether it fits an amount. Raises `Refusal`."""
    coupon, code = found
    if coupon["currency"] and coupon["currency"] != currency:
        raise Refusal(f"The coupon is in {coupon['currency']}, not in {currency}.", param=param)
    least = code["restrictions"]["minimum_amount"] if code else None
    if least is not None and amount < least:
        raise Refusal("This promotion code needs a higher amount.", param=param)


def redeem(world: World, found: Found, *, customer: str | None, **where: str | None) -> dict[str, Any]:
    """Put it to work (`subscription`, `checkout_session`); counts it, and tells of it where there is a customer."""
    coupon, code = found
    months = coupon["duration_in_months"]
    new = coupons.discount(
        id=ids.new("di_"),
        start=world.now(),
        end=boundary(world.now(), months, "month") if months else None,
        coupon=coupon["id"],
        promotion_code=code["id"] if code else None,
        customer=customer,
        **where,
    )
    world.save(new)
    for one in found:
        if one is not None:
            world.save({**one, "times_redeemed": one["times_redeemed"] + 1})
    if customer:
        world.tell("customer.discount.created", new)
    return new


def running(world: World, subscription: dict[str, Any], amount: int, at: int) -> list[tuple[str, int]]:
    """The discounts of a subscription's period at a time: id and what it takes off an amount."""
    found = []
    for id in subscription["discounts"]:
        discount = world.store.get("discount", id)
        coupon = world.store.get("coupon", discount["source"]["coupon"]) if discount else None
        if discount is None or coupon is None or discount.get("_spent"):
            continue
        if discount["end"] is None or discount["end"] > at:
            found.append((id, worth(coupon["_was"] if coupon.get("deleted") else coupon, amount)))
    return found


def use_up(world: World, used: list[tuple[str, int]]) -> None:
    """A discount that holds once has been used."""
    for id, _ in used:
        discount = world.get("discount", id)
        coupon = world.store.get("coupon", discount["source"]["coupon"]) or {}
        if (coupon.get("_was") or coupon).get("duration") == "once":
            world.save({**discount, "_spent": True})
