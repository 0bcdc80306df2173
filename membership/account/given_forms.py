"""What staff type to give a complimentary membership."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from membership.web.forms import AttemptField, Form, address_field


class ComplimentaryForm(Form):
    """Which membership, until when, and why."""

    attempt = AttemptField()
    tier = SelectField(lazy_gettext("Membership"), coerce=int)
    until = DateField(
        lazy_gettext("Until, that day included"), validators=[InputRequired(lazy_gettext("Please choose a day."))]
    )
    reason = TextAreaField(
        lazy_gettext("Reason, for the team"),
        validators=[
            DataRequired(lazy_gettext("Please write why: the team and the audit trail keep it.")),
            Length(max=500, message=lazy_gettext("Please keep it under five hundred letters.")),
        ],
        render_kw={"rows": 3, "class": "low"},
    )


class AddressedForm(ComplimentaryForm):
    """The same to an address, known here or not."""

    email = address_field(lazy_gettext("E-mail address"))
    name = StringField(lazy_gettext("Name, if you know it"), validators=[Length(max=100)])
