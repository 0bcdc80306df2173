"""What counts for a campaign: read from payments, refunds, disputes and movements, and held against a plain reckoning."""

import random
from datetime import timedelta

from membership import clock
from membership.campaigns import actions, queries
from membership.giving.correction_rules import DISPUTE_TAKES, REFUND_HOLDS
from membership.memberships.models import Membership, Movement
from membership.money import Money
from tests import make
from tests.campaigns.helpers import campaign, dispute, gift, refund
from tests.house.test_routes import statements

DAY = timedelta(days=1)


def far(session, made):
    session.expire_all()
    return queries.progress(session, made)


def test_sums_people_and_match_agree_with_a_plain_reckoning(session):
    chance, made = random.Random(7), campaign(session, match_sponsor="A friend", match_cap=9_000)
    other = campaign(session)
    givers = [make.reader(session).reader_id for _ in range(6)]
    books = []
    for _ in range(40):
        to = chance.choice([made, made, made, other, None])
        at = chance.choice([made.opens_at, clock.now(), made.opens_at - timedelta(microseconds=1), made.closes_at])
        code, amount, who = chance.choice(["EUR", "EUR", "USD"]), chance.randrange(100, 900), chance.choice(givers)
        row = gift(session, to, amount, currency=code, who=who, paid_at=at)
        back = [(chance.choice(["succeeded", "failed", "pending"]), chance.randrange(1, amount)) for _ in range(chance.choice([0, 0, 1]))]  # noqa: E501
        status = chance.choice([None, None, None, "lost", "won", "warning_needs_response", "under_review"])
        for state, part in back:
            refund(session, row, part, state)
        if status:
            dispute(session, row, status)
        held = sum(part for state, part in back if state in REFUND_HOLDS)
        left = 0 if status in DISPUTE_TAKES else amount - held
        if to is made and made.opens_at <= at < made.closes_at:
            books.append((who, code, left))
    found = far(session, made)
    euros = sum(left for _, code, left in books if code == "EUR")
    dollars = sum(left for _, code, left in books if code == "USD")
    assert (found.given, found.matched) == (Money(euros, "EUR"), Money(min(euros, 9_000), "EUR"))
    assert found.others == ((Money(dollars, "USD"),) if dollars else ())
    assert found.people == len({who for who, _, left in books if left})
    assert found.reached == euros + min(euros, 9_000) and euros and dollars


def test_at_the_cap_the_match_stands_and_a_refund_takes_it_back(session):
    made = campaign(session, match_sponsor="A friend", match_cap=1_000)
    first, second = gift(session, made, 700), gift(session, made, 300)
    assert far(session, made).matched == Money(1_000, "EUR")
    gift(session, made, 1)
    assert far(session, made).together == Money(2_001, "EUR")
    refund(session, second, 300)
    assert (far(session, made).given, far(session, made).matched) == (Money(701, "EUR"), Money(701, "EUR"))
    taken = dispute(session, first)
    assert far(session, made).matched == Money(1, "EUR")
    taken.status = "won"
    session.commit()
    assert far(session, made).matched == Money(701, "EUR")


def test_where_everything_counts_it_need_not_come_by_the_campaign(session):
    made = campaign(session, scope="all")
    gift(session, None, 500)
    gift(session, None, 500, paid_at=made.opens_at - DAY)
    assert far(session, made).given == Money(500, "EUR")


def test_after_the_close_nothing_is_added_but_what_goes_back_still_goes_back(session):
    made = campaign(session)
    early = gift(session, made, 500)
    actions.close(session, made.id, by=make.staff(session).reader_id, at=clock.now())
    session.commit()
    gift(session, made, 700, paid_at=clock.now() + timedelta(seconds=1))
    assert far(session, made).given == Money(500, "EUR")
    refund(session, early, 500)
    assert (far(session, made).given, far(session, made).people) == (Money(0, "EUR"), 0)


def joins(session, made, amount=500, *, interval="month", currency="EUR", at=None):
    """A patron whose membership began by way of a campaign."""
    since = at or clock.now() - timedelta(hours=1)
    who = make.patron(session, amount=amount, interval=interval, currency=currency, since=since)
    membership = session.query(Membership).filter_by(reader_id=who.reader_id).one()
    if made is not None:
        paid = gift(session, made, amount, who=who.reader_id, kind="membership", currency=currency)
        membership.checkout_id = paid.checkout_id
    session.commit()
    return membership


def moves(session, membership, yearly, kind, at):
    session.add(
        Movement(
            membership_id=membership.id, sequence=2, reader_id=membership.reader_id, tier_id=membership.tier_id, kind=kind,
            currency=membership.currency, yearly=yearly, at=at,
        )
    )  # fmt: skip
    session.commit()


def test_new_patrons_and_new_money_are_those_who_began_in_it_and_still_pay(session):
    patrons = campaign(session, goal_kind="patrons", goal=4)
    money = campaign(session, goal_kind="mrr", goal=2_000, scope="all")
    joins(session, patrons)
    joins(session, patrons, 6_000, interval="year")
    joins(session, patrons, 700, currency="USD")
    joins(session, None)
    joins(session, patrons, at=patrons.opens_at - DAY)  # was one before
    gone = joins(session, patrons)
    raised = joins(session, patrons)
    moves(session, gone, -6_000, "left", clock.now())
    moves(session, raised, 6_000, "raised", clock.now())
    assert (far(session, patrons).patrons, far(session, patrons).percent) == (4, 100)
    found = far(session, money)  # 5 + 60/12 + 5 + 10 a month; dollars are not added up
    assert (found.mrr, found.percent, found.patrons) == (Money(2_500, "EUR"), 125, 5)


def test_who_leaves_after_the_close_stays_counted(session):
    made = campaign(session, goal_kind="patrons", goal=4)
    membership = joins(session, made)
    actions.close(session, made.id, by=make.staff(session).reader_id, at=clock.now())
    moves(session, membership, -6_000, "left", clock.now() + timedelta(seconds=1))
    assert far(session, made).patrons == 1


def test_many_campaigns_are_asked_for_together_and_answer_as_each_does_alone(session, monkeypatch):
    monkeypatch.setattr(queries, "TOGETHER", 4)
    made = [campaign(session, goal_kind=kind, scope=scope, match_sponsor="A friend", match_cap=900, currency=code)
            for kind, scope, code in (
                ("amount", "carried", "EUR"), ("patrons", "carried", "EUR"), ("mrr", "all", "EUR"), ("amount", "all", "USD"),
                ("amount", "carried", "EUR"), ("patrons", "all", "USD"))]  # fmt: skip
    gift(session, made[0], 700)
    gift(session, made[1], 300, currency="USD")
    refund(session, gift(session, made[0], 400), 100)
    joins(session, made[1])
    joins(session, made[2], 700, currency="USD")
    for one in made:
        session.refresh(one)
    asked: list[str] = []
    with statements(session, asked.append):
        together = queries.progress_of(session, made)
    assert len([one for one in asked if one.startswith("SELECT")]) == 8, "four for every TOGETHER campaigns, not for each"
    assert together == {one.id: queries.progress(session, one) for one in made}
    assert together[made[0].id].given == Money(1_000, "EUR") and together[made[4].id].given == Money(0, "EUR")
    assert together[made[1].id].others == (Money(300, "USD"),)
    assert [together[one.id].patrons for one in made] == [0, 1, 2, 2, 0, 2]
    assert queries.progress_of(session, []) == {}
