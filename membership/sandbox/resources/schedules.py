"""/v1/subscription_schedules, for changes of a running subscription (https://docs.stripe.com/api/subscription_schedules)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids, lists, params
from membership.sandbox.answers import Refusal
from membership.sandbox.billing import renewing, schedules
from membership.sandbox.billing.periods import boundary
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Field, Group, Range, Several, Truth, Whole
from membership.sandbox.resources.subscription_items import NEW_ITEM, PRORATE, price_asked
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes.schedules import phase, schedule
from membership.sandbox.world import World


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """A schedule of what the subscription has now: one phase, to the end of its period."""
    subscription = world.get("subscription", given["from_subscription"], "from_subscription")
    if subscription["schedule"]:
        words = f"You cannot migrate a subscription that is already attached to a schedule: {subscription['schedule']}"
        raise Refusal(words, param="from_subscription")
    if subscription["status"] not in ("active", "past_due", "trialing", "unpaid"):
        words = f"You cannot create a schedule from a subscription that is {subscription['status']}."
        raise Refusal(words, param="from_subscription")
    item = subscription["items"]["data"][0]
    only = phase(
        price=item["price"]["id"],
        currency=subscription["currency"],
        quantity=item["quantity"],
        start=item["current_period_start"],
        end=item["current_period_end"],
    )
    new = schedule(id=ids.new("sub_sched_"), created=world.now(), subscription=subscription, phases=[only])
    new = world.save(schedules.next_step(new))
    world.change(subscription, "customer.subscription.updated", schedule=new["id"])
    world.tell("subscription_schedule.created", new)
    return new


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("subscription_schedule", id)
    change: dict[str, Any] = {key: given[key] for key in ("end_behavior",) if key in given}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if "phases" in given:
        _check_running(old)
        change["phases"] = _phases(world, given["phases"], old)
        current = next(one for one in change["phases"] if one["start_date"] == old["current_phase"]["start_date"])
        change["current_phase"] = {"end_date": current["end_date"], "start_date": current["start_date"]}
    after = schedules.next_step({**old, **change})
    if after != old:
        world.save(after)
        world.tell("subscription_schedule.updated", after, before=old)
    return after


def _check_running(schedule: dict[str, Any]) -> None:
    if schedule["status"] != "active":
        words = f"You cannot change a subscription schedule that is {schedule['status']}."
        raise Refusal(words)


def _phases(world: World, wanted: list[dict[str, Any]], old: dict[str, Any]) -> list[dict[str, Any]]:
    """Phases without a gap, the running one among them; each ends at a time or after some intervals."""
    begun = old["current_phase"]["start_date"]
    found: list[dict[str, Any]] = []
    for n, one in enumerate(wanted):
        start = found[-1]["end_date"] if found else one.get("start_date", begun)
        if one.get("start_date", start) != start:
            words = "The phases must follow each other without a gap: each starts where the one before it ends."
            raise Refusal(words, param=f"phases[{n}][start_date]")
        found.append(_phase(world, one, start, f"phases[{n}]"))
    if not any(one["start_date"] == begun for one in found):
        raise Refusal("You can not modify the start date of the current phase.", param="phases[0][start_date]")
    if found[-1]["end_date"] <= world.now():
        raise Refusal("The last phase must end in the future.", param=f"phases[{len(found) - 1}][end_date]")
    return found


def _phase(world: World, one: dict[str, Any], start: int, param: str) -> dict[str, Any]:
    price = price_asked(world, one["items"][0], f"{param}[items][0]") if len(one["items"]) == 1 else None
    if price is None:
        raise Refusal("A phase has one item with a price.", param=f"{param}[items]")
    if "end_date" in one and "duration" in one:
        raise Refusal("You may only specify one of these parameters: end_date, duration.", param=f"{param}[duration]")
    rhythm = one.get("duration") or price["recurring"]
    end = one.get("end_date") or boundary(start, 1, rhythm["interval"], rhythm.get("interval_count", 1))
    if end <= start:
        raise Refusal("A phase must end after it starts.", param=f"{param}[end_date]")
    return phase(
        price=price["id"],
        currency=price["currency"],
        quantity=one["items"][0].get("quantity", 1),
        start=start,
        end=end,
        proration_behavior=one.get("proration_behavior", "create_prorations"),
        metadata=params.merged({}, one.get("metadata", {})),
    )


def release(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("subscription_schedule", id)
    _check_running(old)
    return schedules.release(world, old)[0]


def cancel(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    """The schedule and its subscription end at once."""
    old = world.get("subscription_schedule", id)
    _check_running(old)
    renewing.end(world, world.get("subscription", old["subscription"]), "cancellation_requested")
    return world.get("subscription_schedule", id)


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    where = {"customer": given["customer"]} if "customer" in given else {}
    return lists.listed(world.store, "subscription_schedule", given, "/v1/subscription_schedules", where=where)


PHASE = Group(
    {
        "items": Several(Group(NEW_ITEM), most=20),
        "start_date": Whole(),
        "end_date": Whole(),
        "duration": Group(
            {"interval": Choice(("day", "week", "month", "year")), "interval_count": Whole(1)}, ("interval",)
        ),
        "proration_behavior": PRORATE,
        "metadata": METADATA,
    },
    ("items",),
)
CHANGE: dict[str, Field] = {
    "phases": Several(PHASE, most=10),
    "end_behavior": Choice(("cancel", "release")),
    "metadata": METADATA,
}
PATH = "/v1/subscription_schedules"
ROUTES = [
    Route(
        "POST",
        PATH,
        create,
        {"from_subscription": ID},
        ("from_subscription",),
        "SubscriptionScheduleCreateParams",
    ),
    Route("GET", PATH, index, {**PAGE, "customer": ID, "created": Range()}, sdk="SubscriptionScheduleListParams"),
    Route("GET", f"{PATH}/<id>", found("subscription_schedule"), sdk="SubscriptionScheduleRetrieveParams"),
    Route("POST", f"{PATH}/<id>", update, CHANGE, sdk="SubscriptionScheduleUpdateParams"),
    Route(
        "POST",
        f"{PATH}/<id>/release",
        release,
        {"preserve_cancel_date": Truth()},
        sdk="SubscriptionScheduleReleaseParams",
    ),
    Route(
        "POST",
        f"{PATH}/<id>/cancel",
        cancel,
        {"invoice_now": Truth(), "prorate": Truth()},
        sdk="SubscriptionScheduleCancelParams",
    ),
]
