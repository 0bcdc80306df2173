"""/group: one pays, several have a seat; /group/<token>: where an invitation is accepted."""

from __future__ import annotations

from dataclasses import dataclass

from flask import make_response, redirect, render_template, request
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.giving import paying
from membership.giving.models import Checkout
from membership.giving.rules import offered
from membership.memberships import actions, groups, queries
from membership.memberships.group_forms import GroupForm
from membership.memberships.group_models import GroupSeat
from membership.memberships.group_queries import current_group, seat_by_token
from membership.memberships.group_rules import LEAST, MOST, NoSuchSeat, checked_seats
from membership.memberships.models import Membership
from membership.memberships.other_pages import close_earlier
from membership.memberships.queries import TierOffer, current_membership
from membership.memberships.room import blueprint
from membership.memberships.rules import ENDED, UnknownTier
from membership.memberships.tasks import product_of
from membership.memberships.unconfirmed import holds, unconfirmed
from membership.money import Money, check_bounds
from membership.readers.models import Person
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.browser import browser_hash, client_address
from membership.web.limits import CLAIMS_PER_CLIENT, count_against

Answer = Response | str | tuple[str, int]
USUAL = 5
"""So many seats stand in the form before somebody writes another number."""


@dataclass(frozen=True)
class Order:
    """What a group's form asks for; `amount` is for all seats together."""

    offer: TierOffer
    interval: str
    seats: int
    amount: Money


@blueprint.get("/group")
@allow(Who.ANYONE)
def group() -> Answer:
    """The form: tier, how often, how many seats. Who pays for a group already finds its page."""
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    form = GroupForm(article=paying.article_asked(), tier=request.args.get("tier"), interval="month", seats=USUAL)
    if current_user.is_authenticated:
        form.email.data = current_user.email
        if _pays_already(current_user.email):
            return redirect("/account/group", 303)  # type: ignore[return-value]
    return _page(form, request.args.get("currency"))


@blueprint.post("/group")
@allow(Who.ANYONE)
def begin_group() -> Answer:
    """On to the hosted page, or the form again with a word beside what is not right."""
    form = GroupForm()
    valid = form.validate()
    try:
        order = _asked_for(form)
        if not valid:
            return _page(form, form.currency.data), 422
        email = str(form.email.data)
        if paying.own_reader_id(email) and _pays_already(email):
            return redirect("/account/group", 303)  # type: ignore[return-value]

        def prepare(session: Session, checkout: Checkout) -> None:
            choice = {"tier_id": order.offer.id, "interval": order.interval, "seats": order.seats}
            actions.choose_tier(session, checkout, **choice)  # type: ignore[arg-type]
            close_earlier(session, checkout, at=clock.now())

        url = paying.send_to_stripe(
            form,
            kind="membership",
            amount=order.amount,
            details=("group", order.offer.slug, order.interval, order.seats),
            back=paying.back_to("/group", form, tier=order.offer.slug),
            prepare=prepare,
            unconfirmed=unconfirmed(email, current_group, group=True),
            open_page=lambda asked: gateway.open_membership_checkout(
                asked, product_id=product_of(order.offer.id), interval=order.interval, seats=order.seats
            ),
            fee_may_be_covered=True,
            parts=order.seats,
        )
    except Refused as refused:
        form.show(refused, "seats")
        form.renew_after(refused)
        return _page(form, form.currency.data), refused.status
    return redirect(url, 303)  # type: ignore[return-value]


@blueprint.get("/group/<token>")
@allow(Who.ANYONE)
def seat(token: str) -> Response:
    """Who invites to what, and a button. Opening it does nothing: mail programs open links by themselves."""
    with reading() as session:
        found, running = _seat(session, token)
        payer, tier = session.get(Person, running.reader_id), queries.tier(session, running.tier_id)
        reader_id = current_user.reader_id if current_user.is_authenticated else None
        own = current_membership(session, reader_id) if reader_id else None
    values = {"seat": found, "payer": payer, "tier": tier, "own": own}
    return _quiet(render_template("memberships/seat.html", **values))


@blueprint.post("/group/<token>")
@allow(Who.ANYONE)
def take_seat(token: str) -> Response:
    """Accept it: for who is signed in, or for the address that the invitation was sent to."""
    at = clock.now()
    reader_id = current_user.reader_id if current_user.is_authenticated else None
    count_against((CLAIMS_PER_CLIENT, client_address()), at=at)
    with transaction() as session:
        taken = groups.take_seat(session, token[:100], reader_id, at=at)
        _, running = _seat(session, token)
        tier = queries.tier(session, running.tier_id)
    values = {"tier": tier, "until": running.paid_until, "address": None if reader_id else taken.email}
    return _quiet(render_template("memberships/seat_taken.html", **values))


def _seat(session: Session, token: str) -> tuple[GroupSeat, Membership]:
    found = seat_by_token(session, token[:100])
    if found is None or found.freed_at is not None:
        raise NoSuchSeat()
    running = session.get_one(Membership, found.membership_id)
    if running.status in ENDED:
        raise NoSuchSeat()
    return found, running


def _quiet(page: str) -> Response:
    """The address holds a secret: it is told to nobody."""
    answer = make_response(page)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _pays_already(email: str) -> bool:
    """Whether a group of this address is running: seats are added to that one."""
    with reading() as session:
        return holds(session, email, current_group)


def _asked_for(form: GroupForm) -> Order:
    """The tier, seats and price that the posted form asks for. Raises a named refusal."""
    coffees, guessed = paying.coffees_and_currency(None, priced=queries.priced_currencies)
    code = offered(form.currency.data or guessed, coffees)
    with reading() as session:
        offers = queries.offers(session, code)
    offer = next((offer for offer in offers if offer.slug == form.tier.data), None)
    if offer is None:
        raise UnknownTier()
    seats, yearly = checked_seats(form.seats.data), form.interval.data == "year"
    amount = check_bounds((offer.yearly if yearly else offer.monthly) * seats, locale=paying.language())
    return Order(offer, "year" if yearly else "month", seats, amount)


def _page(form: GroupForm, wish: str | None) -> str:
    coffees, code = paying.coffees_and_currency(wish, priced=queries.priced_currencies)
    with reading() as session:
        offers = queries.offers(session, code)
    slugs = [offer.slug for offer in offers]
    form.tier.choices = [SelectChoice(offer.slug, offer.name) for offer in offers]
    if form.tier.data not in slugs:
        form.tier.data = slugs[min(1, len(slugs) - 1)] if slugs else None
    if form.interval.data not in {"month", "year"}:
        form.interval.data = "month"
    form.currency.choices = [SelectChoice(offered_code) for offered_code in coffees]
    form.currency.data = code
    seats = form.seats.data if form.seats.data and LEAST <= form.seats.data <= MOST else USUAL
    fees = paying.fee_examples(code, [offer.monthly * seats for offer in offers], parts=seats)
    values = {"fees": fees, "offers": offers, "currency": code, "currencies": list(coffees), "least": LEAST, "most": MOST}
    return render_template("memberships/group.html", form=form, **values)
