"""A reader's papers: receipts as they were issued, a statement for each year, and to whom receipts are made out."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import queries
from membership.account.forms import DetailsForm
from membership.account.room import blueprint
from membership.account.rules import written_name
from membership.db import reading, transaction
from membership.giving.receipt_models import ReceiptDetails
from membership.giving.receipts import issuer_lines, keep_details, payer_lines
from membership.giving.statements import Statement, StatementLine, statement
from membership.newsroom import queries as newsroom
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow


@blueprint.get("/account/receipts/<number>")
@allow(Who.READERS)
def receipt(number: str) -> str:
    """One receipt, to be printed or kept; a void one says so."""
    with reading() as session:
        page = queries.receipt_page(session, current_user.reader_id, number)
        payer, issuer = payer_lines(session, current_user.reader_id), issuer_lines(newsroom.current(session))
    if page is None:
        raise NotFound()
    return render_template(
        "account/receipt.html", page=page, payer=page.receipt.payer or payer, issuer=page.receipt.issuer or issuer
    )


@blueprint.get("/account/statements/<int:year>")
@allow(Who.READERS)
def yearly_statement(year: int) -> str:
    """What was paid in a year, what went back, and the sums."""
    found, payer, issuer = _statement(year)
    return render_template(
        "account/statement.html", statement=found, payer=payer, issuer=issuer, at=clock.now(), words=words_of_line
    )


def _statement(year: int) -> tuple[Statement, str, str]:
    with reading() as session:
        own = newsroom.current(session)
        zone = own.time_zone if own else "UTC"
        found = statement(session, current_user.reader_id, year, zone)
        payer, issuer = payer_lines(session, current_user.reader_id), issuer_lines(own)
    if not found.lines:
        raise NotFound()
    return found, payer, issuer


def words_of_line(line: StatementLine) -> str:
    """What a line of a statement is about, in the reader's language."""
    if line.kind == "refunded":
        return gettext("Refunded to you")
    if line.kind == "disputed":
        return gettext("Taken back by your bank")
    return gettext("Membership") if line.membership else gettext("One-time gift")


@blueprint.get("/account/receipts/details")
@allow(Who.READERS)
def receipt_details() -> str:
    """To whom receipts are made out."""
    with reading() as session:
        found = session.get(ReceiptDetails, current_user.reader_id)
    form = DetailsForm(name=found.name if found else "", address=found.address if found else "")
    return render_template("account/receipt_details.html", form=form)


@blueprint.post("/account/receipts/details")
@allow(Who.READERS)
def keep_receipt_details() -> Response | tuple[str, int]:
    """From now on receipts are made out like this; those issued stay as they are."""
    form = DetailsForm()
    if not form.validate():
        return render_template("account/receipt_details.html", form=form), 422
    try:
        name = written_name(form.name.data or "")
        lines = [written_name(line) for line in (form.address.data or "").splitlines()]
    except Refused as refused:
        form.show(refused, "name")
        return render_template("account/receipt_details.html", form=form), refused.status
    with transaction() as session:
        address = "\n".join(line for line in lines if line)
        keep_details(session, current_user.reader_id, name=name, address=address)
    flash(gettext("Receipts from now on are made out like this."))
    return redirect("/account/payments", 303)  # type: ignore[return-value]
