"""Which columns the other systems' files have, by name and in any order, and what a row of them says. Pure.

Sources: Patreon's members export as public readers of it have it (`Name,Email,…,Access Expiration,Next Charge Date,…`, days
as `2023-04-08 17:45:28.731953`); the header that Ghost's own tests expect (`id,email,name,note,subscribed_to_emails,…,tiers,
gift_id`); help.steadyhq.com/en/articles/6265612 and public samples of Steady's file (days as `2022-06-08`, out of
spreadsheets as `21.02.23`); Memberful's as public importers read it (`Memberful ID`, `Full Name`, `Email`, `Plan`, `Active`,
`Created at` and `Expiration date` as `2023-04-08`, `Stripe Customer ID`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email

from membership.imports.rules import (
    COMPLIMENTARY,
    ENDED,
    ENDING,
    FREE,
    RUNNING,
    BadRow,
    ColumnsMissing,
    LooksLike,
    Reading,
)
from membership.imports.values import (
    NoSuchCurrency,
    Unclear,
    read_interval,
    read_minor,
    read_moment,
    read_money,
    read_yes,
)
from membership.memberships.rules import months_later
from membership.money import Money
from membership.readers.rules import email_key

T = TypeVar("T")


@dataclass(frozen=True)
class Manner:
    """How a file is to be read where it does not say so itself: its currency, the order of days with slashes (`mdy`, `dmy`
    or None), the newsroom's time zone, and now."""

    currency: str
    order: str | None
    zone: str
    at: datetime


@dataclass(frozen=True)
class Format:
    """A system's file: how its columns may be called (ours by theirs), what is needed, and by what it is recognised."""

    columns: Mapping[str, Sequence[str]]
    marks: Sequence[str]
    read: Callable[[_Row], Reading]


@dataclass(frozen=True)
class Columns:
    """Where the columns stand in this file, and which of its headings are not read."""

    places: Mapping[str, int]
    unread: Sequence[str]


class _Row:
    """One record, asked by our names of columns. What cannot be read is a `BadRow`."""

    def __init__(self, places: Mapping[str, int], cells: Sequence[str], manner: Manner) -> None:
        self._places, self._cells, self.manner = places, cells, manner

    def has(self, column: str) -> bool:
        return column in self._places

    def text(self, column: str, most: int = 200) -> str:
        place = self._places.get(column)
        cell = self._cells[place] if place is not None and place < len(self._cells) else ""
        return " ".join(_UNSEEN.sub("", cell).split())[:most]

    def word(self, column: str) -> str:
        return self.text(column).casefold().replace("_", " ")

    def email(self) -> tuple[str, str]:
        typed = self.text("email", 300)
        if not typed:
            raise BadRow("no_address")
        try:
            checked = validate_email(typed, check_deliverability=False, test_environment=True, allow_smtputf8=False)
        except EmailNotValidError:
            raise BadRow("bad_address", typed=typed[:100]) from None
        if len(typed) > 254:
            raise BadRow("bad_address", typed=typed[:100])
        return checked.original, email_key(checked.original)

    def name(self) -> str:
        return (self.text("name", 100) or f"{self.text('first_name', 60)} {self.text('last_name', 60)}").strip()[:100]

    def currency(self) -> str:
        return self.text("currency", 10) or self.manner.currency

    def money(self, column: str) -> Money | None:
        return self._read(column, lambda typed: read_money(typed, self.currency()))

    def minor(self, column: str) -> Money | None:
        return self._read(column, lambda typed: read_minor(typed, self.currency()))

    def _read(self, column: str, reader: Callable[[str], Money | None]) -> Money | None:
        try:
            return reader(self.text(column, 60))
        except NoSuchCurrency:
            raise BadRow("currency", typed=self.currency()) from None
        except Unclear:
            raise BadRow("amount", typed=self.text(column, 60)) from None

    def moment(self, column: str, *, whole_day: bool = False, order: str | None = None) -> datetime | None:
        how = {"order": self.manner.order or order, "zone": self.manner.zone, "whole_day": whole_day}
        try:
            return read_moment(self.text(column, 60), **how)  # type: ignore[arg-type]
        except Unclear:
            raise BadRow("day", typed=self.text(column, 60)) from None

    def since(self, column: str = "since", *, order: str | None = None) -> datetime | None:
        moment = self.moment(column, order=order)
        if moment is not None and moment > self.manner.at:
            raise BadRow("day_ahead", typed=self.text(column, 60))
        return moment


_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u202a-\u202e\u2066-\u2069]")


