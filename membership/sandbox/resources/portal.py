"""/v1/billing_portal (https://docs.stripe.com/api/customer_portal). Pausing and updating in the portal are left out."""

from __future__ import annotations

from typing import Any

from membership.sandbox import ids, lists, params
from membership.sandbox.answers import Refusal, missing
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Field, Group, Several, Text, Truth, Url
from membership.sandbox.resources.locales import LOCALES
from membership.sandbox.resources.subscription_items import PRORATE
from membership.sandbox.resources.subscriptions import FEEDBACK, OVER
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes import portal
from membership.sandbox.world import World

DEFAULT = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "cancellation_reason": {"enabled": True}},
}


def create_configuration(world: World, given: dict[str, Any]) -> dict[str, Any]:
    kept = ("business_profile", "default_return_url", "name")
    new = portal.configuration(
        id=ids.new("bpc_"),
        created=world.now(),
        features=given["features"],
        metadata=params.merged({}, given.get("metadata", {})),
        **{key: given[key] for key in kept if key in given},
    )
    world.save(new)
    world.tell("billing_portal.configuration.created", new)
    return new


def update_configuration(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("billing_portal.configuration", id)
    change: dict[str, Any] = {key: given[key] for key in ("active", "default_return_url", "name") if key in given}
    if "business_profile" in given:
        change["business_profile"] = {**old["business_profile"], **given["business_profile"]}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    if "features" in given:
        both = {key: {**old["features"][key], **value} for key, value in given["features"].items()}
        change["features"] = portal.whole({**old["features"], **both})
    return world.change(old, "billing_portal.configuration.updated", **change, updated=world.now())


def configurations(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return all(obj[key] == given[key] for key in ("active", "is_default") if key in given)

    url = "/v1/billing_portal/configurations"
    return lists.listed(world.store, "billing_portal.configuration", given, url, keep=wanted)


def create_session(world: World, given: dict[str, Any]) -> dict[str, Any]:
    customer = world.get("customer", given["customer"], "customer")
    settings = _configuration(world, given.get("configuration"))
    flow = given.get("flow_data")
    if flow:
        _check_flow(world, flow, customer["id"], settings)
    id = ids.new("bps_")
    new = portal.session(
        id=id,
        created=world.now(),
        configuration=settings["id"],
        customer=customer["id"],
        url=f"{world.base_url}/portal/{id}",
        return_url=given.get("return_url") or settings["default_return_url"],
        flow=portal.flow(flow) if flow else None,
        locale=given.get("locale"),
    )
    world.save(new)
    world.tell("billing_portal.session.created", new)
    return new


def _configuration(world: World, id: str | None) -> dict[str, Any]:
    """The one that is named, or the default, which the sandbox makes when it is first needed."""
    if id is not None:
        return world.get("billing_portal.configuration", id, "configuration")
    for known in world.store.find("billing_portal.configuration"):
        if known["is_default"]:
            return known
    made = portal.configuration(id=ids.new("bpc_"), created=world.now(), features=DEFAULT, is_default=True)
    return world.save(made)


def _check_flow(world: World, flow: dict[str, Any], customer: str, settings: dict[str, Any]) -> None:
    feature = {"subscription_cancel": "subscription_cancel", "payment_method_update": "payment_method_update"}
    if not settings["features"][feature[flow["type"]]]["enabled"]:
        words = f"This {flow['type']} flow cannot be used: the feature is disabled in the portal configuration."
        raise Refusal(words, param="flow_data[type]")
    if flow["type"] != "subscription_cancel":
        return
    if "subscription_cancel" not in flow:
        raise missing("flow_data[subscription_cancel]")
    param = "flow_data[subscription_cancel][subscription]"
    subscription = world.get("subscription", flow["subscription_cancel"]["subscription"], param)
    if subscription["customer"] != customer or subscription["status"] in OVER:
        raise Refusal("The subscription is not a running one of this customer.", param=param)
    if subscription["cancel_at"]:
        raise Refusal("The subscription is already set to be canceled.", param=param)


ON = Group({"enabled": Truth()}, ("enabled",))
FEATURES = Group(
    {
        "customer_update": Group(
            {
                "enabled": Truth(),
                "allowed_updates": Several(Choice(("address", "email", "name", "phone", "shipping", "tax_id"))),
            },
            ("enabled",),
        ),
        "invoice_history": ON,
        "payment_method_update": ON,
        "subscription_cancel": Group(
            {
                "enabled": Truth(),
                "mode": Choice(("at_period_end", "immediately")),
                "proration_behavior": PRORATE,
                "cancellation_reason": Group(
                    {"enabled": Truth(), "options": Several(Choice(FEEDBACK))}, ("enabled", "options")
                ),
            },
            ("enabled",),
        ),
    }
)
CONFIGURATION: dict[str, Field] = {
    "features": FEATURES,
    "business_profile": Group(
        {"headline": Text(60, unset=True), "privacy_policy_url": Url(), "terms_of_service_url": Url()}
    ),
    "default_return_url": Url(unset=True),
    "metadata": METADATA,
    "name": Text(100, unset=True),
}
FLOW = Group(
    {
        "type": Choice(("payment_method_update", "subscription_cancel")),
        "subscription_cancel": Group({"subscription": ID}, ("subscription",)),
        "after_completion": Group(
            {
                "type": Choice(("portal_homepage", "redirect")),
                "redirect": Group({"return_url": Url()}, ("return_url",)),
            },
            ("type",),
        ),
    },
    ("type",),
)
PATH = "/v1/billing_portal"
ROUTES = [
    Route(
        "POST",
        f"{PATH}/configurations",
        create_configuration,
        CONFIGURATION,
        ("features",),
        "billing_portal.ConfigurationCreateParams",
    ),
    Route(
        "GET",
        f"{PATH}/configurations",
        configurations,
        {**PAGE, "active": Truth(), "is_default": Truth()},
        sdk="billing_portal.ConfigurationListParams",
    ),
    Route(
        "GET",
        f"{PATH}/configurations/<id>",
        found("billing_portal.configuration"),
        sdk="billing_portal.ConfigurationRetrieveParams",
    ),
    Route(
        "POST",
        f"{PATH}/configurations/<id>",
        update_configuration,
        {**CONFIGURATION, "active": Truth()},
        sdk="billing_portal.ConfigurationUpdateParams",
    ),
    Route(
        "POST",
        f"{PATH}/sessions",
        create_session,
        {"customer": ID, "configuration": ID, "return_url": Url(), "locale": Choice(LOCALES), "flow_data": FLOW},
        ("customer",),
        "billing_portal.SessionCreateParams",
    ),
]
