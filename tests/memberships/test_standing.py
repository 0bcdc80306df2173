"""Where standing comes from: one's own payment, a seat, a gift, the newsroom. One rule for a reader and for everybody."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from membership.ballots.models import BallotRoll
from membership.ballots.roll import draw_up
from membership.memberships import standing
from membership.memberships.given_models import GivenMembership
from membership.memberships.models import Membership
from membership.memberships.queries import current_membership, pledged_twice
from membership.perks.queries import readers_with_standing, standing_tiers
from membership.readers.models import Person
from tests import make
from tests.ballots import helpers
from tests.make import NOON

DAY = timedelta(days=1)


def sources(session, person, at=NOON):
    return [one.source for one in standing.standings_of(session, person.reader_id, at)]


@pytest.mark.parametrize(
    ("begins", "ends", "frozen", "stands"),
    [
        (-1, 5, False, True),
        (0, 5, False, True),  # from its first moment
        (1, 5, False, False),
        (-9, 0, False, False),  # no grace: no payment of it can fail
        (-9, 1, False, True),
        (-1, 5, True, False),  # its payment is disputed
        (None, None, False, False),  # waits for its turn
    ],
)
@pytest.mark.parametrize("kind", ["gift", "complimentary", "elsewhere"])
def test_what_was_given_stands_from_its_beginning_to_its_end(session, kind, begins, ends, frozen, stands):
    row = make.given(
        session, kind=kind, begins_at=None if begins is None else NOON + begins * DAY,
        ends_at=None if ends is None else NOON + ends * DAY, frozen=frozen,
    )  # fmt: skip
    in_the_set = session.scalars(select(GivenMembership.id).where(standing.given_at(NOON))).all()
    assert standing.is_given_now(row, NOON) is stands
    assert (row.id in in_the_set) is stands
    assert standing.has_standing(session, row.reader_id, NOON) is stands
    assert [one.source for one in standing.standings_of(session, row.reader_id, NOON)] == [kind] * stands


@pytest.mark.parametrize(
    ("paid", "status", "taken", "freed", "stands"),
    [
        (5, "active", -1, None, True),
        (-13, "past_due", -1, None, True),  # the group's grace is its seats'
        (-14, "past_due", -1, None, False),
        (5, "canceled", -1, None, False),
        (5, "active", None, None, False),  # offered, not taken
        (5, "active", 1, None, False),  # taken later
        (5, "active", -2, -1, False),  # given up
        (5, "active", -2, 0, False),
        (5, "active", -2, 1, True),
    ],
)
def test_a_seat_stands_as_its_group_does(session, paid, status, taken, freed, stands):
    group = make.group(session, paid_until=NOON + paid * DAY, status=status, since=NOON - 30 * DAY)
    holder = make.reader(session)
    seat = make.seat(session, group, holder, taken_at=None if taken is None else NOON + taken * DAY)
    seat.freed_at = None if freed is None else NOON + freed * DAY
    session.flush()
    assert sources(session, holder) == ["seat"] * stands
    assert standing.has_standing(session, holder.reader_id, NOON) is stands


def test_who_pays_for_a_group_stands_by_a_seat_only_and_may_pledge_for_themselves(session):
    group = make.group(session, paid_until=NOON + DAY)
    assert not standing.has_standing(session, group.reader_id, NOON)
    assert current_membership(session, group.reader_id) is None
    own = make.patron(session, session.get(Person, group.reader_id).email, paid_until=NOON + DAY)
    assert own.reader_id == group.reader_id and current_membership(session, own.reader_id) is not None
    assert pledged_twice(session) == []
    make.patron(session, own.email, paid_until=NOON + DAY)
    assert pledged_twice(session) == [own.reader_id]


def test_everybody_who_stands_is_counted_once_whatever_by(session):
    own = make.patron(session, paid_until=NOON + DAY)
    gift = make.given(session, kind="gift")
    make.given(session, own)
    group = make.group(session, paid_until=NOON + DAY)
    seat = make.seat(session, group)
    make.given(session, begins_at=None)
    wanted = sorted([own.reader_id, gift.reader_id, seat.reader_id])
    assert readers_with_standing(session, NOON) == wanted
    assert readers_with_standing(session, NOON, after=wanted[0], most=1) == [wanted[1]]
    assert standing.patrons_at(session, NOON) == 3
    assert standing_tiers(session, seat.reader_id, NOON) == {group.tier_id}
    assert len(standing_tiers(session, own.reader_id, NOON)) == 2


def test_what_lasts_longest_is_the_reason_and_at_the_same_moment_ones_own(session):
    person = make.patron(session, paid_until=NOON + 5 * DAY)
    make.given(session, person, ends_at=NOON + 9 * DAY)
    make.given(session, person, kind="gift", ends_at=NOON + 5 * DAY)
    found = standing.standings_of(session, person.reader_id, NOON)
    assert [one.source for one in found] == ["complimentary", "membership", "gift"]
    assert [one.kept_until - one.until for one in found] == [0 * DAY, 14 * DAY, 0 * DAY]


def test_the_roll_says_by_what_each_may_vote(session):
    own = make.patron(session, paid_until=NOON + 5 * DAY, since=NOON - DAY)
    gift = make.given(session, kind="gift", ends_at=NOON + 7 * DAY)
    free = make.given(session, begins_at=NOON - 8 * DAY)
    make.given(session, begins_at=NOON - 6 * DAY)  # too late for this ballot
    seat = make.seat(session, make.group(session, paid_until=NOON + 3 * DAY, since=NOON - DAY))
    make.given(session, own, ends_at=NOON + 2 * DAY)
    ballot = helpers.ballot(session, at=NOON, closes_at=NOON + DAY, opened=False)
    assert draw_up(session, ballot, at=NOON) == 4
    lines = {line.reader_id: line for line in session.scalars(select(BallotRoll)).all()}
    assert {reader_id: line.reason for reader_id, line in lines.items()} == {
        own.reader_id: "membership", gift.reader_id: "gift", free.reader_id: "complimentary", seat.reader_id: "seat",
    }  # fmt: skip
    assert lines[gift.reader_id].paid_until == NOON + 7 * DAY


def test_a_seat_is_held_once_and_offered_once(session):
    group = make.group(session)
    seat = make.seat(session, group)
    with pytest.raises(IntegrityError):
        make.seat(session, group, session.get(Person, seat.reader_id))


def test_a_pledge_is_as_old_as_it_truly_is(session):
    """It may have begun elsewhere: rules about months of membership count from there, by whatever source."""
    long_ago = NOON - 900 * DAY
    member, brought = make.patron(session, since=NOON - DAY, paid_until=NOON + DAY), make.given(session, kind="elsewhere")
    session.execute(update(Membership).values(pledged_since=long_ago))
    brought.pledged_since = long_ago
    session.commit()
    for reader_id in (member.reader_id, brought.reader_id):
        assert [one.since for one in standing.standings_of(session, reader_id, NOON)] == [long_ago]
