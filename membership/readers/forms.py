"""What somebody types who signs in."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from membership.web.forms import Form, address_field


class SignInForm(Form):
    """An address; and the path to go on to, checked when it is used."""

    email = address_field()
    next = HiddenField()


class CodeForm(Form):
    """The six digits out of the letter."""

    code = StringField(
        lazy_gettext("The six digits from the letter"),
        validators=[DataRequired(lazy_gettext("Please write the six digits from the letter.")), Length(max=20)],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "short"},
    )
