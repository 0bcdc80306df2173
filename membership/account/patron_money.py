"""Money back, and an end at once, by staff: the row first, then Stripe, then what Stripe answered. Nothing is said before."""

from __future__ import annotations

from flask import flash, render_template
from flask_babel import get_locale, gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import patron_acts
from membership.account.actions import look_again
from membership.account.patron_forms import RefundForm
from membership.account.patron_pages import back_to
from membership.account.patrons import LARGEST_KEY, known
from membership.account.queries import MembershipLine, membership_lines
from membership.account.room import blueprint
from membership.account.rules import NotAccepted, Situation, StaysAsItIs
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.giving.cases import PaymentCase, case_of
from membership.giving.correction_models import Refund
from membership.giving.models import Payment
from membership.money import Money, read_amount
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow


@blueprint.get("/staff/patrons/<int:reader_id>/payments/<int:payment_id>/refund")
@allow(Who.staff("manager"))
def refund(reader_id: int, payment_id: int) -> str:
    """How much of a payment is to go back, and why."""
    case = _case(reader_id, payment_id)
    _looked(reader_id)
    return _refund_page(case, RefundForm(amount=case.left.typed()))


@blueprint.post("/staff/patrons/<int:reader_id>/payments/<int:payment_id>/refund")
@allow(Who.staff("manager", fresh=True))
def refund_payment(reader_id: int, payment_id: int) -> Response | tuple[str, int]:
    """Send money back. The same form sent twice sends it once."""
    case, form = _case(reader_id, payment_id), RefundForm()
    if not form.validate():
        return _refund_page(case, form), 422
    try:
        row = _write_down(case.payment, form)
    except Refused as refused:
        form.show(refused, "amount")
        form.renew_after(refused)
        return _refund_page(case, form), refused.status
    if row.state == "asked":
        _send_back(case.payment, row)
    else:
        flash(gettext("This refund had been asked for before; nothing was sent twice."))
    return back_to(reader_id)


@blueprint.post("/staff/patrons/<int:reader_id>/refunds/<int:refund_id>")
@allow(Who.staff("manager", fresh=True))
def refund_again(reader_id: int, refund_id: int) -> Response:
    """Ask Stripe again for a refund that it has not answered: the same key, so that it is sent once."""
    with reading() as session:
        payment, row = patron_acts.waiting_refund(session, reader_id, min(refund_id, LARGEST_KEY))
    _send_back(payment, row, again=True)
    return back_to(reader_id)


@blueprint.get("/staff/patrons/<int:reader_id>/memberships/<int:membership_id>/ending")
@allow(Who.staff("manager"))
def ending(reader_id: int, membership_id: int) -> str | Response:
    """What ending a membership now means, and one button. Of two pledges the one that was refunded is likely meant."""
    line = _line(reader_id, membership_id)
    if line.situation is Situation.ENDED:
        return back_to(reader_id)
    _looked(reader_id)
    returned = [one for one in _lines(reader_id) if one.situation is Situation.RETURNED and one.seats is None]
    others = returned if line.has_standing and line.seats is None else []
    return render_template("account/patron_ending.html", line=line, others=others, reader_id=reader_id)


@blueprint.post("/staff/patrons/<int:reader_id>/memberships/<int:membership_id>/ending")
@allow(Who.staff("manager", fresh=True))
def end_membership(reader_id: int, membership_id: int) -> Response:
    """End a membership at once. Its end is told only when Stripe has confirmed it."""
    line = _line(reader_id, membership_id)
    if line.situation is Situation.ENDED:
        flash(gettext("This membership has ended already."))
        return back_to(reader_id)
    with transaction() as session:
        patron_acts.ending(session, membership_id, by=current_user.reader_id, at=clock.now())
    try:
        answered = gateway.end_subscription(line.subscription_id)
    except (gateway.StripeUnreachable, gateway.StripeRefuses, gateway.StripeGone) as error:
        # The request may have arrived although its answer did not: the worker looks what is true.
        with transaction() as session:
            look_again(session, line.subscription_id, at=clock.now())
        raise (StaysAsItIs() if isinstance(error, gateway.StripeUnreachable) else NotAccepted()) from error
    with transaction() as session:
        after = patron_acts.keep_ending(session, answered, at=clock.now())
    if after.ended_at is not None:
        flash(gettext("The membership has ended. The reader hears of it by letter. Nothing was refunded by this."))
    return back_to(reader_id)


def _write_down(payment: Payment, form: RefundForm) -> Refund:
    amount = read_amount(str(form.amount.data), payment.currency)
    with transaction() as session:
        return patron_acts.ask_money_back(
            session, payment, amount, reason=str(form.reason.data), attempt=str(form.attempt.data),
            by=current_user.reader_id, locale=str(get_locale() or "en"), at=clock.now(),
        )  # fmt: skip


def _send_back(payment: Payment, row: Refund, *, again: bool = False) -> None:
    """Network first, then what was answered. An answer that does not come leaves the refund waiting, and says so.

    Stripe forgets idempotency keys after a day or so; before asking `again` it is looked up whether the first request
    arrived after all.
    """
    intent = str(payment.payment_intent_id)
    by = current_user.reader_id
    try:
        earlier = [found for found in gateway.refunds(intent) if found.token == row.token] if again else []
        answered = earlier or [gateway.refund(intent, row.amount, reason=row.reason, key=row.token)]
    except gateway.StripeUnreachable:
        with transaction() as session:
            patron_acts.look_at_payment(session, payment, at=clock.now())
        flash(gettext("Our payment processor has not answered: the refund is waiting. You can ask again below."))
        return
    except (gateway.StripeRefuses, gateway.StripeGone):
        with transaction() as session:
            patron_acts.keep_refusal(session, payment, row, by=by, at=clock.now())
        flash(gettext("Our payment processor would not refund this. Nothing was sent back. We are looking again why."))
        return
    with transaction() as session:
        patron_acts.keep_answer(session, payment, answered, at=clock.now())
    if answered[0].status == "succeeded":
        amount = Money(answered[0].amount, answered[0].currency).written(str(get_locale() or "en"))
        flash(gettext("Refunded: %(amount)s are on their way back. The reader hears of it by letter.", amount=amount))
    else:
        flash(gettext("Our payment processor has taken the refund on and has not confirmed it yet."))


def _case(reader_id: int, payment_id: int) -> PaymentCase:
    with reading() as session:
        known(session, reader_id)
        case = case_of(session, reader_id, min(payment_id, LARGEST_KEY))
    if case is None:
        raise NotFound()
    return case


def _refund_page(case: PaymentCase, form: RefundForm) -> str:
    return render_template("account/patron_refund.html", case=case, form=form)


def _line(reader_id: int, membership_id: int) -> MembershipLine:
    line = next((line for line in _lines(reader_id) if line.id == membership_id), None)
    if line is None:
        raise NotFound()
    return line


def _lines(reader_id: int) -> list[MembershipLine]:
    with reading() as session:
        known(session, reader_id)
        return membership_lines(session, reader_id, clock.now())


def _looked(reader_id: int) -> None:
    with transaction() as session:
        patron_acts.look(session, reader_id, by=current_user.reader_id, at=clock.now())
