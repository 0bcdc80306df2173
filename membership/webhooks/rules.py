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
SNAPSHOT, THIN = "event", "v2.core.event"
"""The two kinds of event: with the object as it was, or only with its name."""


class NotFromStripe(Refused):
    """Forged, stale, of the other mode, or not an event at all. Answered 400, never 500; nothing is stored."""

    status = 400


@dataclass(frozen=True)
class Envelope:
    """What the door needs of an event. `root_id`: the object whose lease covers it; `foreign`: of a connected account.

    A thin event's `type` stands here without its `v1.`, as its snapshot's would; `snapshot_id` names that snapshot.
    """

    id: str
    type: str
    object_id: str
    root_id: str
    api_version: str | None
    created_at: datetime
    foreign: bool = False
    snapshot_id: str | None = None


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
    """The parts of a snapshot or thin event that the door needs, each checked. Raises `NotFromStripe`."""
    kind = event.get("object") if isinstance(event, dict) else None
    if kind == SNAPSHOT:
        envelope = _read_snapshot(event)
    elif kind == THIN:
        envelope = _read_thin(event)
    else:
        raise NotFromStripe("This is not an event.")
    if not envelope.id.startswith("evt_"):
        raise NotFromStripe("This is not an event.")
    if event.get("livemode") is not livemode:
        raise NotFromStripe("This event belongs to the other mode.")
    return envelope


def _read_snapshot(event: dict[str, Any]) -> Envelope:
    about = event.get("data")
    about = about.get("object") if isinstance(about, dict) else None
    if not isinstance(about, dict):
        raise NotFromStripe("This event names no object.")
    created = event.get("created")
    if type(created) is not int or not 0 <= created < 10**11:
        raise NotFromStripe("This event has no time.")
    return Envelope(
        id=_name(event.get("id")),
        type=_name(event.get("type")),
        object_id=_name(about.get("id") or ""),
        root_id=_name(root_of(about)),
        api_version=_name(event.get("api_version") or "") or None,
        created_at=datetime.fromtimestamp(created, UTC),
        foreign=bool(event.get("account") or event.get("context")),
    )


def _read_thin(event: dict[str, Any]) -> Envelope:
    """It names its object, or none at all (docs.stripe.com/event-destinations): then it stands for it itself."""
    related = event.get("related_object") or {}
    if not isinstance(related, dict):
        raise NotFromStripe("This event names no object.")
    about, id = _name(related.get("id") or ""), _name(event.get("id"))
    return Envelope(
        id=id,
        type=_name(event.get("type")).removeprefix("v1."),
        object_id=about,
        root_id=about or id,
        api_version=None,
        created_at=_moment(event.get("created")),
        foreign=bool(event.get("context")),
        snapshot_id=_name(event.get("snapshot_event") or "") or None,
    )


def _name(value: Any) -> str:
    """An id, a type or a version: short and printable, so that a database can hold it. Raises `NotFromStripe`."""
    if not (isinstance(value, str) and len(value) <= 255 and value.isprintable()):
        raise NotFromStripe("This event names no object.")
    return value


def _moment(written: Any) -> datetime:
    """A time as thin events have it, `2026-11-24T20:00:00.000Z`. Raises `NotFromStripe`."""
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise NotFromStripe("This event has no time.")


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


def kind_of(root_id: str) -> str:
    """The beginning of an id, which tells what it is of: `sub`, `pi`, `cs` (also in `cs_test_…`), `sub_sched`."""
    return "sub_sched" if root_id.startswith("sub_sched_") else root_id.partition("_")[0]


def said_of(about: Any) -> str:
    """What an event's object says about the reason, in Stripe's own words, for a note to staff; empty when nothing."""
    if not isinstance(about, dict):
        return ""
    error = about.get("last_finalization_error")
    told = error.get("message") if isinstance(error, dict) else None
    told = told or about.get("fraud_type") or about.get("failure_message") or about.get("failure_code")
    return str(told)[:500] if told else ""
