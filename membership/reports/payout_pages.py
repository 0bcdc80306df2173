"""One payout and what it carries, one payment and where it came, and all of it as a file. For managers: it is about single
people's payments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Response, redirect, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from membership import clock
from membership.db import reading, transaction
from membership.money import Money
from membership.readers import trail
from membership.refusals import NotFound
from membership.reports import payouts
from membership.reports.asking import asked_of
from membership.reports.frame import Asked
from membership.reports.register import REPORTS
from membership.reports.room import blueprint
from membership.web import sheets, workbooks
from membership.web.access import Who, allow

SHOWN = 200
TYPES = {"csv": "text/csv", "json": "application/json", "xlsx": workbooks.TYPE}


@blueprint.get("/staff/reports/payouts/search")
@allow(Who.staff("manager"))
def find_payout() -> Answer:
    """From a number of Stripe's to the page about it."""
    number = request.args.get("number", "").strip()
    with reading() as session:
        if payouts.payout_at(session, number):
            return redirect(f"/staff/reports/payouts/{number}")
        payment = payouts.payment_at(session, number)
        if payment is None:
            raise NotFound()
        return redirect(f"/staff/reports/payouts/payments/{payment.stripe_id}")


@blueprint.get("/staff/reports/payouts/<number>")
@allow(Who.staff("manager"))
def payout(number: str) -> str:
    """What a payout carries, as far as a page holds it."""
    with reading() as session:
        found = payouts.payout_at(session, number)
        if found is None:
            raise NotFound()
        bookings = payouts.carried_by(session, found.id, most=SHOWN + 1)
    return render_template(
        "reports/payout.html", payout=found, bookings=bookings[:SHOWN], more=len(bookings) > SHOWN, money_of=Money,
        state=payouts.status_words(found.status),
        sums=_sums(bookings) if len(bookings) <= SHOWN else None,
    )  # fmt: skip


def _sums(bookings: list[payouts.Booking]) -> tuple[int, int, int]:
    moved, fee = sum(one.moved for one in bookings), sum(one.fee for one in bookings)
    return moved, fee, moved + fee


@blueprint.get("/staff/reports/payouts/payments/<number>")
@allow(Who.staff("manager"))
def paid_out(number: str) -> str:
    """What was booked of a payment, and in which payouts it came."""
    with reading() as session:
        found = payouts.payment_at(session, number)
        if found is None:
            raise NotFound()
        bookings = payouts.bookings_of(session, found.id)
    return render_template("reports/paid_out.html", payment=found, bookings=bookings, money_of=Money)


@blueprint.get("/staff/reports/payouts/lines.<any(csv,json,xlsx):form>")
@allow(Who.staff("manager"))
def payout_lines(form: str) -> Response:
    """Every booking with its payment and its payout, row by row."""
    at = clock.now()
    with reading() as session:
        asked = asked_of(session, REPORTS["payouts"], request.args, at=at, full=True)
        rows = payouts.how_many(session, asked)
    chosen = {"from": asked.since, "to": asked.until} | ({"currency": asked.currency} if asked.currency else {})
    with transaction() as session:
        trail.note(
            session, actor_id=current_user.reader_id, action="report:exported", object="report/payouts/lines", at=at,
            format=form, rows=rows, **chosen,
        )  # fmt: skip
    found = _read(asked)
    body: Any = _as_json(found)
    if form != "json":
        body = sheets.as_csv(found, payouts.HEAD) if form == "csv" else workbooks.as_xlsx(found, payouts.HEAD)
    headers = {"Content-Disposition": f'attachment; filename="payout-lines-{asked.since}-{asked.until}.{form}"'}
    return Response(body, mimetype=TYPES[form], headers=headers)


def _read(asked: Asked) -> Iterator[tuple[Any, ...]]:
    with reading() as session:
        yield from payouts.lines(session, asked)


def _as_json(found: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """A list, one booking a line."""
    before = "["
    for row in found:
        yield before + json.dumps(dict(zip(payouts.HEAD, map(str, row), strict=True)), ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[" else "]"
