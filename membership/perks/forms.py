"""What staff type to make a perk."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from membership.web.forms import Form


class LinkForm(Form):
    """A members' link. `tiers` without a choice means all of them."""

    title = StringField(
        lazy_gettext("Title"), validators=[DataRequired(lazy_gettext("Please write a title.")), Length(max=120)]
    )
    blurb = TextAreaField(
        lazy_gettext("What it is, in a sentence or two"),
        validators=[DataRequired(lazy_gettext("Please say what patrons get.")), Length(max=1000)],
    )
    address = StringField(
        lazy_gettext("Address"),
        validators=[DataRequired(lazy_gettext("Please write the address it leads to.")), Length(max=1000)],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    tiers = SelectMultipleField(
        lazy_gettext("For which tiers?"),
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
