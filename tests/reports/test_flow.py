"""The reports on movements, against a small newsroom calculated by hand, and the sums against the obvious SQL.

The newsroom's clocks are Vienna's. Amounts are minor units a year; a month's figure is a twelfth of their sum.

    who   tier    came by   when (Vienna)      what                          yearly    EUR then
    Ada   Member  herself   10 January         new, 5 a month                +6,000     6,000
    Bea   Member  article   1 February 00:00   new, 50 a year                +5,000    11,000
    Cay   Friend  herself   20 February        new, 10 a month              +12,000    23,000
    Ada   Friend  herself   3 March            raised to 10, now a Friend    +6,000    29,000
    Bea   Member  article   15 March           pauses                        -5,000    24,000
    Cay   Friend  herself   31 March 23:59:59  left                         -12,000    12,000
    Bea   Member  article   20 April           left out of the pause              0    12,000
    Cay   Friend  herself   2 May              returned, 4 a month           +4,800    16,800
    Ada   Friend  herself   10 May             lost                         -12,000     4,800
    Dee   Member  brought   5 March            new, USD 20 a month; pledged elsewhere since January  USD +24,000
    Dee   Member  brought   9 May              lowered, USD 15 a month       USD -6,000, USD 18,000 then

EUR at the ends of January to May: 6,000, 23,000, 12,000, 12,000, 4,800; a month 5.00, 19.17, 10.00, 10.00, 4.00.
"""

import csv
import io
import itertools
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import engine_for
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.newsroom.models import Article, Newsroom
from membership.newsroom.rates import ExchangeRate
from membership.readers import actions as readers
from membership.readers.trail import AuditEntry
from membership.reports import rolling, tasks
from membership.reports.asking import NotAFilter, NotAPeriod, asked_of
from membership.reports.frame import HIDDEN, Asked, Heading, Part
from membership.reports.lines import month_of
from membership.reports.register import REPORTS
from membership.reports.rules import begin_of, converted, month_later, steps_of
from membership.web import workbooks
from tests import make

ZONE = "Europe/Vienna"
AT = datetime(2026, 5, 20, 12, tzinfo=UTC)
ASKED = Asked(AT, ZONE, "EUR", "2026-01", "2026-05")


