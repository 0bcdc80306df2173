"""/join: becoming a patron; /welcome: where Stripe sends the payer back to."""

from __future__ import annotations

from flask import current_app, make_response, redirect, render_template, request
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.gateway.client import CheckoutRequest, Opened
from membership.gateway.looking import look_again
from membership.giving import paying
from membership.giving.forms import JoinForm
from membership.giving.models import Checkout
from membership.giving.queries import checkout_by_session
from membership.giving.rules import offered
from membership.giving.touch_models import CheckoutTouch
from membership.memberships import actions, gift_pages, group_pages, queries
from membership.memberships.gift_queries import gift_of_checkout
from membership.memberships.other_pages import close_earlier
from membership.memberships.room import blueprint
from membership.memberships.rules import GRACE, tier_for
from membership.memberships.tasks import product_of
from membership.memberships.unconfirmed import holds, unconfirmed
from membership.money import Money, check_bounds, read_amount
from membership.newsroom import queries as newsroom
from membership.newsroom.marks import back_to
from membership.newsroom.models import Article
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.browser import browser_hash
from membership.web.keeping import asks_first

__all__ = ["blueprint", "gift_pages", "group_pages"]

LOOK_AGAIN_SECONDS = 4


@blueprint.get("/join")
@blueprint.get("/join/<tier>")
@allow(Who.ANYONE)
def join(tier: str | None = None) -> str:
    """Tiers as cards, in the reader's currency."""
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    form = JoinForm(article=paying.article_asked(), tier=tier, interval=request.args.get("interval", "month"))
    if current_user.is_authenticated:
        form.email.data = current_user.email
        if _runs_already(current_user.email):
            return render_template("memberships/already.html", article=form.article.data)
    return _page(form, request.args.get("currency"), tier=tier)


@blueprint.post("/join")
@blueprint.post("/join/<tier>")
@allow(Who.ANYONE)
def begin(tier: str | None = None) -> Response | str | tuple[str, int]:
    """On to the hosted page, or the form again with a word beside what is not right."""
    form = JoinForm()
    form.tier.data = form.tier.data or tier
    valid = form.validate()
    try:
        slug, amount = _asked_for(form)
        if not valid:
            return _page(form, form.currency.data), 422
        email = str(form.email.data)
        if paying.own_reader_id(email) and _runs_already(email):
            return render_template("memberships/already.html", article=form.article.data)
        interval = str(form.interval.data)
        tier_id = _tier_id(slug, amount.currency)

        def prepare(session: Session, checkout: Checkout) -> None:
            actions.choose_tier(session, checkout, tier_id=tier_id, interval=interval)
            close_earlier(session, checkout, at=clock.now())

        url = paying.send_to_stripe(
            form,
            kind="membership",
            amount=amount,
            details=(slug, interval),
            back=paying.back_to(f"/join/{slug}", form, interval=interval),
            prepare=prepare,
            open_page=lambda asked: _open_page(asked, tier_id, interval),
            unconfirmed=unconfirmed(email, queries.current_membership),
            fee_may_be_covered=True,
        )
    except Refused as refused:
        form.show(refused, "amount")
        form.renew_after(refused)
        return _page(form, form.currency.data), refused.status
    return redirect(url, 303)


def _runs_already(email: str) -> bool:
    """Whether a membership of this address is running: a second one would charge somebody twice."""
    with reading() as session:
        return holds(session, email, queries.current_membership)


def _asked_for(form: JoinForm) -> tuple[str, Money]:
    """The tier and amount that the posted form asks for. Raises a named refusal."""
    coffees, guessed = paying.coffees_and_currency(None, priced=queries.priced_currencies)
    code = offered(form.currency.data or guessed, coffees)
    yearly = form.interval.data == "year"
    with reading() as session:
        offers = queries.offers(session, code)
    prices = {offer.slug: offer.yearly if yearly else offer.monthly for offer in offers}
    locale = paying.language()
    own = check_bounds(read_amount(form.amount.data, code), locale=locale) if form.amount.data else None
    coffee = coffees[code] * (12 if yearly else 1)
    return tier_for(prices, chosen=form.tier.data or None, own=own, coffee=coffee, locale=locale)


