"""Random lives of readers against a model that is Stripe itself (here: the sandbox). Whatever is told, in whatever order,
twice or not at all, and whatever the worker loses on the way: at rest our tables equal Stripe's truth, object by object."""

from __future__ import annotations

import contextlib
import secrets
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
from membership.dunning.models import UnpaidInvoice
from membership.giving.correction_models import Dispute, Refund
from membership.giving.correction_rules import counts, is_disputed, refunded
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.jobs.models import Job
from membership.jobs.queue import claim
from membership.jobs.worker import do
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.rules import ENDED, NOT_BEGUN
from membership.readers.models import Person
from membership.sandbox.server import running
from membership.webhooks import reconciling
from membership.webhooks.drift_models import Drift
from membership.webhooks.models import StripeEvent
from tests import make
from tests.faults.steps import each_step
from tests.stripe_side import StripeSide, hidden_fields, sandboxed

PAYS, FAILS_LATER, DISPUTED = "4242 4242 4242 4242", "4000 0000 0000 0341", "4000 0000 0000 0259"
REFUND_FAILS, CONFIRMS = "4000 0000 0000 5126", "4000 0000 0000 6341"
SLOW, RETURNED, RETURNED_LATER = "AT611904300234573201", "AT861904300235473202", "AT001904300235470341"
READERS = st.integers(0, 2)
TIERS = st.sampled_from(["friend", "champion"])
INTERVALS = st.sampled_from(["month", "month", "year"])
DIES = st.sampled_from([None, None, None]) | st.integers(1, 60)
"""At which step the process dies while it does this; None: it lives."""
ACCOUNT = "/account/membership"
MOST_RUNS = 4


