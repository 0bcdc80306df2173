"""/v1/payouts: only automatic ones (https://docs.stripe.com/api/payouts)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists
from membership.sandbox.lists import within
from membership.sandbox.params import PAGE, Choice, Range
from membership.sandbox.routes import Route, found
from membership.sandbox.world import World


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return given.get("status", obj["status"]) == obj["status"] and within(
            obj["arrival_date"], given.get("arrival_date", {})
        )

    return lists.listed(world.store, "payout", given, "/v1/payouts", keep=wanted)


STATUSES = Choice(("pending", "paid", "failed", "canceled", "in_transit"))
ROUTES = [
    Route(
        "GET",
        "/v1/payouts",
        index,
        {**PAGE, "created": Range(), "arrival_date": Range(), "status": STATUSES},
        sdk="PayoutListParams",
    ),
    Route("GET", "/v1/payouts/<id>", found("payout"), sdk="PayoutRetrieveParams"),
]
