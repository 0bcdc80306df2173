"""Reading a bank's CSV: which column is which, what a line says, and what makes a line the same line. Pure.

Amounts and days are read strictly: what could be read in two ways is shown to staff and not taken.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from membership.money import Money, currency, read_amount
from membership.refusals import N_, Refused

MOST_LINES = 2000
COLUMNS = {
    "day": ("date", "day", "booking date", "value date", "buchungstag", "buchungsdatum", "datum", "valuta"),
    "amount": ("amount", "betrag", "umsatz", "částka", "castka", "objem", "kwota", "montant", "importe"),
    "currency": ("currency", "währung", "waehrung", "měna", "mena", "waluta", "devise", "moneda"),
    "name": (
        "name",
        "payer",
        "from",
        "counterparty",
        "sender",
        "auftraggeber",
        "zahlungspflichtiger",
        "protiúčet",
        "nadawca",
    ),
    "reference": ("reference", "purpose", "description", "message", "verwendungszweck", "zpráva", "zprava", "tytuł"),
    "email": ("email", "e-mail", "e-mail address"),
}
"""By what a column is known, in several banks' languages; a heading must be one of these words exactly."""

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_DOTTED = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})", re.ASCII)
_AMOUNT = re.compile(r"[+]?([0-9]{1,3}(?:[ .,'\u00a0\u202f][0-9]{3})*|[0-9]+)(?:([.,])([0-9]{1,2}))?", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)


class NotABanksFile(Refused):
    """The columns that are needed are not there."""

    field = "file"
    words = N_(
        "We did not find the columns for the day, the amount and the name. The first line must name the columns."
    )


class TooManyLines(Refused):
    """More than are read at once."""

    field = "file"
    words = N_("These are more lines than we read at once. Please split the file.")


@dataclass(frozen=True)
class BankLine:
    """One line as read. `problem` says why it is not taken: `outgoing`, `day`, `amount`, `currency` or `name`."""

    number: int
    day: date | None
    amount: Money | None
    name: str
    reference: str
    email: str
    problem: str

    @property
    def key(self) -> str:
        """The same line is the same gift, in whichever file it comes again."""
        parts = [
            self.day,
            self.amount and self.amount.minor,
            self.amount and self.amount.currency,
            self.name,
            self.reference,
        ]
        return hashlib.sha256("\0".join(["bank", *map(str, parts)]).encode()).hexdigest()


def read_file(text: str, *, own_currency: str) -> list[BankLine]:
    """Every line of a bank's CSV. Without a column for it the currency is `own_currency`.

    Raises `NotABanksFile`, `TooManyLines`.
    """
    head = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return list(_lines(rows, own_currency))
    except csv.Error:
        raise NotABanksFile() from None


def _lines(rows: Iterator[list[str]], own_currency: str) -> Iterator[BankLine]:
    headings = [cell.strip().casefold() for cell in next(rows, [])]
    places = {
        part: next((headings.index(word) for word in words if word in headings), None)
        for part, words in COLUMNS.items()
    }
    if None in (places["day"], places["amount"], places["name"]):
        raise NotABanksFile()
    for number, row in enumerate(rows, start=2):
        if number > MOST_LINES + 1:
            raise TooManyLines()
        if any(cell.strip() for cell in row):
            cells = {part: row[at].strip() if at is not None and at < len(row) else "" for part, at in places.items()}
            yield _line(number, cells, own_currency)


def _line(number: int, cells: dict[str, str], own_currency: str) -> BankLine:
    name, reference = " ".join(cells["name"].split())[:100], " ".join(cells["reference"].split())[:200]
    found = _EMAIL.search(cells["email"]) or _EMAIL.search(reference)
    day, problem = read_day(cells["day"]), ""
    amount = None
    if cells["amount"].startswith(("-", "\u2212")):
        problem = "outgoing"
    else:
        try:
            amount = read_bank_amount(cells["amount"], currency(cells["currency"].upper() or own_currency).code)
        except Refused:
            problem = "amount"
    problem = problem or ("day" if day is None else "") or ("" if name else "name")
    return BankLine(number, day, amount, name, reference, found[0] if found else "", problem)


def read_day(typed: str) -> date | None:
    """`2026-11-02` or `2.11.2026`; None for anything else (a date with slashes means two days)."""
    iso, dotted = _ISO.fullmatch(typed), _DOTTED.fullmatch(typed)
    parts = iso.groups() if iso else dotted.groups()[::-1] if dotted else None
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2])) if parts else None
    except ValueError:
        return None


def read_bank_amount(typed: str, code: str) -> Money:
    """`1.234,50`, `1 234.50`, `25`: thousands apart by another sign than the decimals. Raises a named refusal."""
    match = _AMOUNT.fullmatch(typed)
    whole, sign, decimals = (match[1], match[2], match[3]) if match else ("", None, None)
    if (sign and sign in whole) or ("." in whole and "," in whole):
        whole = ""
    if not decimals and re.search(r"[.,]", whole):  # 1.234 may be a thousand or one and a bit
        whole = ""
    plain = re.sub(r"[^0-9]", "", whole)
    money = read_amount(f"{plain}.{decimals}" if decimals and plain else plain, code)
    return money if money.minor > 0 else read_amount("", code)
