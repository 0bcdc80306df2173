"""What other sites load: `/embed/appeal` for a frame, `/embed.js` that puts it there, and the two small files of the frame.

No cookie is read or set. Everything is made of the shelf's face (`shelf.py`), so that an article that everybody reads asks
the database for nothing; and everybody gets the same bytes, so that any cache on the way may keep them.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from flask import Response, current_app, make_response, redirect, request
from flask_babel import force_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as Answer

from membership import clock
from membership.appeals import words
from membership.appeals.counting import CLICKED, SEEN, counts
from membership.appeals.room import blueprint
from membership.appeals.rules import Words, dealt, language_for
from membership.appeals.shelf import Face, shelf
from membership.giving import touches
from membership.languages import LANGUAGES, direction
from membership.newsroom.currencies import choose
from membership.newsroom.marks import is_marked
from membership.newsroom.rules import accent_sheet, canonical_article
from membership.refusals import NotFound
from membership.web.access import Who, allow
from membership.web.security import framed_by

MINUTES = "public, max-age=300, stale-while-revalidate=600"
FOR_EVER = "public, max-age=31536000, immutable"
DOT = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b")
"""A transparent GIF of one pixel."""


def face_now() -> Face:
    """The newsroom as embeds show it. Raises `NotFound` before it is set up."""
    face = shelf().face(clock.now())
    if face is None:
        raise NotFound()
    return face


@blueprint.get("/embed/appeal")
@allow(Who.ANYONE)
def appeal() -> Answer:
    """The appeal for a frame; with a patron's mark (`?patron=`) the thanks. `article` is checked against our sites."""
    face = face_now()
    today = face.today(clock.now())
    article = canonical_article(request.args.get("article", ""), face.sites) or ""
    outside = not article and bool(request.args.get("article"))
    wishes = wishes_of(request.headers.get("Accept-Language", ""), request.args.get("lang", "")[:35])
    mark = request.args.get("patron", "")
    thanked = bool(mark) and is_marked(mark, today, current_app.config["MEMBERSHIP"].secret_key)
    language = language_for(wishes, face.languages or LANGUAGES, face.language)
    # What somebody pays with is guessed from their browser; an article's language says nothing about its readers' money.
    browser = wishes_of(request.headers.get("Accept-Language", ""), "")
    currency = choose(tuple(face.prices), wish=None, languages=browser, default=face.currency)
    key = (article, outside, thanked, language, currency, today)
    return kept_page(face, key, lambda: _page(face, article, outside, thanked, language, currency))


def kept_page(face: Face, key: object, make: Callable[[], str]) -> Answer:
    """An answer for a frame that any cache may keep, made once for this face and key."""

    def sealed() -> tuple[bytes, str]:
        body = make().encode()
        return body, hashlib.sha256(body).hexdigest()[:20]

    body, tag = face.page(key, sealed)
    framed_by(list(face.sites))
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = Response(body, content_type="text/html; charset=utf-8")
    answer.headers["ETag"] = f'"{tag}"'
    answer.headers["Cache-Control"] = MINUTES
    answer.headers["Vary"] = "Accept-Language"
    return answer


@functools.lru_cache(maxsize=2000)
def wishes_of(header: str, first: str) -> tuple[str, ...]:
    """The languages wished for, in their order: the article's own, then the browser's."""
    browser = [tag for tag, _ in parse_accept_header(header[:400], LanguageAccept)]
    return tuple(tag for tag in (first, *browser) if tag)


def _page(face: Face, article: str, outside: bool, thanked: bool, language: str, currency: str) -> str:
    """The frame's page: the template is filled once for each variant, the article is put in afterwards."""
    today = face.today(clock.now())
    variant = dealt(face.appeal_id, article, today, face.variants)
    made = ("made", thanked, variant, language, currency)
    template = face.template(made, lambda: _made(face, thanked, variant, language, currency))
    marks = {} if outside else {"embed": "appeal", "appeal": face.appeal_id, "day": today.isoformat(), "lang": language}
    return template.replace(CARRIED, quote(touches.carry(article, **marks), safe=""))


