"""What a reader has follows how they stand: issued, taken back, given back, kept, over; each a dated row."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.perks import actions, ledger, queries, watch
from membership.perks.models import PerkGrant, PerkStep
from membership.perks.shelf import shelf_of
from membership.perks.states import NotNow
from tests import make

DAY = timedelta(days=1)


def perk(session, kind="link", title="The notebook", tiers=(), **terms):
    terms = {"address": "https://lantern.example/m", **terms} if kind == "link" else terms
    made = actions.make_perk(
        session, kind=kind, title=title, blurb="Words.", tier_ids=tiers, by=make.staff(session).reader_id,
        at=clock.now(), **terms,
    )  # fmt: skip
    session.commit()
    return made


def settle(session, person, at=None):
    count = actions.grant_perks(session, person.reader_id, at=at or clock.now())
    session.commit()
    return count


def states(session, person):
    """Each grant's states in order."""
    grants = queries.every_grant_of(session, person.reader_id)
    steps = queries.steps_of(session, [grant.id for grant in grants])
    assert all(steps[grant.id][-1].state == grant.state for grant in grants)
    return [[step.state for step in steps[grant.id]] for grant in grants]


def membership_of(session, person):
    return session.scalars(select(Membership).where(Membership.reader_id == person.reader_id)).one()


def due_at(session, person):
    return session.scalars(select(Job.due_at).where(Job.key == f"perks:{person.reader_id}")).one_or_none()


def test_standing_that_is_lost_takes_it_back_and_brings_it_back(session):
    ada = make.patron(session)
    perk(session)
    assert settle(session, ada) == 1
    membership_of(session, ada).frozen = True
    assert settle(session, ada) == settle(session, ada) == 0
    assert states(session, ada) == [["issued", "revoked"]]
    assert queries.grants_of(session, ada.reader_id) == []
    membership_of(session, ada).frozen = False
    assert settle(session, ada) == settle(session, ada) == 0
    assert states(session, ada) == [["issued", "revoked", "issued"]]
    assert [letter.kind for letter in session.scalars(select(Letter))] == ["perk_link"]


def test_what_was_used_before_is_used_again_when_it_comes_back(session):
    ada = make.patron(session)
    perk(session)
    settle(session, ada)
    grant, of = ledger.hold(session, queries.every_grant_of(session, ada.reader_id)[0].id)
    ledger.bring(session, grant, of, "redeemed", at=clock.now())
    for frozen in (True, False):
        membership_of(session, ada).frozen = frozen
        settle(session, ada)
    assert states(session, ada) == [["issued", "redeemed", "revoked", "redeemed"]]


def test_staff_take_back_for_good(session):
    ada = make.patron(session)
    perk(session)
    settle(session, ada)
    grant, of = ledger.hold(session, queries.every_grant_of(session, ada.reader_id)[0].id)
    ledger.bring(session, grant, of, "revoked", at=clock.now(), by=ada.reader_id, why="staff")
    settle(session, ada)
    assert states(session, ada) == [["issued", "revoked"]]
    with pytest.raises(NotNow):
        ledger.bring(session, grant, of, "expired", at=clock.now())


def test_a_payment_that_failed_leaves_it_for_the_grace_and_its_end_is_looked_at_to_the_second(session):
    now = clock.now()
    ada = make.patron(session, paid_until=now - DAY, status="past_due")
    perk(session)
    settle(session, ada)
    over = now + 13 * DAY
    assert due_at(session, ada) == over
    settle(session, ada, at=over - timedelta(seconds=1))
    assert states(session, ada) == [["issued"]]
    settle(session, ada, at=over)
    assert states(session, ada) == [["issued", "revoked"]]


def test_whoever_moves_up_keeps_it_and_whoever_moves_down_loses_it(session):
    small, large = make.tier(session, "small"), make.tier(session, "large")
    ada, ben = make.patron(session, tier_row=small), make.patron(session, tier_row=large)
    perk(session, tiers=[small.id])
    perk(session, title="For the large", tiers=[large.id])
    settle(session, ada), settle(session, ben)
    membership_of(session, ada).tier_id, membership_of(session, ben).tier_id = large.id, small.id
    settle(session, ada), settle(session, ben)
    assert states(session, ada) == [["issued"], ["issued"]]
    assert states(session, ben) == [["issued", "revoked"], ["issued"]]


def test_a_monthly_one_is_issued_again_and_again_but_never_twice_in_a_month(session):
    now = clock.now()
    ada = make.patron(session, paid_until=now + 400 * DAY)
    perk(session, "thing", rhythm="monthly")
    session.query(Job).delete()
    assert [settle(session, ada, now + days * DAY) for days in (0, 1, 27, 31, 40, 63)] == [1, 0, 0, 1, 0, 1]
    assert [grant.number for grant in queries.every_grant_of(session, ada.reader_id)] == [1, 2, 3]
    coming = shelf_of(session, ada.reader_id, now + 64 * DAY).coming
    assert [line.why for line in coming] == ["rhythm"]