def _patreon(row: _Row) -> Reading:
    """Amounts are per charge: of a yearly patron per year. `Access Expiration` is when access ends; without it what was paid
    for lasts until the next charge, or for one rhythm from the last charge that was paid."""
    email, key = row.email()
    status, amount, rhythm = row.word("status"), row.money("amount"), row.text("interval")
    interval, charged = read_interval(rhythm), row.word("charged") in ("paid", "")
    until = row.moment("access_until", whole_day=True)
    free = row.word("free_trial") == "yes" or row.word("free_member") == "yes"
    active, last = status.startswith("active"), row.moment("charged_at")
    if until is None and active and charged and not free:
        until = row.moment("next_charge", whole_day=True)
        if until is None and last is not None and interval:
            until = months_later(last, 12 if interval == "year" else 1)
    if free and row.word("free_trial") == "yes":
        until = None  # nothing was paid for it
    if active or status.startswith("declined"):
        state = RUNNING if amount else COMPLIMENTARY if until else FREE
    elif status.startswith("former"):
        state = ENDING if until and until > row.manner.at and row.word("charged") not in ("refunded", "fraud") else ENDED
    elif status in ("", "follower", "free", "free member"):
        state = FREE
    else:
        raise BadRow("status", typed=row.text("status", 60))
    since = row.since() if state in (RUNNING, ENDING, COMPLIMENTARY) else None
    return Reading(row.text("id"), email, key, row.name(), state, amount, interval, rhythm, row.text("tier"), since, until)


def _own(row: _Row) -> Reading:
    email, key = row.email()
    price, rhythm, until = row.money("amount"), row.text("interval"), row.moment("paid_until", whole_day=True)
    word = row.word("status")
    if word in ("", "active", "running", "past due", "declined"):
        state = RUNNING if price or word or row.text("subscription_id") else ENDING if until else FREE
    elif word in ("ending", "cancelled", "canceled", "not renewing"):
        state = ENDING if until else ENDED
    elif word in ("complimentary", "free of charge", "gift"):
        state = COMPLIMENTARY
    elif word in ("ended", "former", "expired", "free", "none"):
        state = ENDED if word != "free" else FREE
    else:
        raise BadRow("status", typed=row.text("status", 60))
    since = row.since() if state in (RUNNING, ENDING, COMPLIMENTARY) else None
    return Reading(
        row.text("id"), email, key, row.name(), state, price, read_interval(rhythm), rhythm, row.text("tier"), since, until,
        row.text("customer_id"), row.text("subscription_id"), read_yes(row.text("letters")),
    )  # fmt: skip


def _ghost(row: _Row) -> Reading:
    """What is paid stands at Stripe alone; `created_at` is when the account was made, which is no pledge. Complimentary
    plans and gifts have no end in the file; `paid_until` is a column that staff may add for them."""
    email, key = row.email()
    customer, until = row.text("customer_id"), row.moment("paid_until", whole_day=True)
    if row.text("deleted_at"):
        state = ENDED
    elif read_yes(row.text("complimentary")) or row.text("gift"):
        state = COMPLIMENTARY
    else:
        state = RUNNING if customer and row.text("tier") else FREE
    letters, tier = read_yes(row.text("letters")), row.text("tier")
    return Reading(
        row.text("id"), email, key, row.name(), state, tier=tier, paid_until=until if state == COMPLIMENTARY else None,
        customer_id=customer, letters=letters,
    )  # fmt: skip


def _memberful(row: _Row) -> Reading:
    """The export names neither price nor rhythm: where nothing at Stripe says them, staff add them as columns."""
    email, key = row.email()
    price, rhythm = row.money("amount"), row.text("interval")
    interval = read_interval(rhythm) if rhythm else None
    until = row.moment("paid_until", whole_day=True, order="mdy")
    word, renews = row.word("status"), read_yes(row.text("renews"))
    over = until is not None and until <= row.manner.at
    if word in ("", "active", "yes", "true", "past due", "trialing") and not (over and not word):
        state = RUNNING if price or row.text("tier") else FREE
        if renews is False:
            state = ENDING if until else ENDED
    elif word in ("inactive", "no", "false", "expired", "canceled", "cancelled", "free", "deleted"):
        state = ENDED if until is None or over else ENDING
    else:
        raise BadRow("status", typed=row.text("status", 60))
    since = row.since(order="mdy") if state in (RUNNING, ENDING) else None
    return Reading(
        row.text("id"), email, key, row.name(), state, price, interval, rhythm, row.text("tier"), since, until,
        row.text("customer_id"), row.text("subscription_id"), read_yes(row.text("letters")),
    )  # fmt: skip


