"""What is available goes to the bank every day."""

from __future__ import annotations

from pathlib import Path

import pytest

from membership.sandbox import history
from membership.sandbox.server import running
from membership.sandbox.shapes import catalogue
from tests.sandbox.conftest import Ear, Recording, Sandbox, client

DAY = 86_400


def told(sandbox: Sandbox) -> list[str]:
    types = [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in types if type.startswith("payout")]


def balance(sandbox: Sandbox) -> int:
    now = sandbox.v1.balance.retrieve()
    return now.available[0].amount + now.pending[0].amount


def test_what_is_available_is_paid_out_at_midnight_and_arrives(sandbox: Sandbox) -> None:
    first = sandbox.give(2000)
    sandbox.give(1000)
    sandbox.v1.refunds.create({"payment_intent": first.payment_intent, "amount": 500})
    sandbox.advance("5d")
    assert balance(sandbox) == 0
    (payout,) = sandbox.v1.payouts.list().data
    assert payout.created % DAY == 0
    assert payout.amount == 2000 - 55 + 1000 - 40 - 500
    held = sandbox.v1.balance_transactions.list({"payout": payout.id}).data
    assert sorted(one.type for one in held) == ["charge", "charge", "payout", "refund"]
    assert sum(one.net for one in held) == 0
    sandbox.advance("3d")
    assert sandbox.v1.payouts.retrieve(payout.id).status == "paid"
    assert told(sandbox) == ["payout.created", "payout.paid", "payout.reconciliation_completed"]
    assert sandbox.v1.payouts.list({"status": "failed"}).data == []
    assert len(sandbox.v1.payouts.list({"arrival_date": {"gte": payout.arrival_date}}).data) == 1
    assert sandbox.v1.payouts.list({"created": {"lt": payout.created}}).data == []


def test_currencies_are_paid_out_apart(sandbox: Sandbox) -> None:
    sandbox.pay(sandbox.donation(2000))
    sandbox.pay(sandbox.donation(3000, "usd"))
    sandbox.advance("6d")
    assert sorted(payout.currency for payout in sandbox.v1.payouts.list().data) == ["eur", "usd"]


def test_less_than_nothing_waits_for_more(sandbox: Sandbox) -> None:
    session = sandbox.give(2000)
    sandbox.advance("6d")
    sandbox.v1.refunds.create({"payment_intent": session.payment_intent})
    sandbox.advance("6d")
    assert len(sandbox.v1.payouts.list().data) == 1
    assert balance(sandbox) == -2000
    sandbox.give(9000)
    sandbox.advance("6d")
    assert sandbox.v1.payouts.list().data[0].amount == 9000 - 160 - 2000


def test_a_failed_payout_comes_back_and_goes_into_the_next(sandbox: Sandbox) -> None:
    sandbox.give(2000)
    sandbox.advance("5d")
    (payout,) = sandbox.v1.payouts.list().data
    failed = sandbox.post(f"/_sandbox/payouts/{payout.id}", {"outcome": "failed", "reason": "no_account"})
    assert (failed["status"], failed["failure_code"]) == ("failed", "no_account")
    assert balance(sandbox) == payout.amount
    assert told(sandbox)[-1] == "payout.failed"
    sandbox.advance("2d")
    again = sandbox.v1.payouts.list().data[0]
    assert (again.amount, again.status) == (payout.amount, "in_transit")
    kinds = [one.type for one in sandbox.v1.balance_transactions.list({"payout": again.id}).data]
    assert sorted(kinds) == ["payout", "payout_failure"]
    assert sandbox.post(f"/_sandbox/payouts/{again.id}", {"outcome": "paid"})["status"] == "paid"
    for body in ({"outcome": "paid"}, {"outcome": "failed", "reason": "weather"}):
        with pytest.raises(OSError, match="400") as refused:
            sandbox.post(f"/_sandbox/payouts/{again.id}", body)
        refused.value.close()


def test_a_made_up_past_can_have_been_paid_out(sandbox: Sandbox) -> None:
    now = sandbox.running.world.now()
    made = [catalogue.product(id="gift", created=now - 99 * DAY, name="Gift")]
    for n in range(3):
        made += history.donation(
            prefix=f"d{n}", email="a@b.org", at=now - 20 * DAY + n * DAY // 4, amount=2000, product_id="gift"
        )
    made += history.donation(prefix="new", email="a@b.org", at=now - DAY, amount=1000, product_id="gift")
    sandbox.running.store.load(history.paid_out(made, now))
    payouts = sandbox.v1.payouts.list().data
    assert sum(payout.amount for payout in payouts) == 3 * (2000 - 55)
    assert {payout.status for payout in payouts} == {"paid"}
    assert balance(sandbox) == 1000 - 40
    sandbox.give(1000)
    sandbox.advance("6d")
    assert balance(sandbox) == 0
    assert sandbox.v1.payouts.list().data[0].amount == 2 * (1000 - 40)


def test_without_being_asked_nothing_is_paid_out_but_by_the_lever(tmp_path: Path, ear: Ear) -> None:
    http = Recording()
    with running(tmp_path / "data") as sb:
        hand = Sandbox(sb, http, client(sb.url, http), ear)
        hand.give(2000)
        hand.advance("9d")
        assert hand.v1.payouts.list().data == []
        made = hand.post("/_sandbox/payouts", {"currency": "eur"})
        assert (made["amount"], made["status"]) == (2000 - 55, "in_transit")
        with pytest.raises(OSError, match="400") as refused:
            hand.post("/_sandbox/payouts", {"currency": "eur"})
        refused.value.close()
        hand.advance("3d")
        assert hand.v1.payouts.retrieve(made["id"]).status == "paid"
    http.close()
