"""/account/membership/amount: another tier, amount or interval; first what it will cost, then the change."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template
from flask_babel import gettext
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.account.asking import check, line_asked, tell_stripe
from membership.account.forms import ChangeForm
from membership.account.queries import MembershipLine
from membership.account.room import blueprint
from membership.account.rules import NotAccepted, Terms, When, when
from membership.db import reading
from membership.gateway import changing as gateway_changing
from membership.gateway import client as gateway
from membership.gateway.changing import Wanted
from membership.giving.paying import fee_examples, fee_rate, language
from membership.giving.rules import covering
from membership.memberships import queries as memberships
from membership.memberships.queries import TierOffer
from membership.memberships.rules import UnknownTier, tier_for
from membership.memberships.tasks import sync_tiers
from membership.money import Money, check_bounds, read_amount
from membership.newsroom.queries import coffees
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of


@dataclass(frozen=True)
class Choice:
    """What the reader asked for, and when it would hold."""

    offer: TierOffer
    amount: Money
    interval: str
    when: When
    fee: Money
    """The part of the amount by which the reader wishes to cover the fee, as estimated."""


@blueprint.get("/account/membership/amount")
@allow(Who.READERS)
def amount() -> str:
    """The form, with what the membership is now."""
    line = line_asked()
    form = ChangeForm(interval=line.interval, membership=str(line.id))
    return _page(line, form)


@blueprint.post("/account/membership/amount")
@allow(Who.READERS)
def estimate() -> str | tuple[str, int]:
    """What the change would cost and from when it would hold; nothing is changed by looking."""
    line, form = line_asked(), ChangeForm()
    valid = form.validate()
    try:
        check(line)
        if not valid:
            return _page(line, form), 422
        choice = _choice(line, form)
        due = None
        if choice.when is When.NOW:
            due = gateway_changing.estimate(gateway.subscription(line.subscription_id), _wanted(line, choice, form))
    except gateway.StripeGone as gone:
        raise NotAccepted() from gone
    except Refused as refused:
        form.show(refused, "amount")
        return _page(line, form), refused.status
    return render_template("account/amount_confirm.html", line=line, form=form, choice=choice, due=due)


@blueprint.post("/account/membership/amount/confirmation")
@allow(Who.READERS)
def change() -> Response | tuple[str, int]:
    """Change it. Sent twice, it is changed once."""
    line, form = line_asked(), ChangeForm()
    valid = form.validate()
    try:
        check(line)
        if not valid:
            return _page(line, form), 422
        choice = _choice(line, form)
        wanted = _wanted(line, choice, form)
        subscription = gateway.subscription(line.subscription_id)
        ask = gateway_changing.change_now if choice.when is When.NOW else gateway_changing.change_later
        after = tell_stripe(line, lambda: ask(subscription, wanted), key=wanted.key)
    except gateway.StripeGone as gone:
        raise NotAccepted() from gone
    except Refused as refused:
        form.show(refused, "amount")
        form.renew_after(refused)
        return _page(line, form, declined=isinstance(refused, gateway_changing.BankSaysNo)), refused.status
    if choice.when is When.NOW:
        flash(gettext("Your membership is changed. Thank you."))
    elif after.next_amount is not None:
        flash(gettext("The change is planned. Until then everything stays as it is."))
    return redirect("/account/membership", 303)


@blueprint.post("/account/membership/amount/withdrawal")
@allow(Who.READERS)
def keep_amount() -> Response:
    """Take back what is planned."""
    line = line_asked()
    key = f"kept:{line.subscription_id}:{clock.now():%Y-%m-%dT%H:%M}"
    after = tell_stripe(line, lambda: gateway_changing.drop_plan(line.subscription_id), key=key)
    if after.next_amount is None:
        flash(gettext("Your membership stays as it is."))
    return redirect("/account/membership", 303)


def _choice(line: MembershipLine, form: ChangeForm) -> Choice:
    """What the form asks for, by the same rule as joining. Raises a named refusal."""
    code, yearly = line.amount.currency, form.interval.data == "year"
    with reading() as session:
        offers, coffee = memberships.offers(session, code), coffees(session).get(code)
    prices = {offer.slug: offer.yearly if yearly else offer.monthly for offer in offers}
    if not prices:
        raise UnknownTier()
    own = check_bounds(read_amount(form.amount.data, code), locale=language()) if form.amount.data else None
    floor = coffee * (12 if yearly else 1) if coffee else min(prices.values())
    slug, asked = tier_for(prices, chosen=form.tier.data or None, own=own, coffee=floor, locale=language())
    offer = next(offer for offer in offers if offer.slug == slug)
    rate = fee_rate(code) if form.cover.data else None
    net, asked = asked, check_bounds(covering(asked, rate), locale=language()) if rate else asked
    before = Terms(line.tier_id, line.amount.minor, line.interval)
    interval = str(form.interval.data)
    return Choice(offer, asked, interval, when(before, Terms(offer.id, asked.minor, interval)), asked - net)


def _wanted(line: MembershipLine, choice: Choice, form: ChangeForm) -> Wanted:
    with reading() as session:
        tier = memberships.tier(session, choice.offer.id)
    if tier is not None and tier.stripe_product_id is None:
        sync_tiers()
        with reading() as session:
            tier = memberships.tier(session, choice.offer.id)
    assert tier is not None and tier.stripe_product_id is not None
    # The whole wish is in the key: somebody who goes back and changes it asks for something else.
    key = f"{line.id}-{form.attempt.data}-{choice.offer.id}-{choice.amount.minor}-{choice.interval}"
    return Wanted(tier.stripe_product_id, choice.amount, choice.interval, key)


def _page(line: MembershipLine, form: ChangeForm, *, declined: bool = False) -> str:
    trouble = ""
    try:
        check(line)
    except Refused as refused:
        trouble = words_of(refused)
    with reading() as session:
        offers = memberships.offers(session, line.amount.currency)
    form.tier.choices = [SelectChoice(offer.slug, offer.name) for offer in offers]
    if not form.tier.data and not form.amount.data:
        form.tier.data = next((offer.slug for offer in offers if offer.id == line.tier_id), None)
    fees = fee_examples(line.amount.currency, [offer.monthly for offer in offers])
    shown = {"offers": offers, "trouble": trouble, "fees": fees, "declined": declined}
    return render_template("account/amount.html", line=line, form=form, **shown)
