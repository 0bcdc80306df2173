"""Refunds and disputes through the sandbox: what comes back, what follows for receipts, standing and the ledger."""

import random

import pytest
import requests
import stripe
from sqlalchemy import func, select

from membership import clock
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.memberships.standing import has_standing
from tests import make


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()


def one(session, model):
    session.expire_all()
    return session.scalars(select(model)).one()


def ledger(session):
    session.expire_all()
    rows = session.execute(select(LedgerEntry.kind, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.kind))
    return {kind: int(amount) for kind, amount in rows}


def booked_by_stripe(api):
    """Net of every balance transaction that Stripe has, payouts apart."""
    return sum(t.net for t in api.balance_transactions.list({"limit": 100}).auto_paging_iter() if t.type != "payout")


def test_a_full_refund_from_the_dashboard_ends_standing_and_voids_the_receipt(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    payment = one(session, Payment)
    api.refunds.create({"payment_intent": payment.payment_intent_id})
    stripe_side.settle()
    membership, receipt, refund = one(session, Membership), one(session, Receipt), one(session, Refund)
    assert (refund.state, refund.amount) == ("succeeded", 500)
    assert receipt.voided_at is not None and receipt.void_reason == "refund"
    assert membership.paid_until is None and not has_standing(session, membership.reader_id, clock.now())
    assert ledger(session) == {"gross": 500, "fee": -33, "refund": -500}
    assert sum(ledger(session).values()) == booked_by_stripe(api)
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "refunded")) == 1


def test_a_part_refunded_keeps_standing_and_receipt(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    api.refunds.create({"payment_intent": one(session, Payment).payment_intent_id, "amount": 200})
    stripe_side.settle()
    assert one(session, Receipt).voided_at is None
    assert has_standing(session, one(session, Membership).reader_id, clock.now())
    assert ledger(session)["refund"] == -200


def test_a_refund_that_fails_brings_the_payment_back_under_a_new_receipt(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 5126")
    stripe_side.settle()
    api.refunds.create({"payment_intent": one(session, Payment).payment_intent_id})
    stripe_side.settle()
    assert one(session, Receipt).voided_at is not None
    stripe_side.advance("3d")
    stripe_side.settle()
    assert one(session, Refund).state == "failed"
    receipts = session.scalars(select(Receipt).order_by(Receipt.sequence)).all()
    assert [receipt.voided_at is None for receipt in receipts] == [False, True]
    assert [receipt.sequence for receipt in receipts] == [1, 2]
    assert has_standing(session, one(session, Membership).reader_id, clock.now())
    assert ledger(session)["refund"] + ledger(session)["refund_returned"] == 0
    assert sum(ledger(session).values()) == booked_by_stripe(api)


@pytest.mark.parametrize(("outcome", "standing", "status"), [("won", True, "won"), ("lost", False, "lost")])
def test_a_dispute_freezes_standing_and_the_bank_decides(session, tier, stripe_side, api, outcome, standing, status):
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 0259")
    stripe_side.advance("5m")
    stripe_side.settle()
    reader = one(session, Membership).reader_id
    assert not has_standing(session, reader, clock.now())
    assert one(session, Receipt).void_reason == "dispute"
    staff = stripe_side.app.test_client()
    make.sign_in(session, staff, make.staff(session, "manager"))
    assert "a bank disputes €5 since" in staff.get("/staff/").text
    dispute = one(session, Dispute)
    url = f"{stripe_side.url}/_sandbox/disputes/{dispute.stripe_id}"
    requests.post(url, json={"outcome": outcome}, timeout=20).raise_for_status()
    stripe_side.settle()
    assert one(session, Dispute).status == status
    assert has_standing(session, reader, clock.now()) is standing
    assert sum(ledger(session).values()) == booked_by_stripe(api)
    valid = session.scalar(select(func.count()).select_from(Receipt).where(Receipt.voided_at.is_(None)))
    assert valid == int(standing)
    told = session.scalars(select(Letter.text).where(Letter.kind == "payment_disputed").order_by(Letter.id)).all()
    assert len(told) == 2 and "votes and perks of this membership rest" in told[0]
    assert ("stays with us" if standing else "gone back to you") in told[1]
    assert "a bank disputes" not in staff.get("/staff/").text


def test_after_a_lost_dispute_the_next_payment_carries_standing_again(session, tier, stripe_side, api):
    """What was lost counts as never paid. It is no mark on whoever goes on with another card."""
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 0259")
    stripe_side.advance("5m")
    stripe_side.settle()
    url = f"{stripe_side.url}/_sandbox/disputes/{one(session, Dispute).stripe_id}"
    requests.post(url, json={"outcome": "lost"}, timeout=20).raise_for_status()
    stripe_side.settle()
    row = one(session, Membership)
    assert (row.status, row.paid_until, row.frozen) == ("active", None, False)
    browser = stripe_side.app.test_client()
    make.sign_in(session, browser, make.reader(session, "ada@example.org"))
    page = browser.get("/account/membership").text
    assert "What you had paid for it went back to you" in page and "first payment is on its way" not in page
    customer = api.subscriptions.retrieve(row.subscription_id).customer
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    other = api.payment_methods.create({"type": "card", "card": card})
    api.payment_methods.attach(other.id, {"customer": customer})
    api.subscriptions.update(row.subscription_id, {"default_payment_method": other.id})
    stripe_side.advance("32d")
    stripe_side.settle()
    assert has_standing(session, one(session, Membership).reader_id, clock.now())
    make.sign_in(session, browser, make.reader(session, "ada@example.org"))
    assert "You are a patron" in browser.get("/account/membership").text


def test_a_disputed_card_is_charged_no_more_and_the_reader_may_enter_another(session, tier, stripe_side, api):
    """Not for the membership it paid, nor for what the same card was stored for besides."""
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 0259")
    stripe_side.settle()
    row = one(session, Membership)
    customer = api.subscriptions.retrieve(row.subscription_id).customer
    again = api.payment_methods.create(
        {"type": "card", "card": {"number": "4000000000000259", "exp_month": 12, "exp_year": 2030, "cvc": "123"}}
    )
    other = api.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}}
    )
    for method in (again, other):
        api.payment_methods.attach(method.id, {"customer": customer})
    stripe_side.advance("5m")
    stripe_side.settle()
    assert [method.id for method in api.payment_methods.list({"customer": customer}).data] == [other.id]
    assert api.subscriptions.retrieve(row.subscription_id).default_payment_method is None
    dispute = one(session, Dispute)
    url = f"{stripe_side.url}/_sandbox/disputes/{dispute.stripe_id}"
    requests.post(url, json={"outcome": "won"}, timeout=20).raise_for_status()
    stripe_side.settle()
    stripe_side.advance("32d")
    stripe_side.settle()
    assert len(session.scalars(select(Payment)).all()) == 1
    assert "payment_failed" in session.scalars(select(Letter.kind)).all()


