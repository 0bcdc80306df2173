"""/funding: read from the ledger, names only by consent, and nothing where somebody would show."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from membership.funding import queries
from membership.funding.models import FundingName
from membership.giving.models import LedgerEntry, Payment
from membership.money import Money
from tests import make

AT = datetime(2026, 11, 25, tzinfo=UTC)
WITHIN = datetime(2026, 8, 1, tzinfo=UTC)


def paid(session, minor, *, who=None, kind="donation", method="card", at=WITHIN, back=0, fee=30):
    who = who or make.reader(session).reader_id
    number = session.query(Payment).count()
    row = Payment(
        stripe_id=f"pi_f{number}", reader_id=who, kind=kind, currency="EUR", amount=minor, paid_at=at, method=method
    )
    session.add(row)
    session.flush()
    lines = [("gross", minor, at), ("fee", -fee, at)] + ([("refund", -back, AT)] if back else [])
    for place, (line, amount, moment) in enumerate(lines):
        session.add(
            LedgerEntry(
                payment_id=row.id, kind=line, currency="EUR", amount=amount, at=moment, stripe_id=f"txn_{number}_{place}"
            )
        )
    session.commit()
    return who


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr("membership.clock.now", lambda: AT)


def test_shares_come_from_the_ledger_without_what_went_back(session):
    for _ in range(10):
        paid(session, 1_000, kind="membership")
    for _ in range(6):
        paid(session, 500, back=100)
    for _ in range(2):
        paid(session, 800, method="bank_transfer")
    paid(session, 9_999, back=9_999)  # all of it went back
    paid(session, 5_000, at=datetime(2025, 9, 1, tzinfo=UTC))  # before
    paid(session, 5_000, at=datetime(2026, 10, 2, tzinfo=UTC))  # of the quarter that runs
    [part] = queries.funding(session, AT).parts
    assert (part.whole, part.people) == (Money(14_000, "EUR"), 10)
    # the two who sent a transfer do not stand alone, and cannot be reckoned from the rest
    assert [(line.keys, line.total, line.percent) for line in part.kinds] == [
        (("membership",), 10_000, 71), (("donation", "other"), 4_000, 29)
    ]  # fmt: skip


def test_so_few_that_somebody_would_show_are_not_shown(session, client, now):
    for _ in range(4):
        paid(session, 1_000)
    assert queries.funding(session, AT).parts == ()
    page = client.get("/funding").text
    assert "So few people gave" in page and "€40" not in page


def test_the_largest_stand_there_by_name_only_if_they_agreed(session, client, now):
    big = make.reader(session, name="Berta Sample")
    paid(session, 100_000, who=big.reader_id)
    shy = make.reader(session, name="Shy Sample")
    paid(session, 90_000, who=shy.reader_id)
    for _ in range(40):
        paid(session, 5_000)
    page = client.get("/funding").text
    assert page.count("Somebody who would rather not be named") == 2 and "Sample" not in page and "€1,000" not in page
    make.sign_in(session, client, big)
    assert client.post("/funding/name", data={"name": "Berta of the <Quay>"}).status_code == 303
    page = client.get("/funding").text
    assert "Berta of the &lt;Quay&gt;" in page and "€1,000" in page and page.count("Somebody who") == 1
    assert "Shy" not in page
    client.post("/funding/name", data={"name": ""})
    assert "Berta" not in client.get("/funding").text and session.scalars(select(FundingName)).all() == []


def test_staff_set_the_limit_and_note_who_agreed_in_writing(session, client, now):
    giver = paid(session, 60_000, method="bank_transfer")
    for _ in range(12):
        paid(session, 50_000)
    make.sign_in(session, client, make.staff(session, "manager"))
    assert client.post("/staff/funding", data={"amount": "600", "currency": "EUR"}).status_code == 303
    assert client.post("/staff/funding", data={"amount": "1e9", "currency": "EUR"}).status_code == 422
    desk = client.get("/staff/funding").text
    assert f"/staff/patrons/{giver}" in desk and desk.count("/staff/patrons/") == 1
    assert client.post(f"/staff/funding/{giver}/name", data={"name": "The Quay Fund"}).status_code == 303
    assert re.search(r"The Quay Fund\s*<span class=\"soft\">€600", client.get("/funding").text)
    assert client.post("/staff/funding/99999/name", data={"name": "Nobody"}).status_code == 404
