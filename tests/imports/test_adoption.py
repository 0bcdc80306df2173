"""Subscriptions that another system began at Stripe come into our books as they are, and renew there like any other."""

from __future__ import annotations

import io
import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
import stripe
from sqlalchemy import func, select, update

from membership import clock
from membership.app import all_tasks
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.imports import actions, tasks
from membership.imports.actions import Options
from membership.imports.models import ImportRow, Invitation
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import standings_of
from membership.readers.queries import person_by_email
from tests import make
from tests.imports.sheets import GHOST, OWN, PATREON, member, sheet


class OtherSystem:
    """A system that has this Stripe account's subscriptions: it speaks to Stripe by the SDK, and never of us."""

    def __init__(self, side) -> None:
        self.side = side
        self.v1 = stripe.StripeClient("sk_test_other", base_addresses={"api": side.url}).v1
        self.product = self.v1.products.create({"name": "Premium"}).id

    def price(self, amount: int, *, currency: str = "eur", interval: str = "month", every: int = 1):
        recurring = {"interval": interval, "interval_count": every}
        return self.v1.prices.create(
            {"product": self.product, "currency": currency, "unit_amount": amount, "recurring": recurring}
        )

    def subscribe(self, email: str, amount: int = 700, **rhythm):
        card = "pm_card_visa"
        customer = self.v1.customers.create(
            {"email": email, "payment_method": card, "invoice_settings": {"default_payment_method": card}}
        )
        price = self.price(amount, **rhythm)
        return self.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})

    def charged(self, customer: str) -> int:
        """How often this customer's card was charged."""
        return len([one for one in self.v1.charges.list({"customer": customer, "limit": 100}).data if one.paid])


@pytest.fixture
def other(session, stripe_side):
    for slug, monthly in (("coffee", 300), ("reader", 500)):
        make.tier(session, slug, monthly=monthly).stripe_product_id = None  # Stripe has not heard of it yet
    session.commit()
    return OtherSystem(stripe_side)


def bring(session, content: bytes, form: str) -> None:
    """Hand in, rehearse, apply, and let the worker fetch what is to be fetched; Stripe tells us nothing meanwhile."""
    run, _ = tasks.receive(io.BytesIO(content), form, Options("EUR"), name="x.csv", by=None)
    yield
    actions.ask_for(session, run.id, by=None, at=clock.now())
    session.commit()
    yield


def brought(session, side, content: bytes, form: str = "ghost") -> list[tuple[str, str, str]]:
    for _ in bring(session, content, form):
        side.work()
        session.expire_all()
    newest = select(func.max(ImportRow.import_id)).scalar_subquery()
    rows = session.scalars(select(ImportRow).where(ImportRow.import_id == newest).order_by(ImportRow.number))
    return [(row.verdict, row.deed, row.reason or "") for row in rows]


def test_a_subscription_of_another_system_is_adopted_with_its_history_and_renews_without_a_second_charge(
    session, stripe_side, other
):
    theirs = other.subscribe("ada@example.org", 700)
    stripe_side.advance("64d")  # two renewals that we never heard of
    stripe_side.new_events()
    before = theirs.to_dict(for_json=True)
    paid_there = other.charged(theirs.customer)
    assert paid_there == 3
    rows = [{"id": "1", "email": "ada@example.org", "stripe_customer_id": theirs.customer, "tiers": "Premium"}]
    assert brought(session, stripe_side, sheet(GHOST, rows)) == [("new", "adopt", "")]

    membership = session.scalars(select(Membership)).one()
    assert (membership.subscription_id, membership.amount, membership.currency) == (theirs.id, 700, "EUR")
    assert (membership.status, membership.counted) == ("active", 8400)
    payments = session.scalars(select(Payment).order_by(Payment.paid_at)).all()
    assert [payment.amount for payment in payments] == [700] * 3
    assert all(payment.taken_over_at for payment in payments)
    gross = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "gross")
    assert session.scalar(gross) == 2100
    assert session.scalar(select(func.count()).select_from(LedgerEntry).where(LedgerEntry.kind == "fee")) == 3
    moved = session.scalars(select(Movement)).one()
    assert (moved.kind, moved.at) == ("new", payments[0].paid_at), "a patron since the first payment"
    assert session.scalars(select(Receipt)).all() == [], "what was paid there has its receipt from there"
    assert [letter.kind for letter in session.scalars(select(Letter))] == ["brought_along"]
    person = person_by_email(session, "ada@example.org")
    (standing,) = standings_of(session, person.reader_id, clock.now())
    assert standing.source == "membership"
    # What it counts from and the payment are two moments of Stripe's, which may lie on both sides of a full second.
    assert abs(standing.since - payments[0].paid_at.replace(microsecond=0)) <= timedelta(seconds=1)

    now = other.v1.subscriptions.retrieve(theirs.id).to_dict(for_json=True)
    same = ("items", "metadata", "status", "customer", "default_payment_method", "cancel_at", "collection_method")
    assert {name: now[name] for name in same if name != "items"} == {name: before[name] for name in same if name != "items"}
    assert now["items"]["data"][0]["price"] == before["items"]["data"][0]["price"]
    assert other.charged(theirs.customer) == paid_there, "bringing somebody along charges nothing"

    stripe_side.advance("31d")
    stripe_side.settle()
    session.expire_all()
    assert other.charged(theirs.customer) == paid_there + 1 == session.scalar(select(func.count()).select_from(Payment))
    newest = session.scalars(select(Payment).order_by(Payment.paid_at.desc()).limit(1)).one()
    assert newest.taken_over_at is None
    assert session.scalars(select(Receipt)).one().payment_id == newest.id
    assert [letter.kind for letter in session.scalars(select(Letter).order_by(Letter.id))] == ["brought_along", "receipt"]
    assert brought(session, stripe_side, sheet(GHOST, rows)) == [("new", "adopt", "")], "told as it was done"
    assert session.scalar(select(func.count()).select_from(Membership)) == 1


