"""The start page: how the newsroom stands, how this month has changed it, goals, and what needs a person.

    Seven patrons gave EUR 5 a month since September; one of them gives EUR 10 from 5 November on, one left on 3 November. Two
    give USD 10 a month, one since October, one since 2 November; a dollar is worth 90 cents since 1 November.

    EUR: 7 * 6,000 = 42,000 a year at the beginning, 5 * 6,000 + 12,000 = 42,000 at the end: 35.00 a month; + 5.00 - 5.00
    USD: 12,000 a year at the beginning, 24,000 at the end: 20.00 a month; all of it: 35.00 + 18.00 = 53.00
"""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.campaigns.models import Campaign
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.newsroom.rates import ExchangeRate
from membership.reports import snapshots, tasks
from membership.reports.today import today
from membership.webhooks.models import StripeEvent
from tests import make

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def standing(session, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    tier, until = make.tier(session, "member"), AT + timedelta(days=9)

    def patron(day, **values):
        return make.patron(session, tier_row=tier, since=day, paid_until=until, **values)

    euros = [patron(datetime(2026, 9, 1, 12, tzinfo=UTC)) for _ in range(7)]
    patron(datetime(2026, 10, 1, 12, tzinfo=UTC), amount=1000, currency="USD")
    patron(datetime(2026, 11, 2, 12, tzinfo=UTC), amount=1000, currency="USD")
    for person, kind, change, day in ((euros[0], "raised", 6000, 5), (euros[1], "left", -6000, 3)):
        row = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
        row.status = "canceled" if kind == "left" else "active"
        session.add(
            Movement(
                membership_id=row.id, sequence=2, reader_id=row.reader_id, tier_id=row.tier_id, kind=kind, currency="EUR",
                yearly=change, at=datetime(2026, 11, day, 12, tzinfo=UTC),
            )
        )  # fmt: skip
    session.commit()
    return session


def rate(session):
    session.add(ExchangeRate(day=date(2026, 11, 1), currency="USD", own="EUR", millionths=900_000))
    session.commit()


def test_the_figures_are_those_reckoned_by_hand(standing):
    rate(standing)
    found = today(standing, at=AT, full=True)
    assert (found.patrons, found.recurring) == (8, ((Money(3500, "EUR"), 6), (Money(2000, "USD"), 2)))
    assert (found.in_own, found.without_rate) == (Money(5300, "EUR"), ())
    steps = {(row[0], row[2]): row[4].minor for row in found.month.rows if row[4].minor}
    assert steps == {
        ("EUR", "opening"): 3500, ("EUR", "raised"): 500, ("EUR", "left"): -500, ("EUR", "closing"): 3500,
        ("USD", "opening"): 1000, ("USD", "new"): 1000, ("USD", "closing"): 2000,
    }  # fmt: skip
    assert [drawing.id for drawing in found.drawings] == ["flow-eur", "flow-usd"]


def test_where_patrons_are_many_they_are_counted_every_hour(standing, client, monkeypatch):
    monkeypatch.setattr(snapshots, "MANY", 0)
    list(tasks.rebuild())
    make.patron(standing, paid_until=AT + timedelta(days=9))
    assert today(standing, at=AT, full=True).patrons == 8
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(hours=1))
    make.sign_in(standing, client, make.staff(standing, "manager"))
    assert "23 November 2026, 12:00" in client.get("/staff/").text
    list(tasks.rebuild())
    assert today(standing, at=AT, full=True).patrons == 9


def test_without_a_rate_the_desk_says_so(standing, client):
    assert today(standing, at=AT, full=True).without_rate == ("USD",)
    make.sign_in(standing, client, make.staff(standing, "manager"))
    page = client.get("/staff/").text
    assert "there is no rate for USD" in page and "€35" in page and "$20" in page
    assert page.count('id="flow-') == 4  # title and description of two waterfalls


def test_a_viewer_sees_no_figure_of_few(standing, client):
    rate(standing)
    found = today(standing, at=AT, full=False)
    assert found.recurring == ((Money(3500, "EUR"), 6),) and found.in_own is None and found.drawings == ()
    make.sign_in(standing, client, make.staff(standing, "viewer"))
    page = client.get("/staff/").text
    assert "€35" in page and "$20" not in page and "€53" not in page and "&lt;5" in page


def test_a_new_newsroom_is_told_what_will_stand_here(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))
    assert "Nobody has become a patron yet" in client.get("/staff/").text


def test_goals_under_way_are_on_the_desk(standing, client):
    campaign = Campaign(
        slug="dredger", title="The dredger", summary="", story="", goal_kind="patrons", goal=10, currency="EUR", scope="all",
        wall=False, opens_at=AT - timedelta(days=30), closes_at=AT + timedelta(days=3), published_at=AT - timedelta(days=30),
        made_at=AT, match_sponsor="",
    )  # fmt: skip
    standing.add(campaign)
    standing.commit()
    make.sign_in(standing, client, make.staff(standing, "viewer"))
    page = client.get("/staff/").text
    assert "The dredger" in page and re.search(r"1 new patron</strong> of 10 new patrons .*10 %", page)


def test_events_that_wait_for_long_need_a_person(session, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    for number, waits in ((1, 16), (2, 14)):
        session.add(
            StripeEvent(
                id=f"evt_{number}", type="invoice.paid", object_id="in_1", root_id="sub_1", created_at=AT, raw=b"{}",
                received_at=AT - timedelta(minutes=waits), state="new",
            )
        )  # fmt: skip
    session.commit()
    make.sign_in(session, client, make.staff(session, "manager"))
    assert "1 event from Stripe waits" in client.get("/staff/").text
