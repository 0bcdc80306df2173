"""The reports `topics` and `stories` against a small newsroom calculated by hand. The newsroom's clocks are UTC.

Thirty-two patrons, P0 to P31, members since November 2025, and a guest with a membership that was given. A ballot on three
topics opens on 1 January 2026 and closes on the 10th at noon; all 33 stand on its roll. P0 to P14 and the guest tick the
dam, P15 to P19 tick the bus; P20 to P31 do not vote. P0 to P14 support the dam; P15 to P29 the bus.

    12 Jan   the dam, which won, is promised for 20 February
     1 Feb   P0 to P4 leave
     5 Feb   the day is moved to 10 March
     1 Mar   the story is out; P20 to P24 leave
    15 May   P5 to P9 leave
     1 Jul   P20 comes back

    took part, and were members of their own: P0 to P19, 20; on 10 April 15 of them, on 10 July 10
    did not: P20 to P31, 12; on 10 April 7, on 10 July 8: then only 4 had left, and neither is told
    answered: of the dam's supporters P5 to P14 were members when the story came out, 10; on 1 June 5
    not chosen: P15 to P29, 15; on 10 April 10, on 10 July 11: only 4 had left
"""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from sqlalchemy import select

from membership import clock
from membership.ballots import actions as ballots
from membership.ballots.rules import NotCountedYet
from membership.memberships.models import Membership, Movement
from membership.money import Money
from membership.newsroom.models import Article
from membership.promises import actions as promises
from membership.readers import actions as readers
from membership.reports import staying, sums
from membership.reports.frame import HIDDEN, Asked
from membership.reports.promise_rules import Outcome, middle, outcome, tells
from membership.reports.register import REPORTS
from membership.reports.way_models import Stay
from membership.topics import actions as topics
from membership.topics.models import TopicSupport
from tests import make
from tests.ballots import helpers
from tests.reports.test_ways import SITE, came, joins, pays

AT = datetime(2026, 8, 20, 12, tzinfo=UTC)
STORY = f"{SITE}/dam"


def on(month, day, hour=12, year=2026):
    return datetime(year, month, day, hour, tzinfo=UTC)


OPENS, CLOSES = on(1, 1), on(1, 10)
ASKED = Asked(AT, "UTC", "EUR", "2026-01", "2026-08")


def moves(session, person, kind, at):
    mine = session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()
    sequence = len(session.scalars(select(Movement).where(Movement.membership_id == mine.id)).all()) + 1
    yearly = 6000 if kind == "returned" else -6000
    session.add(
        Movement(membership_id=mine.id, sequence=sequence, reader_id=person.reader_id, tier_id=mine.tier_id, kind=kind,
                 currency="EUR", yearly=yearly, at=at)
    )  # fmt: skip


@pytest.fixture
def newsroom(session):
    tier = make.tier(session)
    patrons = [
        make.patron(session, tier_row=tier, since=on(11, 1, year=2025), paid_until=on(1, 1, year=2027)) for _ in range(32)
    ]
    guest = make.reader(session)
    make.given(session, guest, tier_row=tier, begins_at=on(12, 1, year=2025), ends_at=on(1, 1, year=2027))
    ballot = helpers.ballot(session, at=OPENS, closes_at=CLOSES)
    dam, bus, _ = (option.topic_id for option in ballots.options_of(session, ballot.id))
    for those, topic in ((patrons[:15], dam), (patrons[15:30], bus)):
        session.add_all(TopicSupport(topic_id=topic, reader_id=one.reader_id, supported_at=OPENS) for one in those)
    for who in (*patrons[:15], guest):
        helpers.cast(session, ballot, who, 1, at=on(1, 2))
    for who in patrons[15:20]:
        helpers.cast(session, ballot, who, 2, at=on(1, 2))
    helpers.close(session, ballot)
    editor = make.staff(session, "editor").reader_id
    [promise] = promises.make(session, ballot.id, at=CLOSES)
    promises.set_date(session, promise.id, editor_id=editor, due_on=date(2026, 2, 20), by=editor, at=on(1, 12))
    promises.set_date(session, promise.id, editor_id=editor, due_on=date(2026, 3, 10), by=editor, at=on(2, 5))
    promises.publish(session, promise.id, url=f"{STORY}?from=vote", title="The dam leaks", by=editor, at=on(3, 1))
    for those, kind, at in (
        (patrons[:5], "left", on(2, 1)), (patrons[20:25], "left", on(3, 1)), (patrons[5:10], "left", on(5, 15)),
        (patrons[20:21], "returned", on(7, 1)),
    ):  # fmt: skip
        for who in those:
            moves(session, who, kind, at)
    session.commit()
    return session


