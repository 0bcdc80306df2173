"""What a patron types to propose a topic, and an editor to decide about one, to correct, tag or merge it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField

from membership.topics.rules import TITLE_LENGTH, WHY_LENGTH
from membership.web.forms import AttemptField, Form


class WordsForm(Form):
    """What a topic says. The rules check it, so that every way in is checked alike."""

    title = StringField(_l("What should we look into?"), render_kw={"maxlength": TITLE_LENGTH[1], "required": True})
    why = TextAreaField(_l("Why does it matter?"), render_kw={"maxlength": WHY_LENGTH[1], "required": True})
    links = TextAreaField(_l("Links for background (optional)"), render_kw={"rows": 3, "class": "low"})

    def link_lines(self) -> list[str]:
        """The links, one on each line."""
        return (self.links.data or "").splitlines()


class ProposalForm(WordsForm):
    """A topic: what, why, and background. `anyway`: its proposer has seen the topics that look alike."""

    attempt = AttemptField()
    anyway = HiddenField()


class DecisionForm(Form):
    """An editor's decision; which one is said by the button that was pressed."""

    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 3, "class": "low"})


class EditForm(WordsForm):
    """A correction of a topic's words. `after`: the number of the newest correction that its writer had seen, 0 for none."""

    after = HiddenField(default="0")
    why_changed = StringField(_l("Why it was changed (public, optional)"))


class TagsForm(Form):
    """A topic's tags."""

    tags = StringField(_l("Tags, separated by commas"))


class MergeForm(Form):
    """Into which topic this one goes: its address, or its number."""

    into = StringField(_l("Address or number of the topic that stays"))
    why_merged = StringField(_l("Reason (public, optional)"))