def _tier_id(slug: str, code: str) -> int:
    with reading() as session:
        return next(offer.id for offer in queries.offers(session, code) if offer.slug == slug)


def _open_page(asked: CheckoutRequest, tier_id: int, interval: str) -> Opened:
    return gateway.open_membership_checkout(asked, product_id=product_of(tier_id), interval=interval)


def _page(form: JoinForm, wish: str | None, *, tier: str | None = None) -> str:
    coffees, code = paying.coffees_and_currency(wish, priced=queries.priced_currencies)
    with reading() as session:
        offers = queries.offers(session, code)
    slugs = [offer.slug for offer in offers]
    if tier is not None and tier not in slugs:
        raise NotFound()
    form.tier.choices = [SelectChoice(offer.slug, offer.name) for offer in offers]
    if form.tier.data not in slugs and not form.amount.data:
        form.tier.data = slugs[min(1, len(slugs) - 1)] if slugs else None
    if form.interval.data not in {"month", "year"}:
        form.interval.data = "month"
    form.currency.choices = [SelectChoice(offered_code) for offered_code in coffees]
    form.currency.data = code
    return render_template(
        "memberships/join.html",
        form=form,
        article=form.article.data,
        offers=offers,
        coffee=coffees.get(code),
        currency=code,
        currencies=list(coffees),
        fees=paying.fee_examples(code, [offer.monthly for offer in offers]),
        grace_days=GRACE.days,
    )


@blueprint.get("/welcome")
@allow(Who.ANYONE)
def welcome() -> Response:
    """What is true about a checkout: confirmed, waiting, or being confirmed.

    By name only in the browser that began it. If Stripe's word is late, the worker is asked to fetch it: the same path
    as a webhook.
    """
    session_id = request.args.get("session_id", "")[:255]
    with reading() as session:
        checkout = checkout_by_session(session, session_id)
        membership = queries.membership_of_checkout(session, checkout) if checkout else None
        tier = queries.tier(session, membership.tier_id) if membership else None
        gift = gift_of_checkout(session, checkout.id) if checkout else None
        article = session.get(Article, checkout.article_id) if checkout and checkout.article_id else None
        begun = newsroom.sites(session)[:1]
        came = session.get(CheckoutTouch, checkout.id) if checkout else None
        ask_first = asks_first(session)
    if checkout is None or checkout.browser_hash != browser_hash():
        return make_response(render_template("memberships/welcome_elsewhere.html"))
    if checkout.state == "open":
        _ask_worker(session_id)
    page = render_template(
        "memberships/welcome.html",
        checkout=checkout,
        ask_first=ask_first,
        membership=membership,
        tier=tier,
        gift=gift,
        amount=Money(checkout.amount, checkout.currency),
        cover=Money(checkout.fee_cover or 0, checkout.currency),
        session_id=session_id,
        article=article,
        brought=bool(came and came.thanks),
        campaign=came.campaign if came else None,
        back=_back(checkout, article.address if article else next(iter(begun), "")),
    )
    answer = make_response(page)
    if checkout.state == "open":
        # A header, not a meta element: the page works without script and can be left in peace by assistive technology.
        answer.headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return answer


def _back(checkout: Checkout, address: str) -> str:
    """The way back to the article (or the newsroom's site); for a patron with the mark that spares them the next ask."""
    if not address or checkout.kind != "membership" or checkout.state != "paid":
        return address
    return back_to(address, clock.now(), current_app.config["MEMBERSHIP"].secret_key)


def _ask_worker(session_id: str) -> None:
    with transaction() as session:
        look_again(session, session_id, at=clock.now())
