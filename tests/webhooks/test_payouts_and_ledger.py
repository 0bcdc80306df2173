"""Payouts and what they carry; the report that holds our ledger beside Stripe's, to the minor unit."""

import json

import pytest
import requests
import stripe
from click.testing import CliRunner
from sqlalchemy import func, select

from membership import cli, clock
from membership.giving.models import LedgerEntry, Payment
from membership.giving.payout_models import Payout, PayoutLine
from membership.webhooks.drift_models import Drift
from tests import make

pytestmark = pytest.mark.parametrize("stripe_side", [{"payouts": True}], indirect=True)


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def report(stripe_side, session, monkeypatch):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    monkeypatch.setattr(cli, "_house", lambda: (stripe_side.app.config["MEMBERSHIP"], stripe_side.app))

    def told(*options):
        answer = CliRunner().invoke(cli.membership, ["report", *options])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer

    return told


def a_month(stripe_side, api, session):
    """A patron who renews, a gift that goes back in part, a lost dispute, and the payouts of all that."""
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.pay(stripe_side.give("dan@example.org", amount="200"))
    stripe_side.pay(stripe_side.join("eve@example.org", tier="friend"), card="4000 0000 0000 0259")
    stripe_side.settle()
    gift = session.scalars(select(Payment).where(Payment.kind == "donation")).one()
    api.refunds.create({"payment_intent": gift.payment_intent_id, "amount": 700})
    for _ in range(4):
        stripe_side.advance("10d")
        stripe_side.settle()
        session.expire_all()


def test_a_payout_is_kept_with_what_it_carries(session, stripe_side, api, report):
    a_month(stripe_side, api, session)
    payouts = session.scalars(select(Payout)).all()
    theirs = {one.id: one for one in api.payouts.list({"limit": 100}).data}
    assert payouts and {row.stripe_id: (row.amount, row.status) for row in payouts} == {
        id: (one.amount, one.status) for id, one in theirs.items()
    }
    for row in payouts:
        carried = session.scalar(select(func.sum(PayoutLine.net)).where(PayoutLine.payout_id == row.id))
        assert carried == row.amount
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "payout")) == -sum(
        row.amount for row in payouts
    )


def test_the_ledger_equals_stripes_to_the_minor_unit_or_says_where_not(session, stripe_side, api, report):
    a_month(stripe_side, api, session)
    first = report("ledger", "--from", "2020-01-01", "--format", "json")
    made = json.loads(first.output)
    assert made["agrees"] is True and made["apart"] == [] and first.exit_code == 0
    balance = api.balance.retrieve()
    assert sum(part.amount for part in [*balance.available, *balance.pending]) == sum(
        day["ours"] for day in made["days"]
    )
    session.add(LedgerEntry(kind="other", currency="EUR", amount=1, at=clock.now(), stripe_id="txn_nobody"))
    session.commit()
    stripe_side.pay(stripe_side.give("flo@example.org", amount="3"))  # Stripe has it, we have not heard
    second = report("ledger", "--from", "2020-01-01", "--format", "json")
    apart = json.loads(second.output)["apart"]
    assert second.exit_code == 1 and sorted((one["ours"] or 0, one["stripe"] or 0) for one in apart) == [
        (0, 270),
        (1, 0),
    ]
    assert "txn_nobody" in report("ledger", "--from", "2020-01-01").output
    lines = report("ledger", "--from", "2020-01-01", "--format", "csv").output.splitlines()
    assert lines[0].startswith("part,day,currency") and len([line for line in lines if line.startswith("apart")]) == 2
    assert json.loads(report("ledger", "--currency", "USD", "--format", "json").output)["days"] == []


def test_the_patrons_report_comes_out_of_the_console_too(session, stripe_side, report):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    made = json.loads(report("patrons", "--format", "json").output)
    assert made["patrons"] == 1
    assert "in good standing" in report("patrons").output and "part,item" in report("patrons", "--format", "csv").output


def test_a_failed_payout_comes_back_and_is_told_to_staff(session, stripe_side, api, report):
    stripe_side.pay(stripe_side.give(amount="200"))
    stripe_side.settle()
    stripe_side.advance("4d")
    stripe_side.settle()
    payout = session.scalars(select(Payout)).one()
    answer = requests.post(
        f"{stripe_side.url}/_sandbox/payouts/{payout.stripe_id}", json={"outcome": "failed"}, timeout=20
    )
    answer.raise_for_status()
    stripe_side.settle()
    session.expire_all()
    assert session.scalars(select(Payout)).one().status == "failed"
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "payout")) == 0
    assert session.scalars(select(Drift.kind)).all() == ["payout.failed"]
    assert json.loads(report("ledger", "--format", "json").output)["agrees"] is True
