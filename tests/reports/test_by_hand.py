"""The reports on people who left, on payouts, on lifetimes and on what is to come, against a small newsroom reckoned by hand.

The newsroom's clocks are Vienna's, the day is 20 June 2026, amounts are minor units, `a` is "a year".

    Lifetimes: ten Members give EUR 5 a month from 10 January on (6,000 a); Uma, who came from an article, is a Friend for
    USD 10 a month from 10 February on. One Member leaves and one is lost in March, one leaves in April.

    month      age   watched   ended   there at its end      money then
    January     0      10        0     1                       60,000 a
    February    1      10        0     1                       60,000 a
    March       2      10        2     1 * 8/10 = 0.8          48,000 a
    April       3       8        1     0.8 * 7/8 = 0.7         42,000 a
    May         4       7        0     0.7                     42,000 a

    Average months 1 + 1 + 0.8 + 0.7 + 0.7 = 4.2; money 252,000 a over 42 months: 500 a month. In the ledger 10,000 gross,
    500 of fees, 500 refunded: nine tenths stay, 450. A lifetime: 4.2 * 450 = 1,890.
    Greenwood: 2/(10*8) * (0.8+0.7+0.7)^2 + 1/(8*7) * (0.7+0.7)^2 = 0.121 + 0.035 = 0.156; 1.96 * sqrt(0.156) = 0.774137.
    So 3.425863 to 4.974137 months: 1,541.6 to 2,238.4.

    What is to come: in June 7 are there, 5 months old, of which nothing is known; of all ages together 3 of 45 ended. Of
    42,000 a 42,000 * 42/45 = 39,200 a stay; on average 60,000/5 = 12,000 a come. 51,200 a, 4,266.7 a month.
    Variance: who leaves 42,000^2/7 * 42/45 * 3/45 = 15,680,000; how well it is known 39,200^2 * 3/(45*42) = 2,439,111; who
    comes: 48,000^2 + 4 * 12,000^2, over 4, is 720,000,000, times 1 + 1/5. Together 882,119,111: 51,200 + 1.96 * 29,700.5
    = 109,413 a, 9,117.7 a month at most; nothing at least.

    Who left               when       why      reason   gave a month   paid                   may be written to
    Ann (Member)           12 March   chosen   money    5              3 * 500 - 500 back     yes
    Ben (Member)           20 March   failed            5              500, disputed          no: refused such letters
    Cat (Member)           5 April    chosen            5              nothing                no: letters come back
    Dan (Friend, USD)      left in March, came back in May: a patron
    Eva (Friend, USD)      left in March, and was given a membership: a patron
    Fay (Friend, USD)      left in March, and was erased: not known any more
    Ann, Ben and Cat are the three Members of above.

    Payouts                carries                                                                    in our ledger
    po_1 EUR 2,570         txn_1 1,000 - 50; txn_2 2,000 - 80; txn_3 a refund of the first: -300      all of it: 2,570
    po_2 USD 900           txn_5 900                                                                  nothing yet
    po_3 EUR 1,000         txn_9 700 - 100; txn_10 400                                                only txn_9: 600
    (none)                 txn_4 500 - 30                                                             470
"""

import csv
import io
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, func, select, update

from membership import clock
from membership.account.models import LeavingReason
from membership.dunning.models import UnpaidInvoice
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.payout_models import Payout, PayoutLine
from membership.giving.touch_models import CheckoutTouch
from membership.mail.models import Bounce, Letter
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.newsroom.models import Article, Newsroom
from membership.readers import actions as readers
from membership.readers.models import LetterRefusal, Person
from membership.readers.trail import AuditEntry
from membership.reports import rolling_money, snapshots, tasks
from membership.reports.frame import Asked
from membership.reports.held import LARGEST, MOST, Held
from membership.reports.lines import SOURCES, SpellLine, source_of
from membership.reports.models import RollUp
from membership.reports.money_models import LedgerMonth, PayoutSum, Snapshot
from membership.reports.register import REPORTS
from membership.reports.rules import begin_of, month_later, months
from membership.reports.survival import Age, expected, known, months_run, survival, watched
from membership.reports.within import source_column
from tests import make

