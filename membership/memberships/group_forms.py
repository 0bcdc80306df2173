"""What somebody types who begins a group membership."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import IntegerField, RadioField
from wtforms.validators import Optional

from membership.giving.forms import JoinForm


class GroupForm(JoinForm):
    """A tier for everybody in the group, how often it is paid, and how many seats."""

    tier = RadioField(lazy_gettext("Which membership?"), validators=[Optional()], validate_choice=False)
    seats = IntegerField(
        lazy_gettext("How many seats?"),
        validators=[Optional()],
        render_kw={"inputmode": "numeric", "class": "short", "autocomplete": "off"},
    )
