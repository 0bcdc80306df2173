"""What staff set about payments: the fee that payers may cover, and the numbers of limits and guard."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from membership.giving.guard_rules import MOST_BITS
from membership.giving.rules import FeeRate, NotAPart, read_part, typed_part
from membership.money import NotAnAmount, read_amount
from membership.refusals import Refused
from membership.web.errors import words_of
from membership.web.forms import Form

LIMIT_WORDS = {
    "sign-in/email": lazy_gettext("Sign-in letters per address within 15 minutes"),
    "sign-in/email/day": lazy_gettext("Sign-in letters per address within a day"),
    "sign-in/client": lazy_gettext("Sign-in letters asked for by one client within an hour"),
    "sign-in/network": lazy_gettext("Sign-in letters asked for by one network within an hour"),
    "code/client": lazy_gettext("Sign-in codes typed by one client within an hour"),
}
FIGURE_WORDS = {
    "free_per_client": lazy_gettext("Payments one client may begin within an hour before a proof is asked"),
    "free_per_network": lazy_gettext("The same for one network"),
    "free_per_person": lazy_gettext("The same for one e-mail address"),
    "free_per_browser": lazy_gettext("The same for one browser"),
    "free_everywhere": lazy_gettext("The same for everybody together; beyond it the desk is told"),
    "people_per_network": lazy_gettext("E-mail addresses from one network within a day before a proof is asked"),
    "proofs_per_client": lazy_gettext("Unpaid payments of one client within an hour, beyond which only a code helps"),
    "posts_per_client": lazy_gettext("Forms one client may send within an hour; beyond it they are turned away"),
    "letters_per_person": lazy_gettext("Codes sent to one address within an hour"),
    "letters_per_client": lazy_gettext("Codes asked for by one client within an hour"),
    "fast_seconds": lazy_gettext("Seconds within which nobody fills in a form by hand"),
    "own_declines": lazy_gettext("Declines within a day, half of the tries or more, after which a proof is asked"),
    "wave_declines": lazy_gettext("A wave of declines: so many at least"),
    "wave_percent": lazy_gettext("… and so many percent of all tries"),
    "wave_minutes": lazy_gettext("… within so many minutes"),
    "suspend_tries": lazy_gettext("Suspended is who made so many tries within a month"),
    "suspend_percent": lazy_gettext("… of which so many percent were declined"),
    "proof_bits": lazy_gettext("How hard the arithmetic is (each step doubles it; 15 takes about a second)"),
}
"""What each number is called; each is a whole number from 1 on."""
HIGHEST = {"wave_percent": 100, "suspend_percent": 100, "wave_minutes": 24 * 60, "proof_bits": MOST_BITS}
MOST = 1_000_000
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


class FiguresForm(Form):
    """The limits and the numbers of the guard, and whether every address is confirmed before joining."""

    confirm_first = BooleanField(
        lazy_gettext("Have every address confirmed by a letter before somebody joins, also one that nobody here knows")
    )

    def values(self) -> dict[str, int]:
        """The numbers typed, by name."""
        typed = {name: int(self[field_name(name)].data) for name in (*LIMIT_WORDS, *FIGURE_WORDS)}
        return typed | {"confirm_first": int(self.confirm_first.data)}


def field_name(name: str) -> str:
    """A limit's scope as the name of a form's field."""
    return name.replace("/", "-")


def figures_form(standing: dict[str, int]) -> FiguresForm:
    """The form with a field for each number, as it stands."""
    lines = {
        field_name(name): IntegerField(
            words,
            default=standing[name],
            validators=[
                InputRequired(lazy_gettext("Please write a whole number.")),
                NumberRange(1, HIGHEST.get(name, MOST), lazy_gettext("Please write a whole number within reason.")),
            ],
            render_kw={"class": "short", "inputmode": "numeric", "autocomplete": "off"},
        )
        for name, words in (LIMIT_WORDS | FIGURE_WORDS).items()
    }
    form: FiguresForm = type("FiguresForm", (FiguresForm,), lines)(confirm_first=bool(standing["confirm_first"]))
    return form