def rows(session, report, name, asked=ASKED):
    found = next(one for one in REPORTS[report].make(session, asked) if one.name == name)
    return [tuple(getattr(cell, "words", cell) for cell in row) for row in found.rows]


def test_turnout_is_that_of_the_counted_roll(newsroom):
    [row] = rows(newsroom, "topics", "ballots")
    assert row[2:] == ("counted", "final", date(2026, 1, 1), date(2026, 1, 10), 33, 21, Fraction(7, 11))


def test_of_an_open_ballot_only_what_everybody_is_told_is_told(newsroom, client, monkeypatch):
    opened = helpers.ballot(newsroom, at=on(8, 1), closes_at=on(8, 30))
    for who in newsroom.scalars(select(Membership.reader_id).order_by(Membership.reader_id).limit(7)).all():
        ballots.cast(newsroom, opened.id, who, [2], secret=helpers.SECRET, attempt="x", at=on(8, 2))
    newsroom.commit()
    row = rows(newsroom, "topics", "ballots")[-1]
    assert row[3:] == ("open", date(2026, 8, 1), date(2026, 8, 30), 30, None, None)
    with pytest.raises(NotCountedYet):
        staying.looked(newsroom, staying.Due(("voted", "not"), opened, 3, on(1, 1)))
    monkeypatch.setattr(clock, "now", lambda: AT)
    make.sign_in(newsroom, client, make.staff(newsroom, "admin"))
    told = client.get("/staff/reports/topics.json?from=2026-01").json["parts"]
    assert [one["ballot"] for one in told["ballots"]][1] == opened.slug
    assert len(told["stays"]) == 7
    page = client.get("/staff/reports/topics?from=2026-01").text
    assert "Took part in a ballot, months later: 3" in page and "months later: 6" not in page and "&lt;5" in page


def test_promises_are_held_against_the_first_day_that_was_promised(newsroom):
    told = {row[1]: row[2:] for row in rows(newsroom, "topics", "promises")}
    assert told["late"] == told["all"] == (1, 50, 50)
    assert told["kept"] == told["overdue"] == told["under_way"] == told["declined"] == (0, None, None)
    [row] = rows(newsroom, "topics", "answers")
    assert row[3:] == ("late", date(2026, 1, 10), date(2026, 2, 20), date(2026, 3, 10), date(2026, 3, 1), 50)


COUNTED = {
    ("voted", 3): (20, 15), ("not", 3): (12, 7), ("answered", 3): (10, 5), ("unchosen", 3): (15, 10),
    ("voted", 6): (20, 10), ("not", 6): (12, 8), ("unchosen", 6): (15, 11),
}  # fmt: skip
TOLD = {
    ("voted", 3): (20, Fraction(75, 100)), ("not", 3): (10, Fraction(58, 100)), ("answered", 3): (10, Fraction(50, 100)),
    ("unchosen", 3): (10, Fraction(67, 100)), ("voted", 6): (HIDDEN, HIDDEN), ("not", 6): (HIDDEN, HIDDEN),
    ("unchosen", 6): (HIDDEN, HIDDEN),
}  # fmt: skip


def stayed(session, asked=ASKED):
    return {(row[1], row[2]): row[3:] for row in rows(session, "topics", "stays", asked)}


def test_who_stayed_is_what_was_calculated_by_hand_and_the_same_once_it_is_kept(newsroom):
    assert stayed(newsroom) == TOLD
    portions = 0
    while (found := sums.next_ones(at=AT)).stays:
        sums.roll(newsroom, "UTC", found, at=AT)
        newsroom.commit()
        portions += 1
        assert stayed(newsroom) == TOLD
    kept = {(row.whose, row.months): (row.people, row.stayed) for row in newsroom.scalars(select(Stay))}
    assert portions == 5 and kept == COUNTED  # those who voted and those who did not are one look
    later = staying.due(newsroom, at=on(9, 1))
    assert [(one.whose, one.months) for one in later] == [(("answered",), 6)]
    assert stayed(newsroom, Asked(AT, "UTC", "EUR", "2026-02", "2026-08")).keys() == {("answered", 3)}


