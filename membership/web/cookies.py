"""The session's cookie, read only where there is one: deliveries, embeds and the stylesheet come without."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer


class Cookies(SecureCookieSessionInterface):
    """Flask's own; but for a request without the cookie no key is derived and nothing verified.
    What signs is made once."""

    def __init__(self) -> None:
        self._signing: tuple[object, URLSafeTimedSerializer | None] = (None, None)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        keys = (app.secret_key, app.config["SECRET_KEY_FALLBACKS"])
        if self._signing[0] != keys:
            self._signing = keys, super().get_signing_serializer(app)
        return self._signing[1]

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return self.opened(app, request.cookies.get(self.get_cookie_name(app)))

    def opened(self, app: Flask, value: str | None) -> SecureCookieSession | None:
        """What a cookie of this value holds; nothing if it is missing, not ours or too old. None without a secret key."""
        if not (value and app.secret_key):
            return SecureCookieSession() if app.secret_key else None
        serializer = self.get_signing_serializer(app)
        assert serializer is not None
        try:
            return SecureCookieSession(
                serializer.loads(value, max_age=int(app.permanent_session_lifetime.total_seconds()))
            )
        except BadSignature:
            return SecureCookieSession()
