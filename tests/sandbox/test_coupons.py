"""Coupons and promotion codes: less to pay, once, for some months or for ever."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from membership.sandbox.billing.discounts import worth
from membership.sandbox.shapes.coupons import coupon
from tests.sandbox.conftest import Sandbox


@pytest.mark.parametrize(
    ("terms", "amount", "off"),
    [
        ({"hundredths": 2500}, 1000, 250),
        ({"hundredths": 1250}, 999, 125),
        ({"hundredths": 5000}, 1, 1),
        ({"hundredths": 10_000}, 777, 777),
        ({"amount_off": 300, "currency": "eur"}, 1000, 300),
        ({"amount_off": 300, "currency": "eur"}, 200, 200),
    ],
)
def test_what_a_coupon_takes_off(terms: dict[str, Any], amount: int, off: int) -> None:
    assert worth(coupon(id="c", created=0, **terms), amount) == off


def join(sandbox: Sandbox, amount: int = 1000, **more: Any) -> Any:
    return sandbox.join(price=sandbox.tier(amount), **more)


def paid(sandbox: Sandbox, session: Any) -> list[int]:
    """What was paid, oldest first."""
    found = sandbox.v1.invoices.list({"subscription": session.subscription, "limit": 100}).data
    return [invoice.amount_paid for invoice in found][::-1]


@pytest.mark.parametrize(
    ("terms", "amounts"),
    [
        ({"duration": "once"}, [500, 1000, 1000]),
        ({"duration": "forever"}, [500, 500, 500]),
        ({"duration": "repeating", "duration_in_months": 2}, [500, 500, 1000]),
    ],
)
def test_a_coupon_holds_for_its_time(sandbox: Sandbox, terms: dict[str, Any], amounts: list[int]) -> None:
    half = sandbox.v1.coupons.create({"percent_off": 50, **terms})
    session = join(sandbox, discounts=[{"coupon": half.id}])
    assert (session.amount_subtotal, session.amount_total, session.total_details.amount_discount) == (1000, 500, 500)
    sandbox.advance("62d")
    assert paid(sandbox, session) == amounts
    assert sandbox.v1.coupons.retrieve(half.id).times_redeemed == 1


def test_the_invoice_says_what_was_taken_off(sandbox: Sandbox) -> None:
    less = sandbox.v1.coupons.create({"amount_off": 300, "currency": "eur", "duration": "forever"})
    session = join(sandbox, discounts=[{"coupon": less.id}])
    invoice = sandbox.v1.invoices.retrieve(session.invoice, {"expand": ["discounts"]})
    assert (invoice.subtotal, invoice.total) == (1000, 700)
    (discount,) = invoice.discounts
    assert discount.source.coupon == less.id
    assert invoice.total_discount_amounts[0].amount == 300
    seen = sandbox.v1.invoices.create_preview({"subscription": session.subscription})
    assert seen.amount_due == 700
    assert sandbox.v1.events.list({"type": "customer.discount.created"}).data


def test_a_code_is_typed_on_the_page(sandbox: Sandbox) -> None:
    tenth = sandbox.v1.coupons.create({"percent_off": 12.5, "duration": "once"})
    code = sandbox.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": tenth.id}, "code": "AUTUMN"})
    session = sandbox.donation(2000, allow_promotion_codes=True)
    status, _, text = sandbox.pay(session, code="WINTER")
    assert (status, "not known" in text) == (422, True)
    status, _, text = sandbox.pay(session, code="autumn", apply="1")
    assert (status, "€17.50" in text) == (200, True)
    assert sandbox.v1.charges.list().data == []
    assert sandbox.pay(session, code="autumn")[0] == 303
    after = sandbox.v1.checkout.sessions.retrieve(session.id)
    assert (after.amount_total, after.discounts[0].promotion_code) == (1750, code.id)
    assert sandbox.v1.charges.list().data[0].amount == 1750
    assert sandbox.v1.promotion_codes.retrieve(code.id).times_redeemed == 1


def test_nothing_left_to_pay_needs_no_payment(sandbox: Sandbox) -> None:
    free = sandbox.v1.coupons.create({"percent_off": 100, "duration": "once"})
    once = sandbox.donation(2000, discounts=[{"coupon": free.id}])
    assert sandbox.pay(once)[0] == 303
    after = sandbox.v1.checkout.sessions.retrieve(once.id)
    assert (after.payment_status, after.payment_intent) == ("no_payment_required", None)
    session = join(sandbox, discounts=[{"coupon": free.id}])
    assert session.payment_status == "no_payment_required"
    sandbox.advance("31d")
    assert paid(sandbox, session) == [0, 1000]


def test_a_running_subscription_gets_and_loses_a_coupon(sandbox: Sandbox) -> None:
    half = sandbox.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    session = join(sandbox)
    now = sandbox.v1.subscriptions.update(session.subscription, {"discounts": [{"coupon": half.id}]})
    assert len(now.discounts) == 1
    sandbox.advance("31d")
    now = sandbox.v1.subscriptions.update(session.subscription, {"discounts": ""})
    assert now.discounts == []
    sandbox.advance("31d")
    assert paid(sandbox, session) == [1000, 500, 1000]


def test_a_deleted_coupon_is_kept_by_those_who_have_it(sandbox: Sandbox) -> None:
    half = sandbox.v1.coupons.create({"id": "HALF", "percent_off": 50, "duration": "forever"})
    session = join(sandbox, discounts=[{"coupon": half.id}])
    assert sandbox.v1.coupons.delete("HALF").deleted
    assert sandbox.v1.coupons.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.donation(2000, discounts=[{"coupon": "HALF"}])
    sandbox.advance("31d")
    assert paid(sandbox, session) == [500, 500]


def test_what_does_not_hold_is_refused(sandbox: Sandbox) -> None:
    once = sandbox.v1.coupons.create({"percent_off": 50, "max_redemptions": 1})
    join(sandbox, discounts=[{"coupon": once.id}])
    dollars = sandbox.v1.coupons.create({"amount_off": 100, "currency": "usd"})
    for bad in ({"coupon": once.id}, {"coupon": dollars.id}, {"coupon": "NONE"}, {}):
        with pytest.raises(stripe.InvalidRequestError):
            sandbox.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "line_items": [{"price": sandbox.tier(interval=None).id, "quantity": 1}],
                    "success_url": "http://127.0.0.1:1/",
                    "discounts": [bad or {"coupon": once.id, "promotion_code": "promo_1"}],
                }
            )
    terms = {"promotion": {"type": "coupon", "coupon": dollars.id}, "code": "X"}
    code = sandbox.v1.promotion_codes.create(terms)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        sandbox.v1.promotion_codes.create({**terms, "code": "x"})
    assert sandbox.v1.promotion_codes.update(code.id, {"active": False}).active is False
    assert sandbox.v1.promotion_codes.list({"active": True}).data == []
    assert [one.id for one in sandbox.v1.promotion_codes.list({"code": "x"}).data] == [code.id]
    for bad in ({}, {"percent_off": 101}, {"amount_off": 5}, {"percent_off": 5, "duration": "repeating"}):
        with pytest.raises(stripe.InvalidRequestError):
            sandbox.v1.coupons.create(bad)