def _steady(row: _Row) -> Reading:
    """The price is in cents a month, for yearly plans too; what is not renewed runs until `expires_at`."""
    email, key = row.email()
    price, rhythm, word = row.minor("amount"), row.text("interval"), row.word("status")
    interval = read_interval(rhythm)
    if price is not None and interval == "year":
        price = price * 12
    until = row.moment("paid_until", whole_day=True)
    if word in ("active", "in trial", "trial"):
        state = RUNNING
        until = None if word != "active" else until
    elif word in ("not renewing", "guest"):
        state = ENDING if word == "not renewing" else COMPLIMENTARY
        if row.text("trial_until") and not until:
            until = None  # a trial that was cancelled: nothing was paid for it
    elif word in ("cancelled", "canceled", "expired", "terminated"):
        state = ENDED
    else:
        raise BadRow("status", typed=row.text("status", 60))
    if read_yes(row.text("gifted")) and state == RUNNING:
        state = COMPLIMENTARY
    since = row.since() if state in (RUNNING, ENDING, COMPLIMENTARY) else None
    return Reading("", email, key, row.name(), state, price, interval, rhythm, row.text("tier"), since, until)


FORMATS: Mapping[str, Format] = {
    "patreon": Format(
        {
            "email": ("email",), "name": ("name",), "status": ("patron status", "membership status"),
            "amount": ("pledge amount", "pledge $", "pledge"), "interval": ("charge frequency",), "tier": ("tier",),
            "currency": ("currency",), "since": ("patronage since date",), "charged_at": ("last charge date",),
            "charged": ("last charge status",), "access_until": ("access expiration",), "next_charge": ("next charge date",),
            "id": ("user id",), "free_member": ("free member",), "free_trial": ("free trial",),
        },
        ("patron status",), _patreon,
    ),
    "csv": Format(
        {
            "email": ("email",), "name": ("name",), "status": ("status",), "amount": ("amount",), "currency": ("currency",),
            "interval": ("interval",), "tier": ("tier",), "since": ("since",), "paid_until": ("paid until",), "id": ("id",),
            "customer_id": ("stripe customer id",), "subscription_id": ("stripe subscription id",), "letters": ("letters",),
        },
        (), _own,
    ),
    "ghost": Format(
        {
            "email": ("email",), "name": ("name",), "id": ("id",), "letters": ("subscribed to emails",),
            "complimentary": ("complimentary plan",), "customer_id": ("stripe customer id",), "tier": ("tiers", "products"),
            "deleted_at": ("deleted at",), "gift": ("gift id",), "paid_until": ("paid until",),
        },
        ("subscribed to emails", "complimentary plan"), _ghost,
    ),
    "memberful": Format(
        {
            "email": ("email",), "name": ("full name", "name"), "first_name": ("first name",), "last_name": ("last name",),
            "id": ("memberful id",), "status": ("active", "status"), "renews": ("auto renew", "autorenew"), "tier": ("plan",),
            "amount": ("price",), "currency": ("currency",), "interval": ("interval",), "since": ("created at",),
            "paid_until": ("expiration date",), "customer_id": ("stripe customer id",),
            "subscription_id": ("stripe subscription id",), "letters": ("newsletter",),
        },
        ("memberful id", "full name"), _memberful,
    ),
    "steady": Format(
        {
            "email": ("email",), "first_name": ("first name",), "last_name": ("last name",), "tier": ("plan name",),
            "amount": ("plan monthly amount cents",), "currency": ("currency",), "interval": ("subscription period",),
            "status": ("subscription state",), "since": ("subscribed at",), "trial_until": ("trial ends at",),
            "paid_until": ("expires at",), "gifted": ("gifted",),
        },
        ("subscription state", "plan monthly amount cents"), _steady,
    ),
}  # fmt: skip
OWN_COLUMNS = tuple(words[0].replace(" ", "_") for words in FORMATS["csv"].columns.values())
OWN_STATUSES = ("active", "cancelled", "complimentary", "ended", "free")
"""How our own columns are spelled, and what the status may say in any case."""
NEEDED = {"patreon": ("email", "status"), "csv": ("email",), "ghost": ("email", "customer_id"),
          "memberful": ("email",), "steady": ("email", "status", "amount")}  # fmt: skip


def found_in(headings: Sequence[str], form: str) -> Columns:
    """Where a format's columns stand in a file. Raises `LooksLike`, `ColumnsMissing`."""
    words = [_heading(one) for one in headings]
    for other, known in FORMATS.items():
        if other != form and known.marks and all(mark in words for mark in known.marks):
            raise LooksLike(other=other)
    places = {
        ours: words.index(word)
        for ours, theirs in FORMATS[form].columns.items()
        if (word := next((word for word in theirs if word in words), None)) is not None
    }
    missing = [FORMATS[form].columns[ours][0] for ours in NEEDED[form] if ours not in places]
    if missing:
        raise ColumnsMissing(columns=", ".join(missing))
    return Columns(places, [one for place, one in enumerate(headings) if place not in places.values() and one])


def _heading(typed: str) -> str:
    return re.sub(r"[\s_\-]+", " ", _UNSEEN.sub("", typed)).strip().strip(":").casefold()


def read_row(cells: Sequence[str], columns: Columns, form: str, manner: Manner) -> Reading:
    """A record as this format means it. Raises `BadRow`."""
    return FORMATS[form].read(_Row(columns.places, cells, manner))
