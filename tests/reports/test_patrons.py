"""The report `patrons`, against a small newsroom calculated by hand.

The newsroom's clocks are Vienna's, one hour ahead of UTC in winter: November began on 31 October at 23:00 UTC.

    who   pays            when (UTC)                what                 yearly (minor units)
    Ada   EUR 5 a month   10 January 2026           new                  + 6,000
    Bea   EUR 50 a year   31 October 22:59:59       new (October there)  + 5,000
    Cay   EUR 7 a month   31 October 23:00          new (November there) + 8,400   from "The dam"
    Dee   USD 10 a month  1 June 2026               new                  +12,000   from "The dam"
          USD 15 a month  5 November 2026           raised               + 6,000
    Eve   EUR 5 a month   1 February 2026           new                  + 6,000
                          10 November 2026          left                 - 6,000
    Fay   EUR 3 a month   30 November 2025, 23:00   new (December there) + 3,600
                          15 March 2026             lost                 - 3,600

Now: EUR 6,000 + 5,000 + 8,400 = 19,400 a year, 16.17 a month; USD 18,000 a year, 15.00 a month.
"""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.giving.models import Payment
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.newsroom.models import Article, Newsroom
from membership.readers.trail import AuditEntry
from membership.reports import tables
from membership.reports.queries import ArticleMoney, Moved, Recurring, TierCount, patrons_report
from tests import make

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONE = "Europe/Vienna"


def moved(session, person, kind, yearly, at, sequence):
    membership = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    session.add(
        Movement(
            membership_id=membership.id, sequence=sequence, reader_id=person.reader_id, tier_id=membership.tier_id,
            kind=kind, currency=membership.currency, yearly=yearly, at=at,
        )
    )  # fmt: skip


def paid(session, person, amount, currency, article, number):
    session.add(
        Payment(
            stripe_id=f"in_{number}", reader_id=person.reader_id, kind="membership", currency=currency, amount=amount,
            paid_at=AT - timedelta(days=1), method="card", article_id=article.id if article else None,
        )
    )  # fmt: skip


@pytest.fixture
def small_newsroom(session):
    session.scalars(select(Newsroom)).one().time_zone = ZONE
    dam = Article(address="https://news.example/dam", title="=The dam", first_seen_at=AT)
    bus = Article(address="https://news.example/bus", title="The bus", first_seen_at=AT)
    session.add_all([dam, bus])
    member, friend = make.tier(session, "member"), make.tier(session, "friend")

    def patron(amount, since, tier=member, paid_until=AT + timedelta(days=9), **values):
        return make.patron(session, tier_row=tier, amount=amount, since=since, paid_until=paid_until, **values)

    ada = patron(500, datetime(2026, 1, 10, tzinfo=UTC))
    patron(5000, datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC), tier=friend, interval="year")
    cay = patron(700, datetime(2026, 10, 31, 23, tzinfo=UTC), tier=friend)
    dee = patron(1000, datetime(2026, 6, 1, tzinfo=UTC), currency="USD")
    eve = patron(500, datetime(2026, 2, 1, tzinfo=UTC), status="canceled")
    fay = patron(300, datetime(2025, 11, 30, 23, tzinfo=UTC), status="canceled")
    moved(session, dee, "raised", 6000, datetime(2026, 11, 5, tzinfo=UTC), 2)
    moved(session, eve, "left", -6000, datetime(2026, 11, 10, tzinfo=UTC), 2)
    moved(session, fay, "lost", -3600, datetime(2026, 3, 15, tzinfo=UTC), 2)
    for person in (cay, dee):
        session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one().article_id = dam.id
    paid(session, ada, 500, "EUR", None, 1)
    paid(session, cay, 700, "EUR", dam, 2)
    paid(session, cay, 1000, "EUR", dam, 3)
    paid(session, dee, 1500, "USD", dam, 4)
    paid(session, dee, 2500, "USD", bus, 5)
    session.commit()
    return session


