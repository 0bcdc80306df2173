"""What staff type to make or change a perk, and what patrons type to claim one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    FileField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from membership.money import currency, read_amount
from membership.perks.models import Perk
from membership.refusals import N_, Refused
from membership.web.forms import Form

LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
OF_KIND = {
    "link": ("address",),
    "file": (),
    "code": ("low_stock", "claim_days", "rhythm"),
    "shared_code": ("shared_code",),
    "feed": (),
    "event": ("starts_at", "ends_at", "place", "capacity"),
    "thing": ("sizes", "claim_days", "rhythm"),
    "wall": (),
    "community": (),
    "badge": (),
}
"""The fields of one kind; the others are every kind's."""
SPECIAL = ("address", "shared_code", "starts_at", "ends_at", "place", "capacity", "sizes", "low_stock")
COMMON = ("months", "opens_at", "closes_at", "most")
NUMBER = {"inputmode": "numeric", "class": "short"}


class EndsBeforeItBegins(Refused):
    """Two times in the wrong order."""

    words = N_("Please choose an end that comes after the beginning.")


class PerkForm(Form):
    """Any kind's fields; `perk_form` leaves those of one kind. `tiers` without a choice means all of them."""

    title = StringField(_l("Title"), validators=[DataRequired(_l("Please write a title.")), Length(max=120)])
    blurb = TextAreaField(
        _l("What it is, in a sentence or two"),
        validators=[DataRequired(_l("Please say what patrons get.")), Length(max=1000)],
        render_kw={"rows": 3, "class": "low"},
    )
    address = StringField(
        _l("Address"),
        validators=[DataRequired(_l("Please write the address it leads to.")), Length(max=1000)],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    shared_code = StringField(
        _l("The code"),
        validators=[DataRequired(_l("Please write the code.")), Length(max=200)],
        render_kw={"autocomplete": "off"},
    )
    starts_at = DateTimeLocalField(_l("Begins at"), [InputRequired(_l("Please say when it begins."))], format=LOCAL)
    ends_at = DateTimeLocalField(_l("Ends at"), [InputRequired(_l("Please say when it ends."))], format=LOCAL)
    place = StringField(_l("Where"), validators=[DataRequired(_l("Please say where it is.")), Length(max=300)])
    capacity = IntegerField(_l("Seats"), [Optional(), NumberRange(1, 100_000)], render_kw=NUMBER)
    sizes = TextAreaField(_l("Sizes, one a line"), validators=[Length(max=1000)], render_kw={"rows": 4, "class": "low"})
    low_stock = IntegerField(_l("Tell us when so many codes are left"), [Optional(), NumberRange(0)], render_kw=NUMBER)
    tiers = SelectMultipleField(
        _l("For which tiers?"), coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    months = IntegerField(
        _l("After so many months as a patron"), [Optional(), NumberRange(0, 600)], default=0, render_kw=NUMBER
    )
    rhythm = RadioField(
        _l("How often?"), default="once",
        choices=[
            SelectChoice("once", _l("Once")), SelectChoice("yearly", _l("Once a year")),
            SelectChoice("monthly", _l("Once a month")),
        ],
    )  # fmt: skip
    opens_at = DateTimeLocalField(_l("Issued from"), [Optional()], format=LOCAL)
    closes_at = DateTimeLocalField(_l("Issued until"), [Optional()], format=LOCAL)
    most = IntegerField(_l("At most so many"), [Optional(), NumberRange(1, 10_000_000)], render_kw=NUMBER)
    claim_days = IntegerField(
        _l("To be claimed within so many days"), [Optional(), NumberRange(1, 3650)], render_kw=NUMBER
    )
    cost = StringField(
        _l("What one costs us"), validators=[Length(max=30)], render_kw={"inputmode": "decimal", "class": "short"}
    )

    @property
    def kind_fields(self) -> tuple[str, ...]:
        """The fields that say what this kind is."""
        return tuple(name for name in SPECIAL if name in self)

    def values(self, zone: str, code: str) -> dict[str, Any]:
        """The columns of a perk. Raises `EndsBeforeItBegins`, and like `read_amount`."""
        own = {name: self[name].data for name in (*COMMON, *self.kind_fields) if name in self}
        own |= {name: self[name].data for name in ("rhythm", "claim_days") if name in self}
        for name in ("opens_at", "closes_at", "starts_at", "ends_at"):
            if own.get(name) is not None:
                own[name] = own[name].replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for begins, ends in (("opens_at", "closes_at"), ("starts_at", "ends_at")):
            if own.get(begins) and own.get(ends) and own[begins] >= own[ends]:
                raise EndsBeforeItBegins(field=ends)
        own["months"] = own["months"] or 0
        own["sizes"] = "\n".join(line.strip() for line in str(own.get("sizes") or "").splitlines() if line.strip())
        cost = self._cost(code)
        return {"title": self.title.data, "blurb": (self.blurb.data or "").strip(), **own} | cost

    def _cost(self, code: str) -> dict[str, Any]:
        if not self.cost.data:
            return {"cost": None, "cost_currency": None}
        try:
            money = read_amount(self.cost.data, code)
        except Refused as refused:
            refused.field = "cost"
            raise
        return {"cost": money.minor, "cost_currency": money.currency}


def perk_form(kind: str, perk: Perk | None = None, *, zone: str = "UTC", tiers: list[int] | None = None) -> PerkForm:
    """The form for one kind, filled with a perk if there is one."""
    form = PerkForm(data=_shown(perk, zone, tiers or []) if perk else None)
    keep = OF_KIND[kind]
    for name in {name for names in OF_KIND.values() for name in names} - set(keep):
        delattr(form, name)
    return form


def _shown(perk: Perk, zone: str, tiers: list[int]) -> dict[str, Any]:
    values = {column.name: getattr(perk, column.name) for column in Perk.__table__.columns}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if perk.cost is not None:
        values["cost"] = str(Decimal(perk.cost).scaleb(-currency(perk.cost_currency or "").decimals))
    return values | {"tiers": tiers}


class CodesForm(Form):
    """A partner's codes: a CSV or text file."""

    takes_files = True
    file = FileField(_l("A CSV or text file, one code a line"), render_kw={"accept": ".csv,.txt,text/csv,text/plain"})


class FileForm(Form):
    """A file for patrons."""

    takes_files = True
    file = FileField(_l("The file"))


class EpisodeForm(Form):
    """An entry of a feed, with or without a file."""

    takes_files = True
    title = StringField(_l("Title"), validators=[DataRequired(_l("Please write a title.")), Length(max=200)])
    notes = TextAreaField(_l("What it is about"), validators=[Length(max=4000)], render_kw={"rows": 4, "class": "low"})
    file = FileField(_l("Its sound (or a paper)"))


class WallForm(Form):
    """How somebody wishes to be called on the wall."""

    name = StringField(_l("How shall we call you?"), validators=[Length(max=80)], render_kw={"autocomplete": "name"})
    unnamed = BooleanField(_l("Without a name: I am only counted"))


class ParcelForm(Form):
    """A size and where it goes. Nobody knows every country's rules: only what every parcel needs is required."""

    size = RadioField(_l("Which size?"), validators=[Optional()], validate_choice=False)
    name = StringField(
        _l("Name"), validators=[DataRequired(_l("Please write a name.")), Length(max=100)],
        render_kw={"autocomplete": "shipping name"},
    )  # fmt: skip
    street = StringField(
        _l("Street and number"), validators=[DataRequired(_l("Please write street and number.")), Length(max=200)],
        render_kw={"autocomplete": "shipping address-line1"},
    )  # fmt: skip
    extra = StringField(
        _l("Flat, floor, care of (if any)"), validators=[Length(max=200)],
        render_kw={"autocomplete": "shipping address-line2"},
    )  # fmt: skip
    postcode = StringField(
        _l("Postcode"), validators=[Length(max=20)], render_kw={"autocomplete": "shipping postal-code", "class": "short"}
    )
    town = StringField(
        _l("Town"), validators=[DataRequired(_l("Please write the town.")), Length(max=100)],
        render_kw={"autocomplete": "shipping address-level2"},
    )  # fmt: skip
    region = StringField(
        _l("Region or state (if it is needed)"), validators=[Length(max=100)],
        render_kw={"autocomplete": "shipping address-level1"},
    )  # fmt: skip
    country = SelectField(
        _l("Country"), validators=[DataRequired(_l("Please choose the country."))],
        render_kw={"autocomplete": "shipping country"},
    )  # fmt: skip


class DoorForm(Form):
    """A guest's code, scanned or typed."""

    code = StringField(
        _l("The guest's code"), validators=[Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "autofocus": True},
    )  # fmt: skip


class LabelsForm(Form):
    """Which sheets of labels lie in the printer."""

    sheet = SelectField(
        _l("Labels on A4"),
        choices=[
            SelectChoice("70x37", _l("3 × 8, 70 × 37 mm")), SelectChoice("63.5x38.1", _l("3 × 7, 63.5 × 38.1 mm")),
            SelectChoice("99.1x38.1", _l("2 × 7, 99.1 × 38.1 mm")), SelectChoice("105x42.3", _l("2 × 7, 105 × 42.3 mm")),
            SelectChoice("own", _l("other measures")),
        ],
    )  # fmt: skip
    measures = StringField(
        _l("Other measures, in millimetres"), validators=[Length(max=60)], render_kw={"autocomplete": "off"}
    )
    first = IntegerField(_l("Begin with label number"), [Optional(), NumberRange(1, 500)], default=1, render_kw=NUMBER)


class ForumForm(Form):
    """A Discourse forum that leaves signing in to us."""

    forum = StringField(_l("Its name, as patrons read it"), validators=[DataRequired(), Length(max=100)])
    address = StringField(
        _l("Its address"), validators=[DataRequired(), Length(max=300)],
        render_kw={"inputmode": "url", "autocomplete": "off", "placeholder": "https://forum.example.org"},
    )  # fmt: skip


class ClientForm(Form):
    """A site that may sign patrons in."""

    name = StringField(_l("Its name, as patrons read it"), validators=[DataRequired(), Length(max=100)])
    redirect_uris = TextAreaField(
        _l("Addresses to return to (redirect URIs), one a line"), validators=[DataRequired(), Length(max=2000)],
        render_kw={"rows": 3, "class": "low"},
    )  # fmt: skip
