"""The test cards and what they do. Only these numbers are ever accepted: this is no place for a real card.

Numbers, brands and outcomes follow https://docs.stripe.com/testing. A stored payment method keeps no number; what its
card does is known by its last four digits, which are therefore unique in the table.

Declines at a renewal of a card that was stored without complaint. Stripe has one number for that; the others are the
sandbox's own (they fail the check digit, so that they can be nobody's card):

| number | at a renewal |
|---|---|
| 4000000000000341 | generic_decline (Stripe's) |
| 4000000000001341 | insufficient_funds |
| 4000000000002341 | expired_card |
| 4000000000003341 | lost_card |
| 4000000000004341 | stolen_card |
| 4000000000005341 | processing_error |
| 4000000000006341, 4000002760003184 | authentication_required: the intent waits in `requires_action` |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Decline:
    """Why a bank says no: `code` for the error, `decline_code` for the reason, `message` for the payer."""

    code: str
    decline_code: str
    message: str
    network_code: str = "05"
    advice: str | None = "try_again_later"


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.", "01")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.", "51")
LOST = Decline("card_declined", "lost_card", "Your card was declined.", "41", "do_not_try_again")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.", "43", "do_not_try_again")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "54", "confirm_card_data")
WRONG_CVC = Decline(
    "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "N7", "confirm_card_data"
)
PROCESSING = Decline("processing_error", "processing_error", "An error occurred while processing your card.", "96")
NOT_CONFIRMED = Decline(
    "payment_intent_authentication_failure",
    "authentication_required",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    "1A",
)
NEEDS_CONFIRMING = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "1A",
)


@dataclass(frozen=True)
class Card:
    """`now`: the answer with the payer present; `later`: the answer to a renewal; None means that it pays.

    `refunds`: what becomes of a refund to it ("now", "later": pending first, "fails": succeeds, then fails);
    `after`: what follows a paid charge ("dispute", "inquiry", "warning"), or None.
    """

    number: str
    what: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    now: Decline | None = None
    later: Decline | None = None
    asks: bool = False
    refunds: str = "now"
    after: str | None = None

    @property
    def common(self) -> bool:
        """Whether it stands among the first choices on the page."""
        return self.number in COMMON

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declining(number: str, what: str, why: Decline) -> Card:
    return Card(number, what, now=why, later=why)


CARDS: dict[str, Card] = {
    card.number: card
    for card in (
        Card("4242424242424242", "Pays"),
        Card("5555555555554444", "Pays (Mastercard)", brand="mastercard"),
        Card("378282246310005", "Pays (American Express)", brand="amex"),
        Card("4000002760000016", "Pays (Visa, Germany)", country="DE"),
        Card("4000000000000341", "Pays now, declines at every renewal", later=GENERIC),
        Card("4000000000001341", "Pays now, later declines: insufficient funds", later=NO_FUNDS),
        Card("4000000000002341", "Pays now, later declines: expired", later=EXPIRED),
        Card("4000000000003341", "Pays now, later declines: lost", later=LOST),
        Card("4000000000004341", "Pays now, later declines: stolen", later=STOLEN),
        Card("4000000000005341", "Pays now, later declines: processing error", later=PROCESSING),
        Card("4000000000006341", "Pays now, asks for confirmation at every renewal", later=NEEDS_CONFIRMING),
        Card("4000002500003155", "Asks for confirmation (3-D Secure), then pays", asks=True),
        Card("4000002760003184", "Asks for confirmation every time", asks=True, later=NEEDS_CONFIRMING),
        Card("4000000000000259", "Pays, then disputed as fraudulent", after="dispute"),
        Card("4000000000001976", "Pays, then the bank inquires (no money moves)", after="inquiry"),
        Card("4000000000005423", "Pays, then the bank warns of fraud", after="warning"),
        Card("4000000000007726", "Pays; a refund is pending first, then succeeds", refunds="later"),
        Card("4000000000005126", "Pays; a refund succeeds first, then fails", refunds="fails"),
        _declining("4000000000000002", "Declined", GENERIC),
        _declining("4000000000009995", "Declined: insufficient funds", NO_FUNDS),
        _declining("4000000000000069", "Declined: expired card", EXPIRED),
        _declining("4000000000000127", "Declined: wrong security code", WRONG_CVC),
        _declining("4000000000000119", "Declined: processing error", PROCESSING),
        _declining("4000000000009987", "Declined: lost card", LOST),
        _declining("4000000000009979", "Declined: stolen card", STOLEN),
    )
}

COMMON = {
    "4242424242424242",
    "5555555555554444",
    "4000002500003155",
    "4000000000000341",
    "4000000000000002",
    "4000000000009995",
}

BY_LAST4: dict[str, Card] = {card.last4: card for card in CARDS.values()}

TOKENS: dict[str, str] = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_de": "4000002760000016",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_threeDSecure2Required": "4000002760003184",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createIssuerFraudRecord": "4000000000005423",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
}


EMPTY_UNTIL, SAYS = "_empty_until", "_says"
"""Notes on a stored method whose bank says no for a while, and what it says (a key of `ANSWERS`)."""

ANSWERS: dict[str, Decline] = {
    one.decline_code: one for one in (GENERIC, NO_FUNDS, EXPIRED, LOST, STOLEN, PROCESSING, NEEDS_CONFIRMING)
}


def refusal(method: dict[str, Any], now: int) -> Decline | None:
    """Why the bank says no to a stored method with the payer absent: for the time being, or because its card always does."""
    if method.get(EMPTY_UNTIL, 0) > now:
        return ANSWERS[method[SAYS]]
    return of_payment_method(method).later


def by_number(typed: str) -> Card | None:
    """The test card with this number, spaces and dashes allowed; None for every other number."""
    return CARDS.get("".join(sign for sign in typed if sign not in " -\u00a0"))


def of_charge(charge: dict[str, Any]) -> Card:
    """What the card of a charge does; an unknown one simply pays."""
    return of_payment_method(charge.get("payment_method_details") or {})


def of_payment_method(method: dict[str, Any]) -> Card:
    """What the card behind a stored payment method does; an unknown one pays."""
    return BY_LAST4.get((method.get("card") or {}).get("last4", ""), CARDS["4242424242424242"])