ZONE = "Europe/Vienna"
AT = datetime(2026, 6, 20, 12, tzinfo=UTC)
ASKED = Asked(AT, ZONE, "EUR", "2026-01", "2026-06")


def eur(minor):
    return Money(minor, "EUR")


def usd(minor):
    return Money(minor, "USD")


def on(month, day):
    return datetime(2026, month, day, 12, tzinfo=ZoneInfo(ZONE))


def member(session, name, tier, yearly, at, *, currency="EUR", **values):
    """A running membership with its first movement."""
    person = readers.know(session, f"{name.lower()}@example.org", at=at, name=name)
    row = Membership(
        subscription_id=f"sub_{name}", reader_id=person.reader_id, tier_id=tier.id, status="active", currency=currency,
        amount=yearly // 12, interval="month", counted=yearly, started_at=at, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    move(session, row, "new", yearly, at)
    return row


def move(session, row, kind, change, at):
    sequence = session.scalar(select(func.count()).where(Movement.membership_id == row.id)) + 1
    session.add(
        Movement(
            membership_id=row.id, sequence=sequence, reader_id=row.reader_id, tier_id=row.tier_id, kind=kind,
            currency=row.currency, yearly=change, at=at,
        )
    )  # fmt: skip
    if kind in ("left", "lost"):
        row.status = "canceled"
    session.flush()


def paid(session, name, reader_id, amount, *, currency="EUR", at=AT - timedelta(days=60), **lines):
    """A payment, and its lines in the ledger under a booking of its own: `gross=…, fee=…`."""
    row = Payment(
        stripe_id=f"in_{name}", reader_id=reader_id, kind="membership", currency=currency, amount=amount, paid_at=at,
        method="card", payment_intent_id=f"pi_{name}", charge_id=f"ch_{name}",
    )  # fmt: skip
    session.add(row)
    session.flush()
    book(session, f"txn_{name}", row.id, at=at, currency=currency, **lines)
    return row


def book(session, txn, payment_id, *, at=AT - timedelta(days=60), currency="EUR", **lines):
    for kind, amount in lines.items():
        entry = LedgerEntry(payment_id=payment_id, kind=kind, currency=currency, amount=amount, at=at, stripe_id=txn)
        session.add(entry)
    session.flush()


def payout(session, number, amount, currency, **nets):
    row = Payout(
        stripe_id=f"po_{number}", currency=currency, amount=amount, status="paid", created_at=on(5, 10), arrives_at=on(5, 12)
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all([PayoutLine(stripe_id=txn, payout_id=row.id, net=net) for txn, net in nets.items()])
    session.flush()


@pytest.fixture
def newsroom(session):
    session.scalars(select(Newsroom)).one().time_zone = ZONE
    tier, friend = make.tier(session, "member"), make.tier(session, "friend")
    dam = Article(address="https://news.example/dam", title="The dam", first_seen_at=AT)
    session.add(dam)
    session.flush()
    those = [member(session, name, tier, 6000, on(1, 10)) for name in ["Ann", "Ben", "=Cat", *"GHIJKLM"]]
    ann, ben, cat = those[:3]
    member(session, "Uma", friend, 12000, on(2, 10), currency="USD", article_id=dam.id)
    move(session, ann, "left", -6000, on(3, 12))
    move(session, ben, "lost", -6000, on(3, 20))
    move(session, cat, "left", -6000, on(4, 5))
    session.add(LeavingReason(membership_id=ann.id, reason="money", words="", at=on(3, 1)))
    session.add(LetterRefusal(reader_id=ben.reader_id, sort="asking", refused_at=AT))
    bounced(session, cat.reader_id)
    first = paid(session, "1", ann.reader_id, 500, gross=1000, fee=-50)
    second = paid(session, "2", ann.reader_id, 500, gross=2000, fee=-80)
    third = paid(session, "4", ann.reader_id, 500, gross=500, fee=-30)
    disputed = paid(session, "6", ben.reader_id, 500, gross=6500, fee=-340)
    book(session, "txn_3", first.id, refund=-300)
    book(session, "txn_8", second.id, refund=-200)
    book(session, "txn_po", None, payout=-2570)
    session.add(
        Refund(token="r", stripe_id="re_1", payment_id=third.id, currency="EUR", amount=500, state="succeeded", reason="",
               asked_at=AT)
    )  # fmt: skip
    session.add(
        Dispute(stripe_id="dp_1", payment_id=disputed.id, currency="EUR", amount=500, status="lost", reason="",
                opened_at=AT)
    )  # fmt: skip
    payout(session, 1, 2570, "EUR", txn_1=950, txn_2=1920, txn_3=-300)
    payout(session, 2, 900, "USD", txn_5=900)
    book(session, "txn_9", None, other=700, fee=-100)
    payout(session, 3, 1000, "EUR", txn_9=600, txn_10=400)
    session.commit()
    return session


def bounced(session, reader_id):
    person = session.get(Person, reader_id)
    letter = Letter(
        key=f"b{reader_id}", kind="receipt", reader_id=reader_id, address=person.email, language="en", subject="s", text="t",
        fleeting=False, state="failed", written_at=AT,
    )  # fmt: skip
    session.add(letter)
    session.flush()
    session.add(
        Bounce(letter_id=letter.id, reader_id=reader_id, address=person.email, hard=True, status="5.1.1", words="", at=AT)
    )
    session.flush()


def told(session, report, name, asked=ASKED):
    """The rows of a part as files have them."""
    part = next(one for one in REPORTS[report].make(session, asked) if one.name == name)
    kept = [place for place, heading in enumerate(part.headings) if heading.only != "page"]
    return [tuple(row[place] for place in kept) for row in part.rows]


def test_lifetimes_are_those_reckoned_by_hand(newsroom):
    nothing = (None, None, None)
    members = ("EUR", 10, 3, *nothing, 5, Decimal("4.2"), eur(450), eur(1890), eur(1542), eur(2238))
    friends = ("USD", 1, 0, *nothing, 0, None, usd(900), *nothing)
    assert told(newsroom, "lifetime", "tiers") == [("member", *members), ("friend", *friends)]
    assert told(newsroom, "lifetime", "sources") == [("article", *friends), ("direct", *members)]
    assert [row[1:4] for row in told(newsroom, "lifetime", "curve", replace(ASKED, currency="EUR"))] == [
        (10, 0, Fraction(1)), (10, 0, Fraction(1)), (10, 2, Fraction(4, 5)), (8, 1, Fraction(7, 10)), (7, 0, Fraction(7, 10)),
    ]  # fmt: skip


def test_what_is_to_come_is_what_was_reckoned_by_hand(newsroom):
    rows = told(newsroom, "forecast", "next")
    assert [row[0] for row in rows] == [*months("2026-06", "2027-05"), "all"]
    assert rows[0][:7] == ("2026-06", "EUR", 7, eur(0), eur(4267), eur(9118), eur(3267))
    assert rows[0][8] == eur(3840)  # nine tenths of it
    assert told(newsroom, "forecast", "tested") == []


def test_those_to_write_to_are_those_named_by_hand(newsroom):
    friend = newsroom.scalars(select(Membership).where(Membership.subscription_id == "sub_Uma")).one().tier_id
    tier = SimpleNamespace(id=friend)
    dan, eva, fay = (member(newsroom, name, tier, 12000, on(1, 5), currency="USD") for name in ("Dan", "Eva", "Fay"))
    for row in (dan, eva, fay):
        move(newsroom, row, "left", -12000, on(3, 3))
    move(newsroom, dan, "returned", 12000, on(5, 3))
    dan.status = "active"
    make.given(newsroom, newsroom.get(Person, eva.reader_id), begins_at=on(5, 1), ends_at=on(12, 1))
    newsroom.execute(delete(Person).where(Person.reader_id == fay.reader_id))
    newsroom.commit()
    assert told(newsroom, "lapsed", "whys") == [
        ("EUR", "failed", "", 1, 0, eur(500), eur(0)),
        ("EUR", "chosen", "money", 1, 1, eur(500), eur(1000)),
        ("EUR", "chosen", "unsaid", 1, 0, eur(500), eur(0)),
    ]
    assert told(newsroom, "lapsed", "months") == [
        ("2026-03", "EUR", 1, 1, 2, 1, eur(1000), eur(1000)),
        ("2026-04", "EUR", 1, 0, 1, 0, eur(500), eur(0)),
    ]
    assert told(newsroom, "lapsed", "tiers") == [("Member", "EUR", 3, 1, eur(1500), eur(1000))]
    assert told(newsroom, "lapsed", "tiers", replace(ASKED, source="article")) == []


def test_payouts_and_their_payments_add_up_both_ways(newsroom):
    assert told(newsroom, "payouts", "payouts") == [
        ("po_3", "2026-05-10", "2026-05-12", "paid", "EUR", 0, *map(eur, (0, -100, 0, 0, 700, 1000, 400))),
        ("po_2", "2026-05-10", "2026-05-12", "paid", "USD", 0, *[usd(0)] * 5, usd(900), usd(900)),
        ("po_1", "2026-05-10", "2026-05-12", "paid", "EUR", 2, *map(eur, (3000, -130, -300, 0, 0, 2570, 0))),
    ]  # fmt: skip
    assert [row[:3] for row in told(newsroom, "payouts", "months")] == [("2026-05", "EUR", 2), ("2026-05", "USD", 1)]


@pytest.mark.parametrize("role", ["viewer", "editor", "manager"])
def test_names_are_for_managers_and_each_taking_is_noted(newsroom, client, monkeypatch, role):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, role))
    page = client.get("/staff/reports/lapsed?from=2026-01").text
    assert "ann@example.org" not in page and ("people.csv" in page) is (role == "manager")
    address = "/staff/reports/lapsed/people.{}?from=2026-01"
    answers = [client.get(address.format(form), buffered=True) for form in ("csv", "json", "xlsx")]
    if role != "manager":
        assert [answer.status_code for answer in answers] == [403] * 3
        return
    rows = list(csv.DictReader(io.StringIO(answers[0].text)))
    assert [(row["name"], row["why"], row["a_month"], row["paid"], row["may_be_written_to"]) for row in rows] == [
        ("'=Cat", "chosen", "5.00", "0.00", "no"), ("Ben", "failed", "5.00", "0.00", "no"),
        ("Ann", "chosen", "5.00", "10.00", "yes"),
    ]  # fmt: skip
    assert [one["email"] for one in answers[1].json] == ["=cat@example.org", "ben@example.org", "ann@example.org"]
    assert answers[2].data.startswith(b"PK")
    noted = newsroom.scalars(select(AuditEntry).where(AuditEntry.object == "report/lapsed/people")).all()
    assert [entry.detail for entry in noted] == [
        {"format": form, "rows": 3, "from": "2026-01", "to": "2026-06"} for form in ("csv", "json", "xlsx")
    ]


