"""The house saying no, in words a reader may see.

A rule or an action raises a subclass of `Refused` that is named after the reason (`AlreadyVoted`), never a bare error:
one handler (`web.errors`) turns it into a page with its status, and a form shows the words beside a field. The words are
a gettext message marked with `N_`; they are translated where they are shown, so that rules need no web framework.
"""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark a message for the translators without translating it yet."""
    return message


class Refused(Exception):
    """A named no.

    `words` is the message id, `values` its `%(name)s` placeholders, `field` the form field it belongs to, if one.
    """

    status: int = 422
    words: str = N_("That is not possible.")
    field: str | None = None

    def __init__(self, words: str | None = None, *, field: str | None = None, **values: object) -> None:
        self.words = words or type(self).words
        self.field = field or type(self).field
        self.values = values
        super().__init__(self.words % values if values else self.words)


class NotFound(Refused):
    """Nothing stands at this address, or nothing that this person may see."""

    status = 404
    words = N_("There is nothing at this address.")


class Forbidden(Refused):
    """Signed in, but not allowed."""

    status = 403
    words = N_("Your account does not open this page.")
