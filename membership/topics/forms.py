"""What a patron types to propose a topic, and an editor to decide about one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from membership.topics.rules import TITLE_LENGTH, WHY_LENGTH
from membership.web.forms import AttemptField, Form


class ProposalForm(Form):
    """A topic: what, why, and background. The rules check it, so that every way in is checked alike."""

    title = StringField(_l("What should we look into?"), render_kw={"maxlength": TITLE_LENGTH[1], "required": True})
    why = TextAreaField(_l("Why does it matter?"), render_kw={"maxlength": WHY_LENGTH[1], "required": True})
    links = TextAreaField(_l("Links for background (optional)"), render_kw={"rows": 3, "class": "low"})
    attempt = AttemptField()

    def link_lines(self) -> list[str]:
        """The links, one on each line."""
        return (self.links.data or "").splitlines()


class DecisionForm(Form):
    """An editor's decision; which one is said by the button that was pressed."""

    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 3, "class": "low"})