def test_matched_by_address_only_where_nothing_speaks_against_it(session, stripe_side, other):
    other.subscribe("ada@example.org", 700)
    other.subscribe("bo@example.org", 700)
    other.subscribe("bo@example.org", 300)
    other.subscribe("cy@example.org", 1200, every=3)
    other.subscribe("di@example.org", 700)
    eve = other.subscribe("somebody.else@example.org", 700)
    rows = [
        {"email": "Ada@Example.ORG", "amount": "7.00"},
        {"email": "bo@example.org", "amount": "7.00"},
        {"email": "cy@example.org", "amount": "4.00"},
        {"email": "di@example.org", "amount": "5.00"},
        {"email": "eve@example.org", "amount": "5.00", "stripe_subscription_id": eve.id, "since": "2019-05-01"},
        {"email": "fay@example.org", "amount": "5.00"},
    ]
    told = brought(session, stripe_side, sheet(OWN, rows), "csv")
    assert [(deed, reason) for _, deed, reason in told] == [
        ("adopt", ""), ("nothing", "several_subscriptions"), ("nothing", "other_shape"), ("nothing", "other_price"),
        ("adopt", ""), ("invite", ""),
    ]  # fmt: skip
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1
    named = session.scalars(select(Membership).where(Membership.subscription_id == eve.id)).one()
    assert named.pledged_since == datetime(2019, 5, 1, tzinfo=UTC)
    assert named.reader_id == person_by_email(session, "eve@example.org").reader_id


def test_two_rows_that_lead_to_one_subscription_are_one_persons_also_in_the_rehearsal(
    session, stripe_side, other, monkeypatch
):
    """Whether they stand in one batch or in two."""
    monkeypatch.setattr(actions, "AT_ONCE", 2)
    theirs = other.subscribe("ada@example.org", 700)
    rows = [{"email": f"{name}@example.org", "stripe_customer_id": theirs.customer} for name in ("ada", "bo", "cy")]
    for _ in bring(session, sheet(OWN, rows), "csv"):  # the rehearsal, and the application
        stripe_side.work()
        session.expire_all()
        found = session.scalars(select(ImportRow).order_by(ImportRow.number)).all()
        told = [(row.verdict, row.deed, row.reason, row.detail) for row in found]
        twice = ("doubt", "nothing", "one_subscription", {"ids": theirs.id, "line": "2"})
        assert told == [("new", "adopt", None, None), twice, twice]
    assert session.scalars(select(Membership.reader_id)).all() == [person_by_email(session, "ada@example.org").reader_id]


def test_stripe_failing_midway_is_asked_again_and_nothing_comes_twice(session, stripe_side, other, monkeypatch):
    """In the list of what is live, and while the histories of those who are adopted are fetched: every job fails first."""
    monkeypatch.setattr(stripe.RequestsClient, "_sleep_time_seconds", lambda *_, **__: 0)
    theirs = [other.subscribe(f"reader{number}@example.org", 700) for number in range(3)]
    stripe_side.advance("32d")
    stripe_side.new_events()
    troubles = itertools.cycle([429, 500, "cut", {"timeout": 0.05}])

    def faults(failing: list[object]) -> None:
        requests.post(f"{stripe_side.url}/_sandbox/faults", json={"fail_api": failing}, timeout=20).raise_for_status()

    def work() -> int:
        """All jobs, the first try of each with nothing but trouble at Stripe; how many failed."""
        failed = 0
        while (todo := session.scalars(select(Job).where(Job.due_at <= clock.now()).limit(1)).first()) is not None:
            faults([next(troubles)] * 9 if not todo.last_error else [])
            with stripe_side.app.app_context():
                assert run_one(all_tasks())
            session.expire_all()
            late = update(Job).where(Job.last_error.is_not(None), Job.due_at > clock.now())
            failed += session.execute(late.values(due_at=clock.now())).rowcount
            session.commit()
        faults([])
        return failed

    failures = [work() for _ in bring(session, sheet(OWN, [{"email": f"reader{n}@example.org"} for n in range(3)]), "csv")]
    assert failures[0] >= 1 and failures[1] >= 4, failures
    assert [row.deed for row in session.scalars(select(ImportRow))] == ["adopt"] * 3
    memberships = session.execute(select(Membership.subscription_id, Membership.status)).all()
    assert sorted(memberships) == sorted((one.id, "active") for one in theirs)
    assert session.scalar(select(func.count()).select_from(Payment)) == 6
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "gross")) == 6 * 700
    assert [other.charged(one.customer) for one in theirs] == [2] * 3
    assert session.scalar(select(func.count()).select_from(Letter)) == 3


