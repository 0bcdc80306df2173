"""A reader's papers: receipts as they were issued, a statement for each year, and to whom receipts are made out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import flash, make_response, redirect, render_template
from flask_babel import force_locale, get_locale, gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import queries
from membership.account.forms import DetailsForm
from membership.account.room import blueprint
from membership.account.rules import written_name
from membership.db import reading, transaction
from membership.giving.paper import Paper
from membership.giving.receipt_models import ReceiptDetails
from membership.giving.receipts import keep_details, parties
from membership.giving.statements import Statement, StatementLine, statement
from membership.languages import language_of
from membership.newsroom import queries as newsroom
from membership.promises.queries import StoryLine, stories_for
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow
from membership.web.locale import day, money


@blueprint.get("/account/receipts/<number>")
@allow(Who.READERS)
def receipt(number: str) -> str:
    """One receipt, to be printed or kept; a void one says so."""
    page, payer, issuer = _receipt(number)
    return render_template("account/receipt.html", page=page, payer=payer, issuer=issuer)


@blueprint.get("/account/receipts/<number>.pdf")
@allow(Who.READERS)
def receipt_pdf(number: str) -> Response:
    """The same as a file, in the language in which it was issued."""
    page, payer, issuer = _receipt(number)
    language = language_of(page.receipt.language)
    with force_locale(language):
        paper = _receipt_paper(page, payer, issuer, language)
    return _file(paper, f"receipt-{page.receipt.number}.pdf")


def _receipt(number: str) -> tuple[queries.ReceiptPage, str, str]:
    """A receipt with its payer and issuer as they were when it was issued. Raises `NotFound`."""
    with reading() as session:
        page = queries.receipt_page(session, current_user.reader_id, number)
        now = parties(session, current_user.reader_id)
    if page is None:
        raise NotFound()
    return page, page.receipt.payer or now.payer, page.receipt.issuer or now.issuer


def _receipt_paper(page: queries.ReceiptPage, payer: str, issuer: str, language: str) -> Paper:
    receipt = page.receipt
    title = gettext("Receipt %(number)s", number=receipt.number)
    paper = Paper(language=language, title=title)
    paper.say(issuer, grey=True)
    paper.say(title, size=20, bold=True)
    if receipt.voided_at is not None:
        if receipt.void_reason == "dispute":
            why = gettext("VOID since %(day)s: the bank has taken this payment back.", day=day(receipt.voided_at))
        else:
            why = gettext("VOID since %(day)s: this payment was refunded.", day=day(receipt.voided_at))
        paper.say(why, size=13, bold=True)
    about = words_of_kind(page.payment.kind)
    if page.tier and page.period_start and page.period_end:
        about = f"{about}: {page.tier}, {day(page.period_start)} – {day(page.period_end)}"
    paper.facts(
        [
            (gettext("Received from"), payer),
            (gettext("Amount"), f"{money(page.amount)} ({page.amount.currency})"),
            (gettext("Paid on"), day(page.payment.paid_at)),
            (gettext("For"), about),
            (gettext("Issued on"), day(receipt.issued_at)),
        ]
    )
    return paper


def _file(paper: Paper, name: str) -> Response:
    answer = make_response(paper.made())
    answer.content_type = "application/pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/account/statements/<int:year>")
@allow(Who.READERS)
def yearly_statement(year: int) -> str:
    """What was paid in a year, what went back, and the sums."""
    found, payer, issuer = _statement(year)
    return render_template(
        "account/statement.html", statement=found, payer=payer, issuer=issuer, at=clock.now(), words=words_of_line,
        stories=_stories(year),
    )  # fmt: skip


@blueprint.get("/account/statements/<int:year>.pdf")
@allow(Who.READERS)
def yearly_statement_pdf(year: int) -> Response:
    """The same as a file."""
    found, payer, issuer = _statement(year)
    title = gettext("Statement for %(year)s", year=year)
    paper = Paper(language=str(get_locale()), title=title)
    paper.say(issuer, grey=True)
    paper.say(title, size=20, bold=True)
    paper.say(payer)
    head = [gettext("Date"), gettext("What"), gettext("Receipt"), gettext("Amount")]
    lines = [
        [
            day(line.at),
            words_of_line(line),
            gettext("%(number)s (void)", number=line.receipt) if line.void else line.receipt,
            money(line.amount),
        ]
        for line in found.lines
    ]
    paper.rows(head, lines, (28, 32, 24, 16))
    head = [gettext("Currency"), gettext("Paid"), gettext("Went back"), gettext("Kept by us")]
    sums = [[one.paid.currency, money(one.paid), money(one.returned), money(one.kept)] for one in found.sums]
    paper.rows(head, sums, (25, 25, 25, 25))
    stories = _stories(year)
    if stories:
        paper.say(gettext("Stories you helped to choose that came out in %(year)s", year=year), bold=True)
        rows = [[day(story.published_at), story.title or story.topic, story.url] for story in stories]
        paper.rows([gettext("Date"), gettext("Story"), gettext("Address")], rows, (20, 40, 40))
    paper.say(gettext("As of %(day)s. The days are those of %(zone)s.", day=day(clock.now()), zone=_zone()), grey=True)
    return _file(paper, f"statement-{year}.pdf")


def _stories(year: int) -> list[StoryLine]:
    """The stories of a year that the reader helped to choose, the oldest first."""
    with reading() as session:
        found = stories_for(session, current_user.reader_id)
    zone = ZoneInfo(_zone())
    return [story for story in reversed(found) if story.published_at.astimezone(zone).year == year]


def _zone() -> str:
    with reading() as session:
        own = newsroom.current(session)
    return own.time_zone if own else "UTC"


def _statement(year: int) -> tuple[Statement, str, str]:
    with reading() as session:
        own = newsroom.current(session)
        zone = own.time_zone if own else "UTC"
        found = statement(session, current_user.reader_id, year, zone)
        now = parties(session, current_user.reader_id)
    if not found.lines:
        raise NotFound()
    return found, now.payer, now.issuer


def words_of_line(line: StatementLine) -> str:
    """What a line of a statement is about, in the reader's language."""
    if line.kind == "refunded":
        return gettext("Refunded to you")
    if line.kind == "disputed":
        return gettext("Taken back by your bank")
    return words_of_kind(line.of)


def words_of_kind(kind: str) -> str:
    """What a payment was for (`membership`, `donation`, `gift`), in the reader's language."""
    if kind == "membership":
        return gettext("Membership")
    return gettext("Membership as a gift") if kind == "gift" else gettext("One-time gift")


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
