"""What staff write into a bulletin, and when it is to go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, StopValidation

from membership.bulletins.rules import BODY_LENGTH, SORTS, STANDINGS, SUBJECT_LENGTH, Segment
from membership.mail.rules import LEAST_PER_MINUTE, MOST_PER_MINUTE
from membership.web.forms import AttemptField, Form

LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
SORT_CHOICES = {"bulletins": _l("News from the newsroom"), "asking": _l("Asking for support")}
STANDING_CHOICES = {
    "patrons": _l("Patrons in good standing"),
    "grace": _l("Of these, patrons whose payment is late"),
    "former": _l("Former patrons"),
    "never": _l("Readers who never were patrons"),
    "anyone": _l("Everybody we know"),
}


class BulletinForm(Form):
    """One language's words, the switch that it falls under, and whom it is for. Choices are given at the time."""

    subject = StringField(
        _l("Subject"),
        [Length(max=SUBJECT_LENGTH, message=_l("Please keep the subject under 120 characters."))],
        render_kw={"autocomplete": "off", "maxlength": SUBJECT_LENGTH},
    )
    body = TextAreaField(
        _l("Text"),
        [Length(max=BODY_LENGTH, message=_l("Please keep it under 40,000 characters: it is a letter."))],
        render_kw={"rows": 16},
    )  # fmt: skip
    sort = RadioField(_l("What is it?"), choices=[SelectChoice(sort, SORT_CHOICES[sort]) for sort in SORTS])
    standing = RadioField(
        _l("Who gets it?"), choices=[SelectChoice(one, STANDING_CHOICES[one]) for one in STANDING_CHOICES]
    )
    tiers = SelectMultipleField(_l("Only these memberships (none ticked: all)"), coerce=int)
    languages = SelectMultipleField(_l("Only readers of these languages (none ticked: all)"))
    topic = SelectField(_l("Only those who proposed or support this topic"), coerce=int, default=0)

    def offer(
        self, *, tiers: Sequence[tuple[int, str]], languages: Mapping[str, str], topics: Sequence[tuple[int, str]]
    ) -> BulletinForm:
        """Say what there is to choose from."""
        self.tiers.choices = [SelectChoice(value, name) for value, name in tiers]
        self.languages.choices = [SelectChoice(tag, name) for tag, name in languages.items()]
        self.topic.choices = [
            SelectChoice(0, gettext("any or none")),
            *(SelectChoice(id, title) for id, title in topics),
        ]
        return self

    def segment(self) -> Segment:
        """Whom it is for, as chosen; what cannot be read is as if it had not been chosen."""
        standing = self.standing.data if self.standing.data in STANDINGS else "patrons"
        return Segment(
            standing, tuple(sorted(self.tiers.data or [])), tuple(sorted(self.languages.data or [])),
            self.topic.data or None,
        )  # fmt: skip

    def chosen_sort(self) -> str:
        """The switch that it falls under."""
        return self.sort.data if self.sort.data in SORTS else SORTS[0]


class _NeededForLater:
    """Validator: the time of a sending that is not at once."""

    def __call__(self, form: Any, field: Any) -> None:
        if form.when.data != "later":
            field.errors = []
            raise StopValidation()
        if not (field.raw_data and field.raw_data[0].strip()):
            field.errors = []
            raise StopValidation(gettext("Please say when it is to be sent."))


class SendingForm(Form):
    """Now or at a time, by the newsroom's clock; `number` is how many recipients were shown beside the button."""

    when = RadioField(
        _l("When?"), choices=[SelectChoice("now", _l("Now")), SelectChoice("later", _l("At a time"))], default="now"
    )
    due_at = DateTimeLocalField(_l("Send at"), [_NeededForLater()], format=LOCAL)
    number = HiddenField()

    def confirmed(self) -> int:
        """The number of recipients that was confirmed."""
        typed = self.number.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0

    def due(self, zone: str) -> Any:
        """When it is to be sent; None for now."""
        if self.when.data != "later" or self.due_at.data is None:
            return None
        return self.due_at.data.replace(tzinfo=ZoneInfo(zone))


class TestForm(Form):
    """A letter to oneself; pressed twice it is one."""

    __test__ = False
    attempt = AttemptField()


class PaceForm(Form):
    """How many letters to many go out a minute."""

    per_minute = IntegerField(
        _l("Letters a minute"),
        [
            InputRequired(_l("Please write a whole number.")),
            NumberRange(LEAST_PER_MINUTE, MOST_PER_MINUTE, _l("Please write a whole number from 1 to 600,000.")),
        ],
        render_kw={"min": LEAST_PER_MINUTE, "class": "short"},
    )
