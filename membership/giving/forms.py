"""What somebody may type who gives money: the fields that joining and giving once have in common."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from membership.web.forms import AttemptField, Form, address_field


class PayForm(Form):
    """E-mail, currency and amount; the article along the way. Amounts are read by the rules, not here.

    `cover`: to pay the fee on top, never ticked beforehand; `gross_seen`: the sum (minor units) that was shown for it.
    """

    email = address_field()
    currency = SelectField(lazy_gettext("Currency"), validate_choice=False)
    amount = StringField(
        lazy_gettext("Your own amount"),
        validators=[Optional(), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "class": "short"},
    )
    cover = BooleanField(lazy_gettext("Also cover what the payment costs, so that all of my gift arrives"))
    gross_seen = HiddenField(validators=[Length(max=20)])
    article = HiddenField(validators=[Length(max=2000)])
    attempt = AttemptField()


class GiveForm(PayForm):
    """A one-time gift: one of the amounts shown (`preset`, as it would be typed) or one's own."""

    preset = RadioField(
        lazy_gettext("How much would you like to give?"), validators=[Optional()], validate_choice=False
    )


class JoinForm(PayForm):
    """A membership: a tier, per month or per year, and perhaps more than it costs."""

    tier = RadioField(lazy_gettext("Which membership suits you?"), validators=[Optional()], validate_choice=False)
    interval = RadioField(
        lazy_gettext("How often?"),
        choices=[SelectChoice("month", lazy_gettext("every month")), SelectChoice("year", lazy_gettext("once a year"))],
        default="month",
        validators=[InputRequired(lazy_gettext("Please choose every month or once a year."))],
    )
