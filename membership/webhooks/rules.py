"""Rules of the webhook door: which deliveries are genuine and ours, and under which object's lease an event is taken in.

Sources: docs.stripe.com/webhooks (signatures, tolerance, retries), docs.stripe.com/upgrades (shapes of older versions).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from membership.refusals import Refused

TOLERANCE_SECONDS = 300
BODY_LIMIT = 256 * 1024


class NotFromStripe(Refused):
    """Forged, stale, of the other mode, or not an event at all. Answered 400, never 500; nothing is stored."""

    status = 400


@dataclass(frozen=True)
class Envelope:
    """What the door needs of an event. `root_id`: the object whose lease covers it; `foreign`: of a connected account."""

    id: str
    type: str
    object_id: str
    root_id: str
    api_version: str | None
    created_at: datetime
    foreign: bool = False


def signed_at(header: str) -> int | None:
    """The `t=` of a Stripe-Signature header, read as Stripe's library reads it; None unless there is exactly one."""
    found = [value for name, _, value in (part.partition("=") for part in header.split(",")) if name == "t"]
    if len(found) != 1 or not (found[0].isascii() and found[0].isdigit() and len(found[0]) < 12):
        return None
    return int(found[0])


def is_fresh(signed: int, *, at: datetime) -> bool:
    """Signed within five minutes, before or after now: Stripe's own library lets the future pass."""
    return abs(at.timestamp() - signed) <= TOLERANCE_SECONDS


def read_envelope(event: Any, *, livemode: bool) -> Envelope:
    """The parts of a snapshot event that the door needs, each checked. Raises `NotFromStripe`."""
    if not isinstance(event, dict) or event.get("object") != "event":
        raise NotFromStripe("This is not an event.")
    about = event.get("data")
    about = about.get("object") if isinstance(about, dict) else None
    if not isinstance(about, dict):
        raise NotFromStripe("This event names no object.")
    root_id = root_of(about)
    texts = [event.get("id"), event.get("type"), about.get("id") or "", root_id, event.get("api_version") or ""]
    if not all(isinstance(text, str) and len(text) <= 255 and text.isprintable() for text in texts):
        raise NotFromStripe("This event names no object.")
    if not event["id"].startswith("evt_"):
        raise NotFromStripe("This is not an event.")
    created = event.get("created")
    if type(created) is not int or not 0 <= created < 10**11:
        raise NotFromStripe("This event has no time.")
    if event.get("livemode") is not livemode:
        raise NotFromStripe("This event belongs to the other mode.")
    return Envelope(
        id=event["id"],
        type=event["type"],
        object_id=about.get("id") or "",
        root_id=root_id,
        api_version=event.get("api_version") or None,
        created_at=datetime.fromtimestamp(created, UTC),
        foreign=bool(event.get("account") or event.get("context")),
    )


def root_of(about: dict[str, Any]) -> str:
    """The id of the object under whose lease this one is taken in.

    Whatever writes a membership is taken in under its subscription, so that two workers never hold different ages of it:
    its invoices (also in shapes before 2025-03-31, where the invoice named it directly) and its Checkout session. A
    donation's session, and any charge, refund, dispute or fraud warning under the payment intent; a price under its
    product.
    """
    kind = about.get("object")
    found: Any = None
    if kind == "invoice":
        details = (about.get("parent") or {}) if isinstance(about.get("parent"), dict) else {}
        details = details.get("subscription_details") or {}
        found = details.get("subscription") if isinstance(details, dict) else None
        found = found or about.get("subscription")
    elif kind == "checkout.session":
        found = about.get("subscription") or about.get("payment_intent")
    elif kind == "subscription_schedule":
        found = about.get("subscription") or about.get("released_subscription")
    elif kind in ("charge", "refund", "dispute", "radar.early_fraud_warning"):
        found = about.get("payment_intent")
    elif kind == "price":
        found = about.get("product")
    if isinstance(found, dict):
        found = found.get("id")
    return found if isinstance(found, str) and found else str(about.get("id") or "")


def said_of(about: Any) -> str:
    """What an event's object says about the reason, in Stripe's own words, for a note to staff; empty when nothing."""
    if not isinstance(about, dict):
        return ""
    error = about.get("last_finalization_error")
    told = error.get("message") if isinstance(error, dict) else None
    told = told or about.get("fraud_type") or about.get("failure_message") or about.get("failure_code")
    return str(told)[:500] if told else ""
