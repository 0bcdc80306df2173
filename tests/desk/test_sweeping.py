"""Sweeping: what has served goes, in turns; what still serves, and every book, stays."""

from datetime import timedelta

import pytest
from sqlalchemy import func, inspect, select

from membership import clock
from membership.app import all_tasks
from membership.db import transaction
from membership.desk import sweeping
from membership.desk.sweeping import LONGEST_WINDOW, spent, sweep
from membership.desk.tasks import KEY, ask_to_sweep
from membership.giving import guarding
from membership.giving.guard_models import CheckoutOrigin, PaymentCode, PaymentTry, SpentProof
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.jobs.models import Job
from membership.jobs.queue import claim_key
from membership.mail.models import Letter
from membership.perks.community_models import CommunityClient, CommunityCode, CommunityToken
from membership.perks.models import Perk
from membership.readers.models import ReaderSession, SignInChallenge
from membership.readers.step_models import SpentChallenge
from membership.web import limits
from membership.web.limits import Limit, LimitCount
from tests import make

NOW = make.NOON


def count(session, model):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model))


def checkout(session, n):
    row = Checkout(
        token=f"t{n}", attempt=f"a{n}", kind="donation", state="open", email="a@example.org", language="en", currency="EUR",
        amount=500, browser_hash="b", begun_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def site(session, n):
    """A site that signs patrons in; its row is never swept."""
    perk = Perk(slug=f"p{n}", title="P", blurb="", kind="community", address="")
    session.add(perk)
    session.flush()
    session.add(CommunityClient(id=f"site{n}", perk_id=perk.id, name="S", secret_hash="", redirect_uris="", made_at=NOW))
    session.flush()
    return f"site{n}"


def rows(session, *, age, number):
    """One row of everything that is swept, whose use ended so long ago."""
    ended, reader = NOW - age, make.reader(session).reader_id
    paid = checkout(session, number)
    signs_in = {"client_id": site(session, number), "reader_id": reader, "scope": "openid", "expires_at": ended}
    session.get_one(Checkout, paid).begun_at = ended
    session.add_all([
        SignInChallenge(
            token_hash=f"c{number}", code_hash="", browser_hash="b", next_path="/", created_at=ended, expires_at=ended,
            wrong_codes=0,
        ),
        ReaderSession(token_hash=f"s{number}", reader_id=reader, created_at=ended, seen_at=ended, ended_at=ended),
        LimitCount(scope="x", subject=f"{number}", window_start=ended, count=1),
        SpentProof(nonce=f"n{number}", expires_at=ended),
        SpentChallenge(challenge_hash=f"h{number}", used_at=ended),
        PaymentCode(browser_hash="b", person="p", code_hash="", expires_at=ended, wrong_codes=0),
        PaymentTry(charge_id=f"ch_{number}", checkout_id=paid, paid=False, at=ended),
        CommunityCode(code_hash=f"k{number}", redirect_uri="", nonce="", challenge="", made_at=ended, **signs_in),
        CommunityToken(token_hash=f"k{number}", code_hash=f"k{number}", **signs_in),
        CheckoutTouch(checkout_id=paid, utm_source="letter"),
        CheckoutOrigin(checkout_id=paid, client="c", network="n", person="p", near="192.0.2.0/24", begun_at=ended),
    ])  # fmt: skip
    session.commit()


def swept(session):
    return {one.table.__tablename__: count(session, one.table) for one in spent(NOW)}


def test_what_has_served_goes_and_what_still_serves_stays(session):
    rows(session, age=timedelta(hours=1), number=1)
    rows(session, age=timedelta(days=100), number=2)
    assert set(swept(session).values()) == {2}
    assert sweep(session, at=NOW) is False
    session.commit()
    assert set(swept(session).values()) == {1}
    assert count(session, Checkout) == 2  # a book, never swept
    assert session.scalars(select(ReaderSession.token_hash)).one() == "s1"


def test_a_running_session_stays_and_one_that_nobody_used_for_a_month_goes(session):
    reader = make.reader(session).reader_id
    for name, seen in (("used", 1), ("idle", 32)):
        at = NOW - timedelta(days=seen)
        session.add(ReaderSession(token_hash=name, reader_id=reader, created_at=NOW - timedelta(days=40), seen_at=at))
    session.commit()
    sweep(session, at=NOW)
    session.commit()
    assert session.scalars(select(ReaderSession.token_hash)).all() == ["used"]


def test_it_goes_in_turns_until_all_is_done_and_comes_again_in_an_hour(session, monkeypatch, app):
    monkeypatch.setattr(sweeping.sweep, "__kwdefaults__", {"width": 3})
    at = clock.now()
    session.add_all(SpentProof(nonce=f"n{n}", expires_at=at - timedelta(days=9)) for n in range(8))
    session.commit()
    with transaction() as writing:
        ask_to_sweep(writing, at=at)
    left = []
    for _ in range(3):
        job = claim_key(KEY)
        all_tasks()[job.name](job)
        left.append(count(session, SpentProof))
    assert left == [5, 2, 0]
    waiting = session.scalars(select(Job).where(Job.key == KEY)).one()
    assert timedelta(minutes=59) < waiting.due_at - at < timedelta(minutes=61)


def test_a_number_that_is_given_again_loses_no_letter(session, client):
    """SQLite gives the number of a swept row again: no letter's key may be made of it."""
    client.post("/sign-in", data={"email": "ada@example.org"})
    assert count(session, Letter) == 1
    sweep(session, at=clock.now() + timedelta(days=2))
    session.commit()
    assert count(session, SignInChallenge) == 0
    client.post("/sign-in", data={"email": "ada@example.org"})
    assert count(session, Letter) == 2


def test_how_somebody_came_who_did_not_pay_is_forgotten_after_a_quarter(session):
    for number, (state, age) in enumerate([("paid", 200), ("expired", 200), ("open", 90)]):
        row = session.get_one(Checkout, checkout(session, 900 + number))
        row.state, row.begun_at = state, NOW - timedelta(days=age)
        session.add(CheckoutTouch(checkout_id=row.id, utm_source=state))
    session.commit()
    sweep(session, at=NOW)
    assert sorted(session.scalars(select(CheckoutTouch.utm_source))) == ["open", "paid"]


def test_no_limit_counts_longer_than_its_rows_are_kept():
    every = [one for room in (limits, guarding) for one in vars(room).values() if isinstance(one, Limit)]
    assert len(every) >= 12 and max(one.window for one in every) <= LONGEST_WINDOW


def test_each_key_is_the_tables_own():
    for one in spent(NOW):
        assert [column.name for column in inspect(one.table).primary_key] == [part.key for part in one.key]


@pytest.mark.parametrize("table", ["payment", "ledger_entry", "audit_entry", "letter", "stripe_event", "checkout", "person"])
def test_no_book_is_swept(table):
    assert table not in {one.table.__tablename__ for one in spent(NOW)}