def test_a_payout_leads_to_its_payments_and_a_payment_to_its_payout(newsroom, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, "viewer"))
    for address in ("search?number=po_1", "po_1", "payments/in_1", "lines.csv"):
        assert client.get(f"/staff/reports/payouts/{address}").status_code == 403
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    assert client.get("/staff/reports/payouts/search?number=po_1").location == "/staff/reports/payouts/po_1"
    for number in ("in_1", "pi_1", "ch_1"):
        found = client.get(f"/staff/reports/payouts/search?number={number}")
        assert found.location == "/staff/reports/payouts/payments/in_1"
    assert client.get("/staff/reports/payouts/search?number=po_9").status_code == 404
    page = client.get("/staff/reports/payouts/po_1").text
    assert "add up to it" in page and 'href="/staff/reports/payouts/payments/in_2"' in page and "€19.20" in page
    assert "none of its bookings" in client.get("/staff/reports/payouts/po_2").text
    page = client.get("/staff/reports/payouts/payments/in_1").text
    assert page.count('href="/staff/reports/payouts/po_1"') == 2  # the payment, and what went back of it
    assert "not paid out yet" in client.get("/staff/reports/payouts/payments/in_4").text
    rows = list(csv.DictReader(io.StringIO(client.get("/staff/reports/payouts/lines.csv").text)))
    assert [(row["payout"], row["booking"], row["payment"], row["net"]) for row in rows] == [
        ("po_1", "txn_1", "in_1", "9.50"), ("po_1", "txn_2", "in_2", "19.20"), ("po_1", "txn_3", "in_1", "-3.00"),
        ("po_3", "txn_9", "", "6.00"),
    ]  # fmt: skip
    assert sum(Decimal(row["net"]) for row in rows if row["payout"] == "po_1") == Decimal("25.70")
    assert len(client.get("/staff/reports/payouts/lines.json").json) == 4


