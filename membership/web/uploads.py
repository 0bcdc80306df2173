"""Room for uploads: a view says how much it takes, and only for whoever may use it. Everywhere else the house's limit holds.

    @blueprint.post("/staff/perks/<int:perk_id>/files")
    @allow(Who.staff("manager"))
    @takes(40 * 1024 * 1024)
    def add_file(perk_id): ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request
from flask_login import current_user

from membership.web.access import audience

View = TypeVar("View", bound=Callable[..., Any])
ROUND_THE_FILE = 64 * 1024
"""The form around a file: its fields, its token, the marks between the parts."""


def takes(most: int) -> Callable[[View], View]:
    """Declare how many bytes of a file a view takes. Goes with `@allow` for a staff role."""

    def mark(view: View) -> View:
        view.takes = most  # type: ignore[attr-defined]
        return view

    return mark


def make_room() -> None:
    """Before each request, before anything reads its body."""
    most = getattr(current_app.view_functions.get(request.endpoint or ""), "takes", None)
    who = audience(current_app, request.endpoint) if most else None
    if most and who and who.role and current_user.is_authenticated and current_user.may(who.role):
        request.max_content_length = most + ROUND_THE_FILE
