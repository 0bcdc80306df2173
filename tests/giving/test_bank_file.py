"""Gifts out of a bank's CSV: rehearsed first, each line once, nothing taken that could be read in two ways."""

import html
import io
import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.giving.bank_rules import NotABanksFile, TooManyLines, read_bank_amount, read_day, read_file
from membership.giving.models import Payment
from membership.mail.models import Letter
from membership.money import Money
from membership.newsroom.models import Newsroom
from membership.readers.trail import AuditEntry
from membership.refusals import Refused
from tests import make

FILE = """Buchungstag;Betrag;Währung;Name;Verwendungszweck
02.11.2026;25,50;EUR;Cleo Invented;For you, cleo@example.org
02.11.2026;25,50;EUR;Cleo Invented;For you, cleo@example.org
2026-11-03;1.234,00;EUR;Dan Invented;Thank you
03.11.2026;-12,00;EUR;The Printers;Invoice
3/11/2026;5,00;EUR;Ed Invented;x
04.11.2026;1.234;EUR;Fay Invented;x
05.11.2026;5,00;XXX;Gus Invented;x
06.11.2026;700;JPY;;x
"""


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager")
    make.sign_in(session, client, person)
    return person


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("25", 2500), ("25,5", 2550), ("25.50", 2550), ("1.234,56", 123456), ("1,234.56", 123456), ("1 234,00", 123400),
     ("1\u00a0234,00", 123400), ("1'234.00", 123400), ("+3,00", 300), ("1234", 123400), ("12.345.678,90", 1234567890)],
)  # fmt: skip
def test_amounts_as_banks_write_them(typed, minor):
    assert read_bank_amount(typed, "EUR") == Money(minor, "EUR")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "0,00",
        "-5",
        "1.234",
        "1,234",
        "1.23.45",
        "1.234.56",
        "1,2,3",
        "5,005",
        "x",
        "٣",
        "1.2345,00",
        "12 34,00",
    ],
)
def test_an_amount_that_could_be_two_is_none(typed):
    with pytest.raises(Refused):
        read_bank_amount(typed, "EUR")


@pytest.mark.parametrize(
    ("typed", "day"),
    [("2026-11-02", date(2026, 11, 2)), ("2.11.2026", date(2026, 11, 2)), ("02. 11. 2026", date(2026, 11, 2)),
     ("02/11/2026", None), ("31.02.2026", None), ("2026-13-01", None), ("", None), ("2.11.26", None)],
)  # fmt: skip
def test_days(typed, day):
    assert read_day(typed) == day


def test_each_line_is_read_or_says_why_not():
    lines = read_file(FILE, own_currency="EUR")
    assert [line.problem for line in lines] == ["", "", "", "outgoing", "day", "amount", "amount", "name"]
    assert lines[0].email == "cleo@example.org" and lines[0].key == lines[1].key != lines[2].key
    assert [line.number for line in lines] == list(range(2, 10))


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "date,amount\n2026-01-01,5\n", "\0"])
def test_another_file_is_refused(text):
    with pytest.raises(NotABanksFile):
        read_file(text, own_currency="EUR")


def test_too_many_lines_are_refused():
    with pytest.raises(TooManyLines):
        read_file("date,amount,name\n" + "2026-01-01,5,A\n" * 2001, own_currency="EUR")


def hand_in(client, text, encoding="utf-8"):
    file = (io.BytesIO(text.encode(encoding)), "bank.csv")
    return client.post("/staff/ways/import", data={"file": file}, content_type="multipart/form-data")


def payments(session):
    session.expire_all()
    return sorted(session.scalars(select(Payment.amount)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_rehearsal_writes_nothing_and_the_real_thing_each_line_once(session, client, manager, encoding):
    page = hand_in(client, FILE.replace("\n", "\r\n"), encoding)
    assert page.status_code == 200 and "2 gifts would be recorded" in page.text
    assert payments(session) == [] and session.scalars(select(AuditEntry)).all() == []
    text = html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)[1])
    for _ in range(2):
        assert client.post("/staff/ways/import", data={"text": text, "for_good": "y"}).status_code == 303
    assert payments(session) == [2550, 123400]
    assert session.scalars(select(Letter.address)).all() == ["cleo@example.org"]
    assert "0 gifts would be recorded" in hand_in(client, FILE, encoding).text
    details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "gifts:imported")).all()
    assert [detail["recorded"] for detail in details] == [2, 0]


@pytest.mark.parametrize(
    ("zone", "at", "is_over"),
    [("Pacific/Auckland", "2026-03-01T20:00", True), ("America/Los_Angeles", "2026-03-02T03:00", False)],
)
def test_a_day_has_come_by_the_newsrooms_calendar(session, client, manager, monkeypatch, zone, at, is_over):
    session.scalars(select(Newsroom)).one().time_zone = zone
    session.commit()
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(at).replace(tzinfo=UTC))
    make.sign_in(session, client, make.staff(session, "manager"))
    page = hand_in(client, "date,amount,name\n2026-03-02,5.00,Ada\n")
    assert ("1 gift would be recorded" in page.text) is is_over, page.text


def test_what_is_no_file_is_said(session, client, manager):
    page = hand_in(client, "hello")
    assert page.status_code == 422 and "did not find the columns" in page.text
    assert client.post("/staff/ways/import").status_code == 422
    assert session.scalar(select(func.count()).select_from(Payment)) == 0


def test_others_do_not_get_there(session, client):
    make.sign_in(session, client, make.staff(session, "editor"))
    assert hand_in(client, FILE).status_code == 403 and client.get("/staff/ways/import").status_code == 403