MINE = ("recovery", "lapsed", "payouts", "lifetime", "forecast", "revenue")


def test_rolled_up_or_not_the_figures_are_the_same_also_when_more_has_come(newsroom):
    before = {name: [part.rows for part in REPORTS[name].make(newsroom, ASKED)] for name in MINE}
    assert list(tasks.rebuild()) == [1]
    newsroom.expire_all()
    assert newsroom.scalars(select(PayoutSum.payments)).all() == [2]  # the others do not add up
    assert newsroom.scalars(select(RollUp)).one().ledger_upto == newsroom.scalar(select(func.max(LedgerEntry.id)))
    assert {name: [part.rows for part in REPORTS[name].make(newsroom, ASKED)] for name in MINE} == before
    late = paid(newsroom, "5", newsroom.scalars(select(Membership.reader_id)).first(), 900, currency="USD", gross=900)
    assert late.id and told(newsroom, "payouts", "payouts")[1][-1] == usd(0)
    assert [row for row in told(newsroom, "revenue", "months") if row[1] == "USD"] == [
        ("2026-04", "USD", 1, usd(900), usd(0), usd(0), usd(0), usd(0), usd(900))
    ]
    book(newsroom, "txn_10", None, other=400)
    list(tasks.rebuild())
    assert [row[-1].minor for row in told(newsroom, "payouts", "payouts")] == [0, 0, 0]
    assert len(newsroom.scalars(select(PayoutSum.payout_id)).all()) == 3


