"""The story: afterwards the sandbox and our books agree object by object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from membership.ballots import queries as ballots
from membership.ballots.models import Ballot, BallotRoll
from membership.demo import people
from membership.demo.seed import Told, seed
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt, ReceiptBook
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership, MembershipPayment, Movement
from membership.memberships.standing import has_standing
from membership.memberships.tiers import Tier
from membership.promises.models import Promise
from membership.readers.models import Person
from membership.sandbox.store import Store

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SITE = "http://localhost:8002"


@dataclass
class Seeded:
    """The books, the sandbox's store, and whom the runner signs in."""

    session: Session
    store: Store
    told: Told


@pytest.fixture(scope="module")
def seeded(app: Flask, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """The story, told once for all these tests and rolled back afterwards."""
    store = Store.open(tmp_path_factory.mktemp("sandbox"))
    with engine.connect() as connection, app.app_context():
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            told = seed(session, store, secret="a secret for tests only, long enough", site_url=SITE, at=AT)
            session.flush()
            session.expire_all()
            yield Seeded(session, store, told)
        outer.rollback()
    store.close()


def rows(seeded: Seeded, model: type) -> list:
    return list(seeded.session.execute(select(model)).scalars())


def seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def test_there_are_patrons_of_every_kind(seeded):
    memberships = rows(seeded, Membership)
    assert 200 <= len({row.reader_id for row in memberships}) <= 220
    assert {row.status for row in memberships} == {"active", "past_due", "canceled"}
    assert {row.interval for row in memberships} == {"month", "year"}
    assert {row.currency for row in memberships} == {"EUR", "USD", "GBP"}
    assert sum(row.ends_at is not None and row.status == "active" for row in memberships) >= 3
    assert {row.kind for row in rows(seeded, Movement)} == {"new", "returned", "left", "lost"}
    assert min(row.started_at for row in memberships) < AT - timedelta(days=365)
    assert {row.article_id for row in memberships} > {None}


def test_every_subscription_is_a_membership(seeded):
    subscriptions = {one["id"]: one for one in seeded.store.find("subscription")}
    memberships = {row.subscription_id: row for row in rows(seeded, Membership)}
    products = {row.id: row.stripe_product_id for row in rows(seeded, Tier)}
    customers = {row.customer_id: row.reader_id for row in rows(seeded, StripeCustomer)}
    assert subscriptions.keys() == memberships.keys()
    for id, one in subscriptions.items():
        row, item = memberships[id], one["items"]["data"][0]
        assert (row.status, row.currency.lower(), row.amount) == (
            one["status"], one["currency"], item["price"]["unit_amount"],
        )  # fmt: skip
        assert row.interval == item["price"]["recurring"]["interval"]
        assert products[row.tier_id] == item["price"]["product"]
        assert seconds(row.period_ends_at) == item["current_period_end"]
        assert (seconds(row.ends_at), seconds(row.ended_at)) == (one["cancel_at"], one["ended_at"])
        assert customers[one["customer"]] == row.reader_id


def test_every_paid_invoice_is_a_payment_of_its_membership(seeded):
    memberships = {row.id: row for row in rows(seeded, Membership)}
    payments = {row.stripe_id: row for row in rows(seeded, Payment) if row.kind == "membership"}
    periods = {row.payment_id: row for row in rows(seeded, MembershipPayment)}
    paid = {one["id"]: one for one in seeded.store.find("invoice") if one["status"] == "paid"}
    assert paid.keys() == payments.keys()
    assert len(periods) == len(payments)
    for id, one in paid.items():
        row, line = payments[id], one["lines"]["data"][0]
        membership = memberships[periods[row.id].membership_id]
        assert (row.amount, row.currency.lower()) == (one["amount_paid"], one["currency"])
        assert seconds(row.paid_at) == one["status_transitions"]["paid_at"]
        assert membership.subscription_id == one["parent"]["subscription_details"]["subscription"]
        assert seconds(periods[row.id].period_end) == line["period"]["end"]
        assert membership.paid_until >= periods[row.id].period_end
        assert row.reader_id == membership.reader_id


def test_every_succeeded_payment_stands_in_the_ledger_and_the_sums_are_equal(seeded):
    booked = {one["id"]: one for one in seeded.store.find("balance_transaction")}
    intents = {one["id"]: one for one in seeded.store.find("payment_intent") if one["status"] == "succeeded"}
    assert {row.payment_intent_id for row in rows(seeded, Payment)} == intents.keys()
    lines = {(row.stripe_id, row.kind): row for row in rows(seeded, LedgerEntry)}
    assert lines.keys() == {(id, kind) for id in booked for kind in ("gross", "fee")}
    for id, one in booked.items():
        assert lines[id, "gross"].amount == one["amount"]
        assert lines[id, "gross"].amount + lines[id, "fee"].amount == one["net"]
        assert lines[id, "gross"].currency.lower() == one["currency"]
    assert sum(row.amount for row in lines.values()) == sum(one["net"] for one in booked.values())


def test_every_checkout_is_a_completed_session(seeded):
    sessions = {one["id"]: one for one in seeded.store.find("checkout.session")}
    checkouts = {row.session_id: row for row in rows(seeded, Checkout)}
    assert sessions.keys() == checkouts.keys()
    for id, one in sessions.items():
        assert (one["status"], one["client_reference_id"]) == ("complete", checkouts[id].token)


def test_failed_renewals_are_open_invoices_that_the_clock_tries_again_unless_it_gave_up(seeded):
    late = {row.subscription_id: row for row in rows(seeded, Membership) if row.status == "past_due"}
    assert late
    for id, row in late.items():
        (unpaid,) = [one for one in seeded.store.find("invoice", owner=id) if one["status"] == "open"]
        assert unpaid["next_payment_attempt"] > AT.timestamp()
        assert row.paid_until < AT
        assert has_standing(seeded.session, row.reader_id, AT)
    for one in seeded.store.find("subscription"):
        if one["cancellation_details"]["reason"] == "payment_failed":
            (unpaid,) = [of for of in seeded.store.find("invoice", owner=one["id"]) if of["status"] == "open"]
            assert unpaid["next_payment_attempt"] is None


def test_nothing_in_the_sandbox_is_overdue_when_the_story_ends(seeded):
    assert seeded.store.next_due(int(AT.timestamp())) is None


def test_the_movements_add_up_to_what_is_promised_today(seeded):
    promised = dict(
        seeded.session.execute(
            select(Membership.currency, func.sum(Membership.counted)).group_by(Membership.currency)
        ).all()
    )
    moved = dict(
        seeded.session.execute(select(Movement.currency, func.sum(Movement.yearly)).group_by(Movement.currency)).all()
    )
    assert promised == moved
    assert all(row.counted == 0 for row in rows(seeded, Membership) if row.status == "canceled")


def test_receipts_are_numbered_by_the_time_of_payment_without_gaps_in_each_year(seeded):
    paid_at = {row.id: row.paid_at for row in rows(seeded, Payment)}
    receipts = sorted(rows(seeded, Receipt), key=lambda row: (row.year, row.sequence))
    assert {row.payment_id for row in receipts} == paid_at.keys()
    last = {row.year: row.last for row in rows(seeded, ReceiptBook)}
    for year, of_year in groupby(receipts, key=lambda row: row.year):
        numbered = list(of_year)
        assert [row.sequence for row in numbered] == list(range(1, last[year] + 1))
        assert [paid_at[row.payment_id] for row in numbered] == sorted(paid_at[row.payment_id] for row in numbered)


def test_one_ballot_is_counted_with_a_promise_kept_and_one_under_way_and_one_is_open(seeded):
    counted, open_now = sorted(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    assert (counted.status, open_now.status) == ("final", "open")
    assert AT < open_now.closes_at < AT + timedelta(days=7)
    assert ballots.result_of(counted).binding
    promises = {row.state: row for row in rows(seeded, Promise)}
    assert promises.keys() == {"published", "reporting"}
    assert promises["published"].story_url.startswith(SITE)
    assert promises["published"].closed_at < AT
    assert promises["reporting"].due_on > AT.date()


def test_the_roll_of_a_past_ballot_holds_nobody_who_came_later(seeded):
    counted = min(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    roll = set(seeded.session.execute(select(BallotRoll.reader_id).where(BallotRoll.ballot_id == counted.id)).scalars())
    began: dict[int, datetime] = {}
    for row in rows(seeded, Membership):
        began[row.reader_id] = min(row.started_at, began.get(row.reader_id, row.started_at))
    assert roll and all(began[reader_id] <= counted.opens_at for reader_id in roll)


def test_the_printed_patron_has_standing_and_may_still_vote(seeded):
    open_now = max(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    line = seeded.session.get(BallotRoll, (open_now.id, seeded.told.patron_id))
    assert line is not None and not line.voted
    assert has_standing(seeded.session, seeded.told.patron_id, AT)
    assert seeded.session.get(Person, seeded.told.patron_id).email == people.PATRON.email


def test_no_letter_goes_out_about_the_past(seeded):
    assert rows(seeded, Letter) == []
    open_now = max(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    assert {row.key for row in rows(seeded, Job) if row.due_at <= AT} <= {f"ballot:{open_now.id}:seal"}


def test_the_same_moment_tells_the_same_story():
    told = []
    for _ in range(2):
        chance = people.Random(1847)
        everybody = people.people(chance)
        told.append(people.pledges(chance, everybody, int(AT.timestamp()), 3))
    assert told[0] == told[1]


@pytest.mark.parametrize("day", [1, 29, 59, 89, 130, 200, 310])
def test_on_any_day_of_the_year_the_story_holds_together(day):
    at = int((AT + timedelta(days=day)).timestamp())
    chance = people.Random(1847)
    pledges = people.pledges(chance, people.people(chance), at, 3)
    assert {pledge.fate for pledge in pledges} == {"active", "left", "lost", "past_due", "ending"}
    assert all(pledge.start < at and (pledge.ends or 0) < at for pledge in pledges)
    assert len({pledge.prefix for pledge in pledges}) == len(pledges)
