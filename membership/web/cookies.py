"""The session's cookie, read only where there is one: deliveries, embeds and the stylesheet come without."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class Cookies(SecureCookieSessionInterface):
    """Flask's own; but for a request without the cookie no key is derived and nothing verified."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies and app.secret_key:
            return SecureCookieSession()
        return super().open_session(app, request)
