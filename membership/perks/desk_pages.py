"""The staff's pages about perks: what there is, a new one, its terms, its stock, and what became of what was issued."""

from __future__ import annotations

import codecs
from contextlib import closing
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.memberships.queries import open_tiers
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.perks import actions, batches, codes, community, feeds, files, parcels, provider, queries, seats
from membership.perks.desk_lists import grant_lines
from membership.perks.forms import (
    ClientForm,
    CodesForm,
    EpisodeForm,
    FileForm,
    ForumForm,
    LabelsForm,
    PerkForm,
    perk_form,
)
from membership.perks.models import Perk
from membership.perks.own_pages import key
from membership.perks.room import blueprint
from membership.perks.states import KINDS, NoSuchPerk
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.uploads import takes

Answer = Response | str | tuple[str, int]
KIND_WORDS = {
    "link": (_l("A members' link"), _l("A page of yours that opens with the patron's personal code.")),
    "file": (_l("A file"), _l("A paper, a book, a recording: kept here, handed out by an address that soon expires.")),
    "code": (_l("A partner's codes"), _l("Each patron gets one of their own, out of a list that a partner gave you.")),
    "shared_code": (_l("A shared code"), _l("One code for everybody, like a discount at the shop.")),
    "feed": (_l("A private feed"), _l("A podcast or letter for feed readers; each patron has an address of their own.")),
    "event": (_l("An event"), _l("Seats for as many as fit, a waiting list, and an entry for the calendar.")),
    "thing": (_l("A thing by post"), _l("A mug, a book, a print: sizes, addresses, a packing list.")),
    "wall": (_l("The wall of thanks"), _l("A public page where those stand who wish to, called as they wish.")),
    "community": (_l("Community access"), _l("Patrons sign in to your forum, wiki or site with their account here.")),
    "badge": (_l("A supporter badge"), _l("A signed note that your own site can read: this reader is a patron.")),
}
CODES_LARGEST = 2 * 1024 * 1024


@blueprint.get("/staff/perks")
@allow(Who.staff("manager"))
def desk() -> str:
    """What there is, and which kinds a new one may be of."""
    with reading() as session:
        lines = queries.perk_lines(session)
    return render_template("perks/desk.html", lines=lines, kinds=KINDS, words=KIND_WORDS, money=cost_of)


@blueprint.get("/staff/perks/new/<kind>")
@allow(Who.staff("manager"))
def new_perk(kind: str) -> str:
    """A form for a new one of this kind."""
    return _edit(_form(kind), kind, None)


@blueprint.post("/staff/perks/new/<kind>")
@allow(Who.staff("manager"))
def make(kind: str) -> Answer:
    """A new perk; patrons hear of it by letter within moments."""
    form = _form(kind)
    with reading() as session:
        zone, code = _here(session)
    if not form.validate():
        return _edit(form, kind, None), 422
    try:
        values = form.values(zone, code)
        with transaction() as session:
            perk = actions.make_perk(
                session, kind=kind, tier_ids=form.tiers.data or [], by=current_user.reader_id, at=clock.now(), **values
            )
    except Refused as refused:
        form.show(refused, "title")
        return _edit(form, kind, None), refused.status
    flash(gettext("The perk is there. Patrons of its tiers hear of it by letter."))
    return redirect(f"/staff/perks/{perk.id}", 303)


@blueprint.get("/staff/perks/<int:perk_id>/terms")
@allow(Who.staff("manager"))
def terms(perk_id: int) -> str:
    """The words and terms of a perk."""
    with reading() as session:
        perk = queries.perk_by_id(session, perk_id)
        zone, tiers = _here(session)[0], queries.tiers_of(session, perk.id)
    return _edit(_form(perk.kind, perk, zone=zone, tiers=tiers), perk.kind, perk)


@blueprint.post("/staff/perks/<int:perk_id>/terms")
@allow(Who.staff("manager"))
def change(perk_id: int) -> Answer:
    """Other words or terms from now on."""
    with reading() as session:
        perk = queries.perk_by_id(session, perk_id)
        zone, code = _here(session)
    form = _form(perk.kind)
    if not form.validate():
        return _edit(form, perk.kind, perk), 422
    try:
        values = form.values(zone, code)
        with transaction() as session:
            actions.change_perk(
                session, perk.id, values, tier_ids=form.tiers.data or [], by=current_user.reader_id, at=clock.now()
            )
    except Refused as refused:
        form.show(refused, "title")
        return _edit(form, perk.kind, perk), refused.status
    flash(gettext("Kept. What was issued stays issued."))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/retirement")
@allow(Who.staff("manager"))
def retire(perk_id: int) -> Response:
    """Issue a perk no more; what it gave stops opening."""
    with transaction() as session:
        actions.retire(session, key(perk_id), by=current_user.reader_id, at=clock.now())
    flash(gettext("The perk is retired. What it gave opens nothing any more."))
    return redirect("/staff/perks", 303)


@blueprint.get("/staff/perks/<int:perk_id>")
@allow(Who.staff("manager"))
def manage(perk_id: int) -> str:
    """One perk: figures, stock, and what was issued."""
    return _manage(perk_id)


