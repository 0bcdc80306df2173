"""Writing a bulletin: its words in each language, whom it is for with the live count, what it will look like, a test."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from flask import current_app, flash, redirect, render_template, request
from flask_babel import get_locale, gettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from membership import clock
from membership.bulletins import actions, queries, wording
from membership.bulletins.forms import BulletinForm, TestForm
from membership.bulletins.models import Bulletin, BulletinText
from membership.bulletins.room import blueprint
from membership.bulletins.rules import Audience, NotADraft, segment_of
from membership.db import reading, transaction
from membership.languages import LANGUAGES
from membership.memberships.queries import open_tiers
from membership.newsroom import queries as newsroom
from membership.refusals import Refused
from membership.topics.queries import listed
from membership.web.access import Who, allow
from membership.web.text import markdown

Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/bulletins/<int:bulletin_id>")
@allow(Who.staff("editor"))
def staff_bulletin(bulletin_id: int) -> Answer:
    """One language of a draft, with the others beside it; what is on its way is only looked at."""
    bulletin, texts = _found(bulletin_id)
    if bulletin.state != "draft":
        return redirect(f"/staff/bulletins/{bulletin_id}/progress", 303)  # type: ignore[return-value]
    language, segment = _language(texts), segment_of(bulletin.segment)
    form = BulletinForm(
        formdata=None, subject=texts[language].subject, body=texts[language].body, sort=bulletin.sort,
        standing=segment.standing, tiers=list(segment.tiers), languages=list(segment.languages), topic=segment.topic or 0,
    )  # fmt: skip
    return _page(bulletin, texts, language, _offered(form))


@blueprint.post("/staff/bulletins/<int:bulletin_id>")
@allow(Who.staff("editor"))
def write_bulletin(bulletin_id: int) -> Answer:
    """Save it, only look at it (`look`), or save it and go on to the sending (`send`)."""
    bulletin, texts = _found(bulletin_id)
    language, form = _language(texts), _offered(BulletinForm())
    if bulletin.state != "draft":
        raise NotADraft()
    if not form.validate():
        return _page(bulletin, texts, language, form), 422
    if request.form.get("look"):
        return _page(bulletin, texts, language, form, looked=True)
    with transaction() as session:
        actions.write(
            session, bulletin_id, language, subject=form.subject.data or "", body=form.body.data or "",
            sort=form.chosen_sort(), segment=form.segment(), by=current_user.reader_id, at=clock.now(),
        )  # fmt: skip
    if request.form.get("send"):
        return redirect(f"/staff/bulletins/{bulletin_id}/sending", 303)  # type: ignore[return-value]
    flash(gettext("Saved."))
    return _to(bulletin_id, language)


@blueprint.post("/staff/bulletins/<int:bulletin_id>/preview")
@allow(Who.staff("editor"))
def preview_bulletin(bulletin_id: int) -> str:
    """What is being typed as it will look, and whom it reaches: a part of a page, for the script. Nothing is kept."""
    _, texts = _found(bulletin_id)
    form = _offered(BulletinForm())
    return _preview(form, _language(texts))


@blueprint.post("/staff/bulletins/<int:bulletin_id>/languages")
@allow(Who.staff("editor"))
def languages_of_bulletin(bulletin_id: int) -> Response:
    """One language more (`language`), or one less (`drop`)."""
    language, dropped = request.form.get("language", ""), request.form.get("drop")
    with transaction() as session:
        if dropped:
            actions.drop_language(session, bulletin_id, dropped)
            return _to(bulletin_id)
        if language in _readable(session_languages=queries.languages_read(session)):
            actions.add_language(session, bulletin_id, language)
    return _to(bulletin_id, language)


@blueprint.post("/staff/bulletins/<int:bulletin_id>/test")
@allow(Who.staff("editor"))
def try_out(bulletin_id: int) -> Answer:
    """A letter to oneself, in the words that are saved."""
    bulletin, texts = _found(bulletin_id)
    form, language = TestForm(), _language(texts)
    form.validate()
    try:
        with transaction() as session:
            address = actions.try_out(
                session,
                bulletin_id,
                language,
                attempt=str(form.attempt.data),
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        if bulletin.state != "draft":
            raise
        shown = _as_it_stands(bulletin, texts, language)
        shown.show(refused, "subject")
        return _page(bulletin, texts, language, shown), refused.status
    flash(gettext("A test is on its way to %(address)s.", address=address))
    return _to(bulletin_id, language)


def names_of(languages: Iterable[str]) -> dict[str, str]:
    """Languages by tag, named in the language of the page, in its order."""
    here = str(get_locale() or "en")
    named = {}
    for tag in languages:
        try:
            named[tag] = Locale.parse(tag, sep="-" if "-" in tag else "_").get_display_name(here) or tag
        except (UnknownLocaleError, ValueError):
            named[tag] = tag
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))


def _readable(*, session_languages: set[str]) -> set[str]:
    return session_languages | set(LANGUAGES)


def _to(bulletin_id: int, language: str = "") -> Response:
    address = f"/staff/bulletins/{bulletin_id}" + (f"?{urlencode({'language': language})}" if language else "")
    return redirect(address, 303)  # type: ignore[return-value]


def _found(bulletin_id: int) -> tuple[Bulletin, dict[str, BulletinText]]:
    with reading() as session:
        return queries.bulletin_by_id(session, bulletin_id), queries.texts_of(session, bulletin_id)


def _language(texts: dict[str, BulletinText]) -> str:
    """The one that the address asks for, else the newsroom's, else the first."""
    with reading() as session:
        us = newsroom.current(session)
    for wanted in (request.args.get("language", ""), us.language if us else ""):
        if wanted in texts:
            return wanted
    return next(iter(texts))