CARRIED = "CARRIED-ALONG"


def _made(face: Face, thanked: bool, variant: int, language: str, currency: str) -> str:
    # Rendered past the context processors and with the language given: both would look into the session.
    with force_locale(language):
        chosen = face.texts.get((variant, language)) if face.texts else words.built_in(face.name)
        assert chosen is not None, "no appeal begins before each variant has each language"
        return current_app.jinja_env.get_template("appeals/thanks.html" if thanked else "appeals/appeal.html").render(
            face=face, language=language, direction=direction(language), styles=address_of_sheet(face),
            script=f"/embed/frame.js?v={tag_of(frame_script())}", carried=CARRIED, base=_base(),
            words=words.filled(chosen, face.price(currency), language),
        )  # fmt: skip


def preview(chosen: Words, face: Face, language: str) -> dict[str, object]:
    """The words as a reader of this language would see them, with the price in the newsroom's own currency."""
    return words.filled(chosen, face.price(face.currency), language)


def _base() -> str:
    return str(current_app.config["MEMBERSHIP"].base_url)


@blueprint.get("/embed/on/<any(join, give, ways):place>")
@allow(Who.ANYONE)
def on(place: str) -> Answer:
    """A click on the appeal's button: counted, and on to our own page with the article carried along."""
    carried = request.args.get("article", "")
    counts().note(face_now(), carried, CLICKED, request, clock.now())
    answer = redirect(f"{_base()}/{place}" + (f"?{urlencode({'article': carried})}" if carried else ""), 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/embed/seen.gif")
@allow(Who.ANYONE)
def seen() -> Answer:
    """The frame's script says that the appeal was on the screen for a second; without script, that it was loaded."""
    face = face_now()
    counts().note(face, request.args.get("article", ""), SEEN, request, clock.now())
    answer = make_response(DOT)
    answer.content_type = "image/gif"
    answer.headers["Cache-Control"] = "no-store"
    framed_by(list(face.sites))
    return answer


@blueprint.get("/embed.js")
@allow(Who.ANYONE)
def script() -> Answer:
    """The script for the newsroom's own pages: a few kilobytes, no dependency, the same for everybody."""
    framed_by([])  # nobody may frame it, every site may load it
    return _file(_static("embed.js"), "text/javascript; charset=utf-8")


@blueprint.get("/embed/frame.js")
@allow(Who.ANYONE)
def frame_js() -> Answer:
    """The frame's own script."""
    return _file(frame_script(), "text/javascript; charset=utf-8")


@blueprint.get("/embed/frame.css")
@allow(Who.ANYONE)
def frame_css() -> Answer:
    """The frame's sheet and the newsroom's colour."""
    return _file(_sheet(face_now()), "text/css; charset=utf-8")


def _file(content: bytes, kind: str) -> Answer:
    answer = make_response(content)
    answer.content_type = kind
    answer.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == tag_of(content) else MINUTES
    answer.set_etag(tag_of(content))
    return answer.make_conditional(request)


def address_of_sheet(face: Face) -> str:
    """The sheet's address with its version, so that browsers may keep it for ever."""
    return f"/embed/frame.css?v={tag_of(_sheet(face))}"


def frame_script() -> bytes:
    """The frame's script as it is served."""
    return _static("frame.js")


def _sheet(face: Face) -> bytes:
    return _static("appeal.css") + accent_sheet(face.accent).encode()


@functools.lru_cache(maxsize=50)
def tag_of(content: bytes) -> str:
    """The version of a small file."""
    return hashlib.sha256(content).hexdigest()[:12]


@functools.cache
def _static(name: str) -> bytes:
    return (Path(__file__).resolve().parent.parent / "static" / name).read_bytes()
