"""Rules about money that arrives: what a checkout's form may ask for, and when a checkout counts as paid. Pure."""

from __future__ import annotations

import hashlib

from membership.money import Money, check_bounds, currency, read_amount
from membership.refusals import N_, Refused

PRESETS = (3, 7, 15, 50)
"""What /give offers besides an amount of one's own: so many coffees."""


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
