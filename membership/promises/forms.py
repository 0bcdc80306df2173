"""What an editor types about a promise."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField, URLField
from wtforms.validators import InputRequired

from membership.promises.rules import LATE_AFTER_MOST, STORY_TITLE_LENGTH
from membership.web.forms import Form


class DateForm(Form):
    """Who does it, and until when."""

    editor = SelectField(_l("Editor"), coerce=int, validate_choice=False)
    due_on = DateField(_l("Date"), [InputRequired(_l("Please choose a date."))])


class StoryForm(Form):
    """The story that keeps the promise."""

    url = URLField(_l("Address of the story"), render_kw={"inputmode": "url", "placeholder": "https://"})
    title = StringField(_l("Title of the story"), render_kw={"maxlength": STORY_TITLE_LENGTH})


class DelayForm(Form):
    """Why the promised day is not kept."""

    delay_reason = TextAreaField(_l("Why it is late (public)"), render_kw={"rows": 3, "class": "low"})


class LateForm(Form):
    """After how many days readers are told."""

    days = IntegerField(
        _l("Days after the promised day"), render_kw={"min": 0, "max": LATE_AFTER_MOST, "class": "short"}
    )


class DeclineForm(Form):
    """Why the promise cannot be kept."""

    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 3, "class": "low"})