@pytest.mark.long
def test_a_thousand_are_adopted(session, stripe_side, other):
    """Stripe's list has many pages, and each is fetched with its history."""
    for number in range(1000):
        other.subscribe(f"reader{number}@example.org", 700)
    rows = [{"email": f"Reader{number}@example.org"} for number in range(1000)]
    began = time.monotonic()
    told = brought(session, stripe_side, sheet(OWN, rows), "csv")
    print(f"\na thousand adopted, with their histories, in {time.monotonic() - began:.0f} s")
    assert told == [("new", "adopt", "")] * 1000
    assert session.scalar(select(func.count()).select_from(Membership).where(Membership.status == "active")) == 1000
    assert session.scalar(select(func.count(Payment.id))) == 1000
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "gross")) == 700_000


def test_cancelled_at_stripe_and_paid_until_is_adopted_and_ends_on_its_day(session, stripe_side, other):
    theirs = other.subscribe("ada@example.org")
    other.v1.subscriptions.update(theirs.id, {"cancel_at_period_end": True})
    rows = [{"email": "ada@example.org", "stripe_customer_id": theirs.customer, "tiers": "Premium"}]
    assert brought(session, stripe_side, sheet(GHOST, rows)) == [("new", "adopt", "")]
    membership = session.scalars(select(Membership)).one()
    assert membership.ends_at is not None and membership.paid_until is not None
    stripe_side.advance("32d")
    stripe_side.settle()
    session.expire_all()
    assert session.scalars(select(Membership.status)).one() == "canceled"
    assert other.charged(theirs.customer) == 1


def test_an_invitation_is_for_one_person_at_the_old_price_and_spent_on_use(session, stripe_side, other, client):
    content = sheet(PATREON, [member("ada@example.org", Pledge_Amount="3.00", Currency="USD", Tier="Old")])
    assert brought(session, stripe_side, content, "patreon") == [("new", "invite", "")]
    from membership.imports.bringing import address_of

    with stripe_side.app.app_context():
        address = address_of(session.scalars(select(Invitation)).one()).removeprefix("http://127.0.0.1:8000")
    page = client.get(address)
    assert page.status_code == 200 and "$3 a month" in page.text and "ada@example.org" in page.text
    posted = {"email": "mallory@example.org", "amount": "1", "currency": "EUR", "attempt": _attempt(page.text)}
    first = client.post(address, data=posted)
    assert first.status_code == 303
    stripe_side.pay(first.location)
    stripe_side.settle()
    session.expire_all()
    person = person_by_email(session, "ada@example.org")
    assert person_by_email(session, "mallory@example.org") is None
    membership = session.scalars(select(Membership)).one()
    assert (membership.reader_id, membership.amount, membership.currency) == (person.reader_id, 300, "USD")
    assert membership.pledged_since == datetime(2023, 4, 8, 17, 45, 28, tzinfo=UTC)
    assert {one.source for one in standings_of(session, person.reader_id, clock.now())} >= {"membership"}
    assert client.get(address).status_code == 410
    assert client.post(address, data=posted).status_code == 410
    assert client.get(address + "x").status_code == 404


def _attempt(page: str) -> str:
    from tests.stripe_side import hidden_fields

    return hidden_fields(page)["attempt"]


def test_an_invitation_runs_out(session, stripe_side, other, client):
    assert brought(session, stripe_side, sheet(PATREON, [member("ada@example.org")]), "patreon") == [("new", "invite", "")]
    from membership.imports.bringing import address_of

    invitation = session.scalars(select(Invitation)).one()
    with stripe_side.app.app_context():
        address = address_of(invitation).removeprefix("http://127.0.0.1:8000")
    assert client.get(address).status_code == 200
    invitation.expires_at = clock.now() - timedelta(seconds=1)
    session.commit()
    assert client.get(address).status_code == 410
