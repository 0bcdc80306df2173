"""What staff type about other ways to give, and about a gift that came that way."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import BooleanField, DateField, FileField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from membership.giving.way_models import WAYS
from membership.web.forms import Address, AttemptField, Form

WAY_WORDS = {
    "bank_transfer": lazy_gettext("Bank transfer"),
    "paypal": lazy_gettext("PayPal"),
    "cheque": lazy_gettext("Cheque"),
    "crypto": lazy_gettext("Cryptocurrency"),
    "in_kind": lazy_gettext("In kind"),
    "cash": lazy_gettext("Cash"),
}
PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class WaysForm(Form):
    """Everything /ways may show; what is empty is not offered."""

    holder = StringField(lazy_gettext("Name of the account"), validators=[Length(max=70)], render_kw=PLAIN)
    iban = StringField(lazy_gettext("IBAN"), validators=[Length(max=50)], render_kw=PLAIN)
    bic = StringField(lazy_gettext("BIC"), validators=[Length(max=20)], render_kw=PLAIN)
    paypal = StringField(lazy_gettext("Link to your PayPal page"), validators=[Length(max=300)], render_kw=PLAIN)
    cheque = TextAreaField(
        lazy_gettext("Cheques: payable to whom, sent where"),
        validators=[Length(max=500)],
        render_kw={"rows": 3, "class": "low"},
    )
    crypto_name = StringField(lazy_gettext("Name of the cryptocurrency"), validators=[Length(max=40)], render_kw=PLAIN)
    crypto_address = StringField(lazy_gettext("Its address"), validators=[Length(max=200)], render_kw=PLAIN)
    in_kind = TextAreaField(
        lazy_gettext("Gifts in kind: what helps you"),
        validators=[Length(max=500)],
        render_kw={"rows": 3, "class": "low"},
    )
    share = TextAreaField(
        lazy_gettext("Sharing: where readers can pass you on"), validators=[Length(max=2000)],
        render_kw={"rows": 3, "class": "low"},
    )  # fmt: skip
    volunteer = TextAreaField(
        lazy_gettext("Volunteering: where readers can lend a hand"), validators=[Length(max=2000)],
        render_kw={"rows": 3, "class": "low"},
    )  # fmt: skip
    shop = TextAreaField(
        lazy_gettext("Things to buy: your shop"), validators=[Length(max=2000)], render_kw={"rows": 3, "class": "low"}
    )


class GiftForm(Form):
    """A gift that came another way."""

    attempt = AttemptField()
    way = SelectField(lazy_gettext("How it came"), choices=[SelectChoice(way, WAY_WORDS[way]) for way in WAYS])
    amount = StringField(
        lazy_gettext("Amount"),
        validators=[DataRequired(lazy_gettext("Please write an amount.")), Length(max=20)],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "class": "short"},
    )
    currency = SelectField(lazy_gettext("Currency"), validate_choice=False)
    paid_on = DateField(
        lazy_gettext("Day on which it arrived"), validators=[InputRequired(lazy_gettext("Please write the day."))]
    )
    name = StringField(
        lazy_gettext("Name of the giver"),
        validators=[DataRequired(lazy_gettext("Please write a name.")), Length(max=100)],
        render_kw=PLAIN,
    )
    email = StringField(
        lazy_gettext("Their e-mail address, if you know it"),
        validators=[Optional(), Length(max=254), Address()],
        render_kw={**PLAIN, "inputmode": "email"},
    )
    reference = StringField(lazy_gettext("Reference or note"), validators=[Length(max=200)], render_kw=PLAIN)


class BankFileForm(Form):
    """A bank's CSV: handed in as a file, and carried along as text from the rehearsal to the real thing."""

    takes_files = True

    file = FileField(lazy_gettext("The bank's CSV file"), render_kw={"accept": ".csv,text/csv"})
    text = TextAreaField(lazy_gettext("The file as it was read"), render_kw={"rows": 6, "readonly": True})
    for_good = BooleanField()

    def content(self) -> str:
        """The text, whichever way it came. Banks write UTF-8 or Windows-1252."""
        raw = self.file.data.read() if hasattr(self.file.data, "read") else b""
        if not raw:
            return (self.text.data or "").replace("\r\n", "\n")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", errors="replace")
        return str(text).replace("\r\n", "\n")
