"""What somebody types who gives a membership away, and who claims one."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import DateField, EmailField, RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from membership.giving.forms import PayForm
from membership.web.forms import Address, Form


class GiftForm(PayForm):
    """Which membership, for how long, for whom, and how it reaches them. The price is the tier's; no amount is typed."""

    tier = RadioField(lazy_gettext("Which membership?"), validators=[Optional()], validate_choice=False)
    months = RadioField(lazy_gettext("For how long?"), coerce=int, validators=[Optional()], validate_choice=False)
    recipient_name = StringField(lazy_gettext("Their name"), validators=[Length(max=100)])
    delivery = RadioField(
        lazy_gettext("How should it reach them?"),
        choices=[
            SelectChoice("now", lazy_gettext("by letter, as soon as it is paid")),
            SelectChoice("day", lazy_gettext("by letter, on a day that I choose")),
            SelectChoice("link", lazy_gettext("I hand over the link myself")),
        ],
        default="now",
        validators=[InputRequired(lazy_gettext("Please choose how it should reach them."))],
    )
    recipient_email = EmailField(
        lazy_gettext("Their e-mail address"),
        validators=[Optional(), Length(max=254), Address()],
        render_kw={"autocomplete": "off", "inputmode": "email"},
    )
    day = DateField(lazy_gettext("The day"), validators=[Optional()])
    giver_name = StringField(
        lazy_gettext("Your name, as they should read it"),
        validators=[InputRequired(lazy_gettext("Please write your name.")), Length(max=100)],
        render_kw={"autocomplete": "name"},
    )
    message = TextAreaField(
        lazy_gettext("A few words to them"),
        validators=[Length(max=1000, message=lazy_gettext("Please keep it under a thousand letters."))],
        render_kw={"rows": 4, "class": "low"},
    )


class ClaimForm(Form):
    """To whom a gift goes that its giver handed over, when nobody is signed in."""

    email = EmailField(
        lazy_gettext("Your e-mail address"),
        validators=[Optional(), Length(max=254), Address()],
        render_kw={"autocomplete": "email", "inputmode": "email"},
    )
