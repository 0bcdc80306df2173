"""Which amounts a charge may have (https://docs.stripe.com/currencies), by the house's own table of currencies."""

from __future__ import annotations

from membership.money import CURRENCIES
from membership.sandbox.answers import Refusal


def check(amount: int, currency: str, param: str = "amount") -> int:
    """The amount, or `Refusal` with `amount_too_small`, `amount_too_large` or an amount that the currency lacks."""
    table = CURRENCIES[currency.upper()]
    least = max(table.minimum, table.step, 1)
    if amount < least:
        words = f"Amount must be at least {least} {currency} (in the currency's smallest unit)"
        raise Refusal(words, code="amount_too_small", param=param)
    if amount > table.maximum:
        words = f"Amount must be no more than {table.maximum} {currency} (in the currency's smallest unit)"
        raise Refusal(words, code="amount_too_large", param=param)
    return check_step(amount, currency, param)


def check_step(amount: int, currency: str, param: str) -> int:
    """Three-decimal amounts end in 0, krónur and Uganda shillings in 00."""
    step = CURRENCIES[currency.upper()].step
    if amount % step:
        words = f"Invalid {currency} amount: {amount} must be evenly divisible by {step}"
        raise Refusal(words, code="parameter_invalid_integer", param=param)
    return amount
