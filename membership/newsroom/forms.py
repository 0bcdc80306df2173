"""What the newsroom says about itself, as it is typed at the first run and on the settings page."""

from __future__ import annotations

from flask_babel import get_locale, lazy_gettext
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from membership.languages import OWN_NAMES
from membership.newsroom import defaults
from membership.newsroom.actions import About
from membership.newsroom.rules import read_accent, time_zones
from membership.refusals import Refused
from membership.web.errors import words_of
from membership.web.forms import Form, address_field

SITES_LIMIT = 4000


def zone_choices() -> list[SelectChoice]:
    """Time zones by continent, as the tz database names them; places are written with spaces."""
    return [
        SelectChoice(name, place.replace("_", " "), optgroup=continent)
        for name in time_zones()
        for continent, _, place in [name.partition("/") if "/" in name else ("UTC", "", name)]
    ]


class AboutForm(Form):
    """Name, words, imprint and colour."""

    name = StringField(
        lazy_gettext("The newsroom's name"),
        validators=[DataRequired(lazy_gettext("Please write the newsroom's name.")), Length(max=120)],
        render_kw={"autocomplete": "organization"},
    )
    tagline = StringField(lazy_gettext("One line under the name"), validators=[Length(max=200)])
    mission = TextAreaField(
        lazy_gettext("Your mission, in two or three sentences"),
        validators=[DataRequired(lazy_gettext("Please say what you do and why.")), Length(max=2000)],
        render_kw={"rows": 4},
    )
    contact_email = address_field(
        lazy_gettext("E-mail address for readers' questions"),
        lazy_gettext("Please write an address to which readers may turn."),
    )
    legal_name = StringField(
        lazy_gettext("Legal name"),
        validators=[DataRequired(lazy_gettext("Please write who receives the money.")), Length(max=200)],
    )
    legal_address = StringField(
        lazy_gettext("Postal address"),
        validators=[DataRequired(lazy_gettext("Please write the address; it stands on receipts.")), Length(max=400)],
        render_kw={"autocomplete": "street-address"},
    )
    tax_number = StringField(lazy_gettext("Tax or register number"), validators=[Length(max=100)])
    currency = SelectField(lazy_gettext("Your own currency"), choices=[SelectChoice(code) for code in defaults.COFFEES])
    language = SelectField(
        lazy_gettext("The newsroom's language"),
        choices=[SelectChoice(code, name) for code, name in OWN_NAMES.items()],
        default=lambda: str(get_locale()),
    )
    time_zone = SelectField(lazy_gettext("Time zone"), choices=zone_choices, default="UTC")
    accent = StringField(
        lazy_gettext("Your colour"),
        default=defaults.ACCENT,
        validators=[DataRequired(lazy_gettext("Please choose a colour."))],
        render_kw={"class": "short", "autocomplete": "off", "spellcheck": "false"},
    )

    def validate_accent(self, field: StringField) -> None:
        """The rule's words beside the field, together with what else is not right."""
        try:
            read_accent(field.data or "")
        except Refused as refused:
            raise ValidationError(words_of(refused)) from None

    def about(self) -> About:
        """What was typed."""
        return About(
            name=self.name.data or "",
            tagline=self.tagline.data or "",
            mission=(self.mission.data or "").strip(),
            contact_email=self.contact_email.data or "",
            legal_name=self.legal_name.data or "",
            legal_address=self.legal_address.data or "",
            tax_number=self.tax_number.data or "",
            currency=self.currency.data,
            accent=read_accent(self.accent.data or ""),
            language=self.language.data,
            time_zone=self.time_zone.data,
        )


def sites_field() -> TextAreaField:
    """Origins, one a line."""
    return TextAreaField(
        lazy_gettext("Your sites, one a line"), validators=[Length(max=SITES_LIMIT)], render_kw={"rows": 3}
    )
