"""The story's money as Stripe would hold it: every pledge and gift as the sandbox's own objects, ready for its store."""

from __future__ import annotations

from dataclasses import dataclass

from membership.demo.people import DAY, Gift, Pledge
from membership.sandbox import cards
from membership.sandbox.billing.periods import period_at
from membership.sandbox.history import donation, subscription_with_history
from membership.sandbox.ids import derived
from membership.sandbox.shapes import catalogue, invoices, payments
from membership.sandbox.world import Settings

Objects = list[dict]
GIFT_PRODUCT = "membership_gift"
RETRY_DAYS = Settings().retry_days


@dataclass(frozen=True)
class Told:
    """A pledge or a gift, and the objects that Stripe would hold about it."""

    of: Pledge | Gift
    objects: Objects

    def all(self, kind: str) -> Objects:
        """Those of one kind, oldest first."""
        return sorted((obj for obj in self.objects if obj["object"] == kind), key=lambda obj: obj.get("created", 0))

    def one(self, kind: str) -> dict:
        """The only one of its kind."""
        (found,) = self.all(kind)
        return found


def token_of(prefix: str) -> str:
    """What Stripe carries for our checkout row."""
    return derived("", "checkout", prefix)


def products(names: dict[str, str], at: int) -> Objects:
    """The tiers' products (`names` by product id), and the one that gifts are for."""
    named = {**names, GIFT_PRODUCT: "A gift to open reporting"}
    marked = {"app": "membership"}
    return [catalogue.product(id=id, created=at, name=name, metadata=marked) for id, name in named.items()]


def tell_pledge(pledge: Pledge, product_id: str, at: int) -> Told:
    """A membership's whole past: a paid invoice for every period, and what went wrong at the end, if something did."""
    marks = {"checkout": token_of(pledge.prefix), "app": "membership"}
    failed = pledge.fate in {"lost", "past_due"}
    objects = subscription_with_history(
        prefix=pledge.prefix,
        email=pledge.person.email,
        name=pledge.person.name,
        start=pledge.start,
        until=pledge.ends if failed and pledge.ends else at,
        amount=pledge.amount,
        currency=pledge.currency.lower(),
        interval=pledge.interval,
        product_id=product_id,
        card=pledge.card,
        cancelled_at=pledge.ends if pledge.fate == "left" else None,
        cancel_at_period_end=pledge.fate == "ending",
        metadata=marks,
        client_reference_id=marks["checkout"],
        session_metadata=marks,
    )
    told = Told(pledge, objects)
    return _with_failed_renewal(told, pledge, at) if failed else told


def tell_gift(gift: Gift) -> Told:
    """One payment without a promise."""
    marks = {"checkout": token_of(gift.prefix), "app": "membership"}
    objects = donation(
        prefix=gift.prefix,
        email=gift.person.email,
        name=gift.person.name,
        at=gift.at,
        amount=gift.amount,
        product_id=GIFT_PRODUCT,
        currency=gift.currency.lower(),
        card=gift.card,
        metadata=marks,
        client_reference_id=marks["checkout"],
        session_metadata=marks,
    )
    return Told(gift, objects)


def _with_failed_renewal(told: Told, pledge: Pledge, at: int) -> Told:
    """The renewal after the last paid period: rolled, invoiced, declined at each try so far; ended if that was the last."""
    due = pledge.ends or at
    start, finish = period_at(pledge.start, due, pledge.interval)
    before, patron, method = told.one("subscription"), told.one("customer"), told.one("payment_method")
    over = pledge.fate == "lost"
    tries = 1 + sum(due + day * DAY <= at for day in RETRY_DAYS)
    again = None if over else next((due + day * DAY for day in RETRY_DAYS if due + day * DAY > at), None)
    rolled = _rolled(before, start, finish, derived("in_", pledge.prefix, start))
    rolled |= _ended(due + RETRY_DAYS[-1] * DAY, rolled) if over else {"status": "past_due"}
    sequence = patron["next_invoice_sequence"]
    invoice = invoices.invoice(
        id=rolled["latest_invoice"],
        line_id=derived("il_", pledge.prefix, start),
        number=f"{patron['invoice_prefix']}-{sequence:04d}",
        created=start,
        subscription=rolled,
        customer=patron,
        period_start=start,
        period_end=finish,
        status="open",
        attempt_count=tries,
        next_payment_attempt=again,
    )
    declined = _declined(pledge, due, tries, invoice, method)
    kept = [obj for obj in told.objects if obj["id"] not in {before["id"], patron["id"]}]
    renewed = [{**patron, "next_invoice_sequence": sequence + 1}, rolled, invoice, *declined]
    return Told(pledge, [*kept, *renewed])


def _rolled(subscription: dict, start: int, finish: int, invoice_id: str) -> dict:
    items = subscription["items"]
    data = [{**item, "current_period_start": start, "current_period_end": finish} for item in items["data"]]
    return {**subscription, "items": {**items, "data": data}, "latest_invoice": invoice_id}


def _ended(moment: int, subscription: dict) -> dict:
    details = {**subscription["cancellation_details"], "reason": "payment_failed"}
    return {"status": "canceled", "ended_at": moment, "canceled_at": moment, "cancellation_details": details}


def _declined(pledge: Pledge, due: int, tries: int, invoice: dict, method: dict) -> Objects:
    """One intent, and one failed charge for each try."""
    why = cards.GENERIC
    intent_id = derived("pi_", f"{pledge.prefix}/{due}")
    money = {"amount": invoice["amount_due"], "currency": invoice["currency"], "customer": invoice["customer"]}
    moments = [due, *(due + day * DAY for day in RETRY_DAYS)][:tries]
    charges = [
        payments.charge(
            id=derived("ch_", f"{pledge.prefix}/{due}", number),
            created=moment,
            payment_intent=intent_id,
            payment_method=method,
            decline=why,
            description="Subscription update",
            **money,
        )
        for number, moment in enumerate(moments)
    ]
    intent = payments.payment_intent(
        id=intent_id,
        created=due,
        status="requires_payment_method",
        latest_charge=charges[-1]["id"],
        description="Subscription update",
        last_payment_error=payments.payment_error(why, charges[-1]["id"], method),
        **money,
    )
    link = invoices.invoice_payment(
        id=derived("inpay_", pledge.prefix, due),
        created=due,
        invoice=invoice["id"],
        payment_intent=intent_id,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        status="open",
    )
    return [*charges, intent, link]
