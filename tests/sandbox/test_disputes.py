"""A payer's objection through the bank, and the money it moves."""

from __future__ import annotations

import pytest
import stripe

from tests.sandbox.conftest import Sandbox

DISPUTED, INQUIRY, WARNED = "4000000000000259", "4000000000001976", "4000000000005423"


def told(sandbox: Sandbox) -> list[str]:
    types = [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]
    return [type for type in types if "dispute" in type or "fraud" in type]


def disputed(sandbox: Sandbox, card: str = DISPUTED) -> stripe.Dispute:
    sandbox.give(2000, card=card)
    sandbox.advance("5m")
    (found,) = sandbox.v1.disputes.list().data
    return found


def test_a_disputed_charge_takes_its_amount_and_a_fee(sandbox: Sandbox) -> None:
    dispute = disputed(sandbox)
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 2000)
    assert dispute.is_charge_refundable is False
    (moved,) = dispute.balance_transactions
    assert (moved.amount, moved.fee, moved.net) == (-2000, 1500, -3500)
    assert (moved.type, moved.reporting_category, moved.source) == ("adjustment", "dispute", dispute.id)
    charge = sandbox.v1.charges.retrieve(dispute.charge)
    assert charge.disputed
    assert told(sandbox) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.refunds.create({"charge": dispute.charge})
    assert refused.value.code == "charge_disputed"
    sandbox.advance("60d")
    assert sandbox.v1.disputes.retrieve(dispute.id).status == "needs_response"


@pytest.mark.parametrize(
    ("outcome", "last", "moved"),
    [
        ("lost", ["charge.dispute.updated", "charge.dispute.closed"], -3500),
        ("won", ["charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"], -1500),
    ],
)
def test_a_dispute_is_decided_by_a_lever(sandbox: Sandbox, outcome: str, last: list[str], moved: int) -> None:
    dispute = disputed(sandbox)
    assert sandbox.post(f"/_sandbox/disputes/{dispute.id}", {"outcome": outcome})["status"] == outcome
    after = sandbox.v1.disputes.retrieve(dispute.id)
    assert after.status == outcome
    assert told(sandbox)[-len(last) :] == last
    assert sum(one.net for one in after.balance_transactions) == moved
    assert sum(t.net for t in sandbox.v1.balance_transactions.list({"source": dispute.id}).data) == moved
    with pytest.raises(OSError, match="400") as refused:
        sandbox.post(f"/_sandbox/disputes/{dispute.id}", {"outcome": "won"})
    refused.value.close()


@pytest.mark.parametrize(("words", "end"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_is_handed_in_and_stripes_own_words_decide(sandbox: Sandbox, words: str, end: str) -> None:
    dispute = disputed(sandbox)
    draft = sandbox.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}, "submit": False})
    assert (draft.status, draft.evidence_details.has_evidence) == ("needs_response", True)
    sent = sandbox.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    sandbox.advance("5m")
    assert sandbox.v1.disputes.retrieve(dispute.id).status == end


def test_a_dispute_can_be_accepted(sandbox: Sandbox) -> None:
    dispute = disputed(sandbox)
    assert sandbox.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "late"}})


def test_an_inquiry_moves_no_money_and_may_be_refunded(sandbox: Sandbox) -> None:
    dispute = disputed(sandbox, INQUIRY)
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert dispute.is_charge_refundable
    assert told(sandbox) == ["charge.dispute.created"]
    sandbox.v1.refunds.create({"charge": dispute.charge})
    sandbox.post(f"/_sandbox/disputes/{dispute.id}", {"outcome": "warning_closed"})
    assert told(sandbox)[-1] == "charge.dispute.closed"


def test_an_inquiry_may_become_a_dispute(sandbox: Sandbox) -> None:
    dispute = disputed(sandbox, INQUIRY)
    sandbox.post(f"/_sandbox/disputes/{dispute.id}", {"outcome": "escalated"})
    after = sandbox.v1.disputes.retrieve(dispute.id)
    assert (after.status, after.balance_transactions[0].net) == ("needs_response", -3500)
    assert told(sandbox)[-1] == "charge.dispute.funds_withdrawn"


def test_any_charge_can_be_disputed_by_a_lever(sandbox: Sandbox) -> None:
    session = sandbox.give(2000)
    sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 500})
    (charge,) = sandbox.v1.charges.list().data
    made = sandbox.post("/_sandbox/disputes", {"charge": charge.id, "reason": "product_not_received"})
    assert (made["amount"], made["reason"]) == (1500, "product_not_received")
    assert [d.id for d in sandbox.v1.disputes.list({"payment_intent": session.payment_intent}).data] == [made["id"]]
    with pytest.raises(OSError, match="400") as refused:
        sandbox.post("/_sandbox/disputes", {"charge": charge.id})
    refused.value.close()
    assert sandbox.v1.disputes.list({"created": {"lt": made["created"] - 60}}).data == []


def test_the_bank_may_warn_of_fraud_and_a_refund_answers_it(sandbox: Sandbox) -> None:
    sandbox.give(2000, card=WARNED)
    sandbox.advance("5m")
    (warning,) = sandbox.v1.radar.early_fraud_warnings.list().data
    assert warning.actionable
    assert sandbox.v1.disputes.list().data == []
    sandbox.v1.refunds.create({"charge": warning.charge})
    assert sandbox.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable is False
    assert told(sandbox) == ["radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"]


def test_a_warning_can_be_made_by_a_lever(sandbox: Sandbox) -> None:
    sandbox.give()
    (charge,) = sandbox.v1.charges.list().data
    assert sandbox.post("/_sandbox/fraud_warnings", {"charge": charge.id})["charge"] == charge.id
