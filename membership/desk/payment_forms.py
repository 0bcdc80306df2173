"""What staff set about payments: the fee that payers may cover."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import Length, Optional

from membership.giving.rules import FeeRate, NotAPart, read_part, typed_part
from membership.money import NotAnAmount, read_amount
from membership.refusals import Refused
from membership.web.errors import words_of
from membership.web.forms import Form

SHORT = {"inputmode": "decimal", "autocomplete": "off", "class": "short"}


class FeesForm(Form):
    """What a payment costs, a line for each currency; where both fields are empty, covering it is not offered."""

    def rates(self, codes: list[str]) -> dict[str, FeeRate]:
        """The rates typed, by currency. What is wrong stands beside its field (see `errors`)."""
        read = {code: self._rate(code) for code in codes if self[f"part_{code}"].data or self[f"fixed_{code}"].data}
        return {code: rate for code, rate in read.items() if rate}

    def _rate(self, code: str) -> FeeRate | None:
        part, fixed = self[f"part_{code}"], self[f"fixed_{code}"]
        points = _read(part, lambda: read_part(part.data or "0"), NotAPart)
        money = _read(fixed, lambda: read_amount(fixed.data or "0", code), NotAnAmount)
        return FeeRate(points, money) if points is not None and money is not None and not self.errors else None


def _read(field: Any, read: Any, refusal: type[Refused]) -> Any:
    try:
        return read()
    except refusal as refused:
        field.errors = [*field.errors, words_of(refused)]
        return None


def fees_form(standing: dict[str, FeeRate], codes: list[str]) -> FeesForm:
    """The form with two fields for each currency that is offered."""
    lines: dict[str, StringField] = {}
    for code in codes:
        rate = standing.get(code)
        part, fixed = (typed_part(rate.basis_points), rate.fixed.typed()) if rate else ("", "")
        lines[f"part_{code}"] = _field(lazy_gettext("Percent of the sum"), part)
        lines[f"fixed_{code}"] = _field(lazy_gettext("Plus a fixed part"), fixed)
    form: FeesForm = type("FeesForm", (FeesForm,), lines)()
    return form


def _field(label: Any, default: str) -> StringField:
    return StringField(label, default=default, validators=[Optional(), Length(max=20)], render_kw=SHORT)
