"""/staff/appeals: what readers are asked under an article, written by staff with a preview, and dealt out in variants."""

from __future__ import annotations

from urllib.parse import urlencode

from babel import Locale
from flask import flash, redirect, render_template, request
from flask_babel import force_locale, get_locale, gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.appeals import actions, queries, words
from membership.appeals.embed_pages import address_of_sheet, face_now, preview
from membership.appeals.forms import AppealForm
from membership.appeals.models import Appeal
from membership.appeals.room import blueprint
from membership.appeals.rules import Words, check_braces, letter
from membership.appeals.shelf import shelf
from membership.db import reading, transaction
from membership.languages import direction
from membership.newsroom import queries as newsroom
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow

LANGUAGES = frozenset(
    """ar bg bn ca cs cy da de el en es et eu fa fi fil fr ga gl gu he hi hr hu hy id is it ja ka kk kn ko ku lt lv mk ml mn
    mr ms mt my nb ne nl pa pl ps pt pt_BR ro ru si sk sl sq sr sv sw ta te th tr uk ur uz vi zh zh_TW zu""".split()  # noqa: SIM905
)
"""In which an appeal may be written: far more than the site itself speaks, because here staff bring the words."""
Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/appeals")
@allow(Who.staff("viewer"))
def staff_appeals() -> str:
    """The one that runs, drafts, and what has ended."""
    with reading() as session:
        return render_template("appeals/desk.html", appeals=queries.appeals(session), sites=newsroom.sites(session))


@blueprint.post("/staff/appeals")
@allow(Who.staff("manager"))
def new_appeal() -> Response:
    """A draft that begins with the site's own words, in the newsroom's language."""
    with transaction() as session:
        us = newsroom.current(session)
        assert us is not None, "no page of the desk opens before the first run"
        with force_locale(us.language):
            texts = {(0, us.language): words.built_in(us.name)}
        appeal = actions.draft(session, gettext("A new appeal"), texts, by=current_user.reader_id, at=clock.now())
    return _to(appeal.id)


@blueprint.get("/staff/appeals/<int:appeal_id>")
@allow(Who.staff("manager"))
def staff_appeal(appeal_id: int) -> str:
    """One variant in one language, to be written, with the others beside it."""
    appeal, texts = _found(appeal_id)
    place = _place(texts)
    held = texts[place]
    form = AppealForm(
        formdata=None, name=appeal.name, heading=held.heading, text=held.text, button=held.button, ways=held.ways
    )
    return _page(appeal, texts, place, form)


@blueprint.post("/staff/appeals/<int:appeal_id>")
@allow(Who.staff("manager"))
def write_appeal(appeal_id: int) -> Answer:
    """Save the words, or only look at them (`look`)."""
    appeal, texts = _found(appeal_id)
    place, form = _place(texts), AppealForm()
    if not form.validate():
        return _page(appeal, texts, place, form), 422
    try:
        if request.form.get("look"):
            check_braces(*_all(form.words()))
            return _page(appeal, texts, place, form, looked=True)
        with transaction() as session:
            actions.write(
                session,
                appeal_id,
                form.name.data or "",
                *place,
                form.words(),
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        form.show(refused, "text")
        return _page(appeal, texts, place, form), refused.status
    shelf().clear()
    flash(gettext("Saved."))
    return _to(appeal_id, variant=letter(place[0]), language=place[1])


@blueprint.post("/staff/appeals/<int:appeal_id>/preview")
@allow(Who.staff("manager"))
def preview_appeal(appeal_id: int) -> str:
    """What is being typed as readers would see it: a part of a page, for the editor's script. Nothing is kept."""
    _, texts = _found(appeal_id)
    _, language = _place(texts)
    return _preview(AppealForm().words(), language)


@blueprint.post("/staff/appeals/<int:appeal_id>/<any(variant, fewer, begin, end, copy, discard):deed>")
@allow(Who.staff("manager"))
def do_with_appeal(appeal_id: int, deed: str) -> Response:
    """A variant more or less, begin or end it, copy it, throw a draft away."""
    by, at = current_user.reader_id, clock.now()
    goes_to: dict[str, str] = {}
    with transaction() as session:
        if deed == "variant":
            goes_to = {"variant": letter(actions.add_variant(session, appeal_id))}
        elif deed == "fewer":
            actions.drop_variant(session, appeal_id)
        elif deed == "begin":
            actions.begin(session, appeal_id, by=by, at=at)
        elif deed == "end":
            actions.end(session, appeal_id, by=by, at=at)
        elif deed == "copy":
            name = gettext("%(name)s, once more", name=actions.hold(session, appeal_id).name)[:80]
            appeal_id = actions.copied(session, appeal_id, name, by=by, at=at).id
        else:
            actions.discard(session, appeal_id, by=by, at=at)
    shelf().clear()
    if deed in {"begin", "end", "discard"}:
        return redirect("/staff/appeals", 303)  # type: ignore[return-value]
    return _to(appeal_id, **goes_to)


@blueprint.post("/staff/appeals/<int:appeal_id>/languages")
@allow(Who.staff("manager"))
def languages_of_appeal(appeal_id: int) -> Response:
    """One language more (`language`), or one less (`drop`)."""
    with transaction() as session:
        if dropped := request.form.get("drop"):
            actions.drop_language(session, appeal_id, dropped)
            return _to(appeal_id)
        language = request.form.get("language", "")
        actions.add_language(session, appeal_id, language, LANGUAGES)
    return _to(appeal_id, language=language)


def _to(appeal_id: int, **place: str) -> Response:
    address = f"/staff/appeals/{appeal_id}" + (f"?{urlencode(place)}" if place else "")
    return redirect(address, 303)  # type: ignore[return-value]


def _found(appeal_id: int) -> tuple[Appeal, dict[tuple[int, str], Words]]:
    with reading() as session:
        appeal = session.get(Appeal, appeal_id)
        if appeal is None:
            raise NotFound()
        return appeal, queries.texts_of(session, appeal_id)


def _place(texts: dict[tuple[int, str], Words]) -> tuple[int, str]:
    """The variant and language that the address asks for; else the first there is."""
    with reading() as session:
        us = newsroom.current(session)
    own = us.language if us else ""
    asked = (ord(request.args.get("variant", "A")[:1] or "A") - ord("A"), request.args.get("language", own))
    first = min(texts, key=lambda place: (place[0] != asked[0], place[1] != own, place))
    return asked if asked in texts else first


def _all(said: Words) -> tuple[str, ...]:
    return (said.heading, said.text, said.button, said.ways)


def _preview(said: Words, language: str) -> str:
    shown = preview(said, face_now(), language)
    return render_template(
        "appeals/preview.html", words=shown, language=language.replace("_", "-"), direction=direction(language)
    )


def names_of(languages: frozenset[str] | set[str]) -> dict[str, str]:
    """Languages by tag, named in the language of the page, in its order."""
    here = str(get_locale() or "en")
    named = {tag: Locale.parse(tag).get_display_name(here) or tag for tag in languages}
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))


def _page(
    appeal: Appeal,
    texts: dict[tuple[int, str], Words],
    place: tuple[int, str],
    form: AppealForm,
    *,
    looked: bool = False,
) -> str:
    languages = {language for _, language in texts}
    return render_template(
        "appeals/edit.html",
        appeal=appeal,
        form=form,
        variant=place[0],
        language=place[1],
        letter=letter,
        languages=names_of(languages),
        more_languages=names_of(LANGUAGES - languages),
        preview=_preview(form.words(), place[1]),
        looked=looked,
        sheet=address_of_sheet(face_now()),
    )