def test_an_inquiry_moves_nothing(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 1976")
    stripe_side.advance("5m")
    stripe_side.settle()
    assert one(session, Dispute).status.startswith("warning_")
    assert has_standing(session, one(session, Membership).reader_id, clock.now())
    assert set(ledger(session)) == {"gross", "fee"}
    assert api.subscriptions.retrieve(one(session, Membership).subscription_id).default_payment_method


@pytest.mark.parametrize("seed", range(3))
def test_refund_and_dispute_in_any_order_even_before_the_payment_is_known(session, tier, stripe_side, api, seed):
    stripe_side.pay(stripe_side.join(tier="friend"))
    intent = api.payment_intents.list({"limit": 1}).data[0].id
    api.refunds.create({"payment_intent": intent, "amount": 100})
    api.refunds.create({"payment_intent": intent, "amount": 400})
    events = stripe_side.new_events() * 2
    random.Random(seed).shuffle(events)
    for event in events:
        assert stripe_side.deliver([event]) == [200]
        stripe_side.work()
    session.expire_all()
    assert sorted(row.amount for row in session.scalars(select(Refund))) == [100, 400]
    assert one(session, Membership).paid_until is None
    assert sum(ledger(session).values()) == booked_by_stripe(api)
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "refunded")) == 2


def test_a_refunded_gift_is_booked_and_told(session, stripe_side, api):
    stripe_side.pay(stripe_side.give(amount="20"))
    stripe_side.settle()
    api.refunds.create({"payment_intent": one(session, Payment).payment_intent_id})
    stripe_side.settle()
    assert one(session, Receipt).voided_at is not None
    assert sum(ledger(session).values()) == booked_by_stripe(api)
