"""/give/membership: a membership for somebody else; /gift/<token>: where its recipient claims it."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import make_response, redirect, render_template, request
from flask_babel import gettext, ngettext
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
from membership.memberships import gift_rules, gifts, queries
from membership.memberships.gift_forms import ClaimForm, GiftForm
from membership.memberships.gift_models import Gift
from membership.memberships.gift_queries import gift_by_token, state_of
from membership.memberships.gift_rules import FURTHEST, PERIODS, NobodyToWriteTo, NotADay, check_words, price_of
from membership.memberships.queries import TierOffer
from membership.memberships.room import blueprint
from membership.memberships.rules import UnknownTier
from membership.memberships.standing import standings_of
from membership.money import Money, check_bounds
from membership.newsroom import queries as newsroom
from membership.readers.rules import email_key
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.browser import browser_hash, client_address
from membership.web.limits import CHECKOUTS_PER_ADDRESS, CLAIMS_PER_CLIENT, count_against

Answer = Response | str | tuple[str, int]
MORNING = time(8)
"""When a letter goes out on the day chosen, by the newsroom's clock."""


@blueprint.get("/give/membership")
@allow(Who.ANYONE)
def give_membership() -> str:
    """The form: tier, period, for whom, how it reaches them."""
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    form = GiftForm(article=paying.article_asked(), months=12, tier=request.args.get("tier"))
    if current_user.is_authenticated:
        form.email.data, form.giver_name.data = current_user.email, current_user.name
    return _page(form, request.args.get("currency"))


@blueprint.post("/give/membership")
@allow(Who.ANYONE)
def begin_gift() -> Answer:
    """On to the hosted page, or the form again with a word beside what is not right."""
    form = GiftForm()
    valid = form.validate()
    try:
        offer, amount = _asked_for(form)
        chosen = _wrapped(form, offer)
        if not valid:
            return _page(form, form.currency.data), 422

        def prepare(session: Session, checkout: Checkout) -> None:
            gifts.wrap(session, checkout, chosen)

        months = chosen.months
        name = ngettext(
            "%(tier)s for %(num)s month, as a gift", "%(tier)s for %(num)s months, as a gift", months, tier=offer.name
        )
        url = paying.send_to_stripe(
            form,
            kind="gift",
            amount=amount,
            details=(chosen,),
            back=paying.back_to("/give/membership", form, tier=offer.slug),
            prepare=prepare,
            open_page=lambda asked: gateway.open_donation_checkout(asked, name=name, button="pay"),
            fee_may_be_covered=True,
        )
    except Refused as refused:
        form.show(refused, "months")
        form.renew_after(refused)
        return _page(form, form.currency.data), refused.status
    return redirect(url, 303)  # type: ignore[return-value]


@blueprint.get("/gift/<token>")
@allow(Who.ANYONE)
def gift(token: str) -> Response:
    """What was given, by whom, and a button. Opening it does nothing: mail programs open links by themselves."""
    return _claim_page(_gift(token), ClaimForm())


@blueprint.post("/gift/<token>")
@allow(Who.ANYONE)
def claim_gift(token: str) -> Response:
    """Claim it: for who is signed in, or for the address that the link was sent to; without one, say where to send it."""
    found, form, at = _gift(token), ClaimForm(), clock.now()
    reader_id = current_user.reader_id if current_user.is_authenticated else None
    count_against((CLAIMS_PER_CLIENT, client_address()), at=at)
    if reader_id is None and not found.recipient_email:
        return _send_link(found, form, at)
    with transaction() as session:
        given = gifts.claim(session, token, reader_id, at=at)
        tier = queries.tier(session, given.tier_id)
    values = {"given": given, "tier": tier, "address": None if reader_id else found.recipient_email}
    return _quiet(render_template("memberships/gift_claimed.html", **values))


def _send_link(found: Gift, form: ClaimForm, at: datetime) -> Response:
    """Nobody is signed in, and the giver handed the link over: the same link goes to the address typed, and whoever
    reads letters there claims it."""
    if not form.validate() or not form.email.data:
        if not form.email.errors:
            form.email.errors = [gettext("Please write your e-mail address, or sign in.")]
        return _claim_page(found, form, status=422)
    count_against((CHECKOUTS_PER_ADDRESS, email_key(form.email.data)), at=at)
    with transaction() as session:
        gifts.address_to(session, found.id, form.email.data, at=at)
    return _quiet(render_template("memberships/gift_sent.html", email=form.email.data))


