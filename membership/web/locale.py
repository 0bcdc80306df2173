"""Which language, and what money and dates look like in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from operator import index
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.support import Translations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, get_domain, get_locale, get_timezone
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from membership.languages import LANGUAGES, OWN_NAMES, language_of
from membership.money import Money

REMEMBERED_FOR = timedelta(days=400)
"""As long as browsers keep a cookie (RFC 6265bis, 5.5)."""


def chosen_language(newsroom_language: str) -> str:
    """The signed-in reader's own, else what was chosen in this browser, else the browser's, else the newsroom's."""
    if not has_request_context():
        return language_of(newsroom_language)
    if current_user and current_user.is_authenticated and current_user.language in LANGUAGES:
        return str(current_user.language)
    return browsers_choice() or language_of(newsroom_language)


def browsers_choice() -> str | None:
    """What was chosen in this browser, else the first of the browser's own languages that is ours. Asks no database."""
    remembered = request.cookies.get(_cookie())
    if remembered in LANGUAGES:
        return remembered
    # Not `best_match`: of `uk-UA, en;q=0.5` it would take the English, which is there to the letter.
    wanted = (tag.partition("-")[0].lower() for tag, weight in request.accept_languages if weight > 0)
    return next((short for short in wanted if short in LANGUAGES), None)


def remember(answer: Response, language: str) -> None:
    """Let the browser keep the choice."""
    answer.set_cookie(
        _cookie(), language, max_age=REMEMBERED_FOR, path="/", secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True, samesite="Lax",
    )  # fmt: skip


def in_their_own_words() -> Markup:
    """All of them, each by its own name and marked as what it is."""
    return Markup(" · ").join(Markup('<span lang="{}">{}</span>').format(tag, name) for tag, name in OWN_NAMES.items())


def _cookie() -> str:
    return "__Host-language" if current_app.config["SESSION_COOKIE_SECURE"] else "language"


def browser_languages() -> list[str]:
    """The browser's languages in order (`de-AT`, `de`, `en`), for guessing a currency. Empty when it names none."""
    return [tag for tag, _weight in request.accept_languages]


def money(value: Money) -> str:
    """`€5`, `5,50 €`: by the reader's language."""
    return value.written(str(get_locale() or "en"))


def day(value: date | datetime) -> str:
    """`23 November 2026`, by the newsroom's calendar: a moment is brought to its time zone first."""
    locale = str(get_locale() or "en")
    if isinstance(value, datetime):
        value = value.astimezone(get_timezone())
    return format_date(value, format="d MMMM y" if locale.startswith("en") else "long", locale=locale)


def moment(value: datetime, zone: str | None = None) -> Markup:
    """A `<time>` element with day, hour and zone: the newsroom's, unless another one is named."""
    local = value.astimezone(ZoneInfo(zone) if zone else get_timezone())
    words = format_datetime(local, format="d MMMM y, HH:mm", locale=str(get_locale() or "en"))
    return Markup('<time datetime="{}">{} ({})</time>').format(value.isoformat(), escape(words), local.tzname())


def named(tag: str) -> str:
    """What a language calls itself; its tag, where it is none of ours."""
    return OWN_NAMES.get(tag, tag)


def install(app: Flask, newsroom_language: Callable[[], str], newsroom_zone: Callable[[], str]) -> None:
    """Set up translations and the templates' filters. The newsroom's language and zone are asked at each request."""
    Babel(app, locale_selector=lambda: chosen_language(newsroom_language()), timezone_selector=newsroom_zone)
    app.jinja_env.filters |= {"money": money, "day": day, "moment": moment, "language": named}
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: _translations().ugettext(words),
        lambda one, many, number: _translations().ungettext(one, many, index(number)),
        newstyle=True,
        pgettext=lambda context, words: _translations().upgettext(context, words),
        npgettext=lambda context, one, many, number: _translations().unpgettext(context, one, many, number),
    )
    app.context_processor(_phrases)


def _phrases() -> dict[str, Callable[..., str]]:
    """What one rendering translates with, its language looked up once. Macros imported without context use the globals."""
    words = _translations()

    @pass_eval_context
    def gettext(eval_ctx: EvalContext, message: str, /, **values: Any) -> str:
        return _filled(eval_ctx, words.ugettext(message), values)

    @pass_eval_context
    def ngettext(eval_ctx: EvalContext, one: str, many: str, num: int, /, **values: Any) -> str:
        # Only a whole number has a plural form. English would not ask, so a slip is made to show there, too.
        return _filled(eval_ctx, words.ungettext(one, many, index(num)), {"num": num, **values})

    return {"gettext": gettext, "ngettext": ngettext}


def _filled(eval_ctx: EvalContext, words: str, values: dict[str, Any]) -> str:
    """Values are escaped where the template is HTML, the words never."""
    return (Markup(words) if eval_ctx.autoescape else words) % values  # noqa: S704 - the words are ours


def _translations() -> Translations:
    """The present language's words, looked up once for each language of a request: a page asks for them at every phrase."""
    locale = get_locale()
    known: dict[Any, Translations] = g.setdefault("translations", {})
    if locale not in known:
        known[locale] = get_domain().get_translations()
    return known[locale]
