"""The story: afterwards the sandbox and our books agree object by object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal
from membership.appeals.results import result
from membership.ballots import queries as ballots
from membership.ballots.models import Ballot, BallotRoll
from membership.bulletins.models import Bulletin
from membership.campaigns.models import Campaign
from membership.demo import given_away, people
from membership.demo.seed import Told, seed
from membership.dunning.models import CardChange, UnpaidInvoice
from membership.dunning.rules import expires_before
from membership.gateway.listing import Transaction
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.giving.payout_models import Payout, PayoutLine
from membership.giving.receipt_models import Receipt, ReceiptBook
from membership.jobs.models import Job
from membership.mail.models import Bounce, Letter
from membership.memberships.gift_models import Gift
from membership.memberships.gift_queries import state_of
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, MembershipPayment, Movement
from membership.memberships.standing import has_standing, standings_at
from membership.memberships.tiers import Tier
from membership.promises.models import Promise
from membership.readers.models import Person
from membership.readers.trail import first_break
from membership.reports.ledger import ledger_report
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
    assert 285 <= len({row.reader_id for row in memberships}) <= 295
    assert {row.status for row in memberships} == {"active", "past_due", "canceled"}
    assert {row.interval for row in memberships} == {"month", "year"}
    assert {row.currency for row in memberships} == {"EUR", "USD", "GBP"}
    assert sum(row.ends_at is not None and row.status == "active" for row in memberships) >= 3
    assert {row.kind for row in rows(seeded, Movement)} == {
        "new", "returned", "raised", "lowered", "paused", "resumed", "left", "lost",
    }  # fmt: skip
    assert min(row.started_at for row in memberships) < AT - timedelta(days=800)
    assert sum(row.paused and row.resumes_at > AT for row in memberships) == 2
    assert sum(row.frozen and row.status == "active" for row in memberships) == 1
    (planned,) = [row for row in memberships if row.next_amount is not None]
    assert planned.next_amount < planned.amount and planned.next_from == planned.period_ends_at
    (waiting,) = [row for row in memberships if row.paid_until is None and row.status == "active"]
    assert seeded.session.get(Checkout, waiting.checkout_id).state == "waiting"
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
            one["status"], one["currency"], item["price"]["unit_amount"] * item["quantity"],
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
        row, line = payments[id], one["lines"]["data"][-1]
        membership = memberships[periods[row.id].membership_id]
        assert (row.amount, row.currency.lower()) == (one["amount_paid"], one["currency"])
        assert seconds(row.paid_at) == one["status_transitions"]["paid_at"]
        assert membership.subscription_id == one["parent"]["subscription_details"]["subscription"]
        assert seconds(periods[row.id].period_end) == line["period"]["end"]
        charge = seeded.store.get("charge", row.charge_id)
        if charge["amount_refunded"] < charge["amount"] and not charge["disputed"]:
            assert membership.paid_until >= periods[row.id].period_end
        assert row.reader_id == membership.reader_id


def test_every_succeeded_payment_stands_in_the_ledger_and_the_sums_are_equal(seeded):
    booked = {one["id"]: one for one in seeded.store.find("balance_transaction")}
    intents = {one["id"]: one for one in seeded.store.find("payment_intent") if one["status"] == "succeeded"}
    through_stripe = [row for row in rows(seeded, Payment) if not row.stripe_id.startswith("way:")]
    assert {row.payment_intent_id for row in through_stripe} == intents.keys()
    lines: dict[str, dict[str, LedgerEntry]] = {}
    for row in rows(seeded, LedgerEntry):
        if not row.stripe_id.startswith("way:"):
            lines.setdefault(row.stripe_id, {})[row.kind] = row
    assert lines.keys() == booked.keys()
    for id, one in booked.items():
        (kind,) = lines[id].keys() - {"fee"}
        assert kind in KINDS[one["type"]]
        assert lines[id][kind].amount == one["amount"]
        assert sum(line.amount for line in lines[id].values()) == one["net"]
        assert {line.currency.lower() for line in lines[id].values()} == {one["currency"]}


KINDS = {
    "charge": {"gross"}, "payment": {"gross"}, "refund": {"refund"}, "refund_failure": {"refund_returned"},
    "adjustment": {"dispute"}, "payout": {"payout"},
}  # fmt: skip


def test_the_report_ledger_says_that_both_are_equal(seeded):
    theirs = [
        Transaction(
            one["id"], one["type"], one["currency"].upper(), one["amount"], one["fee"], one["net"],
            datetime.fromtimestamp(one["created"], UTC), one["source"], None,
        )
        for one in seeded.store.find("balance_transaction")
    ]  # fmt: skip
    report = ledger_report(seeded.session, theirs, since=AT - timedelta(days=1000), until=None)
    assert report.agrees, report.apart[:3]
    assert {"gross", "fee", "refund", "refund_returned", "dispute", "payout"} <= report.kinds["EUR"].keys()
    short = ledger_report(seeded.session, theirs[1:], since=AT - timedelta(days=1000), until=None)
    assert [one.id for one in short.apart] == [theirs[0].id]


def test_refunds_and_disputes_are_those_of_the_sandbox(seeded):
    refunds = {row.stripe_id: (row.state, row.amount) for row in rows(seeded, Refund)}
    assert refunds == {one["id"]: (one["status"], one["amount"]) for one in seeded.store.find("refund")}
    assert sorted(state for state, _ in refunds.values()) == ["failed", *["succeeded"] * 5]
    disputes = {row.stripe_id: (row.status, row.amount) for row in rows(seeded, Dispute)}
    assert disputes == {one["id"]: (one["status"], one["amount"]) for one in seeded.store.find("dispute")}
    assert sorted(status for status, _ in disputes.values()) == ["lost", "needs_response", "won"]


def test_payouts_carry_what_the_sandbox_says(seeded):
    payouts = {row.stripe_id: row for row in rows(seeded, Payout)}
    there = {one["id"]: one for one in seeded.store.find("payout")}
    assert {id: (row.amount, row.status) for id, row in payouts.items()} == {
        id: (one["amount"], one["status"]) for id, one in there.items()
    }
    carried: dict[int, int] = {}
    for line in rows(seeded, PayoutLine):
        carried[line.payout_id] = carried.get(line.payout_id, 0) + line.net
    assert {row.id: row.amount for row in payouts.values()} == carried


def test_failed_payments_are_kept_with_what_brought_the_money(seeded):
    kept = {row.invoice_id: row for row in rows(seeded, UnpaidInvoice)}
    still_open = {one["id"] for one in seeded.store.find("invoice") if one["status"] == "open"}
    for id, row in kept.items():
        invoice = seeded.store.get("invoice", id)
        assert (row.amount, row.state == "recovered") == (invoice["amount_due"], invoice["status"] == "paid")
        assert (row.closed_at is None) == (row.state == "open")
    owed = {id for id, row in kept.items() if row.state == "open"}
    assert owed < still_open
    assert {(row.recovered_by, row.recovered_step) for row in kept.values() if row.state == "recovered"} >= {
        ("new_card", "first"), ("new_card", "day-3"), ("new_card", "day-7"), ("new_card", "account"),
    }  # fmt: skip
    assert {row.recovered_by for row in kept.values()} == {None, "new_card", "retry", "page"}
    assert {row.reason for row in kept.values()} == {"expired", "funds", "confirm", "lost", "returned", "other"}
    later = {row.payload["invoice"] for row in rows(seeded, Job) if row.name == "dunning.remind"}
    assert owed and later <= owed
    pages = {one["client_reference_id"] for one in seeded.store.find("checkout.session") if one["mode"] == "setup"}
    assert {row.token for row in rows(seeded, CardChange)} == pages


def test_every_checkout_is_a_completed_session(seeded):
    sessions = {one["id"]: one for one in seeded.store.find("checkout.session") if one["mode"] != "setup"}
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
    assert all(row.counted == 0 for row in rows(seeded, Membership) if row.status == "canceled" or row.paused)


def test_receipts_are_numbered_by_the_time_of_issue_without_gaps_in_each_year(seeded):
    paid_at = {row.id: row.paid_at for row in rows(seeded, Payment)}
    receipts = sorted(rows(seeded, Receipt), key=lambda row: (row.year, row.sequence))
    assert {row.payment_id for row in receipts} == paid_at.keys()
    last = {row.year: row.last for row in rows(seeded, ReceiptBook)}
    for year, of_year in groupby(receipts, key=lambda row: row.year):
        numbered = list(of_year)
        assert [row.sequence for row in numbered] == list(range(1, last[year] + 1))
        assert [row.issued_at for row in numbered] == sorted(row.issued_at for row in numbered)
    assert {row.void_reason for row in receipts} == {None, "refund", "dispute"}
    valid = [row.payment_id for row in receipts if row.voided_at is None]
    assert len(valid) == len(set(valid))
    lost = {one["charge"] for one in seeded.store.find("dispute") if one["status"] != "won"}
    gone = {one["id"] for one in seeded.store.find("charge") if one["refunded"] or one["id"] in lost}
    assert paid_at.keys() - set(valid) == {row.id for row in rows(seeded, Payment) if row.charge_id in gone}


def test_one_ballot_is_counted_with_a_promise_kept_and_one_under_way_and_two_are_open(seeded):
    counted, shared, open_now = sorted(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    assert (counted.status, open_now.status) == ("final", "open")
    assert AT < open_now.closes_at < AT + timedelta(days=7)
    assert ballots.result_of(counted).binding and len(ballots.result_of(counted).plain["rounds"]) > 1
    assert (counted.method, shared.method, open_now.method, shared.status) == ("stv", "budget", "approval", "open")
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


def test_others_pay_for_some_by_gift_by_the_newsroom_and_by_a_group(seeded):
    states = Counter(str(state_of(gift)) for gift in rows(seeded, Gift))
    assert states == {"claimed": 1, "open": 2, "to_come": 1, "withdrawn": 1}
    (group,) = [row for row in rows(seeded, Membership) if row.seats]
    assert (group.seats, sum(row.taken_at is not None for row in rows(seeded, GroupSeat))) == (6, 3)
    everybody = seeded.session.execute(select(standings_at(AT))).all()
    assert Counter(row.source for row in everybody if row.source != "membership") == {
        "seat": 3, "gift": 1, "complimentary": 2,
    }  # fmt: skip
    open_now = max(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    on_the_roll = select(BallotRoll.reason).where(BallotRoll.ballot_id == open_now.id).distinct()
    assert set(seeded.session.scalars(on_the_roll)) == {"membership", "seat", "gift", "complimentary"}
    due = {row.name: row.due_at for row in rows(seeded, Job)}
    for name in ("memberships.gift", "memberships.given", "memberships.seats"):
        assert AT < due[name] < AT + timedelta(days=400)


def test_a_card_is_good_no_longer_when_the_next_payment_is_due(seeded):
    (one,) = seeded.session.scalars(select(Membership).join(Person, Person.reader_id == Membership.reader_id).where(
        Person.email == given_away.IN_TIME.email
    ))  # fmt: skip
    customer = seeded.store.get("subscription", one.subscription_id)["customer"]
    cards = [row["card"] for row in seeded.store.find("payment_method") if row["customer"] == customer]
    assert [expires_before(year=card["exp_year"], month=card["exp_month"], moment=one.period_ends_at) for card in cards] == [
        True
    ]


def test_the_printed_patron_has_standing_and_may_still_vote(seeded):
    open_now = max(rows(seeded, Ballot), key=lambda ballot: ballot.opens_at)
    line = seeded.session.get(BallotRoll, (open_now.id, seeded.told.patron_id))
    assert line is not None and not line.voted
    assert has_standing(seeded.session, seeded.told.patron_id, AT)
    assert seeded.session.get(Person, seeded.told.patron_id).email == people.PATRON.email


def test_no_letter_goes_out_about_the_past(seeded):
    letters = rows(seeded, Letter)
    assert {one.kind for one in letters} == {"bulletin"} and {one.state for one in letters} == {"sent", "failed"}
    assert [one.state for one in rows(seeded, Bulletin)] == ["started", "draft"] and len(letters) > 200
    assert [one.hard for one in rows(seeded, Bounce)] == [True, True]
    open_ones = [
        f"ballot:{one.id}:{job}" for one in rows(seeded, Ballot) if one.status == "open" for job in ("seal", "noon")
    ]
    under_way = [f"campaign:{one.id}" for one in rows(seeded, Campaign) if one.closed_at is None]
    assert len(under_way) == 1
    assert {row.key for row in rows(seeded, Job) if row.due_at <= AT} <= {*open_ones, *under_way}


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
    fates = {pledge.fate for pledge in pledges}
    assert fates == {"active", "left", "lost", "past_due", "ending", "waiting"}
    assert all(pledge.start < at and (pledge.ends or 0) < at for pledge in pledges)
    assert len({pledge.prefix for pledge in pledges}) == len(pledges)


def test_the_appeal_has_run_for_weeks_in_two_variants_and_brought_something(seeded):
    found = result(seeded.session, rows(seeded, Appeal)[0].id)
    assert [line.letter for line in found.variants] == ["A", "B"]
    assert all(line.seen > line.clicked > line.paid > 0 for line in found.variants)
    assert found.variants[0].article_days + found.variants[1].article_days == 123


def test_the_audit_trail_is_whole(seeded):
    assert first_break(seeded.session) is None