def test_the_first_so_many_get_it_and_what_expired_goes_to_the_next(session):
    now = clock.now()
    patrons = [make.patron(session) for _ in range(3)]
    perk(session, "thing", most=2, claim_days=5)
    assert [settle(session, person) for person in patrons] == [1, 1, 0]
    assert shelf_of(session, patrons[2].reader_id, now).not_theirs[0].why == "gone"
    settle(session, patrons[0], now + 6 * DAY)
    assert states(session, patrons[0]) == [["issued", "expired"]]
    assert settle(session, patrons[2], now + 6 * DAY) == 1


def test_months_of_standing_count_over_all_that_gave_it_and_the_day_is_told_and_looked_at(session):
    now = clock.now()
    ada = make.patron(session, since=now - 20 * DAY)
    make.given(session, ada, begins_at=now - 60 * DAY, ends_at=now - 21 * DAY)
    perk(session, months=3)
    session.query(Job).delete()
    assert settle(session, ada) == 0
    [line] = shelf_of(session, ada.reader_id, now).coming
    assert line.why == "months" and 27 * DAY < line.at - now < 33 * DAY
    assert due_at(session, ada) == line.at
    assert settle(session, ada, line.at - timedelta(seconds=1)) == 0
    assert settle(session, ada, line.at) == 1


def test_a_pledge_that_ran_elsewhere_before_counts_from_when_it_began_there(session):
    now = clock.now()
    ada, bo = make.patron(session, since=now - 9 * DAY), make.reader(session, "bo@example.org")
    membership_of(session, ada).pledged_since = now - 200 * DAY
    make.given(session, bo, begins_at=now - 9 * DAY, ends_at=now + DAY).pledged_since = now - 200 * DAY
    perk(session, months=6)
    assert [settle(session, one) for one in (ada, bo)] == [1, 1]


def test_why_something_is_not_theirs(session):
    small, large = make.tier(session, "small"), make.tier(session, "large")
    ada, nobody = make.patron(session, tier_row=small), make.reader(session)
    perk(session, tiers=[large.id])
    perk(session, title="Past", closes_at=clock.now() - DAY)
    shelf = shelf_of(session, ada.reader_id, clock.now())
    assert [(line.why, line.tiers) for line in shelf.not_theirs] == [("tier", ("Large",)), ("over", ())]
    assert [line.why for line in shelf_of(session, nobody.reader_id, clock.now()).not_theirs] == ["standing"] * 2


def test_the_daily_look_finds_whom_no_job_has_seen(session):
    now = clock.now()
    ada, ben, cleo = (make.patron(session) for _ in range(3))
    perk(session)
    perk(session, "code", title="Codes", claim_days=1)
    for person in (ada, ben, cleo):
        settle(session, person)
    membership_of(session, ada).status = "canceled"
    session.query(Job).delete()
    session.commit()
    assert watch.misfits(session, now) == [ada.reader_id]
    assert watch.misfits(session, now + 2 * DAY) == [ada.reader_id, ben.reader_id, cleo.reader_id]
    watch.look(session, after=0, at=now)
    jobs = {job.key: job.due_at for job in session.scalars(select(Job))}
    assert jobs == {f"perks:{ada.reader_id}": now, "perks.watch": now + DAY}
    settle(session, ada)
    assert watch.misfits(session, now) == []


def test_two_issue_the_same_at_once_and_it_is_one(session):
    ada = make.patron(session)
    made = perk(session)
    assert ledger.issue(session, made, ada.reader_id, number=1, at=clock.now()) is not None
    assert ledger.issue(session, made, ada.reader_id, number=1, at=clock.now()) is None
    assert len(session.scalars(select(PerkGrant)).all()) == len(session.scalars(select(PerkStep)).all()) == 1


def test_an_evening_that_is_put_off_takes_nobodys_seat_away(session):
    ada, day = make.patron(session), timedelta(days=1)
    made = perk(session, "event", title="An evening", starts_at=clock.now() + day, ends_at=clock.now() + day, seats=3)
    settle(session, ada)
    later = {"title": made.title, "starts_at": made.starts_at + 9 * day, "ends_at": made.ends_at + 9 * day}
    actions.change_perk(session, made.id, later, tier_ids=[], by=make.staff(session).reader_id, at=clock.now())
    session.commit()
    assert settle(session, ada, clock.now() + 5 * day) == 0
    assert states(session, ada) == [["issued"]]
    settle(session, ada, clock.now() + 11 * day)
    assert states(session, ada) == [["issued", "expired"]]