def test_the_figures_are_those_calculated_by_hand(small_newsroom):
    report = patrons_report(small_newsroom, AT, ZONE)
    assert report.month_began == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert (report.patrons, report.paying) == (4, 4)
    assert report.recurring == (Recurring("EUR", 19400, 3), Recurring("USD", 18000, 1))
    assert [line.mrr for line in report.recurring] == [Money(1617, "EUR"), Money(1500, "USD")]
    assert report.tiers == (TierCount("Member", 2), TierCount("Friend", 2))
    assert report.moved == (
        Moved("new", "EUR", 1, 8400),
        Moved("raised", "USD", 1, 6000),
        Moved("left", "EUR", 1, -6000),
    )


def test_each_month_is_counted_up_to_the_newsrooms_midnight(small_newsroom):
    months = patrons_report(small_newsroom, AT, ZONE).months
    euros = [month.recurring["EUR"].minor for month in months]
    dollars = [month.recurring["USD"].minor for month in months]
    assert euros == [300, 800, 1300, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1417, 1617]
    assert dollars == [0, 0, 0, 0, 0, 0, 1000, 1000, 1000, 1000, 1000, 1500]


def test_money_is_told_by_article_and_currency(small_newsroom):
    dam, bus = ("=The dam", "https://news.example/dam"), ("The bus", "https://news.example/bus")
    assert patrons_report(small_newsroom, AT, ZONE).articles == (
        ArticleMoney(*dam, "EUR", 2, Money(1700, "EUR"), 1),
        ArticleMoney("", "", "EUR", 1, Money(500, "EUR"), 4),
        ArticleMoney(*bus, "USD", 1, Money(2500, "USD"), 0),
        ArticleMoney(*dam, "USD", 1, Money(1500, "USD"), 1),
    )


def test_what_was_there_and_what_moved_make_what_is_there(small_newsroom):
    """Opening + movements = closing, exactly, for every month and currency."""
    movements = small_newsroom.scalars(select(Movement)).all()
    for month in range(1, 12):
        start, end = datetime(2026, month, 1, tzinfo=UTC), datetime(2026, month + 1, 1, tzinfo=UTC)
        before = {line.currency: line.yearly for line in patrons_report(small_newsroom, start, ZONE).recurring}
        after = {line.currency: line.yearly for line in patrons_report(small_newsroom, end, ZONE).recurring}
        for code in ("EUR", "USD"):
            change = sum(row.yearly for row in movements if row.currency == code and start < row.at <= end)
            assert before.get(code, 0) + change == after.get(code, 0)


def test_what_happens_later_is_not_reported_yet(small_newsroom):
    report = patrons_report(small_newsroom, datetime(2025, 12, 5, tzinfo=UTC), ZONE)
    assert report.recurring == (Recurring("EUR", 3600, 1),)
    assert report.articles[0].payments == 0


def test_grace_keeps_a_patron_but_no_longer_than_it_lasts(session):
    make.patron(session, paid_until=AT - timedelta(days=13), status="past_due")
    make.patron(session, paid_until=AT - timedelta(days=14), status="past_due")
    make.patron(session, paid_until=AT + timedelta(days=1), status="incomplete")
    make.lapsed_patron(session)
    assert patrons_report(session, AT, "UTC").patrons == 1


def test_somebody_with_two_memberships_is_one_patron(session):
    ada = make.patron(session, paid_until=AT + timedelta(days=1), since=AT - timedelta(days=40))
    other = make.patron(session, paid_until=AT + timedelta(days=1), since=AT - timedelta(days=40))
    for row in session.scalars(select(Membership)):
        row.reader_id = ada.reader_id
    session.commit()
    report = patrons_report(session, AT, "UTC")
    assert (report.patrons, report.paying) == (1, 2) and other.reader_id != ada.reader_id


def test_a_new_newsroom_has_a_report_that_says_so(session, client):
    report = patrons_report(session, AT, "UTC")
    assert report.is_empty and report.recurring == () and report.articles == ()
    make.sign_in(session, client, make.staff(session, "viewer"))
    page = client.get("/staff/reports/patrons")
    assert page.status_code == 200 and "Nobody has become a patron yet" in page.text
    assert client.get("/staff/reports/patrons.csv").text.splitlines()[0] == "part,item,address,currency,number,amount"


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)


def signed_in(session, client, role="viewer"):
    person = make.staff(session, role)
    make.sign_in(session, client, person)
    return person


