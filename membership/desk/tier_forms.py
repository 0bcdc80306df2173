"""What staff type about a membership on offer: its words, and its prices in every currency."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from membership.desk.forms import PRICE, read_price
from membership.money import Money
from membership.web.forms import Form

INTERVALS = ("month", "year")


class TierForm(Form):
    """Name and words; `tier_form` adds two prices for each currency."""

    name = StringField(
        lazy_gettext("Name"),
        validators=[
            DataRequired(lazy_gettext("Please give it a name.")),
            Length(max=60, message=lazy_gettext("Please keep it under sixty letters.")),
        ],
        render_kw={"autocomplete": "off"},
    )
    blurb = TextAreaField(
        lazy_gettext("What it is, in a sentence or two"),
        validators=[Length(max=500, message=lazy_gettext("Please keep it under five hundred letters."))],
        render_kw={"rows": 3, "class": "low"},
    )

    def prices(self, coffees: dict[str, Money]) -> dict[tuple[str, str], Money]:
        """The prices typed; what is wrong stands beside its field. A currency has both prices or none; one has them."""
        read: dict[tuple[str, str], Money] = {}
        for code, coffee in coffees.items():
            fields = {interval: self[f"{interval}_{code}"] for interval in INTERVALS}
            typed = {interval: field for interval, field in fields.items() if field.data}
            if len(typed) == 1:
                missing: Any = next(field for interval, field in fields.items() if interval not in typed)
                missing.errors = [gettext("Please write both prices, or leave both empty.")]
            for interval, field in typed.items():
                money = read_price(field, code, floor=coffee)
                if money is not None:
                    read[code, interval] = money
        if not read and not self.errors:
            first: Any = self[f"month_{next(iter(coffees))}"]
            first.errors = [gettext("Please write the prices in at least one currency.")]
        return read


def tier_form(
    coffees: dict[str, Money], standing: dict[str, dict[str, Money]] | None = None, **values: Any
) -> TierForm:
    """The form with a line for each currency that is offered, filled with the prices that stand."""
    words = {"month": lazy_gettext("A month"), "year": lazy_gettext("A year")}
    lines = {
        f"{interval}_{code}": StringField(
            words[interval], default=_typed(standing or {}, code, interval), validators=[Optional(), Length(max=20)],
            render_kw=PRICE,
        )
        for code in coffees
        for interval in INTERVALS
    }  # fmt: skip
    form: TierForm = type("TierForm", (TierForm,), lines)(**values)
    return form


def _typed(standing: dict[str, dict[str, Money]], code: str, interval: str) -> str:
    money = standing.get(code, {}).get(interval)
    return money.typed() if money else ""
