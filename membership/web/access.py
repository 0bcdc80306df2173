"""Who may use a view. Closed by default: a view that does not say so answers 404, and a test walks the URL map.

    @blueprint.get("/account")
    @allow(Who.READERS)
    def show(): ...

Staff roles stand above each other: viewer < editor < manager < admin; `Who.staff("editor")` lets an editor and all above.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

from flask import Flask, abort, current_app, redirect, request
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from membership.refusals import N_, Forbidden, Refused

LONGEST_PATH = 2000
ROLES = ("viewer", "editor", "manager", "admin")
View = TypeVar("View", bound=Callable[..., Any])


class OnlyPatrons(Refused):
    """Signed in, but without standing."""

    status = 403
    words = N_("This is for patrons. Your account has no membership in good standing at the moment.")


@dataclass(frozen=True)
class Who:
    """An audience. `role` is set for staff only; `fresh` where they must have proven themselves minutes ago."""

    name: str
    role: str | None = None
    fresh: bool = False

    ANYONE: ClassVar[Who]
    READERS: ClassVar[Who]
    PATRONS: ClassVar[Who]

    @staticmethod
    def staff(role: str, *, fresh: bool = False) -> Who:
        """Staff who hold this role or one above it, and have taken their second step; `fresh`: within the last minutes."""
        assert role in ROLES
        return Who("staff", role, fresh)


Who.ANYONE = Who("anyone")
Who.READERS = Who("readers")
Who.PATRONS = Who("patrons")


@dataclass
class Visitor(UserMixin):
    """Who is asking, as create_app hands it to the web: no row, only what pages need to know.

    `has_standing` asks the memberships when it is first needed. `role` is the staff role whose second step was taken in this
    session; `held_role` the one that is held. `fresh_until`: until when the last proof is good where a fresh one is asked.
    """

    reader_id: int
    name: str
    email: str
    language: str
    role: str | None
    token: str
    standing: Callable[[int], bool]
    held_role: str | None = None
    fresh_until: datetime | None = None

    def get_id(self) -> str:
        """The session's token: Flask-Login keeps it in the cookie, the session table decides whether it still opens."""
        return self.token

    @functools.cached_property
    def has_standing(self) -> bool:
        """Whether this reader is a patron in good standing now."""
        return self.standing(self.reader_id)

    def may(self, role: str) -> bool:
        """Whether this reader holds the staff role or one above it."""
        return _reaches(self.role, role)

    def waits_for_step(self, role: str) -> bool:
        """Whether only the second step is missing for what this role opens."""
        return self.role is None and _reaches(self.held_role, role)

    def is_fresh(self, at: datetime) -> bool:
        """Whether a proof was given minutes ago."""
        return self.fresh_until is not None and at < self.fresh_until


def _reaches(held: str | None, role: str) -> bool:
    return held is not None and ROLES.index(held) >= ROLES.index(role)


def allow(who: Who) -> Callable[[View], View]:
    """Declare a view's audience."""

    def mark(view: View) -> View:
        view.allowed = who  # type: ignore[attr-defined]
        return view

    return mark


def audience(app: Flask, endpoint: str | None) -> Who | None:
    """Whom an endpoint is for; None when its view has not said so."""
    return getattr(app.view_functions.get(endpoint or ""), "allowed", None)


def guard() -> Response | None:
    """Before each request: let in whom the view names; send a stranger to the sign-in, and back afterwards."""
    if request.endpoint is None:
        return None  # no such address: the router's own 404
    who = audience(current_app, request.endpoint)
    if who is None:
        abort(404)
    if who == Who.ANYONE:
        return None
    if not current_user.is_authenticated:
        # A POST cannot be repeated after signing in; its page can be opened again.
        back = request.full_path.rstrip("?") if request.method == "GET" else "/account"
        return redirect("/sign-in?" + urlencode({"next": back}), 303)  # type: ignore[return-value]
    if who == Who.PATRONS and not current_user.has_standing:
        raise OnlyPatrons()
    if who.role and not current_user.may(who.role):
        if current_user.waits_for_step(who.role):
            back = request.full_path.rstrip("?") if request.method == "GET" else "/staff/"
            return redirect("/sign-in/second-step?" + urlencode({"next": back}), 303)  # type: ignore[return-value]
        raise Forbidden()
    return None


def own_path(path: str | None, default: str = "/account") -> str:
    """A path on our own site to go on to, or the default: never another site (ASVS 3.7.2)."""
    if (
        not path
        or len(path) > LONGEST_PATH
        or not path.startswith("/")
        or path.startswith(("//", "/\\"))
        or "\\" in path
    ):
        return default
    if any(ord(character) < 32 for character in path):
        return default
    return path
