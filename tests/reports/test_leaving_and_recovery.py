"""Why people left, and what the letters about failed payments brought back, against figures calculated by hand."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from membership import clock
from membership.account.models import LeavingReason
from membership.dunning.models import UnpaidInvoice
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.readers.trail import AuditEntry
from membership.reports.frame import Asked
from membership.reports.leaving import Why, leaving_report, words_said
from membership.reports.register import REPORTS
from tests import make

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "The letters were too long for my eyes."


def left(session, person, *, kind="left", reason=None, words="", at=AT - timedelta(days=40)):
    row = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    session.add(
        Movement(
            membership_id=row.id, sequence=9, reader_id=person.reader_id, tier_id=row.tier_id, kind=kind,
            currency=row.currency, yearly=-6000, at=at,
        )
    )  # fmt: skip
    if reason:
        session.add(LeavingReason(membership_id=row.id, reason=reason, words=words, at=at))
    return row


@pytest.fixture
def people_who_left(session):
    member = make.tier(session, "member")
    patrons = [make.patron(session, tier_row=member, since=AT - timedelta(days=900)) for _ in range(6)]
    left(session, patrons[0], reason="money")
    left(session, patrons[1], reason="other", words=SECRET)
    left(session, patrons[2])
    left(session, patrons[3], kind="lost", reason="money")  # took the cancellation back, and was lost later
    left(session, patrons[4], reason="time", at=AT - timedelta(days=500))
    going = session.scalars(select(Membership).where(Membership.reader_id == patrons[5].reader_id)).one()
    going.ends_at = AT + timedelta(days=3)
    session.add(LeavingReason(membership_id=going.id, reason="moved", words="", at=AT))
    session.commit()


def failed(session, number, person, *, amount=500, reason="funds", state="open", step=None, how=None, currency="EUR"):
    row = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    session.add(
        UnpaidInvoice(
            invoice_id=f"in_{number}", membership_id=row.id, currency=currency, amount=amount, reason=reason, attempts=1,
            first_failed_at=AT - timedelta(days=30 if number != 99 else 500), last_step=step or "first", state=state,
            recovered_by=how, recovered_step=step,
        )
    )  # fmt: skip


@pytest.fixture
def failures(session):
    ada = make.patron(session, tier_row=make.tier(session, "friend"))
    failed(session, 1, ada, state="recovered", step="first", how="retry")
    failed(session, 2, ada, state="recovered", step="day-7", how="new_card", reason="expired", amount=700)
    failed(session, 3, ada, state="recovered", step="day-7", how="new_card", reason="expired", amount=800)
    failed(session, 4, ada, state="given_up")
    failed(session, 5, ada, amount=900, currency="USD")
    failed(session, 99, ada)  # too long ago
    session.commit()


def test_the_reasons_are_counted_and_those_who_gave_none_are_too(session, people_who_left):
    report = leaving_report(session, AT, "UTC")
    assert {(why.reason, why.left, why.leaving) for why in report.whys if why.left or why.leaving} == {
        ("money", 1, 0),
        ("moved", 0, 1),
        ("other", 1, 0),
        ("unsaid", 1, 0),
    }
    assert (report.left, report.lost, report.leaving, report.said) == (3, 1, 1, 2)
    assert report.whys[-1] == Why("unsaid", 1, 0)
    assert [said.words for said in words_said(session, report.since)] == [SECRET]


@pytest.mark.parametrize(("role", "seen"), [("viewer", False), ("editor", False), ("manager", True), ("admin", True)])
def test_own_words_are_for_managers_and_in_no_file(session, client, people_who_left, role, seen):
    make.sign_in(session, client, make.staff(session, role))
    page = client.get("/staff/reports/leaving")
    assert page.status_code == 200 and "Gave no reason" in page.text
    assert (SECRET in page.text) is seen
    for form in ("csv", "json"):
        assert SECRET not in client.get(f"/staff/reports/leaving.{form}").text


def told(session, name, **values):
    """The rows of a part by currency and item, figures only."""
    asked = Asked(AT, "UTC", "EUR", "2025-12", "2026-11", **values)
    part = next(one for one in REPORTS["recovery"].make(session, asked) if one.name == name)
    kept = [place for place, heading in enumerate(part.headings) if heading.only != "page"]
    return [tuple(row[place] for place in kept) for row in part.rows]


def test_what_each_step_brought_back_is_told_by_currency(session, failures):
    eur, usd = (lambda minor: Money(minor, "EUR")), (lambda minor: Money(minor, "USD"))
    assert told(session, "steps") == [
        ("EUR", "first", "retry", 1, eur(500), Fraction(500, 2500)),
        ("EUR", "day-7", "new_card", 2, eur(1500), Fraction(1500, 2500)),
        ("EUR", "all", "", 3, eur(2000), Fraction(2000, 2500)),
        ("USD", "all", "", 0, usd(0), Fraction(0)),
    ]
    assert told(session, "states") == [
        ("EUR", "recovered", 3, eur(2000), 3, eur(2000), Fraction(1)),
        ("EUR", "given_up", 1, eur(500), 0, eur(0), Fraction(0)),
        ("USD", "open", 1, usd(900), 0, usd(0), Fraction(0)),
    ]
    assert told(session, "reasons") == [
        ("EUR", "expired", 2, eur(1500), 2, eur(1500), Fraction(1)),
        ("EUR", "funds", 2, eur(1000), 1, eur(500), Fraction(1, 2)),
        ("USD", "funds", 1, usd(900), 0, usd(0), Fraction(0)),
    ]
    assert told(session, "months") == [
        ("2026-10", "EUR", 4, eur(2500), 3, eur(2000), Fraction(4, 5)),
        ("2026-10", "USD", 1, usd(900), 0, usd(0), Fraction(0)),
    ]


def test_failed_payments_of_one_tier_or_source_are_told_by_themselves(session, failures):
    assert told(session, "states", currency="USD") == [("USD", "open", 1, Money(900, "USD"), 0, Money(0, "USD"), Fraction(0))]
    assert len(told(session, "states", source="direct")) == 3 and told(session, "states", source="article") == []
    other = make.tier(session, "other")
    assert told(session, "states", tier="other", tier_id=other.id) == []


def test_the_page_and_the_file_say_the_same_and_the_file_is_noted(session, client, failures, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(session, client, make.staff(session, "manager"))
    page = client.get("/staff/reports/recovery")
    assert page.status_code == 200
    for words in ("Reminder after 7 days", "another card", "€15", "$9"):
        assert words in page.text
    lines = client.get("/staff/reports/recovery.csv").text.splitlines()
    assert any(line.startswith("steps,EUR,day-7,new_card,2,15.00,0.600000") for line in lines)
    assert client.get("/staff/reports/recovery.json").json["parts"]["steps"][1]["amount"] == "15.00"
    notes = session.scalars(select(AuditEntry.object).where(AuditEntry.action == "report:exported")).all()
    assert notes == ["report/recovery", "report/recovery"]


@pytest.mark.parametrize("name", ["leaving", "recovery"])
def test_an_empty_newsroom_has_reports_too(session, client, name):
    make.sign_in(session, client, make.staff(session, "viewer"))
    for form in ("", ".csv", ".json"):
        assert client.get(f"/staff/reports/{name}{form}").status_code == 200
