"""What staff may type about a reader."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from membership.web.forms import AttemptField, Form

REASONS = {
    "requested_by_customer": lazy_gettext("The reader asked for it"),
    "duplicate": lazy_gettext("Paid twice"),
    "fraudulent": lazy_gettext("Not paid by the card's owner"),
}
"""Why money goes back, in the words that Stripe knows (docs.stripe.com/api/refunds/create)."""


class NoteForm(Form):
    """A note about a reader."""

    attempt = AttemptField()
    text = TextAreaField(
        lazy_gettext("A note for the team"),
        validators=[
            DataRequired(lazy_gettext("Please write something.")),
            Length(max=5000, message=lazy_gettext("Please keep it under five thousand letters.")),
        ],
        render_kw={"rows": 4, "class": "low"},
    )


class RefundForm(Form):
    """How much, and why."""

    attempt = AttemptField()
    amount = StringField(
        lazy_gettext("Amount"),
        validators=[DataRequired(lazy_gettext("Please write an amount.")), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "class": "short"},
    )
    reason = SelectField(lazy_gettext("Reason"), choices=[SelectChoice(code, words) for code, words in REASONS.items()])


class PressForm(Form):
    """One button with a one-time value."""

    attempt = AttemptField()