def begun(session, tier, yearly, at, *, currency="EUR", **values):
    """A membership with its first movement; returns a function that moves it on."""
    person = values.pop("person", None) or readers.know(session, f"flow{next(_NUMBER)}@example.org", at=at)
    row = Membership(
        subscription_id=f"sub_flow_{person.reader_id}_{at:%m%d%H}", reader_id=person.reader_id, tier_id=tier.id,
        status="active", currency=currency, amount=yearly, interval="year", counted=yearly, started_at=at, frozen=False,
        paused=False, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    sequence = 0

    def move(kind, change, at, tier=tier):
        nonlocal sequence
        sequence += 1
        session.add(
            Movement(membership_id=row.id, sequence=sequence, reader_id=person.reader_id, tier_id=tier.id, kind=kind,
                     currency=currency, yearly=change, at=at)
        )  # fmt: skip
        session.flush()

    move("returned" if values.get("checkout_id") is None and person in _SEEN else "new", yearly, at)
    _SEEN.append(person)
    return move, person


_SEEN: list = []
_NUMBER = itertools.count()


def vienna(month, day, hour=12, minute=0, second=0):
    return datetime(2026, month, day, hour, minute, second, tzinfo=ZoneInfo(ZONE))


@pytest.fixture
def newsroom(session):
    _SEEN.clear()
    session.scalars(select(Newsroom)).one().time_zone = ZONE
    member, friend = make.tier(session, "member"), make.tier(session, "friend")
    dam = Article(address="https://news.example/dam", title="The dam", first_seen_at=AT)
    session.add(dam)
    session.flush()
    ada, _ = begun(session, member, 6000, vienna(1, 10))
    bea, _ = begun(session, member, 5000, vienna(2, 1, 0), article_id=dam.id)
    cay, cay_herself = begun(session, friend, 12000, vienna(2, 20))
    ada("raised", 6000, vienna(3, 3), friend)
    dee, _ = begun(session, member, 24000, vienna(3, 5), currency="USD", pledged_since=datetime(2026, 1, 20, tzinfo=UTC))
    bea("paused", -5000, vienna(3, 15))
    cay("left", -12000, vienna(3, 31, 23, 59, 59))
    bea("left", 0, vienna(4, 20))
    begun(session, friend, 4800, vienna(5, 2), person=cay_herself)
    dee("lowered", -6000, vienna(5, 9))
    ada("lost", -12000, vienna(5, 10), friend)
    session.commit()
    return session


def part(session, report, name, asked=ASKED):
    return next(one for one in REPORTS[report].make(session, asked) if one.name == name)


def eur(minor):
    return Money(minor, "EUR")


def test_the_waterfall_is_the_one_calculated_by_hand(newsroom):
    rows = part(newsroom, "movements", "whole").rows
    told = {(row[0], row[2]): (row[3], row[4].minor, row[5]) for row in rows}
    assert told["EUR", "opening"] == (0, 0, 0)
    assert told["EUR", "new"] == (3, 1917, 23000)
    assert told["EUR", "returned"] == (1, 400, 4800)
    assert told["EUR", "raised"] == (1, 500, 6000)
    assert told["EUR", "paused"] == (1, -417, -5000)
    assert told["EUR", "left"] == (2, -1000, -12000)
    assert told["EUR", "lost"] == (1, -1000, -12000)
    assert told["EUR", "closing"] == (1, 400, 4800)
    assert told["USD", "closing"] == (1, 1500, 18000)
    for code in ("EUR", "USD"):
        mine = [row for row in rows if row[0] == code]
        assert sum(row[4].minor for row in mine[:-1]) == mine[-1][4].minor


def test_each_month_opens_where_the_one_before_closed(newsroom):
    rows = [row for row in part(newsroom, "movements", "months").rows if row[1] == "EUR"]
    assert [row[-1] for row in rows] == [eur(500), eur(1917), eur(1000), eur(1000), eur(400)]
    assert [row[3] for row in rows] == [eur(0), eur(500), eur(1917), eur(1000), eur(1000)]


@pytest.mark.parametrize(
    ("tier", "source", "closings"),
    [
        ("member", None, {"EUR": [500, 917, 0, 0, 0], "USD": [0, 0, 2000, 2000, 1500]}),
        ("friend", None, {"EUR": [0, 1000, 1000, 1000, 400]}),
        (None, "article", {"EUR": [0, 417, 0, 0, 0]}),
        (None, "brought", {"USD": [0, 0, 2000, 2000, 1500]}),
    ],
)
def test_a_tier_or_source_is_told_by_itself(newsroom, tier, source, closings):
    said = {"from": "2026-01", "tier": tier or "", "source": source or ""}
    asked = asked_of(newsroom, REPORTS["movements"], said, at=AT, full=True)
    rows = part(newsroom, "movements", "months", asked).rows
    for code, expected in closings.items():
        assert [row[-1].minor for row in rows if row[1] == code] == expected


def test_churn_is_the_one_calculated_by_hand(newsroom):
    rows = {row[0]: row[1:] for row in part(newsroom, "churn", "members").rows}
    assert rows["2026-01"] == (0, 0, 0, None, None, None)
    assert rows["2026-03"] == (3, 1, 0, Fraction(1, 3), Fraction(0), Fraction(1, 3))
    assert rows["2026-04"] == (3, 1, 0, Fraction(1, 3), Fraction(0), Fraction(1, 3))  # Ada, Bea who pauses, Dee
    assert rows["2026-05"] == (2, 0, 1, Fraction(0), Fraction(1, 2), Fraction(1, 2))
    assert rows["all"] == (9, 2, 1, Fraction(2, 9), Fraction(1, 9), Fraction(3, 9))
    money = {(row[0], row[1]): row[2:] for row in part(newsroom, "churn", "money").rows}
    zero = Fraction(0)
    assert money["2026-03", "EUR"][1:6] == (eur(1917), eur(-1000), eur(0), eur(0), eur(500))
    assert money["2026-03", "EUR"][6:] == (Fraction(12, 23), zero, Fraction(11, 23), Fraction(17, 23))
    assert money["2026-05", "USD"][6:] == (zero, zero, Fraction(3, 4), Fraction(3, 4))


def test_cohorts_are_those_calculated_by_hand(newsroom):
    rows = {row[0]: row[1:] for row in part(newsroom, "cohorts", "members").rows}
    one, half = Fraction(1), Fraction(1, 2)
    # January: Ada; from March also Dee, whose pledge began then. Ada is lost in May.
    assert rows["2026-01"] == (2, 1, one, one, one, one, half)
    # February: Bea, who leaves in April, and Cay, who leaves in March and is back in May.
    assert rows["2026-02"] == (2, 1, one, half, Fraction(0), half, None)
    assert set(rows) == {"2026-01", "2026-02"}
    money = {(row[0], row[1]): row[2:] for row in part(newsroom, "cohorts", "money").rows}
    assert money["2026-01", "EUR"] == (1, one, one, Fraction(2), Fraction(2), Fraction(0))
    assert money["2026-02", "EUR"] == (2, one, Fraction(0), Fraction(0), Fraction(48, 170), None)


def test_all_of_it_in_the_newsrooms_own_currency(newsroom):
    newsroom.add_all([
        ExchangeRate(day=date(2026, 3, 20), currency="USD", own="EUR", millionths=900_000),
        ExchangeRate(day=date(2026, 5, 1), currency="USD", own="EUR", millionths=850_000),
        ExchangeRate(day=date(2026, 5, 21), currency="USD", own="EUR", millionths=1),  # tomorrow
    ])  # fmt: skip
    newsroom.commit()
    rows = {row[0]: row[1:] for row in part(newsroom, "movements", "own").rows}
    assert rows["2026-02"] == (3, eur(1917), "")
    assert rows["2026-03"] == (2, eur(1000 + 1800), "")
    assert rows["2026-05"] == (2, eur(400 + 1275), "")


def test_without_a_rate_nothing_is_converted(newsroom):
    rows = {row[0]: row[1:] for row in part(newsroom, "movements", "own").rows}
    assert rows["2026-02"] == (3, eur(1917), "") and rows["2026-03"] == (2, None, "USD")


@pytest.mark.parametrize(
    ("yearly", "rates", "own", "monthly"),
    [
        ({"EUR": 6}, {"EUR": 10**6}, "EUR", 1),
        ({"EUR": -6}, {"EUR": 10**6}, "EUR", -1),
        ({"JPY": 1200}, {"JPY": 6_000, "EUR": 10**6}, "EUR", 60),
        ({"EUR": 1200}, {"EUR": 160_000_000, "JPY": 10**6}, "JPY", 160),
        ({"EUR": 3, "USD": 3}, {"EUR": 10**6, "USD": 10**6}, "EUR", 1),  # each alone would be nothing
    ],
)
def test_money_is_converted_exactly_and_rounded_once(yearly, rates, own, monthly):
    decimals = {"EUR": 2, "USD": 2, "JPY": 0}
    assert converted(yearly, rates, decimals, own) == monthly


@given(st.integers(0, 10**9), st.lists(st.integers(-(10**6), 10**6), max_size=12))
def test_the_steps_of_a_waterfall_add_up_to_the_minor_unit(opening, changes):
    told = steps_of(opening, changes)
    assert sum(told[:-1]) == told[-1]
    assert all(abs(12 * step - change) < 24 for step, change in zip(told[1:-1], changes, strict=True))


OBVIOUS = select(Movement.currency, Movement.kind, func.count().label("number"), func.sum(Movement.yearly).label("yearly"))
KINDS_OF = {
    "running": ("raised", "lowered", "paused", "left", "lost", "switched"), "resting": ("resumed", "left"),
    "over": ("returned",),
}  # fmt: skip
SPAN = timedelta(days=88)


@pytest.fixture
def tiers(session):
    return [make.tier(session) for _ in range(2)]


@given(data=st.data())
@settings(max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sums_are_those_of_the_obvious_sql_whenever_and_however_they_were_rolled_up(session, tiers, data):
    """Invented lives, told in any order of time, rolled up in any portions, also never, twice and from scratch."""
    undo = session.begin_nested()
    try:
        _live_and_compare(session, tiers, data)
    finally:
        undo.rollback()


def _live_and_compare(session, tiers, data):
    _SEEN.clear()
    ids = [tier.id for tier in tiers]
    lives = []
    for _ in range(data.draw(st.integers(1, 3))):
        at = _moment(data)
        amount = data.draw(st.integers(1, 10**6))
        move, _person = begun(session, tiers[0], amount, at, currency=data.draw(st.sampled_from(["EUR", "USD"])))
        lives.append([move, amount, "running", amount, tiers[0]])
    for _ in range(data.draw(st.integers(0, 12))):
        life = data.draw(st.sampled_from(lives))
        _moved_on(data, life, tiers)
        if data.draw(st.booleans()):
            upto = rolling.settled_upto(session)
            rolling.roll(session, data.draw(st.sampled_from([ZONE, "UTC"])), upto, at=AT, most=data.draw(st.integers(1, 5)))
        if data.draw(st.integers(0, 9)) == 0:
            rolling.forget(session, ZONE, at=AT)
    lines = rolling.movement_lines(session, ZONE, rolling.Wanted("2026-12"))
    cohort_lines = rolling.cohort_lines(session, ZONE, rolling.Wanted("2026-12"))
    for month in ("2026-01", "2026-02", "2026-03"):
        within = (Movement.at >= begin_of(month, ZONE), Movement.at < begin_of(month_later(month, 1), ZONE))
        grouped = OBVIOUS.where(*within, Movement.kind != "switched").group_by(Movement.currency, Movement.kind)
        rows = session.execute(grouped).all()
        obvious = {(row.currency, row.kind): (row.number, int(row.yearly)) for row in rows}
        mine = {}
        for line in lines:
            if line.month == month and line.kind != "switched":
                number, yearly = mine.get((line.currency, line.kind), (0, 0))
                mine[line.currency, line.kind] = number + line.number, yearly + line.yearly
        assert mine == obvious
    whole = session.execute(select(func.sum(Movement.yearly))).scalar_one()
    assert sum(line.yearly for line in lines) == sum(line.yearly for line in cohort_lines) == whole
    ended = {"new": 1, "returned": 1, "left": -1, "lost": -1}
    alive = sum(ended.get(kind, 0) for kind in session.execute(select(Movement.kind)).scalars())
    assert sum(line.members for line in lines) == sum(line.members for line in cohort_lines) == alive
    each = select(Movement.membership_id).group_by(Movement.membership_id).having(func.sum(Movement.yearly) > 0)
    assert sum(line.paying for line in lines) == len(session.execute(each).all())
    _compare_spells(session)
    by_tier = [rolling.movement_lines(session, ZONE, rolling.Wanted("2026-12", tier_id=id)) for id in ids]
    assert [sum(line.yearly for line in mine) for mine in by_tier] == [
        sum(life[1] for life in lives if life[4] is tier and life[2] == "running") for tier in tiers
    ]


def _compare_spells(session):
    """Each life walked through by itself: month of beginning, tier of beginning, month, what changed."""
    obvious = {}
    began, tier = "", 0
    for move in session.scalars(select(Movement).order_by(Movement.membership_id, Movement.sequence)):
        if move.kind in ("new", "returned"):
            began, tier = month_of(move.at, ZONE), move.tier_id
        sums = obvious.setdefault((began, max(began, month_of(move.at, ZONE)), move.currency, tier), [0, 0, 0, 0])
        sums[3] += move.yearly
        place = {"new": 0, "returned": 0, "left": 1, "lost": 2}.get(move.kind)
        if place is not None:
            sums[place] += 1
    rolled = {}
    for line in rolling.spell_lines(session, ZONE, rolling.Wanted("2026-12"), "tier_id", "2026-01"):
        sums = rolled.setdefault((line.began, line.month, line.currency, line.tier_id), [0, 0, 0, 0])
        for place, value in enumerate((line.begun, line.chosen, line.failed, line.yearly)):
            sums[place] += value
    assert rolled == obvious


def _moment(data):
    return datetime(2026, 1, 1, tzinfo=UTC) + data.draw(st.timedeltas(timedelta(), SPAN))


def _moved_on(data, life, tiers):
    move, amount, state, pledge, tier = life
    kind = data.draw(st.sampled_from(KINDS_OF[state]))
    tier_then = data.draw(st.sampled_from(tiers)) if kind in ("raised", "lowered") else tier
    if kind == "switched":
        tier_then = tiers[1 - tiers.index(tier)]
    if kind == "lowered" and amount == 1:
        return
    change = {
        "raised": data.draw(st.integers(1, 1000)), "lowered": -data.draw(st.integers(1, max(amount - 1, 1))), "switched": 0,
        "paused": -amount, "left": -amount, "lost": -amount, "resumed": pledge, "returned": pledge,
    }[kind]  # fmt: skip
    after = {"paused": "resting", "left": "over", "lost": "over"}.get(kind, "running")
    move(kind, change, _moment(data), tier_then)
    life[1:] = [amount + change, after, amount + change or pledge, tier_then]


def test_a_rebuild_makes_the_same_figures(newsroom):
    before = part(newsroom, "movements", "months").rows
    assert list(tasks.rebuild()) == [1]
    newsroom.expire_all()
    assert part(newsroom, "movements", "months").rows == before
    assert rolling.roll(newsroom, ZONE, rolling.settled_upto(newsroom), at=AT) is False
    assert part(newsroom, "movements", "months").rows == before


def test_few_people_are_hidden_and_so_is_who_the_sum_would_give_away():
    headings = (Heading("item", "", "text"), Heading("members", "", "people"), Heading("mrr", "", "money"))
    made = Part("p", "", "", headings, (("a", 40, eur(9)), ("b", 3, eur(1)), ("c", 6, eur(2)), ("d", 0, eur(0))))
    assert made.for_viewers().rows == (("a", 40, eur(9)), ("b", HIDDEN, HIDDEN), ("c", HIDDEN, HIDDEN), ("d", 0, eur(0)))
    enough = replace(made, rows=(("a", 40, eur(9)), ("c", 5, eur(2))))
    assert enough.for_viewers() is enough


def test_a_viewer_sees_no_figures_of_few_and_a_manager_all(newsroom, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, "viewer"))
    page = client.get("/staff/reports/movements?from=2026-01").text
    assert "&lt;5" in page and "€19.17" not in page
    assert "19.17" not in client.get("/staff/reports/movements.csv?from=2026-01").text
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    page = client.get("/staff/reports/movements?from=2026-01").text
    assert "€19.17" in page and "&lt;5" not in page and "<svg" in page


@pytest.mark.parametrize("name", list(REPORTS))
def test_page_and_files_of_each_report_say_the_same(newsroom, client, monkeypatch, name):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    address = f"/staff/reports/{name}"
    assert client.get(f"{address}?from=2026-01&to=2026-05").status_code == 200
    told = json.loads(client.get(f"{address}.json?from=2026-01").text)
    lines = list(csv.DictReader(io.StringIO(client.get(f"{address}.csv?from=2026-01").text)))
    sheet = zipfile.ZipFile(io.BytesIO(client.get(f"{address}.xlsx?from=2026-01").data)).read("xl/worksheets/sheet1.xml")
    rows = ElementTree.fromstring(sheet)[0]
    assert len(rows) - 1 == len(lines) == sum(map(len, told["parts"].values()))
    in_order = [row for rows in told["parts"].values() for row in rows]
    for line, row in zip(lines, in_order, strict=True):
        for key, value in row.items():
            assert line[key] == ("" if value is None else str(value))
    exported = newsroom.scalars(select(AuditEntry).where(AuditEntry.action == "report:exported")).all()
    assert [entry.detail["format"] for entry in exported] == ["json", "csv", "xlsx"]


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"from": "2026-13"}, NotAPeriod),
        ({"from": "2026-05", "to": "2026-04"}, NotAPeriod),
        ({"from": "1990-01"}, NotAPeriod),
        ({"to": "1"}, NotAPeriod),
        ({"from": "2011-01"}, NotAPeriod),
        ({"currency": "XXX"}, NotAFilter),
        ({"tier": "none"}, NotAFilter),
        ({"source": "none"}, NotAFilter),
    ],
)
def test_what_cannot_be_asked_is_refused(newsroom, said, refusal):
    with pytest.raises(refusal):
        asked_of(newsroom, REPORTS["movements"], said, at=AT, full=True)