def _gift(token: str) -> Gift:
    with reading() as session:
        found = gift_by_token(session, token[:100])
    if found is None or found.payment_id is None:
        raise gift_rules.NoSuchGift()
    return found


def _claim_page(found: Gift, form: ClaimForm, *, status: int = 200) -> Response:
    reader_id = current_user.reader_id if current_user.is_authenticated else None
    with reading() as session:
        tier = queries.tier(session, found.tier_id)
        others = standings_of(session, reader_id, clock.now()) if reader_id else []
    values = {"state": state_of(found), "others": others, "mine": reader_id is not None and reader_id == found.giver_id}
    return _quiet(render_template("memberships/gift.html", gift=found, tier=tier, form=form, **values), status)


def _quiet(page: str, status: int = 200) -> Response:
    """The address holds a secret: it is told to nobody."""
    answer = make_response(page, status)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _asked_for(form: GiftForm) -> tuple[TierOffer, Money]:
    """The tier and price that the posted form asks for. Raises a named refusal."""
    coffees, guessed = paying.coffees_and_currency(None, priced=queries.priced_currencies)
    code = offered(form.currency.data or guessed, coffees)
    with reading() as session:
        offers = queries.offers(session, code)
    offer = next((offer for offer in offers if offer.slug == form.tier.data), None)
    if offer is None:
        raise UnknownTier()
    amount = price_of(form.months.data or 0, monthly=offer.monthly, yearly=offer.yearly)
    return offer, check_bounds(amount, locale=paying.language())


def _wrapped(form: GiftForm, offer: TierOffer) -> gifts.Wrapped:
    """What was chosen, checked together. Raises `NobodyToWriteTo`, `NotADay`, `LinksInIt`."""
    email = (form.recipient_email.data or "").strip() or None
    by_letter = form.delivery.data in ("now", "day")
    if by_letter and email is None:
        raise NobodyToWriteTo()
    return gifts.Wrapped(
        tier_id=offer.id,
        months=form.months.data,
        giver_name=check_words(" ".join(str(form.giver_name.data or "").split()), field="giver_name"),
        recipient_name=check_words(" ".join(str(form.recipient_name.data or "").split()), field="recipient_name"),
        recipient_email=email if by_letter else None,
        message=check_words(str(form.message.data or "").replace("\r\n", "\n"), field="message"),
        deliver_at=_deliver_at(form) if by_letter else None,
    )


def _deliver_at(form: GiftForm) -> datetime:
    """The morning of the day chosen; what was chosen for today, or at once, goes out as soon as it is paid."""
    at = clock.now()
    with reading() as session:
        own = newsroom.current(session)
    zone = ZoneInfo(own.time_zone if own else "UTC")
    today = at.astimezone(zone).date()
    if form.delivery.data == "now":
        return datetime.combine(today, time(), zone)  # the day, not the moment of the click: two clicks are one attempt
    day = form.day.data
    if day is None or not today <= day <= today + FURTHEST:
        raise NotADay()
    return datetime.combine(day, MORNING, zone)


def _page(form: GiftForm, wish: str | None) -> str:
    coffees, code = paying.coffees_and_currency(wish, priced=queries.priced_currencies)
    with reading() as session:
        offers = queries.offers(session, code)
    slugs = [offer.slug for offer in offers]
    form.tier.choices = [SelectChoice(offer.slug, offer.name) for offer in offers]
    if form.tier.data not in slugs:
        form.tier.data = slugs[min(1, len(slugs) - 1)] if slugs else None
    periods = [ngettext("%(num)s month", "%(num)s months", months) for months in PERIODS]
    form.months.choices = [SelectChoice(months, words) for months, words in zip(PERIODS, periods, strict=True)]
    if form.months.data not in PERIODS:
        form.months.data = PERIODS[-1]
    form.currency.choices = [SelectChoice(offered_code) for offered_code in coffees]
    form.currency.data = code
    prices = {
        offer.slug: [price_of(months, monthly=offer.monthly, yearly=offer.yearly) for months in PERIODS]
        for offer in offers
    }
    fees = paying.fee_examples(code, [price[-1] for price in prices.values()])
    values = {"offers": offers, "prices": prices, "periods": PERIODS, "currency": code, "currencies": list(coffees)}
    return render_template("memberships/give.html", form=form, fees=fees, **values)
