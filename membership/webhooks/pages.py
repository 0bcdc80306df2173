"""Staff's pages about what Stripe tells: the drift list with its one button, a reconciliation by hand, an event replayed."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask_babel import lazy_gettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.readers import trail
from membership.web.access import Who, allow
from membership.webhooks import drift, reconciling
from membership.webhooks.actions import replay
from membership.webhooks.drift_models import Reconciliation

blueprint = Blueprint("drift", __name__)

KINDS = {
    "membership_differs": lazy_gettext("A membership differs from its subscription"),
    "membership_missing": lazy_gettext("A subscription without a membership"),
    "subscription_gone": lazy_gettext("A membership whose subscription is gone"),
    "double_pledge": lazy_gettext("Two running memberships of one person"),
    "refund_differs": lazy_gettext("A refund differs"),
    "dispute_differs": lazy_gettext("A dispute differs"),
    "payout_differs": lazy_gettext("A payout to our bank differs"),
    "payment_unbooked": lazy_gettext("A payment without a line in the ledger"),
    "transaction_unbooked": lazy_gettext("A booking of Stripe's that the ledger lacks"),
    "day_differs": lazy_gettext("A day's sum differs (minor units)"),
    "product_archived": lazy_gettext("A membership on offer whose product is archived at Stripe"),
    "radar.early_fraud_warning.created": lazy_gettext("A bank warns of fraud"),
    "refund.failed": lazy_gettext("A refund failed, the money came back: it has to be sent another way"),
    "invoice.finalization_failed": lazy_gettext("An invoice could not be made out"),
    "invoice.marked_uncollectible": lazy_gettext("An invoice was given up"),
    "invoice.overpaid": lazy_gettext("An invoice was paid more than once"),
    "payout.failed": lazy_gettext("A payout to our bank failed"),
    "payout.canceled": lazy_gettext("A payout to our bank was canceled"),
    "account.application.deauthorized": lazy_gettext("An application was cut off from the account"),
}
"""How each kind is called; what is not named here shows under its own name."""


@blueprint.get("/staff/drift")
@allow(Who.staff("manager"))
def listed() -> str:
    """What differs, what was settled lately, and when the reconciler last looked."""
    with reading() as session:
        runs = select(Reconciliation).order_by(Reconciliation.id.desc()).limit(5)
        return render_template(
            "webhooks/drift.html",
            open=drift.open_ones(session),
            settled=drift.settled_ones(session),
            runs=session.execute(runs).scalars().all(),
            kinds=KINDS,
            is_repairable=drift.is_repairable,
        )


@blueprint.post("/staff/drift/<int:drift_id>/settlement")
@allow(Who.staff("manager"))
def settle(drift_id: int) -> Response:
    """Repair one line, or say that it was read."""
    with transaction() as session:
        drift.press(session, drift_id, by=current_user.reader_id, at=clock.now())
    return redirect("/staff/drift", 303)  # type: ignore[return-value]


@blueprint.post("/staff/drift/reconciliation")
@allow(Who.staff("manager"))
def look_now() -> Response:
    """Have the reconciler run now instead of within the hour."""
    with transaction() as session:
        at = clock.now()
        reconciling.ask(session, at=at)
        trail.note(session, actor_id=current_user.reader_id, action="reconciliation:asked", object="stripe", at=at)
    return redirect("/staff/drift", 303)  # type: ignore[return-value]


@blueprint.post("/staff/events/<event_id>/replay")
@allow(Who.staff("manager"))
def hear_once_more(event_id: str) -> Response:
    """Have an event taken in again."""
    with transaction() as session:
        replay(session, event_id, by=current_user.reader_id, at=clock.now())
    return redirect("/staff/jobs", 303)  # type: ignore[return-value]