def test_how_a_membership_came_is_told_by_the_database_as_by_the_rule(session):
    tier, article = make.tier(session), Article(address="https://news.example/dam", title="", first_seen_at=AT)
    session.add(article)
    session.flush()
    touches: tuple[dict, ...] = (
        {}, {"thanks": "t"}, {"campaign": "c"}, {"utm_campaign": "c"}, {"utm_source": "s"}, {"from_host": "h"},
        {"campaign": ""},
    )  # fmt: skip
    rules, number = [], 0
    for touch in touches:
        for values in ({}, {"article_id": article.id}, {"pledged_since": AT}, {"adopted_at": AT}):
            number += 1
            checkout = Checkout(
                token=f"t{number}", attempt=f"a{number}", kind="membership", state="paid", email="", language="en",
                currency="EUR", amount=500, browser_hash="", begun_at=AT,
            )  # fmt: skip
            session.add(checkout)
            session.flush()
            session.add(CheckoutTouch(checkout_id=checkout.id, **touch))
            member(session, f"N{number}", tier, 6000, AT, checkout_id=checkout.id, **values)
            campaign = bool(touch.get("campaign") or touch.get("utm_campaign"))
            link = bool(touch.get("utm_source") or touch.get("from_host"))
            brought = "pledged_since" in values or "adopted_at" in values
            rules.append(
                source_of(
                    brought=brought, article="article_id" in values, campaign=campaign, friend="thanks" in touch, link=link
                )
            )
    joined = select(source_column()).outerjoin(CheckoutTouch, CheckoutTouch.checkout_id == Membership.checkout_id)
    assert session.scalars(joined.select_from(Membership).order_by(Membership.id)).all() == rules
    assert set(rules) == set(SOURCES)


