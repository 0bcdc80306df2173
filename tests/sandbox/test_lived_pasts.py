"""A past lived in a world of its own: what comes of it is what the sandbox itself makes of such a life."""

from __future__ import annotations

import pytest

from membership.sandbox.answers import Refusal
from membership.sandbox.lived import Life, Price
from membership.sandbox.shapes import catalogue
from tests.sandbox.conftest import Sandbox

DAY = 86_400
TIER = catalogue.product(id="tier", created=0, name="Friend")
WHO = {"email": "old@example.org", "name": "Old Hand", "token": "checkout-1"}


def monthly(amount: int) -> Price:
    return Price("tier", "EUR", amount, "month")


def begun(at: int, number: str = "4242424242424242") -> Life:
    life = Life([TIER])
    life.pay(at, monthly(500), number=number, **WHO)
    return life


def of(life: Life, kind: str) -> list[dict]:
    return [one for one in life.objects() if one["object"] == kind]


def test_a_life_goes_on_where_its_past_ended(sandbox: Sandbox) -> None:
    now = sandbox.running.world.now()
    start = now - 100 * DAY
    life = begun(start)
    life.raise_to(start + 40 * DAY, monthly(900))
    life.until(now)
    sandbox.running.store.load([TIER, *life.objects()])
    (subscription,) = sandbox.v1.subscriptions.list().data
    assert sandbox.v1.invoices.list({"subscription": subscription.id}).data[0].amount_paid == 900
    before = len(of(life, "invoice"))
    sandbox.advance("31d")
    assert len(sandbox.v1.invoices.list({"subscription": subscription.id}).data) == before + 1


def test_a_raise_collects_the_difference_and_a_lowering_waits_for_the_next_period() -> None:
    life = begun(0)
    life.raise_to(10 * DAY, monthly(1500))
    life.lower_to(12 * DAY, monthly(300))
    life.until(40 * DAY)
    amounts = [one["amount_due"] for one in of(life, "invoice")]
    assert (amounts[0], amounts[2]) == (500, 300)
    assert 0 < amounts[1] < 1000


def test_a_bank_that_says_no_for_a_while_is_asked_again_and_another_card_pays_at_once() -> None:
    life = begun(0)
    life.run_dry(30 * DAY, "insufficient_funds", until=33 * DAY)
    life.until(45 * DAY)
    assert [(one["status"], one["attempt_count"]) for one in of(life, "invoice")] == [("paid", 1), ("paid", 3)]
    life.run_dry(58 * DAY, "expired_card")
    life.until(63 * DAY)
    assert of(life, "subscription")[0]["status"] == "past_due"
    life.new_card(64 * DAY, "5555555555554444", "change-1")
    assert of(life, "subscription")[0]["status"] == "active"
    assert {one["status"] for one in of(life, "invoice")} == {"paid"}


def test_nobody_pays_while_paused_and_what_is_taken_back_is_gone_from_the_balance() -> None:
    life = begun(0)
    life.pause(20 * DAY, 50 * DAY)
    life.until(70 * DAY)
    assert [one["status"] for one in of(life, "invoice")] == ["paid", "void", "paid"]
    life.give_back(71 * DAY, 0, None, "requested_by_customer", "refund-1")
    life.dispute(72 * DAY, -1, "fraudulent")
    life.decide(80 * DAY, "lost")
    net = sum(one["net"] for one in of(life, "balance_transaction"))
    assert net == 2 * (500 - 33) - 500 - 500 - 1500
    with pytest.raises(Refusal):
        life.dispute(81 * DAY, 0, "fraudulent")


def test_a_debit_is_under_way_for_days() -> None:
    life = begun(0, number="AT611904300234573201")
    life.until(2 * DAY)
    assert (of(life, "invoice")[0]["status"], of(life, "checkout.session")[0]["payment_status"]) == ("open", "unpaid")
    life.until(6 * DAY)
    assert (of(life, "invoice")[0]["status"], of(life, "checkout.session")[0]["payment_status"]) == ("paid", "paid")
