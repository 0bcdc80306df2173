"""/account/group: a group's payer gives and frees its seats and changes their number; a holder gives one up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import flash, redirect, render_template
from flask_babel import gettext, ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account.asking import tell_stripe
from membership.account.forms import InvitationForm, SizeForm
from membership.account.patrons import LARGEST_KEY
from membership.account.queries import MembershipLine, membership_lines
from membership.account.room import blueprint
from membership.account.rules import NotAccepted, check_changeable
from membership.db import reading, transaction
from membership.gateway import changing
from membership.gateway import client as gateway
from membership.memberships import groups
from membership.memberships.group_queries import SeatLine, current_group, seat_lines
from membership.memberships.group_rules import check_change, free_seats, kept_until
from membership.money import Money
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow

Answer = Response | str | tuple[str, int]


@dataclass(frozen=True)
class Group:
    """A group as its payer sees it: how it stands, its seats, and how many can be given."""

    line: MembershipLine
    seats: list[SeatLine]
    free: int
    mine: bool


@blueprint.get("/account/group")
@allow(Who.READERS)
def group() -> str:
    """The seats, who has them, and how many there are."""
    return _page(_group(), InvitationForm(), SizeForm())


@blueprint.post("/account/group/invitations")
@allow(Who.READERS)
def invite() -> Answer:
    """Invite addresses to free seats, a letter each."""
    found, form = _group(), InvitationForm()
    if not form.validate():
        return _page(found, form, SizeForm()), 422
    try:
        with transaction() as session:
            invited = groups.offer_seats(session, found.line.id, form.addresses, at=clock.now())
    except Refused as refused:
        form.show(refused, "emails")
        return _page(found, form, SizeForm()), refused.status
    flash(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", invited))
    return redirect("/account/group", 303)  # type: ignore[return-value]


@blueprint.post("/account/group/own-seat")
@allow(Who.READERS)
def own_seat() -> Response:
    """The payer takes a seat."""
    found = _group()
    with transaction() as session:
        groups.take_own_seat(session, found.line.id, at=clock.now())
    flash(gettext("One of the seats is yours."))
    return redirect("/account/group", 303)  # type: ignore[return-value]


@blueprint.post("/account/seats/<int:seat_id>/release")
@allow(Who.READERS)
def release(seat_id: int) -> Response:
    """Free a seat: by the group's payer, or by whoever holds it."""
    with transaction() as session:
        freed = groups.free_seat(session, min(seat_id, LARGEST_KEY), by=current_user.reader_id, at=clock.now())
        mine = current_group(session, current_user.reader_id)
    flash(gettext("The seat is free."))
    back = "/account/group" if mine is not None and mine.id == freed.membership_id else "/account/membership"
    return redirect(back, 303)  # type: ignore[return-value]


@blueprint.post("/account/group/size")
@allow(Who.READERS)
def size() -> Answer:
    """What another number of seats would cost and from when it would hold; nothing is changed by looking."""
    found, form = _group(), SizeForm()
    try:
        now = _check(found, form)
        due = changing.estimate_seats(gateway.subscription(found.line.subscription_id), form.wanted) if now else None
    except gateway.StripeGone as gone:
        raise NotAccepted() from gone
    except Refused as refused:
        form.show(refused, "seats")
        return _page(found, InvitationForm(), form), refused.status
    each = found.line.amount.minor // (found.line.seats or 1)
    then = replace(found.line, amount=Money(each * form.wanted, found.line.amount.currency))
    return render_template("account/group_size.html", group=found, form=form, now=now, due=due, then=then)


@blueprint.post("/account/group/size/confirmation")
@allow(Who.READERS)
def change_size() -> Answer:
    """Change it: more at once, fewer with the next period. Sent twice, it is changed once."""
    found, form = _group(), SizeForm()
    try:
        now = _check(found, form)
        key = f"{found.line.id}-{form.attempt.data}-{form.wanted}"
        subscription = gateway.subscription(found.line.subscription_id)
        ask = changing.seats_now if now else changing.seats_later
        after = tell_stripe(found.line, lambda: ask(subscription, form.wanted, key=key), key=key)
    except gateway.StripeGone as gone:
        raise NotAccepted() from gone
    except Refused as refused:
        form.show(refused, "seats")
        form.renew_after(refused)
        return _page(found, InvitationForm(), form), refused.status
    if now and after.seats == form.wanted:
        flash(ngettext("Your group has %(num)s seat now.", "Your group has %(num)s seats now.", after.seats))
    elif after.next_seats is not None:
        flash(gettext("The change is planned. Until then everything stays as it is."))
    return redirect("/account/group", 303)  # type: ignore[return-value]


@blueprint.post("/account/group/size/withdrawal")
@allow(Who.READERS)
def keep_size() -> Response:
    """Take back what is planned."""
    line = _group().line
    key = f"kept:{line.subscription_id}:{clock.now():%Y-%m-%dT%H:%M}"
    after = tell_stripe(line, lambda: changing.drop_plan(line.subscription_id), key=key)
    if after.next_seats is None:
        flash(gettext("Your group stays as it is."))
    return redirect("/account/group", 303)  # type: ignore[return-value]


def _check(found: Group, form: SizeForm) -> bool:
    """Whether the change asked for takes effect now. Raises a named refusal."""
    line = found.line
    check_changeable(
        line.situation, ends_at=line.ends_at, paused=line.paused, owes=line.unpaid is not None,
        is_planned=line.planned is not None,
    )  # fmt: skip
    form.validate()
    return check_change(line.seats or 0, form.seats.data, taken=len(found.seats))


def _group() -> Group:
    """The group that the reader pays for. Raises `NotFound`."""
    reader_id = current_user.reader_id
    with reading() as session:
        mine = current_group(session, reader_id)
        lines = membership_lines(session, reader_id, clock.now()) if mine else []
        line = next((line for line in lines if mine is not None and line.id == mine.id), None)
        if mine is None or line is None:
            raise NotFound()
        seats = seat_lines(session, mine.id)
        free = free_seats(mine.seats or 0, mine.next_seats, len(seats)) if mine.paid_until else 0
    return Group(line, seats, free, any(one.seat.reader_id == reader_id for one in seats))


def _page(found: Group, invitation: InvitationForm, form: SizeForm) -> str:
    if form.seats.data is None and not form.errors:
        form.seats.data = found.line.seats
    values = {"group": found, "invitation": invitation, "form": form, "kept_until": kept_until}
    return render_template("account/group.html", **values)