def test_a_snapshot_tells_what_was_reckoned_when_it_was_taken_and_says_so(newsroom, monkeypatch):
    newsroom.add(
        UnpaidInvoice(
            invoice_id="in_9", membership_id=newsroom.scalar(select(func.min(Membership.id))), currency="EUR", amount=500,
            reason="funds", attempts=1, first_failed_at=on(4, 1), last_step="day-3", state="recovered", recovered_by="retry",
            recovered_step="day-3",
        )
    )  # fmt: skip
    newsroom.commit()
    names = ("recovery", "lapsed")
    asks = [ASKED, *(replace(ASKED, **one) for one in ({"source": "direct"}, {"since": "2026-04"}, {"currency": "USD"}))]

    def all_of_it():
        return [[part.rows for part in REPORTS[name].make(newsroom, asked)] for name in names for asked in asks]

    before = all_of_it()
    monkeypatch.setattr(clock, "now", lambda: AT)
    monkeypatch.setattr(snapshots, "MANY", 0)
    list(tasks.rebuild())
    assert newsroom.scalars(select(Snapshot.report).order_by(Snapshot.report)).all() == ["lapsed", "patrons", "recovery"]
    newsroom.execute(update(UnpaidInvoice).values(state="open"))
    newsroom.add(LetterRefusal(reader_id=newsroom.scalar(select(func.min(Movement.reader_id))), sort="asking", refused_at=AT))
    newsroom.flush()
    assert all_of_it() == before
    assert "20 June 2026, 14:00" in REPORTS["lapsed"].make(newsroom, ASKED)[0].how
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(minutes=59))
    tasks._take_snapshots(ZONE, clock.now())
    assert all_of_it() == before
    tasks._take_snapshots(ZONE, AT + timedelta(minutes=60))
    assert all_of_it() != before


def test_the_ledger_by_month_is_what_the_obvious_sql_says(newsroom):
    list(tasks.rebuild())
    for month in months("2026-01", "2026-06"):
        within = (LedgerEntry.at >= begin_of(month, ZONE), LedgerEntry.at < begin_of(month_later(month, 1), ZONE))
        statement = select(LedgerEntry.kind, func.count(), func.sum(LedgerEntry.amount)).where(*within)
        obvious = newsroom.execute(statement.where(LedgerEntry.kind != "payout").group_by(LedgerEntry.kind)).all()
        table = select(LedgerMonth.kind, func.sum(LedgerMonth.number), func.sum(LedgerMonth.amount))
        rolled = newsroom.execute(table.where(LedgerMonth.month == month).group_by(LedgerMonth.kind)).all()
        assert sorted((k, int(n), int(a)) for k, n, a in rolled) == sorted((k, int(n), int(a)) for k, n, a in obvious)
    assert sum(one.amount for one in rolling_money.booked(newsroom, ASKED)) == newsroom.scalar(
        select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind != "payout")
    )


