"""Rules about money that arrives: what a checkout's form may ask for, and when a checkout counts as paid. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from membership.money import Money, check_bounds, currency, read_amount
from membership.refusals import N_, Refused

PRESETS = (3, 7, 15, 50)
"""What /give offers besides an amount of one's own: so many coffees."""


WHOLE = 10_000
"""Basis points that make the whole."""
MOST_OF_IT = 3_000
"""No processor keeps more than this part (in basis points); a larger one is a slip of the keyboard."""


@dataclass(frozen=True)
class FeeRate:
    """What a payment costs in one currency, as staff set it: a part of the gross in basis points, and a fixed part."""

    basis_points: int
    fixed: Money


class NotAPart(Refused):
    """What was typed is no percentage between 0 and 30 with at most two decimals."""

    words = N_("Please write a percentage from 0 to 30, like 1.5.")


class FormUsed(Refused):
    """The same form was sent before, and what it began has ended without a payment."""

    status = 409
    words = N_("This form had been used before. Here it is afresh; please look it over and send it again.")


class CurrencyNotOffered(Refused):
    """A currency that exists, but that this newsroom does not take."""

    field = "currency"
    words = N_("We do not take that currency. Please choose one of those offered.")


def attempt_key(form_value: str, *details: object) -> str:
    """What makes two posts one attempt: the form's one-time value and everything that was typed into it.

    A double click repeats both; somebody who goes back and changes the amount begins a new attempt.
    """
    return hashlib.sha256("\0".join([form_value, *map(str, details)]).encode()).hexdigest()


def offered(code: str, coffees: dict[str, Money]) -> str:
    """The currency code in upper case. Raises `UnknownCurrency` or `CurrencyNotOffered`."""
    known = currency(code).code
    if known not in coffees:
        raise CurrencyNotOffered()
    return known


def donation(typed: str, code: str, coffees: dict[str, Money], *, locale: str) -> Money:
    """A one-time amount as typed: at least a coffee, at most what Stripe charges at once. Raises a named refusal."""
    code = offered(code, coffees)
    return check_bounds(read_amount(typed, code), floor=coffees[code], locale=locale)


def presets(coffee: Money) -> list[Money]:
    """Four amounts to choose from, each a number of coffees."""
    return [coffee * times for times in PRESETS]


def covering(net: Money, rate: FeeRate, *, parts: int = 1) -> Money:
    """What to charge so that `net` is left: ceil((net + fixed) / (1 - part)), in integers, up to the currency's step.

    A sum that is charged in `parts` of one price (a group's seats) is rounded up so that it divides by them. An estimate:
    what Stripe keeps in the end stands in its balance transaction and varies with card and country.
    """
    gross = _up((net + rate.fixed).minor * WHOLE, WHOLE - rate.basis_points)
    step = currency(net.currency).step * parts
    return Money(_up(gross, step) * step, net.currency)


def fee_of(gross: Money, rate: FeeRate) -> Money:
    """What the rate takes from a charge, the part rounded up: never less than is kept."""
    return Money(_up(gross.minor * rate.basis_points, WHOLE), gross.currency) + rate.fixed


def _up(number: int, by: int) -> int:
    return -(-number // by)


_PART = re.compile(r"([0-9]{1,2})(?:[.,]([0-9]{1,2}))?")


def read_part(typed: str) -> int:
    """A percentage as typed (`1.5`, `1,5`) in basis points. Raises `NotAPart`."""
    match = _PART.fullmatch(typed.strip().rstrip("%").strip())
    if match is None:
        raise NotAPart()
    points = int(match[1] + (match[2] or "").ljust(2, "0"))
    if points > MOST_OF_IT:
        raise NotAPart()
    return points


def typed_part(basis_points: int) -> str:
    """Basis points as somebody would type the percentage: `1.5`."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def goes_on_as(payers: Mapping[str, tuple[bool, datetime]]) -> str:
    """As which of one person's payers at Stripe they pay from now on: one under whom a subscription runs, else any; of
    those the one who was there first. `payers`: whether something runs, and since when there is this payer."""
    return min(payers, key=lambda payer: (not payers[payer][0], payers[payer][1], payer))
