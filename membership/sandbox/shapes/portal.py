"""The billing portal's configurations and sessions (https://docs.stripe.com/api/customer_portal)."""

from __future__ import annotations

from typing import Any

REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)


def configuration(
    *,
    id: str,
    created: int,
    features: dict[str, Any],
    business_profile: dict[str, Any] | None = None,
    default_return_url: str | None = None,
    metadata: dict[str, str] | None = None,
    name: str | None = None,
    is_default: bool = False,
) -> dict[str, Any]:
    """What the portal lets a customer do. `features`: only what was asked for; the rest is off."""
    profile = dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"))
    return {
        "id": id,
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {**profile, **(business_profile or {})},
        "created": created,
        "default_return_url": default_return_url,
        "features": whole(features),
        "is_default": is_default,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": metadata or {},
        "name": name,
        "updated": created,
    }


def whole(features: dict[str, Any]) -> dict[str, Any]:
    """Every feature there is, as asked for or off."""
    cancel = features.get("subscription_cancel", {})
    reason = {"enabled": False, "options": list(REASONS), **cancel.get("cancellation_reason", {})}
    return {
        "customer_update": {"allowed_updates": [], "enabled": False, **features.get("customer_update", {})},
        "invoice_history": {"enabled": False, **features.get("invoice_history", {})},
        "payment_method_update": {"enabled": False, **features.get("payment_method_update", {})},
        "subscription_cancel": {
            "enabled": False,
            "mode": "at_period_end",
            "proration_behavior": "none",
            **cancel,
            "cancellation_reason": reason,
        },
        "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": [],
            "enabled": False,
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }


def session(
    *,
    id: str,
    created: int,
    configuration: str,
    customer: str,
    url: str,
    return_url: str | None,
    flow: dict[str, Any] | None = None,
    locale: str | None = None,
) -> dict[str, Any]:
    """A customer's way into the portal."""
    return {
        "id": id,
        "object": "billing_portal.session",
        "configuration": configuration,
        "created": created,
        "customer": customer,
        "flow": flow,
        "livemode": False,
        "locale": locale,
        "on_behalf_of": None,
        "return_url": return_url,
        "url": url,
    }


def flow(asked: dict[str, Any]) -> dict[str, Any]:
    """One thing to do and nothing else: a new card, or the end of a subscription."""
    after = asked.get("after_completion", {"type": "portal_homepage"})
    cancel = asked.get("subscription_cancel")
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": None, **after},
        "subscription_cancel": {"retention": None, "subscription": cancel["subscription"]} if cancel else None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": asked["type"],
    }
