"""What an editor types to announce a ballot or to call one off. A vote's ticks are read as they were posted."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, IntegerField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, StopValidation

from membership.ballots.rules import QUESTION_LENGTH, TITLE_LENGTH
from membership.web.forms import AttemptField, Form

LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


class NeededForLater:
    """Validator: the time of an opening that is not at once."""

    def __call__(self, form: Any, field: Any) -> None:
        if form.opens.data != "later":
            field.errors = []
            raise StopValidation()
        if not (field.raw_data and field.raw_data[0].strip()):
            field.errors = []
            raise StopValidation(gettext("Please say when the ballot opens."))


class BallotForm(Form):
    """A ballot on accepted topics; times are the newsroom's own."""

    title = StringField(_l("Title"), render_kw={"maxlength": TITLE_LENGTH[1], "required": True})
    question = TextAreaField(
        _l("Question"), render_kw={"maxlength": QUESTION_LENGTH[1], "required": True, "rows": 3, "class": "low"}
    )
    topics = SelectMultipleField(_l("Topics"), coerce=int, validate_choice=False)
    seats = IntegerField(
        _l("How many topics win?"), [InputRequired(_l("Please write a whole number."))], default=1,
        render_kw={"min": 1, "class": "short"},
    )  # fmt: skip
    quorum = IntegerField(
        _l("Quorum"), [InputRequired(_l("Please write a whole number."))], default=0,
        render_kw={"min": 0, "class": "short"},
    )  # fmt: skip
    opens = RadioField(
        _l("Opens"), choices=[SelectChoice("now", _l("At once")), SelectChoice("later", _l("At a time"))], default="now"
    )
    opens_at = DateTimeLocalField(_l("Opens at"), [NeededForLater()], format=LOCAL)
    closes_at = DateTimeLocalField(
        _l("Closes at"), [InputRequired(_l("Please say when the ballot closes."))], format=LOCAL
    )
    attempt = AttemptField()


class CancellationForm(Form):
    """Why a ballot is called off."""

    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 3, "class": "low"})
