"""/card: changing a membership's card by a letter's link, without signing in. GET shows, POST goes to the hosted page."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.dunning import actions, queries
from membership.dunning.models import CardLink
from membership.gateway import client as gateway
from membership.gateway import collecting
from membership.gateway.looking import look_again
from membership.giving.paying import language, stripe_locale
from membership.memberships.models import Membership
from membership.memberships.rules import ENDED
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.refusals import N_, NotFound, Refused
from membership.web.access import Who, allow
from membership.web.browser import client_address
from membership.web.limits import CHECKOUTS_PER_CLIENT, count_against

blueprint = Blueprint("dunning", __name__)

LOOK_AGAIN_SECONDS = 4


class HasEnded(Refused):
    """The membership is over: no card can be put on it any more."""

    status = 409
    words = N_("This membership has ended, so no card is needed for it any more. You are welcome to begin a new one.")


@blueprint.get("/card/updated")
@allow(Who.ANYONE)
def updated() -> Response:
    """What became of a card: on the membership, or being confirmed. Says nothing about whose it is."""
    session_id = request.args.get("session_id", "")[:255]
    with reading() as session:
        change = queries.change_by_session(session, session_id)
    if change is None:
        raise NotFound()
    confirming = change.state in {"begun", "taken"}
    if confirming:
        with transaction() as session:
            look_again(session, session_id, at=clock.now())
    answer = make_response(render_template("dunning/updated.html", state=change.state, confirming=confirming))
    if confirming:
        answer.headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return answer


@blueprint.get("/card/<token>")
@allow(Who.ANYONE)
def show(token: str) -> Response:
    """What the link is for, and a button. Opening it does nothing: mail programs open links by themselves."""
    with reading() as session:
        _, membership = queries.link_of(session, token, clock.now())
        tier = session.get_one(Tier, membership.tier_id)
    amount = Money(membership.amount, membership.currency)
    page = render_template("dunning/card.html", membership=membership, tier=tier, amount=amount, token=token)
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@blueprint.post("/card/<token>")
@allow(Who.ANYONE)
def go(token: str) -> Response:
    """On to the hosted page, where the new card is stored and nothing is charged."""
    at = clock.now()
    with reading() as session:
        link, membership = queries.link_of(session, token, at)
    return to_hosted_page(membership, link, cancel_path=f"/card/{token}", at=at)


def to_hosted_page(membership: Membership, link: CardLink | None, *, cancel_path: str, at: datetime) -> Response:
    """Write the change down, open Stripe's page for the membership's own customer, and send the reader there.

    Raises `HasEnded`, `TooOften`, `StripeUnreachable`, `StripeRefuses`.
    """
    if membership.status in ENDED:
        raise HasEnded()
    count_against((CHECKOUTS_PER_CLIENT, client_address()), at=at)
    try:
        customer_id = gateway.subscription(membership.subscription_id).customer_id
    except gateway.StripeGone as gone:
        raise HasEnded() from gone
    with transaction() as session:
        change = actions.begin_card_change(session, membership, link, at=at)
    base = current_app.config["MEMBERSHIP"].base_url
    opened = collecting.open_setup_checkout(
        collecting.SetupRequest(
            token=change.token,
            customer_id=customer_id,
            subscription_id=membership.subscription_id,
            currency=membership.currency,
            locale=stripe_locale(language()),
            success_url=f"{base}/card/updated?session_id={{CHECKOUT_SESSION_ID}}",
            cancel_url=base + cancel_path,
        )
    )
    with transaction() as session:
        actions.note_opened(session, change.id, opened.id)
    return redirect(opened.url, 303)
