"""/v1/invoices and /v1/invoice_payments (https://docs.stripe.com/api/invoices)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists, params
from membership.sandbox.answers import Refusal, card_error
from membership.sandbox.billing import changing, collecting, invoicing, renewing
from membership.sandbox.params import ID, METADATA, PAGE, Choice, Group, Range, Several, Text, Whole
from membership.sandbox.resources.payment_methods import card_from_token
from membership.sandbox.resources.subscription_items import ANCHOR, ITEM, PRORATE, plan_of_items
from membership.sandbox.resources.subscriptions import OVER
from membership.sandbox.routes import Route, found
from membership.sandbox.world import World


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return "status" not in given or obj["status"] == given["status"]

    columns = {"customer": "customer", "subscription": "owner"}
    where = {column: given[key] for key, column in columns.items() if key in given}
    return lists.listed(world.store, "invoice", given, "/v1/invoices", where=where, keep=wanted)


def lines(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    return dict(world.get("invoice", id)["lines"])


def update(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    old = world.get("invoice", id)
    change: dict[str, Any] = {key: value for key, value in given.items() if key != "metadata"}
    if "metadata" in given:
        change["metadata"] = params.merged(old["metadata"], given["metadata"])
    return world.change(old, "invoice.updated", **change)


def pay(world: World, given: dict[str, Any], id: str) -> dict[str, Any]:
    """Try an open invoice now, with the stored card or the one that is named."""
    invoice = world.get("invoice", id)
    if invoice["status"] == "paid":
        raise Refusal("Invoice is already paid", code="invoice_already_paid")
    subscription = renewing.subscription_of(world, invoice)
    if invoice["status"] != "open" or subscription is None:
        raise Refusal(f"Invoice is {invoice['status']} and can no longer be paid.", code="invoice_not_open")
    method = card_from_token(world, given["payment_method"]) if "payment_method" in given else None
    after = collecting.collect(world, invoice, subscription, method)
    renewing.follow(world, after)
    if after["status"] != "paid":
        raise _why(world, after)
    return after


def _why(world: World, invoice: dict[str, Any]) -> Refusal:
    """The card error of a try that failed, in its bank's words."""
    found = collecting.intent_of(world, invoice)
    error = (found[1]["last_payment_error"] if found else None) or {}
    code = error.get("code", "card_declined")
    if found and found[1]["status"] == "requires_action":
        code = "invoice_payment_intent_requires_action"
    return card_error(error.get("message", "Your card was declined."), code, error.get("decline_code"))


def void(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    invoice = world.get("invoice", id)
    if invoice["status"] != "open":
        raise Refusal(f"You can only void open invoices; this one is {invoice['status']}.")
    return invoicing.close(world, invoice, "void")


def write_off(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    invoice = world.get("invoice", id)
    if invoice["status"] != "open":
        raise Refusal(f"You can only mark open invoices as uncollectible; this one is {invoice['status']}.")
    return invoicing.close(world, invoice, "uncollectible")


def create_preview(world: World, given: dict[str, Any]) -> dict[str, Any]:
    """What the next invoice will be, or what a change would cost now. Nothing of it is kept."""
    try:
        with world.store.transaction():
            raise _Previewed(_previewed(world, given))
    except _Previewed as done:
        return done.invoice


class _Previewed(Exception):
    """Carries the invoice out of a transaction that is to be undone: an inline price was written for it."""

    def __init__(self, invoice: dict[str, Any]) -> None:
        super().__init__()
        self.invoice = invoice


def _previewed(world: World, given: dict[str, Any]) -> dict[str, Any]:
    subscription = world.get("subscription", given["subscription"], "subscription")
    if given.get("customer", subscription["customer"]) != subscription["customer"]:
        raise Refusal("The subscription is another customer's.", param="customer")
    if subscription["status"] in OVER:
        raise Refusal("No upcoming invoices for customer.", code="invoice_upcoming_none", status=404)
    details = given.get("subscription_details", {})
    plan = plan_of_items(world, details, subscription) if details else None
    if subscription["cancel_at"] and (plan is None or not plan.invoiced):
        raise Refusal("No upcoming invoices for customer.", code="invoice_upcoming_none", status=404)
    return changing.preview(world, subscription, plan)


def payments(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return "status" not in given or obj["status"] == given["status"]

    where = {"owner": given["invoice"]} if "invoice" in given else {}
    intent = given.get("payment", {}).get("payment_intent")
    if intent:
        where["payment_intent"] = intent
    return lists.listed(world.store, "invoice_payment", given, "/v1/invoice_payments", where=where, keep=wanted)


LIST = {
    **PAGE,
    "customer": ID,
    "subscription": ID,
    "created": Range(),
    "status": Choice(("draft", "open", "paid", "uncollectible", "void")),
}
PAYMENTS = {
    **PAGE,
    "invoice": ID,
    "created": Range(),
    "status": Choice(("canceled", "open", "paid")),
    "payment": Group({"type": Choice(("payment_intent",)), "payment_intent": ID}, ("type",)),
}
ROUTES = [
    Route("GET", "/v1/invoices", index, LIST, sdk="InvoiceListParams"),
    Route("GET", "/v1/invoices/<id>", found("invoice"), sdk="InvoiceRetrieveParams"),
    Route(
        "POST",
        "/v1/invoices/<id>",
        update,
        {"metadata": METADATA, "description": Text(unset=True)},
        sdk="InvoiceUpdateParams",
    ),
    Route("GET", "/v1/invoices/<id>/lines", lines, PAGE, sdk="InvoiceListLinesParams"),
    Route("POST", "/v1/invoices/<id>/pay", pay, {"payment_method": ID}, sdk="InvoicePayParams"),
    Route("POST", "/v1/invoices/<id>/void", void, sdk="InvoiceVoidInvoiceParams"),
    Route("POST", "/v1/invoices/<id>/mark_uncollectible", write_off, sdk="InvoiceMarkUncollectibleParams"),
    Route(
        "POST",
        "/v1/invoices/create_preview",
        create_preview,
        {
            "customer": ID,
            "subscription": ID,
            "preview_mode": Choice(("next",)),
            "subscription_details": Group(
                {
                    "items": Several(ITEM, most=20),
                    "proration_behavior": PRORATE,
                    "proration_date": Whole(),
                    "billing_cycle_anchor": ANCHOR,
                }
            ),
        },
        ("subscription",),
        "InvoiceCreatePreviewParams",
    ),
    Route("GET", "/v1/invoice_payments", payments, PAYMENTS, sdk="InvoicePaymentListParams"),
    Route("GET", "/v1/invoice_payments/<id>", found("invoice_payment"), sdk="InvoicePaymentRetrieveParams"),
]