def test_who_knows_who_left_does_not_learn_whether_they_had_voted(newsroom):
    """One comes back: of those who had voted only four are gone, and so neither line is told, to managers neither."""
    last = newsroom.scalars(select(Membership).order_by(Membership.reader_id)).first()
    moves(newsroom, last, "returned", on(2, 9))
    newsroom.commit()
    told = stayed(newsroom)
    assert told["voted", 3] == told["not", 3] == (HIDDEN, HIDDEN) and told["unchosen", 3] == TOLD["unchosen", 3]
    assert "Took part in a ballot" in str(rows(newsroom, "topics", "stays"))


@pytest.mark.parametrize(
    ("people", "stayed", "fine"), [(10, 5, True), (9, 5, False), (9, 4, False), (100, 96, False), (100, 0, False)]
)
def test_a_share_is_told_only_where_enough_stayed_and_enough_left(people, stayed, fine):
    assert tells(people, stayed) is fine


def test_a_story_is_told_with_its_votes_its_pledges_and_what_was_raised_under_it(newsroom):
    tier = make.tier(newsroom)
    dam = Article(address=STORY, title="", first_seen_at=AT)
    newsroom.add(dam)
    newsroom.flush()
    ada = came(newsroom, on(3, 2), amount=500, article=dam, first=dam)
    joins(newsroom, tier, on(3, 2), amount=500, months=(3, 4), checkout=ada, article=dam)
    bea = came(newsroom, on(3, 3), amount=900, first=dam)
    joins(newsroom, tier, on(3, 3), amount=900, months=(3,), checkout=bea)
    giver = readers.know(newsroom, "gil@example.org", at=AT)
    gift = came(newsroom, on(4, 3), amount=800, currency="USD", kind="donation", article=dam)
    pays(newsroom, giver, 800, on(4, 3), checkout=gift, currency="USD", kind="donation", article=dam)
    for number, link in enumerate((f"{STORY}?utm_source=x#top", STORY, f"{STORY}ned", "https://elsewhere.example/dam")):
        topics.propose(newsroom, reader_id=giver.reader_id, title=f"What else leaks {number}", why="Because it may leak.",
                       attempt=f"leak{number}", at=on(4, 4), links=[link])  # fmt: skip
    newsroom.commit()
    assert rows(newsroom, "stories", "stories") == [
        ("The dam leaks", f"{STORY}?from=vote", "Harbour question 1", date(2026, 3, 1), 16, Fraction(76, 100), 16, 2, "EUR",
         1, 2, 1, 2, Money(1000, "EUR")),
        ("The dam leaks", f"{STORY}?from=vote", "Harbour question 1", date(2026, 3, 1), None, None, None, None, "USD", 0, 0,
         1, 1, Money(800, "USD")),
    ]  # fmt: skip
    earlier = Asked(AT, "UTC", "EUR", "2026-03", "2026-03", currency="EUR")
    assert [row[8:] for row in rows(newsroom, "stories", "stories", earlier)] == [("EUR", 1, 2, 1, 1, Money(500, "EUR"))]
    assert rows(newsroom, "stories", "stories", Asked(AT, "UTC", "EUR", "2026-04", "2026-08")) == []


@pytest.mark.parametrize(
    ("state", "first_due", "out_on", "what"),
    [
        ("declined", date(2026, 1, 1), None, Outcome.DECLINED),
        ("published", None, date(2026, 1, 2), Outcome.KEPT),
        ("published", date(2026, 1, 2), date(2026, 1, 2), Outcome.KEPT),
        ("published", date(2026, 1, 1), date(2026, 1, 2), Outcome.LATE),
        ("accepted", None, None, Outcome.UNDER_WAY),
        ("reporting", date(2026, 1, 3), None, Outcome.UNDER_WAY),
        ("reporting", date(2026, 1, 2), None, Outcome.OVERDUE),
    ],
)
def test_what_became_of_a_promise(state, first_due, out_on, what):
    assert outcome(state=state, first_due=first_due, out_on=out_on, today=date(2026, 1, 3)) is what


@pytest.mark.parametrize(("numbers", "found"), [([], None), ([3], 3), ([9, 1], 1), ([9, 1, 5], 5)])
def test_the_middle_one(numbers, found):
    assert middle(numbers) == found
