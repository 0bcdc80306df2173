"""The reconciler: what no webhook told is found and repaired by the same path; what differs stands on the drift list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
import stripe
from click.testing import CliRunner
from sqlalchemy import delete, func, select, update

from membership import clock
from membership.gateway import listing
from membership.giving import actions as giving
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.jobs.models import Job
from membership.memberships.models import Membership, MembershipPayment
from membership.readers.trail import AuditEntry
from membership.webhooks import reconciling, sweeping
from membership.webhooks.actions import UnknownEvent
from membership.webhooks.drift_models import Drift, Reconciliation, Swept
from membership.webhooks.models import StripeEvent
from tests import make


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    return row


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    """So that a few objects already take several pages."""
    monkeypatch.setattr(listing, "PAGE", 2)
    monkeypatch.setattr(sweeping, "SLOW_PAGE", 1)
    monkeypatch.setattr(sweeping, "PAGE", 1)


def reconcile(stripe_side, since=None):
    """A whole run, then the worker; returns the run."""
    with stripe_side.app.app_context():
        run = list(reconciling.run_now(since))[-1]
    stripe_side.work()
    return run


def open_ones(session):
    session.expire_all()
    return [(row.kind, row.object) for row in session.scalars(select(Drift).where(Drift.settled_at.is_(None)))]


def kinds_found(session):
    session.expire_all()
    return sorted(session.scalars(select(Drift.kind)))


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def sums_agree(session, api):
    session.expire_all()
    ours = session.scalar(select(func.coalesce(func.sum(LedgerEntry.amount), 0)))
    return ours == sum(
        t.net for t in api.balance_transactions.list({"limit": 100}).auto_paging_iter() if t.type != "payout"
    )


def a_year(stripe_side):
    """Three patrons, each in a browser of their own, a gift, renewals: none of it delivered."""
    for name in ("ada", "bea", "cy"):
        elsewhere = replace(stripe_side, client=stripe_side.app.test_client())
        stripe_side.pay(elsewhere.join(f"{name}@example.org", tier="friend"))
    stripe_side.pay(stripe_side.give("dan@example.org", amount="20"))
    stripe_side.work()
    stripe_side.advance("32d")
    stripe_side.new_events()


def test_whatever_no_webhook_told_is_found_and_the_second_run_changes_nothing(session, tier, stripe_side, api):
    a_year(stripe_side)
    api.refunds.create({"payment_intent": api.payment_intents.list({"limit": 1}).data[0].id})
    assert count(session, Payment) == 0
    # The gift lies beyond the thirty days of events: its booking tells of it.
    run = reconcile(stripe_side, clock.now() - timedelta(days=60))
    assert run.missed > 0 and run.ended_at is not None
    assert count(session, Membership) == 3 and count(session, Payment) == 7 and count(session, Refund) == 1
    assert sums_agree(session, api)
    again = reconcile(stripe_side)
    assert (again.missed, again.found, open_ones(session)) == (0, 0, [])
    assert count(session, Swept) == 0


def test_memberships_older_than_stripes_memory_of_events_are_found_by_the_sweep(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend", interval="year"))
    stripe_side.advance("60d")
    run = reconcile(stripe_side)
    assert run.missed == 0 and kinds_found(session).count("membership_missing") == 1
    assert count(session, Membership) == count(session, Payment) == 1 and open_ones(session) == []


def test_a_membership_that_differs_is_repaired_and_the_list_says_what_differed(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    session.execute(update(Membership).values(status="past_due", amount=700))
    session.commit()
    reconcile(stripe_side)
    row = session.scalars(select(Drift)).one()
    assert (row.kind, row.ours, row.theirs) == (
        "membership_differs",
        "status past_due, amount 700",
        "status active, amount 500",
    )
    assert row.settled_at is not None and row.settled_by is None
    assert session.scalars(select(Membership)).one().amount == 500


def test_a_membership_whose_subscription_is_gone_is_ended_by_staff(session, tier, stripe_side, client):
    person = make.patron(session, "ada@example.org", tier_row=tier)
    reconcile(stripe_side)
    assert [kind for kind, _ in open_ones(session)] == ["subscription_gone"]
    make.sign_in(session, client, make.staff(session, "manager", email="boss@example.org"))
    page = client.get("/staff/drift").text
    assert "A membership whose subscription is gone" in page and "Repair" in page
    row = session.scalars(select(Drift)).one()
    assert client.post(f"/staff/drift/{row.id}/settlement").status_code == 303
    assert client.post(f"/staff/drift/{row.id}/settlement").status_code == 409
    session.expire_all()
    membership = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    assert membership.status == "canceled" and membership.counted == 0 and open_ones(session) == []
    assert "drift:repaired" in set(session.scalars(select(AuditEntry.action)))


def test_two_memberships_of_one_person_are_drift_until_one_ends(session, tier, stripe_side, api):
    subscriptions = []
    for email in ("ada@example.org", "bea@example.org"):
        stripe_side.pay(stripe_side.join(email, tier="friend"))
        stripe_side.settle()
    ada = session.scalars(select(Membership.reader_id)).first()
    session.execute(update(Membership).values(reader_id=ada))
    session.commit()
    reconcile(stripe_side)
    assert open_ones(session) == [("double_pledge", f"reader/{ada}")]
    subscriptions = session.scalars(select(Membership.subscription_id).order_by(Membership.id)).all()
    assert session.scalars(select(Drift)).one().ours == ", ".join(subscriptions)
    assert reconcile(stripe_side).found == 0  # found again is the same finding
    api.subscriptions.cancel(subscriptions[1])
    stripe_side.settle()
    reconcile(stripe_side)
    assert open_ones(session) == []


def test_a_subscription_of_another_system_is_nobodys_drift(session, tier, stripe_side, api):
    customer = api.customers.create({"email": "ada@example.org"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = api.products.create({"name": "Of another shop"})
    price = {"currency": "eur", "unit_amount": 500, "recurring": {"interval": "week"}, "product": product.id}
    items = [{"price_data": price}]
    api.subscriptions.create({"customer": customer.id, "items": items, "default_payment_method": method.id})
    reconcile(stripe_side)
    assert kinds_found(session) == [] and count(session, Membership) == 0 and count(session, LedgerEntry) == 0


@pytest.fixture
def unbooking(monkeypatch):
    """A house that books nothing, until it is mended."""
    with monkeypatch.context() as broken:
        broken.setattr(giving, "book", lambda *_, **__: None)
        yield broken


def test_bookings_that_the_ledger_lacks_are_booked_and_lines_that_stripe_lacks_are_told(
    session, tier, stripe_side, api, unbooking
):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.pay(stripe_side.give("dan@example.org", amount="20"))
    stripe_side.settle()
    unbooking.undo()
    reconcile(stripe_side)
    assert kinds_found(session) == ["transaction_unbooked"] * 2 and open_ones(session) == []
    assert sums_agree(session, api)
    line = {"kind": "other", "currency": "EUR", "amount": 77, "at": clock.now(), "stripe_id": "txn_nobody"}
    session.add(LedgerEntry(**line))
    session.commit()
    reconcile(stripe_side)
    day = f"{clock.now():%Y-%m-%d} EUR"
    assert open_ones(session) == [("day_differs", day)]
    session.add(LedgerEntry(**line | {"amount": -77, "stripe_id": "txn_nobody_back"}))
    session.commit()
    stripe_side.advance("3d")
    reconcile(stripe_side)
    assert open_ones(session) == []


def test_a_payment_without_any_ledger_line_is_found(session, tier, stripe_side, monkeypatch, unbooking):
    stripe_side.pay(stripe_side.give(amount="20"))
    stripe_side.settle()
    unbooking.undo()
    stripe_side.advance("2h")
    monkeypatch.setattr(sweeping, "unbooked", lambda session, transactions: [])
    reconcile(stripe_side)
    assert "payment_unbooked" in kinds_found(session)
    assert count(session, LedgerEntry) == 2


def test_refunds_and_disputes_that_differ_are_repaired(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.pay(stripe_side.join("bea@example.org", tier="friend"), card="4000 0000 0000 0259")
    stripe_side.advance("5m")
    stripe_side.settle()
    undisputed = select(Payment.payment_intent_id).where(Payment.id.not_in(select(Dispute.payment_id)))
    api.refunds.create({"payment_intent": session.scalars(undisputed).one()})
    stripe_side.settle()
    session.execute(update(Refund).values(state="pending"))
    session.execute(update(Dispute).values(status="won"))
    session.commit()
    truth = api.disputes.list().data[0].status
    reconcile(stripe_side)
    assert kinds_found(session) == ["dispute_differs", "refund_differs"] and open_ones(session) == []
    assert session.scalars(select(Refund)).one().state == "succeeded"
    assert session.scalars(select(Dispute)).one().status == truth


def test_a_hosted_page_of_which_nothing_was_heard_is_looked_at(session, tier, stripe_side):
    stripe_side.join(tier="friend")
    stripe_side.join("bea@example.org", tier="friend")
    stripe_side.work()
    stripe_side.advance("26h")
    session.execute(delete(StripeEvent))
    session.commit()
    with stripe_side.app.app_context():
        rows = sweeping.silent_checkouts(session, beyond=0, at=clock.now())
        assert len(rows) == 1  # a page of one
        reconcile(stripe_side)
    session.expire_all()
    assert set(session.scalars(select(Checkout.state))) == {"expired"}


def test_a_dropped_event_is_heard_from_the_list_of_the_undelivered(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    reconcile(stripe_side)
    requests.post(f"{stripe_side.url}/_sandbox/faults", json={"drop": 100}, timeout=20).raise_for_status()
    stripe_side.pay(stripe_side.give(amount="20"))
    run = reconcile(stripe_side)
    assert run.missed >= 2 and count(session, Payment) == 2


def test_it_runs_again_within_the_hour_and_looks_back_two_hours_further(session, tier, stripe_side):
    first = reconcile(stripe_side)
    assert first.began_at - first.since == timedelta(days=30)
    job = session.scalars(select(Job).where(Job.key == reconciling.KEY)).one()
    assert timedelta(minutes=59) < job.due_at - clock.now() <= timedelta(hours=1)
    stripe_side.advance("61m")
    stripe_side.work()
    runs = session.scalars(select(Reconciliation).order_by(Reconciliation.id)).all()
    assert len(runs) == 2 and runs[1].ended_at and runs[1].since == first.began_at - timedelta(hours=2)


def test_the_command_looks_back_as_far_as_asked_and_says_what_is_open(session, tier, stripe_side, monkeypatch):
    make.patron(session, "ada@example.org", tier_row=tier)
    from membership import cli

    monkeypatch.setattr(cli, "_house", lambda: (stripe_side.app.config["MEMBERSHIP"], stripe_side.app))
    answer = CliRunner().invoke(cli.membership, ["stripe", "reconcile", "--since", "2020-01-01"])
    assert answer.exit_code == 0, answer.output
    assert "subscription_gone" in answer.output and "1 differences are open" in answer.output
    run = session.scalars(select(Reconciliation)).one()
    assert run.since == datetime(2020, 1, 1, tzinfo=UTC)


def test_an_event_is_replayed_by_its_id_here_or_from_stripe(session, tier, stripe_side, monkeypatch):
    from membership import cli

    monkeypatch.setattr(cli, "_house", lambda: (stripe_side.app.config["MEMBERSHIP"], stripe_side.app))
    stripe_side.pay(stripe_side.give(amount="20"))
    event = next(one for one in stripe_side.new_events() if one["type"] == "payment_intent.succeeded")
    for _ in range(2):  # the first time it is fetched, the second time it is here
        answer = CliRunner().invoke(cli.membership, ["stripe", "replay", event["id"]])
        assert answer.exit_code == 0, answer.output
        assert event["data"]["object"]["id"] in answer.output
        stripe_side.work()
        session.expire_all()
        assert session.get(StripeEvent, event["id"]).state == "applied" and count(session, Payment) == 1
    answer = CliRunner().invoke(cli.membership, ["stripe", "replay", "evt_nobody"])
    assert isinstance(answer.exception, UnknownEvent)


def test_a_parked_event_is_shown_with_its_root_and_replayed_by_a_button(
    session, tier, stripe_side, client, monkeypatch
):
    stripe_side.pay(stripe_side.give(amount="20"))
    stripe_side.new_events()
    session.add(
        StripeEvent(
            id="evt_x", type="payment_intent.succeeded", object_id="pi_x", root_id="pi_x", created_at=clock.now(),
            received_at=clock.now(), raw=b"{}", state="ignored",
        )
    )  # fmt: skip
    session.commit()
    make.sign_in(session, client, make.staff(session, "manager", email="boss@example.org"))
    assert client.post("/staff/events/evt_x/replay").status_code == 303
    stripe_side.work()
    page = client.get("/staff/jobs").text
    assert "evt_x" in page and "Stripe does not know pi_x" in page and "/staff/events/evt_x/replay" in page
    session.expire_all()
    assert session.get(StripeEvent, "evt_x").state == "new"
    assert session.scalars(select(Job).where(Job.key == "stripe:pi_x")).one().state == "parked"
    assert client.post("/staff/events/evt_x/replay").status_code == 303
    session.expire_all()
    assert session.scalars(select(Job).where(Job.key == "stripe:pi_x")).one().state == "ready"
    assert client.post("/staff/events/evt_y/replay").status_code == 404


def test_stripe_away_in_the_middle_costs_nothing_but_time(session, tier, stripe_side):
    a_year(stripe_side)
    faults = {"fail_api": [500] * 400}
    requests.post(f"{stripe_side.url}/_sandbox/faults", json=faults, timeout=20).raise_for_status()
    with stripe_side.app.app_context(), pytest.raises(Exception):  # noqa: B017
        list(reconciling.run_now(None))
    requests.post(f"{stripe_side.url}/_sandbox/faults", json={"clear": True}, timeout=20).raise_for_status()
    reconcile(stripe_side, clock.now() - timedelta(days=60))
    assert count(session, Payment) == 7 and open_ones(session) == []
    assert count(session, MembershipPayment) == 6