def _as_it_stands(bulletin: Bulletin, texts: dict[str, BulletinText], language: str) -> BulletinForm:
    segment = segment_of(bulletin.segment)
    return _offered(
        BulletinForm(
            formdata=None, subject=texts[language].subject, body=texts[language].body, sort=bulletin.sort,
            standing=segment.standing, tiers=list(segment.tiers), languages=list(segment.languages),
            topic=segment.topic or 0,
        )
    )  # fmt: skip


def _offered(form: BulletinForm) -> BulletinForm:
    with reading() as session:
        tiers = [(tier.id, tier.name) for tier in open_tiers(session)]
        topics = [(line.id, line.title) for line in listed(session, "accepted", "proposed")]
        languages = names_of(_readable(session_languages=queries.languages_read(session)))
    return form.offer(tiers=tiers, languages=languages, topics=topics)


def count(form: BulletinForm) -> Audience:
    """Whom the segment that is chosen in the form reaches now."""
    with reading() as session:
        return queries.audience(session, form.segment(), form.chosen_sort(), clock.now())


def _preview(form: BulletinForm, language: str) -> str:
    body = (form.body.data or "").replace("\r\n", "\n").strip()
    base = current_app.config["MEMBERSHIP"].base_url
    return render_template(
        "bulletins/preview.html", audience=count(form), subject=form.subject.data or "", html=markdown(body),
        text=wording.as_text(body, base) if body else "", language=language.replace("_", "-"),
    )  # fmt: skip


def _page(
    bulletin: Bulletin, texts: dict[str, BulletinText], language: str, form: BulletinForm, *, looked: bool = False
) -> str:
    with reading() as session:
        readable = _readable(session_languages=queries.languages_read(session))
    return render_template(
        "bulletins/edit.html", bulletin=bulletin, form=form, language=language, languages=names_of(texts),
        more_languages=names_of(readable - set(texts)), preview=Markup(_preview(form, language)), looked=looked,  # noqa: S704
        test=TestForm(formdata=None),
    )  # fmt: skip