@pytest.mark.parametrize("name", MINE)
def test_viewers_see_no_figure_of_few(newsroom, client, monkeypatch, name):
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, "viewer"))
    made = client.get(f"/staff/reports/{name}.json?from=2026-01").json["parts"]
    for rows in made.values():
        for row in rows:
            for key in ("people", "writable", "memberships", "ended", "payments", "members", "watched", "came_back"):
                assert row.get(key) in (None, 0, "<5") or row[key] >= 5, (name, key, row)


def test_what_was_told_a_moment_ago_is_told_again_to_the_same_role_and_question_alone(newsroom, app, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    monkeypatch.setitem(app.config, "REPORT_SECONDS", 60)
    monkeypatch.setitem(app.extensions, "reports", Held())
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    address = "/staff/reports/lapsed?from=2026-01"
    assert "€15" in client.get(address).text and "people.csv" in client.get(address).text
    ann = newsroom.scalars(select(Membership).where(Membership.subscription_id == "sub_Ann")).one()
    move(newsroom, ann, "returned", 6000, on(6, 1))
    ann.status = "active"
    newsroom.commit()
    assert "€15" in client.get(address).text
    assert "€15" not in client.get("/staff/reports/lapsed?from=2026-02").text
    assert "15.00" not in client.get("/staff/reports/lapsed.csv?from=2026-01").text
    make.sign_in(newsroom, client, make.staff(newsroom, "viewer"))
    page = client.get(address).text
    assert "&lt;5" in page and "people.csv" not in page and "€1" not in page
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "€15" not in client.get(address).text


def test_no_more_is_held_than_fits(app, monkeypatch):
    monkeypatch.setitem(app.config, "REPORT_SECONDS", 60)
    held = Held()
    with app.app_context():
        for number in range(MOST + 1):
            held.told(number, lambda: "one")
        assert [held.told(number, lambda: "two") for number in (MOST, 1, 0)] == ["one", "one", "two"]
        held.told("large", lambda: "x" * (LARGEST + 1))
        assert held.told("large", lambda: "small") == "small"


def line(began, month, begun, ended, yearly):
    return SpellLine(began, month, "EUR", 0, "", begun, ended, 0, yearly)


def test_who_came_before_a_period_is_watched_from_the_age_they_had_then():
    lines = [
        line("2025-01", "2025-01", 8, 0, 800), line("2025-01", "2025-03", 0, 2, -200), line("2025-03", "2025-03", 5, 1, 400),
    ]  # fmt: skip
    seen = watched(lines, "2025-03", "2025-04")
    assert seen.ages == (Age(5, 1), Age(4, 0), Age(8, 2), Age(6, 0))
    assert (seen.memberships, seen.ended, seen.ran, seen.yearly) == (13, 3, 4 + 4 + 6 + 6, 400 + 400 + 600 + 600)
    assert known(seen.ages) == (Age(5, 1),)


def test_a_curve_that_reaches_nothing_stays_there_without_a_doubt():
    spans = survival([Age(10, 5), Age(5, 5), Age(5, 0)])
    assert [span.middle for span in spans] == [Decimal("0.5"), 0, 0] and spans[1].high == 0
    assert months_run([Age(10, 0), Age(10, 0)]).low == 2


def test_where_nothing_varies_a_forecast_is_certain_and_right():
    """Six come each month for 12 months, nobody leaves, nobody changes anything."""
    lines = [line(month, month, 6, 0, 600) for month in months("2025-01", "2025-12")]
    made = expected(lines, {}, "2025-01", "2025-12", 3)
    assert [(one.month, one.money.low, one.money.middle, one.money.high) for one in made] == [
        ("2026-01", 7800, 7800, 7800), ("2026-02", 8400, 8400, 8400), ("2026-03", 9000, 9000, 9000),
    ]  # fmt: skip
    assert [one.there for one in made] == [7200] * 3
    less = dict.fromkeys(months("2025-01", "2025-12"), -600)
    assert [one.money.middle for one in expected(lines, less, "2025-01", "2025-12", 2)] == [7200, 7200]
    assert expected(lines[:2], {}, "2025-01", "2025-02", 3) == []
