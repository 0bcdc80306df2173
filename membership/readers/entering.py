"""The cookie's side of signing in and out. The session is emptied first: nothing set before signing in survives it."""

from __future__ import annotations

from flask import session as cookie
from flask_login import UserMixin, login_user, logout_user


class _Entering(UserMixin):
    """Just the session's token, for Flask-Login to keep."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        return self.token


def enter(token: str) -> None:
    """Put a session's token into a new cookie. The browser's mark goes along, so that a payment still knows it."""
    mark = cookie.get("browser")
    cookie.clear()
    if mark:
        cookie["browser"] = mark
    cookie.permanent = True
    login_user(_Entering(token))


def leave() -> None:
    """Forget everything that this browser's cookie held."""
    logout_user()
    cookie.clear()