class Killed(BaseException):
    """The process is gone: nobody catches this, everything that was not committed is rolled back."""


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
        self.steps_left = None
        self.closing.enter_context(each_step(self.engine, self.takes_a_step))
        with Session(self.engine) as session:
            make.newsroom(session)
            for slug, monthly in (("friend", 500), ("champion", 2000)):
                make.tier(session, slug, monthly=monthly).stripe_product_id = None
            session.commit()

    def takes_a_step(self, _what):
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left == 0:
                self.steps_left = None
                raise Killed()

    @contextlib.contextmanager
    def mortal(self, dies):
        """A process that dies at that step, unless it has done its work before."""
        self.steps_left = dies
        try:
            with contextlib.suppress(Killed):
                yield
        finally:
            self.steps_left = None

    def browser(self, who, *, role=None):
        """The reader's own browser, signed in; None while we do not know them."""
        with self.side.app.app_context(), Session(self.engine) as session:
            if role:
                person = session.scalars(select(Person).where(Person.email == f"{role}@example.org")).first()
                person = person or make.staff(session, role, email=f"{role}@example.org")
            else:
                email = f"reader{who}@example.org"
                person = session.scalars(select(Person).where(Person.email == email)).first()
            if person is None:
                return None
            browser = self.side.app.test_client()
            make.sign_in(session, browser, person)
            return browser

    def asks(self, who, path, dies, **values):
        """Post a form of the account; whether it is refused is the house's to say, but never by falling over."""
        browser = self.browser(who)
        if browser is not None:
            with self.mortal(dies):
                answer = browser.post(path, data=values)
                assert answer.status_code in {303, 402, 404, 409, 422}, answer.text

    def subscriptions(self):
        return list(self.api.subscriptions.list({"status": "all", "limit": 100}).data)

    @rule(
        who=READERS,
        tier=TIERS,
        interval=INTERVALS,
        by=st.sampled_from([PAYS, PAYS, FAILS_LATER, DISPUTED, REFUND_FAILS, CONFIRMS, SLOW, RETURNED, RETURNED_LATER]),
        dies=DIES,
    )
    def joins(self, who, tier, interval, by, dies):
        """The first time, or again after an earlier membership ended."""
        email = f"reader{who}@example.org"
        customers = {one.id for one in self.api.customers.list({"limit": 100}).data if one.email == email}
        if not any(one.customer in customers and one.status not in ENDED for one in self.subscriptions()):
            self.side.work()  # a membership that we have not heard of cannot keep anybody from joining twice
            with self.side.app.app_context(), db.reading() as session:
                mine = select(Membership.status).join(Person, Person.reader_id == Membership.reader_id)
                known = session.scalars(mine.where(Person.email == email)).all()
            if all(status in ENDED for status in known):
                with self.mortal(dies):
                    self.pays(self.side.join(email, tier=tier, interval=interval), by)

    @rule(
        who=READERS,
        amount=st.integers(3, 90),
        by=st.sampled_from([PAYS, DISPUTED, REFUND_FAILS, SLOW, RETURNED]),
        dies=DIES,
    )
    def gives(self, who, amount, by, dies):
        with self.mortal(dies):
            self.pays(self.side.give(f"reader{who}@example.org", amount=str(amount)), by)

    def pays(self, page, by):
        if by[0].isdigit():
            self.side.pay(page, by)
        else:
            self.side.pay(page, "", iban=by)

    @rule(who=READERS, tier=TIERS, interval=INTERVALS, amount=st.sampled_from(["", "", "31", "260"]), dies=DIES)
    def changes(self, who, tier, interval, amount, dies):
        """More holds now, less at the period's end."""
        wish = {"tier": tier, "interval": interval, "amount": amount, "attempt": secrets.token_hex(16)}
        self.asks(who, f"{ACCOUNT}/amount/confirmation", dies, **wish)

    @rule(who=READERS, dies=DIES)
    def takes_a_planned_change_back(self, who, dies):
        self.asks(who, f"{ACCOUNT}/amount/withdrawal", dies)

    @rule(who=READERS, months=st.integers(1, 6), dies=DIES)
    def pauses(self, who, months, dies):
        self.asks(who, f"{ACCOUNT}/pause", dies, months=str(months))

    @rule(who=READERS, dies=DIES)
    def goes_on(self, who, dies):
        self.asks(who, f"{ACCOUNT}/pause/end", dies)

    @rule(who=READERS, back=st.booleans(), dies=DIES)
    def leaves_or_stays_after_all(self, who, back, dies):
        path = f"{ACCOUNT}/cancellation" + ("/withdrawal" if back else "")
        self.asks(who, path, dies, reason="money", words="")

    @rule(who=READERS, card=st.sampled_from([PAYS, FAILS_LATER, CONFIRMS]), dies=DIES)
    def changes_the_card(self, who, card, dies):
        browser = self.browser(who)
        if browser is not None:
            with self.mortal(dies):
                answer = browser.post("/account/card")
                if answer.status_code == 303:
                    self.side.pay(answer.location, card)

    @rule(which=st.integers(0, 9), amount=st.sampled_from(["1", "5", "500"]), dies=DIES)
    def staff_refund(self, which, amount, dies):
        with Session(self.engine) as session:
            payments = session.execute(select(Payment.id, Payment.reader_id).order_by(Payment.id)).all()
        if payments:
            payment = payments[which % len(payments)]
            path = f"/staff/patrons/{payment.reader_id}/payments/{payment.id}/refund"
            browser = self.browser(None, role="manager")
            with self.mortal(dies):
                fields = hidden_fields(browser.get(path).text)
                answer = browser.post(path, data=fields | {"amount": amount, "reason": "requested_by_customer"})
                assert answer.status_code in {303, 422, 409}, answer.text

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

    @rule(step=st.integers(1, 90))
    def the_worker_is_killed(self, step):
        """Anywhere: before a statement, around a commit, around a request to Stripe. Its lease ends, another takes over."""
        with self.side.app.app_context(), self.mortal(step):
            while (job := claim(lease=timedelta(seconds=-1))) is not None:
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
        self.side.advance("3m")  # a page that somebody died opening waits two minutes for them before it is ended
        for _ in range(MOST_RUNS):  # what one run sets going (a card put on, an end) is news to the next
            with self.side.app.app_context():
                run = list(reconciling.run_now(clock.now() - timedelta(days=2000)))[-1]
            self.side.work()
            if (run.missed, run.found) == (0, 0):
                break
        assert (run.missed, run.found) == (0, 0), "it comes to rest"
        with Session(self.engine) as session:
            waiting = select(Job.key, Job.due_at).where(Job.key != reconciling.KEY)
            for key, due_at in session.execute(waiting):  # a day of the letters' schedule, and nothing else
                assert due_at > clock.now() and key.startswith(("remind:", "renewal:")), key
            assert session.scalars(select(StripeEvent.type).where(StripeEvent.state == "new")).all() == []
            self.equals_the_truth(session)

    def equals_the_truth(self, session):
        assert {row.subscription_id: memb(row) for row in session.scalars(select(Membership))} == {
            one.id: sub(one) for one in self.subscriptions()
        }
        refunds = self.api.refunds.list({"limit": 100}).data
        disputes = self.api.disputes.list({"limit": 100}).data
        known = select(Refund.stripe_id, Refund.state).where(Refund.stripe_id.is_not(None))
        assert dict(session.execute(known).all()) == {r.id: r.status for r in refunds}
        unheard = select(Refund.token).where(Refund.stripe_id.is_(None), Refund.state != "refused")
        assert not {*session.scalars(unheard)} & {
            refund.metadata["refund"] for refund in refunds if "refund" in refund.metadata
        }
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
        self.recurring_money_is_that_of_live_memberships(session)
        self.what_is_owed_is_known(session)
        assert (
            session.scalars(select(Drift.kind).where(Drift.settled_at.is_(None), Drift.root_id.is_not(None))).all()
            == []
        )

    def recurring_money_is_that_of_live_memberships(self, session):
        """To the minor unit and by membership: what was paid once, runs and is not paused."""
        paid = {
            one.parent.subscription_details.subscription
            for one in self.api.invoices.list({"limit": 100, "status": "paid"}).auto_paging_iter()
        }
        expected = {}
        for one in self.subscriptions():
            price = one["items"].data[0].price
            if one.id in paid and one.status not in ENDED | NOT_BEGUN and one.pause_collection is None:
                expected[one.id] = price.unit_amount * (12 if price.recurring.interval == "month" else 1)
        moved = select(Membership.subscription_id, func.sum(Movement.yearly)).join(
            Movement, Movement.membership_id == Membership.id
        )
        rows = session.execute(moved.group_by(Membership.subscription_id)).all()
        assert {id: int(total) for id, total in rows if total} == expected
        counted = select(Membership.subscription_id, Membership.counted).where(Membership.counted != 0)
        assert dict(session.execute(counted).all()) == expected

    def what_is_owed_is_known(self, session):
        """An invoice that waits for its payer stands among the unpaid ones, and no other does."""
        running = {one.id for one in self.subscriptions() if one.status not in ENDED}
        expected = set()
        params = {"limit": 100, "status": "open", "expand": ["data.payments.data.payment.payment_intent"]}
        for one in self.api.invoices.list(params).auto_paging_iter():
            tried = one.attempt_count > 0 and one.billing_reason != "subscription_create"
            intents = [payment.payment.payment_intent for payment in one.payments.data]
            under_way = any(intent.status in ("processing", "succeeded") for intent in intents)
            if tried and not under_way and one.parent.subscription_details.subscription in running:
                expected.add(one.id)
        unpaid = select(UnpaidInvoice.invoice_id).where(UnpaidInvoice.state == "open")
        assert set(session.scalars(unpaid)) == expected

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
    """As far as both sides can say it."""
    terms = (row.status, row.amount, row.currency, row.interval, row.period_ends_at, row.ends_at, row.ended_at)
    return (*terms, row.paused, row.resumes_at)


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
        one.pause_collection is not None,
        moment(one.pause_collection.resumes_at) if one.pause_collection else None,
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
    live(app, config, store, tmp_path, examples=6, steps=24)


@pytest.mark.long
def test_at_rest_our_tables_equal_stripes_truth_over_many_lives(app, config, store, tmp_path):
    live(app, config, store, tmp_path, examples=300, steps=40)
