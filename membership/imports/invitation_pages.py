"""/invitation/<token>: going on here at the old price. Whoever opens it has had the letter, so the address is proven."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading
from membership.gateway import client as gateway
from membership.gateway.client import CheckoutRequest, Opened
from membership.giving import paying
from membership.giving.forms import PayForm
from membership.giving.models import Checkout
from membership.imports.bringing import SYSTEMS, read_address
from membership.imports.models import Brought, Invitation
from membership.imports.queries import invitation_of, is_spent
from membership.imports.room import blueprint
from membership.imports.rules import InvitationOver
from membership.memberships import actions
from membership.memberships.other_pages import close_earlier
from membership.memberships.queries import current_membership
from membership.memberships.rules import GRACE
from membership.memberships.tasks import product_of
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.readers.models import Person
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.browser import browser_hash


@dataclass(frozen=True)
class Open:
    """An invitation that can still be used, with its person and tier; `patron`: they have a membership already."""

    invitation: Invitation
    brought: Brought
    person: Person
    tier: Tier
    patron: bool

    @property
    def price(self) -> Money:
        """What they pay elsewhere, and would here."""
        return Money(self.invitation.amount, self.invitation.currency)


@blueprint.get("/invitation/<token>")
@allow(Who.ANYONE)
def invitation(token: str) -> str:
    """The old price, what is paid for already, and one button."""
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    with reading() as session:
        found = _open(session, token)
    if found.patron:
        return render_template("memberships/already.html", article="")
    return _page(found, _form(found), token)


@blueprint.post("/invitation/<token>")
@allow(Who.ANYONE)
def accept(token: str) -> Response | str | tuple[str, int]:
    """On to the hosted page, for this person and at this price, whatever else was posted."""
    with reading() as session:
        found = _open(session, token)
    if found.patron:
        return render_template("memberships/already.html", article="")
    form = _form(found)
    form.cover.data = False

    def prepare(session: Session, checkout: Checkout) -> None:
        mine = invitation_of(session, found.invitation.id, lock=True)
        if mine is None or is_spent(session, mine):
            raise InvitationOver()
        if checkout.reader_id is None:
            checkout.reader_id = mine.reader_id  # the letter went to this person's address
        actions.choose_tier(
            session, checkout, tier_id=mine.tier_id, interval=mine.interval, pledged_since=mine.pledged_since
        )
        mine.checkout_id = checkout.id
        close_earlier(session, checkout, at=clock.now())

    try:
        url = paying.send_to_stripe(
            form, kind="membership", amount=found.price, details=("invitation", found.invitation.id),
            back=f"/invitation/{token}", prepare=prepare, open_page=lambda asked: _open_page(asked, found.invitation),
        )  # fmt: skip
    except InvitationOver:
        raise
    except Refused as refused:
        form.show(refused, "email")
        form.renew_after(refused)
        return _page(found, form, token), refused.status
    return redirect(url, 303)


def _open(session: Session, token: str) -> Open:
    """Raises `NotFound`, `InvitationOver`."""
    invitation = invitation_of(session, read_address(token))
    person = session.get(Person, invitation.reader_id) if invitation else None
    if invitation is None or person is None:
        raise NotFound()
    if clock.now() >= invitation.expires_at or is_spent(session, invitation):
        raise InvitationOver()
    patron = current_membership(session, invitation.reader_id) is not None
    brought, tier = session.get_one(Brought, invitation.brought_id), session.get_one(Tier, invitation.tier_id)
    return Open(invitation, brought, person, tier, patron)


def _form(found: Open) -> PayForm:
    form = PayForm()
    form.email.data, form.article.data = found.person.email, ""
    return form


def _open_page(asked: CheckoutRequest, invitation: Invitation) -> Opened:
    return gateway.open_membership_checkout(
        asked, product_id=product_of(invitation.tier_id), interval=invitation.interval
    )


def _page(found: Open, form: PayForm, token: str) -> str:
    until = found.brought.paid_until
    return render_template(
        "imports/invitation.html", form=form, token=token, invitation=found.invitation, tier=found.tier,
        price=found.price, system=SYSTEMS[found.brought.source], since=found.brought.since,
        paid_until=until if until and until > clock.now() else None, grace_days=GRACE.days,
    )  # fmt: skip
