"""What became of made-up payments: refunds, disputes, payouts. For seeds, beside `history`; pure functions.

Each returns the objects to load; a charge among them is the changed one and takes the place of the first.
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.billing.disputing import FEE
from membership.sandbox.ids import derived
from membership.sandbox.shapes import disputes, payments, payouts

DAY = 86_400


def refunded(
    charge: dict[str, Any],
    at: int,
    amount: int | None = None,
    *,
    reason: str | None = "requested_by_customer",
    metadata: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """A refund of a paid charge (the whole object): what is left of it, or an amount. ValueError if that is too much."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ValueError(f"{amount} cannot be given back of {left}")
    id = derived("re_", charge["id"], charge["amount_refunded"])
    gone = _moved(id, at, -amount, charge["currency"], "refund", description="REFUND FOR CHARGE")
    back = payments.refund(
        id=id,
        created=at,
        charge=charge,
        amount=amount,
        balance_transaction=gone["id"],
        reason=reason,
        metadata=metadata,
    )
    total = charge["amount_refunded"] + amount
    return [{**charge, "amount_refunded": total, "refunded": total == charge["amount"]}, back, gone]


def disputed(
    charge: dict[str, Any], at: int, *, reason: str = "fraudulent", outcome: str | None = None, decided: int = 0
) -> list[dict[str, Any]]:
    """A dispute of a paid charge (the whole object); `outcome` won or lost at the time `decided`, or None: still open."""
    id, currency = derived("dp_", charge["id"]), charge["currency"]
    amount = charge["amount"] - charge["amount_refunded"]
    words = f"Chargeback withdrawal for {charge['id']}"
    more = {"category": "dispute", "fee_amount": FEE, "fee_words": "Dispute fee", "description": words}
    moved = [_moved(id, at, -amount, currency, "adjustment", **more)]
    if outcome == "won":
        words = f"Chargeback reversal for {charge['id']}"
        more = {"category": "dispute_reversal", "fee_amount": 0, "description": words}
        moved.append(_moved(id, decided or at, amount, currency, "adjustment", **more))
    dispute = disputes.dispute(
        id=id,
        created=at,
        charge=charge,
        amount=amount,
        reason=reason,
        status=outcome or "needs_response",
        balance_transactions=moved,
    )
    return [{**charge, "disputed": True}, dispute, *moved]


def _moved(source: str, at: int, amount: int, currency: str, kind: str, **more: Any) -> dict[str, Any]:
    return payments.balance_transaction(
        id=derived("txn_", source, amount),
        created=at,
        amount=amount,
        currency=currency,
        source=source,
        kind=kind,
        **more,
    )


def paid_out(objects: list[dict[str, Any]], until: int, *, every: int = 1) -> list[dict[str, Any]]:
    """The objects with a payout that has arrived for every midnight before `until` on which something was available;
    `every`: only each so many days (7: once a week).

    Without it everything of the past is paid out in one sum, at the first midnight after the first new payment.
    """
    days: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for one in objects:
        if one["object"] == "balance_transaction" and one["available_on"] < until - DAY:
            day = -(-(one["available_on"] // DAY + 1) // every) * every * DAY
            days.setdefault((day, one["currency"]), []).append(one)
    found, held = [], {}
    for (day, currency), moved in sorted(days.items()):
        amount, id = sum(one["net"] for one in moved), derived("po_", day, currency)
        if amount <= 0 or day > until:
            continue
        own = payments.balance_transaction(
            id=derived("txn_", id),
            created=day,
            amount=-amount,
            currency=currency,
            source=id,
            kind="payout",
            description="STRIPE PAYOUT",
            available_on=day,
        )
        payout = payouts.payout(
            id=id,
            created=day,
            amount=amount,
            currency=currency,
            arrival_date=day + 2 * DAY,
            balance_transaction=own["id"],
            status="paid" if day + 2 * DAY <= until else "in_transit",
        )
        if payout["status"] != "paid":
            payout["_due"] = payout["arrival_date"]
        found += [payout, {**own, "_payout": id}]
        held.update(dict.fromkeys((one["id"] for one in moved), id))
    return [{**one, "_payout": held[one["id"]]} if one["id"] in held else one for one in objects] + found
