"""Random lives of readers against a model that is Stripe itself (here: the sandbox). Whatever is told, in whatever order,
twice or not at all, and whatever the worker loses on the way: at rest our tables equal Stripe's truth, object by object."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
import requests
import stripe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import all_tasks, connect_outside
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import counts, is_disputed, refunded
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.jobs.models import Job
from membership.jobs.queue import claim
from membership.jobs.worker import do
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.rules import ENDED
from membership.readers.models import Person
from membership.sandbox.server import running
from membership.webhooks import reconciling
from membership.webhooks.drift_models import Drift
from membership.webhooks.models import StripeEvent
from tests import make
from tests.stripe_side import StripeSide, sandboxed

PAYS, FAILS_LATER, DISPUTED = "4242 4242 4242 4242", "4000 0000 0000 0341", "4000 0000 0000 0259"
REFUND_FAILS = "4000 0000 0000 5126"
READERS = st.integers(0, 2)


class Lives(RuleBasedStateMachine):
    """Three readers, one newsroom, one Stripe. What is not delivered by the end was dropped."""

    def __init__(self, app, config, store, directory):
        super().__init__()
        self.closing = contextlib.ExitStack()
        self.config, self.waiting = config, []
        url = self.closing.enter_context(store.fresh())
        self.engine = db.engine_for(url)
        self.closing.callback(self.engine.dispose)
        db.bind(self.engine)
        clock_file = directory / f"clock{id(self)}"
        sandbox = self.closing.enter_context(running(directory / f"sandbox{id(self)}", clock_file=clock_file))
        sandboxed(config, sandbox.url, clock_file)
        self.side = StripeSide(sandbox.url, app, app.test_client())
        self.api = stripe.StripeClient("sk_test_x", base_addresses={"api": sandbox.url}).v1
        with Session(self.engine) as session:
            make.newsroom(session)
            make.tier(session, "friend", monthly=500).stripe_product_id = None
            session.commit()

    def subscriptions(self):
        return list(self.api.subscriptions.list({"status": "all", "limit": 100}).data)

    @rule(
        who=READERS,
        interval=st.sampled_from(["month", "year"]),
        card=st.sampled_from([PAYS, PAYS, FAILS_LATER, DISPUTED]),
    )
    def joins(self, who, interval, card):
        email = f"reader{who}@example.org"
        customers = {one.id for one in self.api.customers.list({"limit": 100}).data if one.email == email}
        if not any(one.customer in customers and one.status not in ENDED for one in self.subscriptions()):
            self.side.work()  # a membership that we have not heard of cannot keep anybody from joining twice
            with self.side.app.app_context(), db.reading() as session:
                mine = select(Membership.status).join(Person, Person.reader_id == Membership.reader_id)
                known = session.scalars(mine.where(Person.email == email)).all()
            if all(status in ENDED for status in known):
                self.side.pay(self.side.join(email, tier="friend", interval=interval), card)

    @rule(who=READERS, amount=st.integers(2, 90), card=st.sampled_from([PAYS, PAYS, DISPUTED, REFUND_FAILS]))
    def gives(self, who, amount, card):
        self.side.pay(self.side.give(f"reader{who}@example.org", amount=str(amount)), card)

    @rule(which=st.integers(0, 5), when=st.sampled_from(["end", "undo", "now"]))
    def cancels(self, which, when):
        live = [one for one in self.subscriptions() if one.status in ("active", "past_due")]
        if live:
            id = live[which % len(live)].id
            if when == "now":
                self.api.subscriptions.cancel(id)
            else:
                self.api.subscriptions.update(id, {"cancel_at_period_end": when == "end"})

    @rule(which=st.integers(0, 9), part=st.sampled_from([100, 250, None]))
    def is_refunded(self, which, part):
        paid = [one for one in self.api.payment_intents.list({"limit": 20}).data if one.status == "succeeded"]
        if paid:
            with contextlib.suppress(stripe.InvalidRequestError):  # more than is left, or disputed
                amount = {"amount": part} if part else {}
                self.api.refunds.create({"payment_intent": paid[which % len(paid)].id} | amount)

    @rule(which=st.integers(0, 9), inquiry=st.booleans())
    def is_disputed(self, which, inquiry):
        charges = [one for one in self.api.charges.list({"limit": 20}).data if one.paid]
        if charges:
            body = {"charge": charges[which % len(charges)].id, "inquiry": inquiry}
            requests.post(f"{self.side.url}/_sandbox/disputes", json=body, timeout=20)

    @rule(which=st.integers(0, 9), outcome=st.sampled_from(["won", "lost", "warning_closed", "escalated"]))
    def dispute_ends(self, which, outcome):
        disputes = self.api.disputes.list({"limit": 20}).data
        if disputes:
            url = f"{self.side.url}/_sandbox/disputes/{disputes[which % len(disputes)].id}"
            requests.post(url, json={"outcome": outcome}, timeout=20)

    @rule(days=st.sampled_from([1, 4, 15, 32]))
    def time_passes(self, days):
        self.side.advance(f"{days}d")

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans(), most=st.integers(1, 30))
    def stripe_tells(self, order, twice, most):
        self.waiting += self.side.new_events()
        order.shuffle(self.waiting)
        told, self.waiting = self.waiting[:most], self.waiting[most:]
        assert set(self.side.deliver(told * (1 + twice))) <= {200}

    @rule(most=st.integers(1, 6))
    def the_worker_works(self, most):
        with self.side.app.app_context():
            for _ in range(most):
                job = claim()
                if job is not None:
                    do(job, all_tasks())

    @rule()
    def a_worker_loses_its_lease(self):
        """It was so slow that another took the job and finished it; what the first one then brings is not written."""
        with self.side.app.app_context():
            slow = claim(lease=timedelta(seconds=-1))
            quick = claim()
            for job in (quick, slow):
                if job is not None:
                    do(job, all_tasks())

    @invariant()
    def nothing_is_parked(self):
        with Session(self.engine) as session:
            assert session.scalars(select(Job.last_error).where(Job.state == "parked")).all() == []

    def teardown(self):
        try:
            self.comes_to_rest()
        finally:
            self.closing.close()
            connect_outside(self.config)

    def comes_to_rest(self):
        for _ in range(2):
            with self.side.app.app_context():
                run = list(reconciling.run_now(clock.now() - timedelta(days=2000)))[-1]
            self.side.work()
        assert (run.missed, run.found) == (0, 0), "the second run finds nothing"
        with Session(self.engine) as session:
            assert [job.key for job in session.scalars(select(Job))] == [reconciling.KEY]
            assert session.scalars(select(StripeEvent.type).where(StripeEvent.state == "new")).all() == []
            self.equals_the_truth(session)

    def equals_the_truth(self, session):
        assert {row.subscription_id: memb(row) for row in session.scalars(select(Membership))} == {
            one.id: sub(one) for one in self.subscriptions()
        }
        refunds = self.api.refunds.list({"limit": 100}).data
        disputes = self.api.disputes.list({"limit": 100}).data
        assert dict(session.execute(select(Refund.stripe_id, Refund.state)).all()) == {r.id: r.status for r in refunds}
        assert dict(session.execute(select(Dispute.stripe_id, Dispute.status)).all()) == {
            d.id: d.status for d in disputes
        }
        paid = self.payments_by_stripe()
        rows = session.scalars(select(Payment)).all()
        assert {row.stripe_id: (row.amount, row.payment_intent_id) for row in rows} == paid
        held = {
            row.id: refunded((r.status, r.amount) for r in refunds if r.payment_intent == row.payment_intent_id)
            for row in rows
        }
        hurt = {
            row.id: is_disputed(d.status for d in disputes if d.payment_intent == row.payment_intent_id) for row in rows
        }
        counting = [row.id for row in rows if counts(row.amount, refunded=held[row.id], disputed=hurt[row.id])]
        valid = session.scalars(select(Receipt.payment_id).where(Receipt.voided_at.is_(None))).all()
        assert sorted(valid) == sorted(counting)
        lines = select(LedgerEntry.stripe_id, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.stripe_id)
        booked = {t.id: t.net for t in self.api.balance_transactions.list({"limit": 100}).auto_paging_iter()}
        assert {id: int(net) for id, net in session.execute(lines)} == booked
        self.one_letter_per_reason(session, refunds)
        assert (
            session.scalars(select(Drift.kind).where(Drift.settled_at.is_(None), Drift.root_id.is_not(None))).all()
            == []
        )
        yearly = session.execute(
            select(Movement.membership_id, func.sum(Movement.yearly)).group_by(Movement.membership_id)
        )
        counted = {row.id: row.counted for row in session.scalars(select(Membership)) if row.counted}
        assert {id: int(total) for id, total in yearly if total} == counted

    def payments_by_stripe(self):
        invoices = self.api.invoices.list(
            {"limit": 100, "status": "paid", "expand": ["data.payments"]}
        ).auto_paging_iter()
        found = {}
        for one in invoices:
            if one.amount_paid:
                found[one.id] = (one.amount_paid, one.payments.data[0].payment.payment_intent)
        of_invoices = {intent for _, intent in found.values()}
        for one in self.api.payment_intents.list({"limit": 100}).auto_paging_iter():
            if one.status == "succeeded" and one.id not in of_invoices:
                found[one.id] = (one.amount_received, one.id)
        return found

    def one_letter_per_reason(self, session, refunds):
        sent = dict(session.execute(select(Letter.kind, func.count()).group_by(Letter.kind)).all())
        assert sent.get("receipt", 0) == session.scalar(select(func.count()).select_from(Receipt))
        went_back = [one for one in refunds if one.status == "succeeded"]
        assert len(went_back) <= sent.get("refunded", 0) <= len(refunds)  # one may have succeeded before it failed


def memb(row):
    return (row.status, row.amount, row.currency, row.interval, row.period_ends_at, row.ends_at, row.ended_at)


def sub(one):
    item = one["items"].data[0]
    end = moment(item.current_period_end)
    ends = moment(one.cancel_at) or (end if one.cancel_at_period_end else None)
    price = item.price
    return (
        one.status,
        price.unit_amount,
        one.currency.upper(),
        price.recurring.interval,
        end,
        ends,
        moment(one.ended_at),
    )


def moment(seconds):
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def live(app, config, store, tmp_path, *, examples, steps):
    run_state_machine_as_test(
        lambda: Lives(app, config, store, tmp_path),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip


def test_at_rest_our_tables_equal_stripes_truth(app, config, store, tmp_path):
    live(app, config, store, tmp_path, examples=3, steps=14)


@pytest.mark.long
def test_at_rest_our_tables_equal_stripes_truth_over_many_lives(app, config, store, tmp_path):
    live(app, config, store, tmp_path, examples=300, steps=40)
