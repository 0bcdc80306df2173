"""What the newsroom says about itself, its sites, its currencies, its texts. Each section is a form of its own."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice

from membership import clock
from membership.db import reading, transaction
from membership.desk import actions
from membership.desk.forms import CoffeesForm, SitesForm, TextForm, coffees_form
from membership.desk.room import blueprint
from membership.newsroom import defaults
from membership.newsroom.forms import AboutForm
from membership.newsroom.models import Newsroom
from membership.newsroom.queries import coffees, current, page, sites
from membership.newsroom.rules import read_sites
from membership.refusals import NotFound, Refused
from membership.web.access import Who, allow

TEXTS = {
    "terms": (lazy_gettext("Terms"), "/terms"),
    "privacy": (lazy_gettext("Privacy"), "/privacy"),
    "contact": (lazy_gettext("Contact"), "/contact"),
    "ways": (lazy_gettext("Other ways to support"), "/ways"),
    "money": (lazy_gettext("Where the money goes"), "/"),
}
"""The texts by name: what they are called, and where they stand."""
MAY_BE_EMPTY = {"money"}
"""Left empty, its section is not shown."""
Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/settings")
@allow(Who.staff("manager"))
def settings() -> str:
    """All sections as they stand."""
    return _page()


@blueprint.post("/staff/settings/newsroom")
@allow(Who.staff("manager"))
def describe() -> Answer:
    """Name, words, imprint, colour."""
    form = _about_form(AboutForm())
    if not form.validate():
        return _page(about=form), 422
    try:
        with transaction() as session:
            actions.describe_newsroom(session, form.about(), by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        form.show(refused, "name")
        return _page(about=form), refused.status
    return _saved()


@blueprint.post("/staff/settings/sites")
@allow(Who.staff("manager", fresh=True))
def change_sites() -> Answer:
    """The sites whose articles may carry our embeds."""
    form = SitesForm()
    if not form.validate():
        return _page(places=form), 422
    with transaction() as session:
        origins = read_sites(form.sites.data or "")
        actions.change_sites(session, origins, by=current_user.reader_id, at=clock.now())
    return _saved()


@blueprint.post("/staff/settings/coffees")
@allow(Who.staff("manager"))
def change_coffees() -> Answer:
    """The currencies offered, and the smallest monthly amount in each."""
    form, codes = _coffees_form()
    form.validate()
    prices = form.prices(codes)
    if form.errors:
        return _page(cups=(form, codes)), 422
    try:
        with transaction() as session:
            actions.change_coffees(session, prices, by=current_user.reader_id, at=clock.now())
    except Refused as refused:
        form.show(refused, f"price_{codes[0]}")
        return _page(cups=(form, codes)), refused.status
    return _saved()


@blueprint.get("/staff/settings/texts/<slug>")
@allow(Who.staff("manager"))
def text(slug: str) -> str:
    """One text, to be changed."""
    if slug not in TEXTS:
        raise NotFound()
    with reading() as session:
        found = page(session, slug)
    text = found.text if found else defaults.page_text(slug)
    return _text_page(slug, TextForm(formdata=None, text=text, may_be_empty=slug in MAY_BE_EMPTY))


def _text_page(slug: str, form: TextForm) -> str:
    title, address = TEXTS[slug]
    return render_template("desk/text.html", form=form, slug=slug, title=title, address=address)


@blueprint.post("/staff/settings/texts/<slug>")
@allow(Who.staff("manager"))
def write_text(slug: str) -> Answer:
    """The text as changed."""
    if slug not in TEXTS:
        raise NotFound()
    form = TextForm(may_be_empty=slug in MAY_BE_EMPTY)
    if not form.validate():
        return _text_page(slug, form), 422
    with transaction() as session:
        written = (form.text.data or "").replace("\r\n", "\n").strip()
        actions.write_page(session, slug, f"{written}\n" if written else "", by=current_user.reader_id, at=clock.now())
    return _saved()


def _saved() -> Response:
    flash(gettext("Saved."))
    return redirect("/staff/settings", 303)  # type: ignore[return-value]


def _about_form(form: AboutForm) -> AboutForm:
    with reading() as session:
        offered = list(coffees(session))
    form.currency.choices = [SelectChoice(code) for code in offered]
    return form


def _coffees_form() -> tuple[CoffeesForm, list[str]]:
    with reading() as session:
        standing = coffees(session)
    return coffees_form(standing)


def _page(
    about: AboutForm | None = None,
    places: SitesForm | None = None,
    cups: tuple[CoffeesForm, list[str]] | None = None,
) -> str:
    """The page with the form that was refused, and the others as they stand in the database."""
    with reading() as session:
        newsroom: Newsroom | None = current(session)
        lines = "\n".join(sites(session))
    about = about or _about_form(AboutForm(formdata=None, obj=newsroom))
    places = places or SitesForm(formdata=None, sites=lines)
    form, codes = cups or _coffees_form()
    return render_template(
        "desk/settings.html", about=about, places=places, cups=form, codes=codes, texts=TEXTS, newsroom=newsroom
    )
