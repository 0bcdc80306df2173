"""Pasts made up whole: loaded in bulk, then alive like everything else."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from membership.sandbox import aftermath, history
from membership.sandbox.billing.periods import boundary, period_at, periods
from membership.sandbox.shapes import catalogue
from tests.sandbox.conftest import Sandbox


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def written(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


@pytest.mark.parametrize(
    ("anchor", "n", "interval", "day"),
    [
        ("2026-01-31", 1, "month", "2026-02-28"),
        ("2026-01-31", 2, "month", "2026-03-31"),
        ("2024-01-31", 1, "month", "2024-02-29"),
        ("2024-02-29", 1, "year", "2025-02-28"),
        ("2024-02-29", 4, "year", "2028-02-29"),
        ("2026-12-31", 2, "month", "2027-02-28"),
        ("2026-03-01", 1, "week", "2026-03-08"),
        ("2026-03-01", 10, "day", "2026-03-11"),
    ],
)
def test_periods_keep_their_day_where_the_month_has_it(anchor: str, n: int, interval: str, day: str) -> None:
    assert written(boundary(at(anchor), n, interval)) == day


def test_a_moment_belongs_to_the_period_that_begins_with_it() -> None:
    anchor = at("2026-01-31")
    assert [written(t) for t in period_at(anchor, at("2026-02-28"), "month")] == ["2026-02-28", "2026-03-31"]
    assert [written(t) for t in period_at(anchor, at("2026-02-28") - 1, "month")] == ["2026-01-31", "2026-02-28"]
    assert len(periods(anchor, at("2027-01-31"), "month")) == 12


def seed(sandbox: Sandbox, **more: object) -> tuple[list[dict], dict]:
    now = sandbox.running.world.now()
    tier = catalogue.product(id="tier-friend", created=now - 400 * 86_400, name="Friend")
    made = history.subscription_with_history(
        prefix="p1",
        email="old@example.org",
        start=now - 100 * 86_400,
        until=now,
        amount=500,
        product_id="tier-friend",
        **more,  # type: ignore[arg-type]
    )
    sandbox.running.store.load([tier, *made])
    return made, next(obj for obj in made if obj["object"] == "subscription")


def test_a_seeded_patron_has_a_payment_for_every_period_and_renews(sandbox: Sandbox) -> None:
    _, subscription = seed(sandbox)
    invoices = sandbox.v1.invoices.list({"subscription": subscription["id"]}).data
    assert len(invoices) == 4
    assert sandbox.v1.events.list().data == []
    for invoice in invoices:
        (payment,) = sandbox.v1.invoice_payments.list({"invoice": invoice.id}).data
        intent = sandbox.v1.payment_intents.retrieve(payment.payment.payment_intent, {"expand": ["latest_charge"]})
        assert intent.latest_charge.balance_transaction
    sandbox.advance("31d")
    (latest, *_) = sandbox.v1.invoices.list({"subscription": subscription["id"]}).data
    assert (latest.status, latest.number[-4:]) == ("paid", "0005")
    assert len(sandbox.ear.of("invoice.paid")) <= 1


def test_a_seeded_patron_may_fail(sandbox: Sandbox) -> None:
    _, subscription = seed(sandbox, card="4000000000000341")
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(subscription["id"]).status == "past_due"


def test_a_seeded_patron_may_be_leaving_or_gone(sandbox: Sandbox) -> None:
    _, leaving = seed(sandbox, cancel_at_period_end=True)
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(leaving["id"]).status == "canceled"
    gone_at = sandbox.running.world.now() - 50 * 86_400
    _, gone = seed(sandbox, cancelled_at=gone_at)
    assert (gone["status"], gone["ended_at"]) == ("canceled", gone_at)
    sandbox.advance("62d")
    assert sandbox.v1.subscriptions.retrieve(gone["id"]).status == "canceled"


def test_the_same_seed_gives_the_same_objects() -> None:
    made = [
        history.subscription_with_history(
            prefix="p", email="a@b.org", start=0, until=40 * 86_400, amount=500, product_id="t"
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_a_seeded_donation_can_be_given_back(sandbox: Sandbox) -> None:
    now = sandbox.running.world.now()
    made = history.donation(prefix="d1", email="a@b.org", at=now - 999, amount=2000, product_id="gift")
    sandbox.running.store.load([catalogue.product(id="gift", created=now - 9999, name="Gift"), *made])
    intent = next(obj for obj in made if obj["object"] == "payment_intent")
    assert sandbox.v1.refunds.create({"payment_intent": intent["id"]}).amount == 2000


def test_hundreds_load_and_renew_in_seconds(sandbox: Sandbox) -> None:
    now, begun = sandbox.running.world.now(), time.monotonic()
    sandbox.post("/_sandbox/faults", {"pause": True})
    price = catalogue.price(
        id="price_x", created=0, product="t", currency="eur", unit_amount=500, interval="month", nickname="Friend"
    )
    objects = [catalogue.product(id="t", created=0, name="T"), price]
    for n in range(40):
        objects += history.subscription_with_history(
            prefix=f"p{n}", email=f"p{n}@example.org", start=now - n * 86_400, until=now, price=price
        )
    sandbox.running.store.load(objects)
    sandbox.advance("31d")
    assert len(sandbox.v1.events.list({"type": "invoice.paid", "limit": 100}).data) >= 40
    assert time.monotonic() - begun < 10


def test_a_made_up_payment_can_have_been_given_back_or_disputed(sandbox: Sandbox) -> None:
    now = sandbox.running.world.now()
    made = [catalogue.product(id="gift", created=now - 9999, name="Gift")]
    for n in range(3):
        made += history.donation(prefix=f"d{n}", email="a@b.org", at=now - 9999, amount=2000, product_id="gift")
    first, second, third = (one for one in made if one["object"] == "charge")
    made += aftermath.refunded(first, now - 999, 500)
    made += aftermath.disputed(second, now - 999, outcome="won", decided=now - 9)
    made += aftermath.disputed(third, now - 999)
    sandbox.running.store.load(made)
    assert sandbox.v1.charges.retrieve(first["id"]).amount_refunded == 500
    assert sandbox.v1.refunds.create({"charge": first["id"]}).amount == 1500
    assert {d.status for d in sandbox.v1.disputes.list().data} == {"won", "needs_response"}
    moved = sum(one.net for one in sandbox.v1.balance_transactions.list({"limit": 100}).data)
    assert moved == 3 * 1945 - 2000 - 1500 - 3500
    (still,) = sandbox.v1.disputes.list({"charge": third["id"]}).data
    assert sandbox.post(f"/_sandbox/disputes/{still.id}", {"outcome": "lost"})["status"] == "lost"
    with pytest.raises(ValueError, match="cannot be given back"):
        aftermath.refunded(first, now, 2001)
