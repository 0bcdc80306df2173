"""Staff's pages about readers: finding one, everything about one, notes, letters. Every look is noted."""

from __future__ import annotations

from flask import flash, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.account import patron_acts, patrons
from membership.account.patron_forms import REASONS, NoteForm, PressForm
from membership.account.room import blueprint
from membership.db import reading, transaction
from membership.mail import many
from membership.money import Money
from membership.web.access import Who, allow


@blueprint.get("/staff/patrons")
@allow(Who.staff("manager"))
def patron_list() -> str:
    """Readers by name, address, Stripe id or receipt number."""
    sought = request.args.get("q", "").strip()[:200]
    before = request.args.get("before", type=int)
    with reading() as session:
        found, more = patrons.find(session, sought, before=before)
    with transaction() as session:
        by = current_user.reader_id
        patron_acts.search(session, by=by, found=len(found), all_of_them=not sought, at=clock.now())
    return render_template("account/patrons.html", found=found, more=more, sought=sought, before=before)


@blueprint.get("/staff/patrons/<int:reader_id>")
@allow(Who.staff("manager"))
def patron(reader_id: int) -> str:
    """Everything about one reader."""
    return _page(reader_id, NoteForm())


@blueprint.post("/staff/patrons/<int:reader_id>/notes")
@allow(Who.staff("manager"))
def note_patron(reader_id: int) -> Response | tuple[str, int]:
    """Write something down about a reader."""
    form = NoteForm()
    if not form.validate():
        return _page(reader_id, form), 422
    text = str(form.text.data).replace("\r\n", "\n").strip()
    with transaction() as session:
        patron_acts.write_note(
            session, reader_id, text, attempt=str(form.attempt.data), by=current_user.reader_id, at=clock.now()
        )
    flash(gettext("The note is kept."))
    return back_to(reader_id)


@blueprint.get("/staff/patrons/<int:reader_id>/letters/<int:letter_id>")
@allow(Who.staff("manager"))
def patron_letter(reader_id: int, letter_id: int) -> str:
    """A letter as it was sent. One that carries a secret is not shown."""
    with transaction() as session:
        letter = patron_acts.read_letter(session, reader_id, letter_id, by=current_user.reader_id, at=clock.now())
        text = many.text_of(session, letter)
    return render_template(
        "account/patron_letter.html", letter=letter, text=text, reader_id=reader_id, form=PressForm()
    )


@blueprint.post("/staff/patrons/<int:reader_id>/letters/<int:letter_id>")
@allow(Who.staff("manager"))
def patron_letter_again(reader_id: int, letter_id: int) -> Response:
    """Send the same words once more."""
    form = PressForm()
    form.validate()
    with transaction() as session:
        patron_acts.send_again(
            session, reader_id, letter_id, attempt=str(form.attempt.data), by=current_user.reader_id, at=clock.now()
        )
    flash(gettext("The letter is on its way once more."))
    return back_to(reader_id)


@blueprint.post("/staff/patrons/<int:reader_id>/address")
@allow(Who.staff("manager", fresh=True))
def patron_address_works(reader_id: int) -> Response:
    """Letters arrive there again: the reader said so, or the mailbox was emptied."""
    with transaction() as session:
        patron_acts.trust_address(session, reader_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("From now on this address is written to again."))
    return back_to(reader_id)


def back_to(reader_id: int) -> Response:
    """To the page about this reader."""
    return redirect(f"/staff/patrons/{reader_id}", 303)  # type: ignore[return-value]


def _page(reader_id: int, form: NoteForm) -> str:
    at = clock.now()
    with transaction() as session:
        patron_acts.look(session, reader_id, by=current_user.reader_id, at=at)
    with reading() as session:
        found = patrons.patron(session, reader_id, at=at)
    return render_template("account/patron.html", patron=found, form=form, money=Money, reasons=REASONS)
