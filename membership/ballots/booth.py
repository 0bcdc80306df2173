"""The booth: a vote that is in order is taken here, before Flask is asked. When a ballot opens, votes come by the thousand.

It answers one case only, with the very answer that the view gives: a signed-in reader's own form, complete and in time, on a
page that was rendered before. It refuses nothing: whatever is not in order (forged, unknown, too often, too late, too large,
or stumbling over anything) leaves no trace here and goes on to the application as it came, which says what is wrong.
"""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, session
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_cookie

from membership import clock, db
from membership.ballots import actions
from membership.ballots.cast_page import around, filled_in, private, rendered_before
from membership.ballots.casting import CastVote
from membership.ballots.pages import secret
from membership.ballots.seals import draft_name
from membership.ballots.voting_form import choices_in
from membership.config import Config
from membership.languages import LANGUAGES
from membership.newsroom.queries import FACTS
from membership.readers.actions import touch_session
from membership.readers.queries import SessionHolder, session_holder_beside
from membership.refusals import Refused
from membership.web import lines
from membership.web.cookies import Cookies
from membership.web.forms import attempt_in
from membership.web.limits import VOTES_PER_READER

log = logging.getLogger(__name__)

ROUTE = "/ballots/<slug>/vote"
PATH = re.compile(r"/ballots/([a-z0-9-]{1,200})/vote", re.ASCII)
FORM = "application/x-www-form-urlencoded"
BODY_LIMIT = 16 * 1024
"""Hundreds of ticks; whoever sends more is looked at by the application."""
TOKENS = "wtf-csrf-token"
"""What Flask-WTF signs its tokens for."""
Start = Callable[..., Any]
Environ = dict[str, Any]
Posted = MultiDict[str, str]
Application = Callable[[Environ, Start], Iterable[bytes]]


class NotInOrder(Exception):
    """Something that the application is to look at."""


class Booth:
    """A WSGI application around ours. `names`: the hosts by which the site is called; `touch_every`: how often it is noted
    that a session is in use."""

    def __init__(
        self, app: Flask, config: Config, cookies: Cookies, names: Iterable[str | None], *, touch_every: timedelta
    ) -> None:
        self.behind: Application = app.wsgi_app
        self._app, self._config, self._cookies, self._touch_every = app, config, cookies, touch_every
        self._host = re.compile(rf"(?:{'|'.join(re.escape(name) for name in names if name)})(?::[0-9]{{1,5}})?")
        self._tokens = URLSafeTimedSerializer(str(app.secret_key), salt=TOKENS)
        with app.test_request_context("/", method="POST") as context:
            session.get("_user_id")  # as the view does, and so the answer says that it varies by cookie
            answer = app.process_response(private(""))
            headers = answer.get_wsgi_headers(context.request.environ)
        self._headers = [pair for pair in headers if pair[0] != "Content-Length"]

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        slug = self._addressed(environ)
        if slug is None:
            return self.behind(environ, start)
        begun, request_id = time.monotonic(), lines.begin(environ, self._config)
        length = int(environ["CONTENT_LENGTH"])
        raw = environ["wsgi.input"].read(length)
        try:
            if len(raw) < length:  # broken off on the way: a part of a form can be a form that says something else
                raise NotInOrder
            page = self._take(slug, environ.get("HTTP_COOKIE", ""), _read(raw)).encode()
        except (NotInOrder, Refused):
            pass
        except Exception:
            log.exception("a vote could not be taken; once more")
        else:
            start("200 OK", [*self._headers, ("Content-Length", str(len(page))), (lines.HEADER, request_id)])
            lines.end("POST", ROUTE, 200, begun)
            return [page]
        return self.behind(environ | {"wsgi.input": BytesIO(raw)}, start)

    def _addressed(self, environ: Environ) -> str | None:
        """The ballot that a plain form was sent to, under our own name; None for anything else. Nothing is read yet."""
        if environ["REQUEST_METHOD"] != "POST" or (path := PATH.fullmatch(environ["PATH_INFO"])) is None:
            return None
        length = environ.get("CONTENT_LENGTH") or ""
        plain = (
            self._host.fullmatch(environ.get("HTTP_HOST", ""))
            and environ.get("CONTENT_TYPE") == FORM
            and (length.isascii() and length.isdigit() and len(length) < 6 and int(length) <= BODY_LIMIT)
            and not (environ.get("SCRIPT_NAME") or environ.get("QUERY_STRING") or "HTTP_TRANSFER_ENCODING" in environ)
        )
        return path[1] if plain else None

    def _take(self, slug: str, cookies: str, posted: Posted) -> str:
        """The page after casting; the vote is kept when this returns. Raises `NotInOrder`, `Refused`: nothing is kept."""
        with self._app.app_context():
            token, at = self._token(cookies, posted), clock.now()
            with db.writing() as books:
                newsroom, holder = session_holder_beside(books, FACTS, token, at)
                if newsroom is None or holder is None or holder.role is not None or holder.language not in LANGUAGES:
                    raise NotInOrder
                cast = _cast(books, slug, holder.reader_id, posted)
                mine = around(cast, newsroom, holder.language, staff=False)
                page = rendered_before(mine)
                if page is None:
                    raise NotInOrder
            self._touch(holder, token, at)
            return filled_in(page, mine, cast, draft_name(secret(), cast.ballot_id, holder.reader_id))

    def _token(self, cookies: str, posted: Posted) -> str:
        """The token of the session whose own form this is: the cookie is ours, and what it holds signed the form. A word that
        waits for the next page is left to the application to say."""
        if not cookies.isascii():
            raise NotInOrder
        value = parse_cookie(cookies).get(self._cookies.get_cookie_name(self._app))
        cookie: Mapping[str, Any] = self._cookies.opened(self._app, value) or {}
        token, own = cookie.get("_user_id"), cookie.get("csrf_token")
        if not (isinstance(token, str) and token and isinstance(own, str)) or "_flashes" in cookie:
            raise NotInOrder
        try:
            sent = self._tokens.loads(posted.get("csrf_token", ""), max_age=self._app.config["WTF_CSRF_TIME_LIMIT"])
        except BadData:
            raise NotInOrder from None
        if not (isinstance(sent, str) and hmac.compare_digest(own.encode(), sent.encode())):
            raise NotInOrder
        return token

    def _touch(self, holder: SessionHolder, token: str, at: datetime) -> None:
        """Note that the session is in use, as the application would. The vote is in already, and stays the same if this
        stumbles and the form goes on to the application."""
        if at - holder.seen_at > self._touch_every:
            with db.writing() as books:
                touch_session(books, token, at)


def _read(raw: bytes) -> Posted:
    """The form's fields, as Werkzeug reads them; what is no plain text is left to it. Raises `NotInOrder`."""
    try:
        return MultiDict(parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise NotInOrder from None


def _cast(books: Connection, slug: str, reader_id: int, posted: Posted) -> CastVote:
    """As the view does. The clock is asked again when the ballot is held: who had to wait until its close is late."""
    held = actions.hold_and_count(books, slug, VOTES_PER_READER, str(reader_id), at=clock.now())
    choices, attempt = choices_in(posted, held.method), attempt_in(posted)
    return actions.cast_and_confirm(books, held, reader_id, choices, secret=secret(), attempt=attempt, at=clock.now())
