"""What the operator types at the first run, and what staff type at the desk."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import force_locale, gettext, lazy_gettext
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from membership.desk.actions import NewTier
from membership.languages import language_of
from membership.money import CURRENCIES, Money, check_bounds, read_amount
from membership.newsroom import defaults
from membership.newsroom.forms import AboutForm, sites_field
from membership.newsroom.rules import NotASite, read_sites
from membership.refusals import Refused
from membership.web.access import ROLES
from membership.web.errors import words_of
from membership.web.forms import Form, address_field

ROLE_WORDS = {
    "viewer": lazy_gettext("Viewer: reads the reports"),
    "editor": lazy_gettext("Editor: topics, ballots, promises"),
    "manager": lazy_gettext("Manager: patrons, perks, money, settings"),
    "admin": lazy_gettext("Admin: everything, the team included"),
}
PRICE = {"inputmode": "decimal", "autocomplete": "off", "class": "short"}


class _Sites:
    """What forms with a list of sites check about it."""

    sites: TextAreaField

    def validate_sites(self, field: TextAreaField) -> None:
        try:
            read_sites(field.data or "")
        except NotASite as refused:
            raise ValidationError(words_of(refused)) from None


class SitesForm(_Sites, Form):
    """The newsroom's own sites."""

    sites = sites_field()


class SetupForm(_Sites, AboutForm):
    """The operator's first form. The three memberships are added below, from the defaults."""

    _fields: dict[str, Any]

    token = StringField(
        lazy_gettext("The operator's token"),
        validators=[DataRequired(lazy_gettext("Please write the token that the console printed.")), Length(max=100)],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    sites = sites_field()
    admin_email = address_field(
        lazy_gettext("The first admin's e-mail address"), lazy_gettext("Please write the first admin's e-mail address.")
    )
    admin_name = StringField(
        lazy_gettext("The first admin's name"),
        validators=[DataRequired(lazy_gettext("Please write the first admin's name.")), Length(max=120)],
        render_kw={"autocomplete": "name"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The list of errors follows the page: the token first, the first admin last.
        last = {name: self._fields.pop(name) for name in ("admin_name", "admin_email")}
        self._fields = {"token": self._fields.pop("token"), **self._fields, **last}

    def tiers(self) -> list[NewTier]:
        """The memberships as typed; a wrong price stands beside its field, and the list is then empty."""
        if self.currency.data not in defaults.COFFEES:
            return []
        read = [self._tier(number, default) for number, default in enumerate(defaults.TIERS, start=1)]
        return [tier for tier in read if tier] if all(read) else []

    def _tier(self, number: int, default: defaults.DefaultTier) -> NewTier | None:
        name, price = self[f"tier_name_{number}"], self[f"tier_price_{number}"]
        code = self.currency.data
        floor = Money(defaults.COFFEES[code], code)
        monthly = read_price(price, code, floor=floor)
        with force_locale(language_of(self.language.data or "")):
            blurb = gettext(default.blurb)
        return NewTier(default.slug, name.data or default.name, blurb, monthly) if monthly else None


for _number, _tier in enumerate(defaults.TIERS, start=1):
    setattr(
        SetupForm,
        f"tier_name_{_number}",
        StringField(
            lazy_gettext("Name"),
            default=partial(gettext, _tier.name),
            validators=[DataRequired(lazy_gettext("Please give it a name.")), Length(max=60)],
        ),
    )
    setattr(
        SetupForm,
        f"tier_price_{_number}",
        StringField(
            lazy_gettext("Price a month"),
            default=_tier.monthly,
            validators=[DataRequired(lazy_gettext("Please write a price.")), Length(max=20)],
            render_kw=PRICE,
        ),
    )


def read_price(field: Any, code: str, *, floor: Money | None = None) -> Money | None:
    """What was typed as money; None, with the words beside the field, when it is none."""
    try:
        return check_bounds(read_amount(field.data or "", code), floor=floor)
    except Refused as refused:
        field.errors = [*field.errors, words_of(refused)]
        return None


class CoffeesForm(Form):
    """What a cup of coffee costs in each currency; an empty line is a currency that is not offered."""

    other_currency = SelectField(lazy_gettext("Another currency"), validate_choice=False)
    other_price = StringField(lazy_gettext("Its price"), validators=[Optional(), Length(max=20)], render_kw=PRICE)

    def prices(self, codes: list[str]) -> dict[str, int]:
        """The minor units typed, by currency. Wrong ones stand beside their fields (see `errors`)."""
        fields = {code: self[f"price_{code}"] for code in codes}
        if self.other_currency.data in CURRENCIES and self.other_price.data:
            fields[self.other_currency.data] = self.other_price
        read = {code: read_price(field, code) for code, field in fields.items() if field.data}
        return {code: money.minor for code, money in read.items() if money}


def coffees_form(standing: dict[str, Money]) -> tuple[CoffeesForm, list[str]]:
    """The form with a line for each currency that is offered or has a default price, and their codes."""
    codes = [*standing, *(code for code in defaults.COFFEES if code not in standing)]
    lines = {
        f"price_{code}": StringField(
            code,
            default=standing[code].typed() if code in standing else "",
            validators=[Optional(), Length(max=20)],
            render_kw=PRICE,
        )
        for code in codes
    }
    form: CoffeesForm = type("CoffeesForm", (CoffeesForm,), lines)()
    rest = [code for code in CURRENCIES if code not in codes]
    form.other_currency.choices = [SelectChoice("", gettext("none")), *map(SelectChoice, rest)]
    return form, codes


class TextForm(Form):
    """One of the staff's texts, in Markdown."""

    text = TextAreaField(
        lazy_gettext("Text"),
        validators=[DataRequired(lazy_gettext("Please write something; readers come here to find it."))],
        render_kw={"rows": 20},
    )

    def __init__(self, *args: Any, may_be_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_be_empty:
            self.text.validators, self.text.flags.required = [], False

    def validate_text(self, field: TextAreaField) -> None:
        if len(field.data or "") > 40_000:
            raise ValidationError(
                gettext("That is longer than a page should be. Please keep it under 40,000 characters.")
            )


class InviteForm(Form):
    """Somebody for the team."""

    email = address_field(lazy_gettext("Their e-mail address"), lazy_gettext("Please write their e-mail address."))
    name = StringField(lazy_gettext("Their name"), validators=[Length(max=120)], render_kw={"autocomplete": "off"})
    role = SelectField(
        lazy_gettext("What they may do"), choices=[SelectChoice(role, ROLE_WORDS[role]) for role in ROLES]
    )
