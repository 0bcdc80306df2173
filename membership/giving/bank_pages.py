"""/staff/ways/import: gifts out of a bank's CSV. First a rehearsal that writes nothing, then the same file for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.giving import way_acts
from membership.giving.bank_rules import BankLine, read_file
from membership.giving.models import Payment
from membership.giving.room import blueprint
from membership.giving.way_forms import BankFileForm
from membership.newsroom import queries as newsroom
from membership.readers.trail import note
from membership.refusals import Refused
from membership.web.access import Who, allow

KEYS_AT_ONCE = 500
Answer = Response | str | tuple[str, int]


@dataclass(frozen=True)
class Rehearsed:
    """A line, and what would come of it: `new`, `known` (in the books already, or earlier in this file) or its problem."""

    line: BankLine
    outcome: str


@blueprint.get("/staff/ways/import")
@allow(Who.staff("manager"))
def bank_file() -> str:
    """Where a bank's file is handed in."""
    return render_template("giving/bank_file.html", form=BankFileForm(), lines=None, text="")


@blueprint.post("/staff/ways/import")
@allow(Who.staff("manager", fresh=True))
def import_bank_file() -> Answer:
    """The rehearsal; or, sent from the rehearsal's page, for good. The same line twice is one gift."""
    form = BankFileForm()
    text = form.content()
    try:
        own, zone = _own()
        with reading() as session:
            lines = _rehearse(session, read_file(text, own_currency=own), zone)
    except Refused as refused:
        form.show(refused, "file")
        return render_template("giving/bank_file.html", form=form, lines=None, text=""), refused.status
    if not form.for_good.data:
        return render_template("giving/bank_file.html", form=form, lines=lines, text=text)
    at, by = clock.now(), current_user.reader_id
    with transaction() as session:
        gifts = [_gift(entry.line, zone) for entry in lines if entry.outcome == "new"]
        kept = sum(way_acts.record_gift(session, gift, by=by, at=at) is not None for gift in gifts)
        note(session, actor_id=by, action="gifts:imported", object="ways/1", at=at, lines=len(lines), recorded=kept)
    flash(ngettext("%(num)s gift was recorded.", "%(num)s gifts were recorded.", kept))
    return redirect("/staff/ways", 303)  # type: ignore[return-value]


def _rehearse(session: Session, lines: list[BankLine], zone: str) -> list[Rehearsed]:
    today, seen, found = clock.now().astimezone(ZoneInfo(zone)).date(), set[str](), []
    known = _known(session, [f"way:{line.key}" for line in lines])
    for line in lines:
        outcome = line.problem or ("known" if f"way:{line.key}" in known or line.key in seen else "new")
        if outcome == "new" and line.day is not None and line.day > today:
            outcome = "day"
        seen.add(line.key)
        found.append(Rehearsed(line, outcome))
    return found


def _known(session: Session, keys: list[str]) -> set[str]:
    found = set[str]()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = Payment.stripe_id.in_(keys[start : start + KEYS_AT_ONCE])
        found.update(session.execute(select(Payment.stripe_id).where(some)).scalars())
    return found


def _gift(line: BankLine, zone: str) -> way_acts.Gift:
    assert line.day is not None and line.amount is not None
    paid_at = datetime.combine(line.day, time(12), ZoneInfo(zone))
    return way_acts.Gift(line.key, "bank_transfer", line.amount, paid_at, line.name, line.email, line.reference)


def _own() -> tuple[str, str]:
    with reading() as session:
        own = newsroom.current(session)
    return (own.currency, own.time_zone) if own else ("EUR", "UTC")