def test_a_workbook_holds_numbers_and_texts_and_runs_nothing_over_as_many_sheets_as_it_takes():
    rows = [("=1+1", n, Decimal("1.50"), None, "a\x00<b>") for n in range(5)]
    made = zipfile.ZipFile(io.BytesIO(b"".join(workbooks.as_xlsx(rows, ("t", "n", "d", "e", "x"), most=4))))
    assert made.testzip() is None
    sheets = [ElementTree.fromstring(made.read(f"xl/worksheets/sheet{n}.xml"))[0] for n in (1, 2)]
    assert [len(sheet) for sheet in sheets] == [4, 3]
    cells = list(sheets[0][1])
    assert [cell.get("t") for cell in cells] == ["inlineStr", None, None, None, "inlineStr"]
    assert ["".join(cell.itertext()) for cell in cells] == ["'=1+1", "0", "1.50", "", "a<b>"]
    assert b"<f>" not in made.read("xl/worksheets/sheet1.xml")


def test_whoever_writes_is_not_waited_for_long(store):
    """While somebody writes movements nothing is rolled, and nobody queues behind the report; afterwards all is. SQLite has
    one writer at a time, and nothing to wait for."""
    with store.fresh() as url:
        engine = engine_for(url)
        with engine.connect() as writer, Session(engine) as session:
            if store.kind == "postgresql":
                writer.exec_driver_sql("LOCK TABLE movement IN ROW EXCLUSIVE MODE")
                assert rolling.nobody_writes(session, "movement") is False
            writer.rollback()
            assert rolling.nobody_writes(session, "movement") is True
        engine.dispose()
