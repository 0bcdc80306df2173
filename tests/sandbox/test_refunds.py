"""Money given back: at once, pending first, or sent back by the payer's bank."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.conftest import Sandbox

LATER, FAILS = "4000000000007726", "4000000000005126"


def told(sandbox: Sandbox) -> list[str]:
    """Types told of refunds and charges since the payment, oldest first."""
    types = [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in types if "refund" in type]


def balance(sandbox: Sandbox) -> int:
    now = sandbox.v1.balance.retrieve()
    return now.available[0].amount + now.pending[0].amount


def test_a_refund_takes_its_amount_off_the_balance_and_leaves_the_fee(sandbox: Sandbox) -> None:
    session = sandbox.give(2000)
    refund = sandbox.v1.refunds.create(
        {"payment_intent": session.payment_intent, "amount": 500, "reason": "requested_by_customer"}
    )
    gone = sandbox.v1.balance_transactions.retrieve(refund.balance_transaction)
    assert (gone.amount, gone.fee, gone.net, gone.type, gone.source) == (-500, 0, -500, "refund", refund.id)
    assert (refund.status, refund.reason) == ("succeeded", "requested_by_customer")
    assert balance(sandbox) == 2000 - 55 - 500
    assert told(sandbox) == ["refund.created", "charge.refunded"]


def test_no_more_than_the_remainder_is_given_back(sandbox: Sandbox) -> None:
    session = sandbox.give(2000)
    sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 1500})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as refused:
        sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 501})
    assert refused.value.param == "amount"
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 0})


def test_a_pending_refund_succeeds_later(sandbox: Sandbox) -> None:
    session = sandbox.give(2000, card=LATER)
    refund = sandbox.v1.refunds.create({"payment_intent": session.payment_intent})
    assert refund.status == "pending"
    assert sandbox.v1.charges.retrieve(refund.charge).refunded
    sandbox.advance("3d")
    assert sandbox.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert told(sandbox) == ["refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"]


def test_a_refund_that_fails_afterwards_gives_the_money_back_to_us(sandbox: Sandbox) -> None:
    session = sandbox.give(2000, card=FAILS)
    refund = sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 700})
    assert refund.status == "succeeded"
    sandbox.advance("3d")
    failed = sandbox.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    back = failed.failure_balance_transaction
    assert (back.amount, back.type, back.source) == (700, "refund_failure", refund.id)
    charge = sandbox.v1.charges.retrieve(refund.charge)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert balance(sandbox) == 2000 - 55
    assert told(sandbox)[-3:] == ["refund.updated", "charge.refund.updated", "refund.failed"]


def test_a_failed_refund_can_be_tried_again(sandbox: Sandbox) -> None:
    session = sandbox.give(2000, card=FAILS)
    sandbox.v1.refunds.create({"payment_intent": session.payment_intent})
    sandbox.advance("3d")
    assert sandbox.v1.refunds.create({"payment_intent": session.payment_intent}).amount == 2000


def test_a_lever_decides_about_a_refund(sandbox: Sandbox) -> None:
    pending = sandbox.v1.refunds.create({"payment_intent": sandbox.give(card=LATER).payment_intent})
    assert sandbox.post(f"/_sandbox/refunds/{pending.id}", {"outcome": "succeeded"})["status"] == "succeeded"
    sandbox.advance("3d")
    assert sandbox.v1.refunds.retrieve(pending.id).status == "succeeded"
    done = sandbox.v1.refunds.create({"payment_intent": sandbox.give().payment_intent})
    failed = sandbox.post(f"/_sandbox/refunds/{done.id}", {"outcome": "failed", "reason": "lost_or_stolen_card"})
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    for path, body in ((f"refunds/{done.id}", {"outcome": "failed"}), (f"refunds/{done.id}", {}), ("refunds/re_0", {})):
        with pytest.raises(OSError, match="40") as refused:
            sandbox.post(f"/_sandbox/{path}", body)
        refused.value.close()


def test_refunds_are_listed_by_time(sandbox: Sandbox) -> None:
    first = sandbox.v1.refunds.create({"payment_intent": sandbox.give().payment_intent})
    sandbox.advance("5d")
    second = sandbox.v1.refunds.create({"payment_intent": sandbox.give().payment_intent})
    found = sandbox.v1.refunds.list({"created": {"gt": first.created + 60}}).data
    assert [refund.id for refund in found] == [second.id]
