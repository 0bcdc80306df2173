"""What a reader may change about themselves."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext, lazy_gettext, lazy_ngettext
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from membership.account.rules import PAUSE_MONTHS
from membership.languages import LANGUAGES, OWN_NAMES
from membership.readers.wishes import SORT_WORDS
from membership.web.forms import AttemptField, Form, address_field


class ChangeForm(Form):
    """Another tier, amount or interval. Amounts are read by the rules."""

    tier = RadioField(lazy_gettext("Which membership suits you?"), validators=[Optional()], validate_choice=False)
    interval = RadioField(
        lazy_gettext("How often?"),
        choices=[SelectChoice("month", lazy_gettext("every month")), SelectChoice("year", lazy_gettext("once a year"))],
        validators=[InputRequired(lazy_gettext("Please choose every month or once a year."))],
    )
    amount = StringField(
        lazy_gettext("Your own amount"),
        validators=[Optional(), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "class": "short"},
    )
    cover = BooleanField(lazy_gettext("Also cover what the payment costs, so that all of my gift arrives"))
    attempt = AttemptField()
    membership = HiddenField(validators=[Length(max=20)])


class PauseForm(Form):
    """How long."""

    months = RadioField(
        lazy_gettext("For how long?"),
        choices=[SelectChoice(n, lazy_ngettext("one month", "%(num)s months", n)) for n in PAUSE_MONTHS],
        coerce=int,
        validators=[InputRequired(lazy_gettext("Please choose how long."))],
    )
    membership = HiddenField(validators=[Length(max=20)])


class LeavingForm(Form):
    """Why somebody cancels. Everything may be left empty."""

    reason = RadioField(
        lazy_gettext("Would you tell us why? You need not."),
        choices=[
            SelectChoice("money", lazy_gettext("I cannot spare the money at the moment")),
            SelectChoice("time", lazy_gettext("I read too little to pay for it")),
            SelectChoice("reporting", lazy_gettext("I expected something else of the reporting")),
            SelectChoice("influence", lazy_gettext("My votes and topics made too little difference")),
            SelectChoice("moved", lazy_gettext("I support somebody else now")),
            SelectChoice("other", lazy_gettext("Something else")),
        ],
        validators=[Optional()],
        validate_choice=False,
    )
    words = TextAreaField(
        lazy_gettext("In your own words"),
        validators=[Length(max=1000, message=lazy_gettext("Please keep it under a thousand letters."))],
        render_kw={"rows": 3},
    )


class PreferencesForm(Form):
    """Name (may be empty), language (only those that are complete), and a switch for each sort of letters, added below."""

    name = StringField(
        lazy_gettext("Your name"),
        validators=[Optional(), Length(max=100, message=lazy_gettext("Please keep it under a hundred letters."))],
        render_kw={"autocomplete": "name"},
    )
    language = SelectField(
        lazy_gettext("Language of our pages and letters"),
        choices=[SelectChoice(code, name) for code, name in OWN_NAMES.items()],
        default=LANGUAGES[0],
    )


for _sort, (_switch, _, _) in SORT_WORDS.items():
    setattr(PreferencesForm, _sort, BooleanField(_switch))


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


class GiftLetterForm(Form):
    """Where the link of a gift goes."""

    email = address_field(lazy_gettext("Their e-mail address"), lazy_gettext("Please write their e-mail address."))


class InvitationForm(Form):
    """Addresses that a group's seats are offered to, one a line (commas will do)."""

    emails = TextAreaField(
        lazy_gettext("E-mail addresses"),
        validators=[InputRequired(lazy_gettext("Please write at least one address.")), Length(max=20_000)],
        render_kw={"rows": 4, "class": "low", "autocomplete": "off"},
    )

    @property
    def addresses(self) -> list[str]:
        """The addresses, as they were typed."""
        return [part for part in re.split(r"[\s,;]+", self.emails.data or "") if part]

    def validate_emails(self, _field: TextAreaField) -> None:
        """Each must be able to receive a letter."""
        for address in self.addresses:
            try:
                validate_email(address, check_deliverability=False, test_environment=True, allow_smtputf8=False)
            except EmailNotValidError:
                words = gettext("“%(address)s” is no e-mail address.", address=address[:100])
                raise ValidationError(words) from None


class SizeForm(Form):
    """How many seats a group is to have."""

    seats = IntegerField(
        lazy_gettext("Seats"),
        validators=[Optional()],
        render_kw={"inputmode": "numeric", "class": "short", "autocomplete": "off"},
    )
    attempt = AttemptField()

    @property
    def wanted(self) -> int:
        """The number, once the rules have passed it."""
        return int(self.seats.data or 0)