@blueprint.post("/staff/perks/<int:perk_id>/codes")
@allow(Who.staff("manager"))
@takes(CODES_LARGEST)
def add_codes(perk_id: int) -> Answer:
    """Codes for the stock, or (`used`) a partner's list of those that were used."""
    form = CodesForm()
    try:
        found = codes.read_codes(_text(form.file.data))
        with transaction() as session:
            act = codes.mark_used if request.form.get("used") else codes.add_codes
            count = act(session, key(perk_id), found, by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        return _manage(perk_id, trouble=refused), refused.status
    if request.form.get("used"):
        flash(ngettext("%(num)s code is marked as used.", "%(num)s codes are marked as used.", count))
    else:
        flash(ngettext("%(num)s new code is in stock.", "%(num)s new codes are in stock.", count))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/files")
@allow(Who.staff("manager"))
@takes(files.LARGEST)
def add_file(perk_id: int) -> Answer:
    """A file for patrons."""
    form = FileForm()
    try:
        name, content = _upload(form.file.data)
        with transaction() as session:
            files.keep(session, key(perk_id), name, content, by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        return _manage(perk_id, trouble=refused), refused.status
    flash(gettext("The file is there."))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/files/<int:file_id>/removal")
@allow(Who.staff("manager"))
def remove_file(perk_id: int, file_id: int) -> Response:
    """Hand a file out no more."""
    with transaction() as session:
        files.remove(session, key(perk_id), key(file_id), by=current_user.reader_id, at=clock.now())
    flash(gettext("The file is gone."))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/episodes")
@allow(Who.staff("manager"))
@takes(files.LARGEST)
def publish(perk_id: int) -> Answer:
    """A new entry of a feed."""
    form, by, at = EpisodeForm(), current_user.reader_id, clock.now()
    if not form.validate():
        return _manage(perk_id, episode=form), 422
    try:
        name, content = _upload(form.file.data)
        with transaction() as session:
            kept = files.keep(session, key(perk_id), name, content, by=by, at=at) if content else None
            feeds.publish(
                session, key(perk_id), title=form.title.data or "", notes=form.notes.data or "", file=kept, by=by, at=at
            )
    except Refused as refused:
        return _manage(perk_id, episode=form, trouble=refused), refused.status
    flash(gettext("The entry is in every patron's feed."))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/episodes/<int:episode_id>/removal")
@allow(Who.staff("manager"))
def withdraw(perk_id: int, episode_id: int) -> Response:
    """Take an entry out of the feed."""
    with transaction() as session:
        feeds.withdraw(session, key(perk_id), key(episode_id), by=current_user.reader_id, at=clock.now())
    flash(gettext("The entry is out of the feed."))
    return redirect(f"/staff/perks/{perk_id}", 303)


def cost_of(line: queries.PerkLine) -> Money | None:
    """What the used ones of a perk have cost."""
    return None if line.spent is None else Money(line.spent, str(line.perk.cost_currency))


def _upload(data: Any) -> tuple[str, bytes]:
    """A file's name and content; empty when none was chosen. One byte more than the largest is read, to be refused."""
    if not hasattr(data, "read"):
        return "", b""
    with closing(data):
        return str(data.filename or ""), data.read(files.LARGEST + 1)


def _text(data: Any) -> str:
    raw = data.read(CODES_LARGEST + 1) if hasattr(data, "read") else b""
    if len(raw) > CODES_LARGEST:
        raise codes.NoCodes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # what spreadsheets call Unicode text
    try:
        return str(raw.decode("utf-16" if wide else "utf-8-sig"))
    except UnicodeDecodeError:
        return str(raw.decode("cp1252", errors="replace"))


def _form(kind: str, perk: Perk | None = None, **values: Any) -> PerkForm:
    if kind not in KINDS:
        raise NoSuchPerk()
    form = perk_form(kind, perk, **values)
    with reading() as session:
        form.tiers.choices = [SelectChoice(tier.id, tier.name) for tier in open_tiers(session)]
    return form


def _here(session: Session) -> tuple[str, str]:
    """The newsroom's time zone and currency."""
    here = newsroom.current(session)
    return (here.time_zone, here.currency) if here else ("UTC", "EUR")


def _edit(form: PerkForm, kind: str, perk: Perk | None) -> str:
    with reading() as session:
        zone, code = _here(session)
    return render_template(
        "perks/edit.html", form=form, kind=kind, perk=perk, words=KIND_WORDS, zone=zone, currency=code
    )


def _manage(perk_id: int, *, trouble: Refused | None = None, episode: EpisodeForm | None = None) -> str:
    at = clock.now()
    with reading() as session:
        perk = queries.perk_by_id(session, perk_id)
        line = next(one for one in queries.perk_lines(session) if one.perk.id == perk.id)
        values: dict[str, Any] = {
            "line": line, "grants": grant_lines(session, perk), "batches": batches.progress_of(session, perk.id),
            "stock": codes.stock(session, perk.id) if perk.kind == "code" else None,
            "files": files.files_of(session, perk.id) if perk.kind == "file" else [],
            "episodes": feeds.episodes(session, perk.id) if perk.kind == "feed" else [],
            "seated": seats.seated(session, perk.id) if perk.kind == "event" else None,
            "clients": community.clients_of(session, perk.id) if perk.kind == "community" else [],
            "packing": parcels.to_pack(session, perk.id, at) if perk.kind == "thing" else [],
        }  # fmt: skip
    return render_template(
        "perks/manage.html", perk=perk, words=KIND_WORDS, cost=cost_of(line), codes_form=CodesForm(formdata=None),
        file_form=FileForm(formdata=None), client_form=ClientForm(formdata=None), forum_form=ForumForm(formdata=None),
        labels_form=LabelsForm(formdata=None),
        episode_form=episode or EpisodeForm(formdata=None),
        discovery=provider.issuer() + provider.DISCOVERY, trouble=words_of(trouble) if trouble else None, **values,
    )  # fmt: skip
