"""/v1/payment_methods: stored test cards (https://docs.stripe.com/api/payment_methods)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import cards, debits, ids, lists, params
from membership.sandbox.answers import Refusal, card_error, missing
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Email, Group, Text
from membership.sandbox.routes import Route, found
from membership.sandbox.shapes.cards import payment_method_card
from membership.sandbox.shapes.debits import payment_method_sepa
from membership.sandbox.world import World


def card_from_token(world: World, token: str, param: str = "payment_method") -> dict[str, Any]:
    """The stored payment method, or a fresh one for a token such as `pm_card_visa`."""
    number = cards.TOKENS.get(token)
    if number is None:
        return world.get("payment_method", token, param)
    return world.save(payment_method_card(id=ids.new("pm_"), created=world.now(), card=number))


def attached(world: World, method: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """The method as the customer's own. Raises a card error for a card that declines when stored."""
    if method["customer"] == customer_id:
        return method
    if method["customer"]:
        raise Refusal(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    decline = cards.of_payment_method(method).now
    if decline:
        raise card_error(decline.message, decline.code, decline.decline_code)
    mine = world.save({**method, "customer": customer_id})
    world.tell("payment_method.attached", mine)
    return mine


def attach(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    customer = world.get("customer", given["customer"], "customer")
    return attached(world, card_from_token(world, id, "id"), customer["id"])


def detach(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    """Take it from its customer; what used it by default uses it no longer."""
    method = world.get("payment_method", id)
    if method["customer"] is None:
        words = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise Refusal(words, param="payment_method")
    customer = world.store.get("customer", method["customer"]) or {}
    settings = customer.get("invoice_settings") or {}
    if settings.get("default_payment_method") == id:
        world.change(customer, "customer.updated", invoice_settings={**settings, "default_payment_method": None})
    for subscription in world.store.find("subscription", customer=method["customer"]):
        if subscription["default_payment_method"] == id:
            world.change(subscription, "customer.subscription.updated", default_payment_method=None)
    for mandate in world.store.find("mandate", owner=id):
        world.change(mandate, "mandate.updated", status="inactive")
    return world.change(method, "payment_method.detached", customer=None)


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    method = world.get("payment_method", id)
    metadata = params.merged(method["metadata"], given.get("metadata", {}))
    return world.change(method, "payment_method.updated", metadata=metadata)


def create(world: World, given: dict[str, Any]) -> dict[str, Any]:
    if given["type"] not in given:
        raise missing(given["type"])
    who = given.get("billing_details", {})
    known = {
        "id": ids.new("pm_"),
        "created": world.now(),
        "email": who.get("email"),
        "name": who.get("name"),
        "metadata": params.merged({}, given.get("metadata", {})),
    }
    if given["type"] == "sepa_debit":
        account = debits.by_iban(given["sepa_debit"]["iban"])
        if account is None:
            words = "The IBAN you provided is invalid: only Stripe's test accounts exist here."
            raise Refusal(words, code="invalid_bank_account_iban", param="sepa_debit[iban]")
        return world.save(payment_method_sepa(iban=account.iban, **known))
    card = cards.by_number(given["card"].get("number") or cards.TOKENS.get(given["card"].get("token", ""), ""))
    if card is None:
        raise card_error(
            "Your card number is incorrect: only Stripe's test numbers exist here.", "incorrect_number", None
        )
    return world.save(payment_method_card(card=card.number, **known))


def index(world: World, given: dict[str, Any], customer_id: str | None = None) -> dict[str, Any]:
    customer = customer_id or given.get("customer")
    url = f"/v1/customers/{customer_id}/payment_methods" if customer_id else "/v1/payment_methods"
    if customer is None:
        return lists.listed(world.store, "payment_method", given, url, keep=lambda _: False)
    world.get("customer", customer, "id" if customer_id else "customer")
    return lists.listed(
        world.store,
        "payment_method",
        given,
        url,
        where={"customer": customer},
        keep=lambda obj: given.get("type", obj["type"]) == obj["type"],
    )


CARD = Group({"number": Text(30), "exp_month": Text(2), "exp_year": Text(4), "cvc": Text(4), "token": Text(255)})
KINDS = Choice(("card", "sepa_debit"))
LIST = {**PAGE, "type": KINDS}
ROUTES = [
    Route(
        "POST",
        "/v1/payment_methods",
        create,
        {
            "type": KINDS,
            "card": CARD,
            "sepa_debit": Group({"iban": Text(42)}, ("iban",)),
            "billing_details": Group({"email": Email(), "name": Text(200)}),
            "metadata": METADATA,
        },
        ("type",),
        "PaymentMethodCreateParams",
    ),
    Route("GET", "/v1/payment_methods", index, {**LIST, "customer": ID}, sdk="PaymentMethodListParams"),
    Route("GET", "/v1/payment_methods/<id>", found("payment_method"), sdk="PaymentMethodRetrieveParams"),
    Route("POST", "/v1/payment_methods/<id>", update, {"metadata": METADATA}, sdk="PaymentMethodUpdateParams"),
    Route(
        "POST", "/v1/payment_methods/<id>/attach", attach, {"customer": ID}, ("customer",), "PaymentMethodAttachParams"
    ),
    Route("POST", "/v1/payment_methods/<id>/detach", detach, sdk="PaymentMethodDetachParams"),
    Route("GET", "/v1/mandates/<id>", found("mandate"), sdk="MandateRetrieveParams"),
    Route("GET", "/v1/customers/<id>/payment_methods", index, LIST, sdk="CustomerPaymentMethodListParams"),
]
