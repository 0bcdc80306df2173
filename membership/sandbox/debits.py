"""The test accounts for SEPA debits and what becomes of a debit from them (https://docs.stripe.com/payments/sepa-debit).

As with cards only these numbers are accepted, and a stored method is known by its last four signs. A debit takes five
days by the clock (three minutes where Stripe's account says so).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from membership.sandbox.cards import Decline

DAYS = 5 * 86_400
MINUTES = 180

NO_FUNDS = Decline(
    "insufficient_funds",
    "insufficient_funds",
    "The customer's account has insufficient funds to cover this payment.",
    "AM04",
    None,
)
RETURNED = Decline(
    "debit_not_authorized",
    "debit_not_authorized",
    "The customer has notified their bank that this payment was not authorized.",
    "MD01",
    None,
)


@dataclass(frozen=True)
class Account:
    """`now`: why the first debit fails, `later`: why one for a renewal does; None means that it pays.

    `takes`: seconds until the bank has answered; `after`: "dispute" when a paid debit is taken back.
    """

    iban: str
    what: str
    now: Decline | None = None
    later: Decline | None = None
    takes: int = DAYS
    after: str | None = None

    @property
    def last4(self) -> str:
        return self.iban[-4:]


ACCOUNTS: dict[str, Account] = {
    account.iban: account
    for account in (
        Account("AT611904300234573201", "Pays after five days"),
        Account("AT321904300235473204", "Pays after three minutes", takes=MINUTES),
        Account("AT861904300235473202", "Fails after five days", now=NO_FUNDS, later=NO_FUNDS),
        Account("AT051904300235473205", "Fails after three minutes", now=NO_FUNDS, later=NO_FUNDS, takes=MINUTES),
        Account("AT591904300235473203", "Pays, then is taken back", after="dispute"),
        Account("AT001904300235470341", "Pays first, is returned at every renewal (the sandbox's own)", later=RETURNED),
    )
}
BY_LAST4 = {account.last4: account for account in ACCOUNTS.values()}


def by_iban(typed: str) -> Account | None:
    """The test account with this IBAN, spaces and small letters allowed; None for every other one."""
    return ACCOUNTS.get("".join(typed.split()).upper())


def of_payment_method(method: dict[str, Any]) -> Account | None:
    """The account behind a stored method, or a charge's details; None when it is no debit. An unknown one pays."""
    details = method.get("sepa_debit")
    return BY_LAST4.get(details["last4"], ACCOUNTS["AT611904300234573201"]) if details else None
