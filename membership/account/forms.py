"""What a reader may change about themselves."""

from __future__ import annotations

from babel import Locale
from flask_babel import lazy_gettext
from wtforms import SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional, Regexp

from membership.web.forms import Form, address_field
from membership.web.locale import LANGUAGES


class PreferencesForm(Form):
    """Name (may be empty) and language; only languages that are complete are offered."""

    name = StringField(
        lazy_gettext("Your name"),
        validators=[Optional(), Length(max=100, message=lazy_gettext("Please keep it under a hundred letters."))],
        render_kw={"autocomplete": "name"},
    )
    language = SelectField(
        lazy_gettext("Language of our pages and letters"),
        choices=[SelectChoice(code, Locale.parse(code).get_display_name(code)) for code in LANGUAGES],
        default=LANGUAGES[0],
    )


class DetailsForm(Form):
    """What stands on receipts; both may be empty."""

    name = StringField(
        lazy_gettext("Name on receipts"),
        validators=[Optional(), Length(max=100, message=lazy_gettext("Please keep it under a hundred letters."))],
        render_kw={"autocomplete": "organization"},
    )
    address = TextAreaField(
        lazy_gettext("Address on receipts"),
        validators=[
            Optional(),
            Length(max=300, message=lazy_gettext("Please keep it under three hundred letters.")),
            Regexp(r"[^\n]*(\n[^\n]*){0,4}\Z", message=lazy_gettext("Please use at most five lines.")),
        ],
        render_kw={"rows": 4, "class": "low", "autocomplete": "street-address"},
    )


class AddressForm(Form):
    """Another address for letters and for signing in."""

    email = address_field(lazy_gettext("The new address"))
