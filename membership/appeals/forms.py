"""What staff write into an appeal."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from membership.appeals.rules import Words
from membership.web.forms import Form

PLAIN = {"autocomplete": "off"}


class AppealForm(Form):
    """One variant's words in one language, and the appeal's name, which only staff see."""

    name = StringField(
        lazy_gettext("Name, for yourselves"),
        validators=[DataRequired(lazy_gettext("Please give it a name.")), Length(max=80)],
        render_kw=PLAIN,
    )
    heading = StringField(
        lazy_gettext("Heading"),
        validators=[DataRequired(lazy_gettext("Please write a heading.")), Length(max=120)],
        render_kw=PLAIN,
    )
    text = TextAreaField(
        lazy_gettext("Text"),
        validators=[DataRequired(lazy_gettext("Please write what you ask for.")), Length(max=1500)],
        render_kw={"rows": 8},
    )
    button = StringField(
        lazy_gettext("On the button"),
        validators=[DataRequired(lazy_gettext("Please write what stands on the button.")), Length(max=40)],
        render_kw=PLAIN,
    )
    ways = StringField(lazy_gettext("The second button"), validators=[Length(max=40)], render_kw=PLAIN)

    def words(self) -> Words:
        """What was typed."""
        return Words(
            heading=self.heading.data or "",
            text=(self.text.data or "").replace("\r\n", "\n").strip(),
            button=self.button.data or "",
            ways=self.ways.data or "",
        )