def test_the_page_shows_figures_tables_and_pictures(small_newsroom, client, now):
    signed_in(small_newsroom, client)
    page = client.get("/staff/reports/patrons").text
    assert "€16.17" in page and "$15" in page
    assert re.search(r"Since (1 November|November 1,) 2026", page)
    tables = {code: re.search(f'id="articles-{code}".*?</table>', page, re.S)[0] for code in ("EUR", "USD")}
    assert "$" not in tables["EUR"] and "€" not in tables["USD"] and "$" in tables["USD"] and "€" in tables["EUR"]
    assert page.count('role="img"') == page.count("<title id=") == page.count("<desc id=") == 6
    assert "style=" not in page and "<script" not in page and "<style" not in page
    assert 'href="/staff/reports/patrons"' in client.get("/staff/reports").text


def test_the_csv_has_every_figure_and_runs_no_formula(small_newsroom, client, now):
    reader = signed_in(small_newsroom, client)
    answer = client.get("/staff/reports/patrons.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode())))
    found = {(row["part"], row["item"], row["currency"]): (row["number"], row["amount"]) for row in rows}
    assert found["mrr", "now", "EUR"] == ("3", "16.17")
    assert found["month", "2026-10", "EUR"] == ("", "14.17")
    assert found["movement", "left", "EUR"] == ("1", "-5.00")
    assert found["article", "'=The dam", "EUR"] == ("2", "17.00")
    assert found["article", "no article", "EUR"] == ("1", "5.00")
    assert rows[0]["item"] == "as of 2026-11-23T13:00+01:00 Europe/Vienna"
    noted = small_newsroom.scalars(select(AuditEntry).where(AuditEntry.action == "report:exported")).one()
    assert (noted.actor_id, noted.object) == (reader.reader_id, "report/patrons")
    assert noted.detail == {"format": "csv", "rows": len(rows)}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_cell_of_a_file_begins_like_a_formula(start):
    [_, line] = tables.as_csv([("article", f"{start}cmd", -5)])
    [cells] = csv.reader(io.StringIO(line, newline=""))
    assert cells == ["article", f"'{start}cmd", "-5"]


def test_the_file_is_sent_line_by_line():
    def rows():
        yield ("part",)
        raise AssertionError("read too far ahead")

    lines = tables.as_csv(rows())
    assert next(lines).startswith("part,item") and next(lines) == "part\r\n"


def test_the_json_says_the_same(small_newsroom, client, now):
    signed_in(small_newsroom, client)
    content = client.get("/staff/reports/patrons.json").json
    assert content["patrons"] == 4 and content["time_zone"] == ZONE
    assert content["recurring"][0] == {"currency": "EUR", "memberships": 3, "mrr": "16.17", "yearly": 19400}
    assert content["months"][-1] == {"month": "2026-11", "mrr": {"EUR": "16.17", "USD": "15.00"}}


def test_amounts_in_files_have_all_the_decimals_of_their_currency():
    cases = [
        (Money(400, "JPY"), "400"),
        (Money(5, "EUR"), "0.05"),
        (Money(-1250, "EUR"), "-12.50"),
        (Money(0, "KWD"), "0.000"),
    ]
    assert [str(tables.amount(money)) for money, _ in cases] == [text for _, text in cases]


@pytest.mark.parametrize(
    "address", ["/staff/reports", "/staff/reports/patrons", "/staff/reports/patrons.csv", "/staff/reports/patrons.json"]
)
@pytest.mark.parametrize("known", [False, True])
def test_reports_are_for_staff(session, client, address, known):
    if known:
        make.sign_in(session, client, make.patron(session))
        assert client.get(address).status_code == 403
    else:
        assert client.get(address).location.startswith("/sign-in")


def test_no_report_names_a_reader(small_newsroom, client, now):
    make.patron(small_newsroom, "named@example.org", name="Nona Named")
    signed_in(small_newsroom, client, "manager")
    for address in ("/staff/reports/patrons", "/staff/reports/patrons.csv", "/staff/reports/patrons.json"):
        text = client.get(address).text
        assert "named@example.org" not in text and "Nona" not in text
