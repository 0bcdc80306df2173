"""A physical thing: the patron's form with size and address, and the staff's packing list."""

from __future__ import annotations

from babel import Locale
from flask import flash, redirect, render_template
from flask_babel import get_locale, gettext, ngettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.perks import labels, ledger, parcels, queries
from membership.perks.claim_models import PerkParcel, PostalAddress
from membership.perks.forms import LabelsForm, ParcelForm
from membership.perks.own_pages import MINE, key
from membership.perks.room import blueprint
from membership.perks.states import NoSuchPerk
from membership.readers import trail
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.sheets import as_csv


@blueprint.get(f"{MINE}/<int:grant_id>/parcel")
@allow(Who.READERS)
def parcel(grant_id: int) -> str:
    """The form, filled with what we know: it is looked at and sent off each time."""
    with reading() as session:
        grant, _ = ledger.own(session, key(grant_id), current_user.reader_id)
        address = session.get(PostalAddress, current_user.reader_id)
        known = session.get(PerkParcel, grant.id)
    values = {part: getattr(address, part) for part in parcels.PARTS} if address else {"name": current_user.name}
    form = ParcelForm(formdata=None, **values, size=known.size if known else None)
    return _parcel(form, grant_id)


@blueprint.post(f"{MINE}/<int:grant_id>/parcel")
@allow(Who.READERS)
def ask_parcel(grant_id: int) -> Response | tuple[str, int]:
    """Ask for the thing, or look at the address once more."""
    form = ParcelForm()
    _choices(form)
    if not form.validate():
        return _parcel(form, grant_id), 422
    address = {part: (form[part].data or "").strip() for part in parcels.PARTS}
    try:
        with transaction() as session:
            parcels.ask(
                session, key(grant_id), current_user.reader_id, size=form.size.data or "", address=address,
                at=clock.now(),
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "size")
        return _parcel(form, grant_id), refused.status
    flash(gettext("Thank you. It goes out with the next parcels; we write when it is on its way."))
    return redirect(MINE, 303)


def _choices(form: ParcelForm) -> None:
    names = Locale.parse(str(get_locale() or "en")).territories
    lands = sorted(
        ((code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NO_LANDS),
        key=lambda land: land[1],
    )
    form.country.choices = [SelectChoice("", gettext("Please choose")), *(SelectChoice(*land) for land in lands)]


NO_LANDS = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
"""Codes of CLDR's territories that no parcel goes to."""


def _parcel(form: ParcelForm, grant_id: int) -> str:
    with reading() as session:
        grant, perk = ledger.own(session, key(grant_id), current_user.reader_id)
        address = session.get(PostalAddress, current_user.reader_id)
        old = parcels.is_old(address, session.get(PerkParcel, grant.id), clock.now())
    if perk.kind != "thing" or grant.state not in ("issued", "claimed"):
        raise NoSuchPerk()
    _choices(form)
    form.size.choices = [SelectChoice(size, size) for size in parcels.sizes_of(perk)]
    return render_template("perks/parcel.html", form=form, grant=grant, perk=perk, address=address, old=old)


@blueprint.post("/staff/perks/<int:perk_id>/packing.csv")
@allow(Who.staff("manager", fresh=True))
def packing_list(perk_id: int) -> Response:
    """What can go out now, for a spreadsheet. It is full of addresses, so that it was taken is noted; hence a POST."""
    at = clock.now()
    with transaction() as session:
        perk = queries.perk_by_id(session, perk_id)
        rows = parcels.packing_rows(perk, parcels.to_pack(session, perk.id, at))
        trail.note(
            session, actor_id=current_user.reader_id, action="perk:packed", object=f"perk/{perk.id}", at=at, rows=len(rows)
        )
    headers = {"Content-Disposition": f'attachment; filename="packing-{perk.id}.csv"'}
    text = "\ufeff" + "".join(as_csv(rows, parcels.HEAD))
    return Response(text, content_type="text/csv; charset=utf-8", headers=headers)


@blueprint.post("/staff/perks/<int:perk_id>/labels.pdf")
@allow(Who.staff("manager"))
def address_labels(perk_id: int) -> Response:
    """The same addresses on sheets of labels. Noted like the list, for it says the same."""
    form, at = LabelsForm(), clock.now()
    try:
        if not form.validate():
            raise labels.NotASheet()
        sheet = labels.SHEETS.get(form.sheet.data or "") or labels.read_sheet(form.measures.data or "")
        first = form.first.data or 1
        if first > sheet.holds:
            raise labels.NotASheet()
    except Refused as refused:
        flash(words_of(refused), "bad")
        return redirect(f"/staff/perks/{perk_id}", 303)
    with transaction() as session:
        perk = queries.perk_by_id(session, perk_id)
        packed = parcels.to_pack(session, perk.id, at)
        addresses = [(one.grant.id, one.address) for one in packed if one.address is not None and not one.old]
        trail.note(
            session, actor_id=current_user.reader_id, action="perk:labels", object=f"perk/{perk.id}", at=at,
            rows=len(addresses),
        )  # fmt: skip
    by_hand = gettext("To be written by hand, because this font does not have their letters; numbers of the packing list:")
    made = labels.printed(
        addresses, sheet, first=first, language=str(get_locale() or "en"), title=gettext("Labels"), by_hand=by_hand
    )
    headers = {"Content-Disposition": f'attachment; filename="labels-{perk.id}.pdf"'}
    return Response(made, content_type="application/pdf", headers=headers)


@blueprint.post("/staff/perks/<int:perk_id>/addresses")
@allow(Who.staff("manager"))
def ask_addresses(perk_id: int) -> Response:
    """Write to those whose address is old or missing."""
    with transaction() as session:
        asked = parcels.ask_again(session, key(perk_id), at=clock.now())
    flash(ngettext("%(num)s letter goes out.", "%(num)s letters go out.", asked))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/grants/<int:grant_id>/return")
@allow(Who.staff("manager"))
def came_back(perk_id: int, grant_id: int) -> Response:
    """A parcel came back."""
    with transaction() as session:
        parcels.take_back(session, key(grant_id), by=current_user.reader_id, at=clock.now())
    flash(gettext("Noted. Its patron is asked to look at the address."))
    return redirect(f"/staff/perks/{perk_id}", 303)
