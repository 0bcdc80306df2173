"""Written, published, looked after by the worker, closed by itself; milestones once, and letters to those who wished."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from membership import clock
from membership.app import all_tasks
from membership.campaigns import actions, queries, rules
from membership.campaigns.models import Campaign, CampaignChoice
from membership.campaigns.rules import Phase
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.readers.models import LetterConsent
from membership.readers.wishes import refuse_each, wish, wishes
from tests import make
from tests.campaigns.helpers import campaign, gift, refund, said

DAY = timedelta(days=1)


def work() -> None:
    while run_one(all_tasks()):
        pass


def looked(session, made, at=None):
    """The worker comes by; its letters are written."""
    actions.look(session, made.id, at=at or clock.now())
    session.execute(update(Job).where(Job.name == actions.TELL).values(due_at=clock.now()))
    session.commit()
    work()
    session.expire_all()


def letters(session, kind="campaign_milestone"):
    return session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)).all()


def reached(session, made):
    return [row.percent for row in queries.milestones_of(session, made.id) if row.reached_at]


def wished(session, made, amount, *, letters=True):
    payment = gift(session, made, amount)
    actions.choose(session, made, payment.reader_id, wall=False, name="", letters=letters, at=clock.now())
    session.commit()
    return payment


def test_each_milestone_is_told_once_to_those_who_wished(session):
    made = campaign(session)
    hears = wished(session, made, 1_500)
    wished(session, made, 1_000, letters=False)
    gift(session, made, 100)
    stopped = wished(session, made, 100)
    wish(session, stopped.reader_id, "campaigns", wanted=False, at=clock.now())
    looked(session, made)
    looked(session, made)
    [letter] = letters(session)
    assert (letter.reader_id, reached(session, made)) == (hears.reader_id, [25])
    assert letter.subject == f"25 % reached: {made.title}"
    assert "€27 of €100" in letter.text and "/letters/stop/" in letter.text
    assert letter.stop_address in letter.text


def test_what_goes_back_and_comes_again_is_no_second_milestone(session):
    made = campaign(session)
    big = wished(session, made, 3_000)
    small = wished(session, made, 100)
    looked(session, made)
    refund(session, big, 3_000)
    looked(session, made)
    gift(session, made, 3_000)
    looked(session, made)
    assert [one.reader_id for one in letters(session)] == [big.reader_id, small.reader_id]


def test_several_at_once_are_one_letter_about_the_highest(session):
    made = campaign(session)
    wished(session, made, 12_000)
    looked(session, made)
    assert reached(session, made) == [25, 50, 75, 100]
    [letter] = letters(session)
    assert "has reached its goal: €120 of €100" in letter.text


def test_whose_money_went_back_hears_nothing(session):
    made = campaign(session)
    gone = wished(session, made, 1_000)
    refund(session, gone, 1_000)
    gift(session, made, 3_000)
    looked(session, made)
    assert letters(session) == [] and reached(session, made) == [25]


def test_it_closes_by_itself_and_tells_how_it_ended(session):
    made = campaign(session, match_sponsor="The Quay Fund", match_cap=2_000)
    wished(session, made, 3_000)
    session.execute(delete(Job))
    looked(session, made, at=made.closes_at - timedelta(seconds=1))
    assert session.get(Campaign, made.id).closed_at is None
    due = session.execute(select(Job.due_at).where(Job.key == f"campaign:{made.id}")).scalar_one()
    assert due == made.closes_at
    looked(session, made, at=made.closes_at + DAY)
    row = session.get(Campaign, made.id)
    assert row.closed_at == row.closes_at and queries.phase_of(row, row.closes_at) is Phase.CLOSED
    [letter] = letters(session, "campaign_ended")
    assert "It did not reach its goal: €50 of €100 came together." in letter.text
    assert "Readers gave €30, and The Quay Fund adds €20." in letter.text
    session.execute(delete(Job))
    looked(session, made, at=made.closes_at + 2 * DAY)
    assert len(letters(session, "campaign_ended")) == 1
    assert session.execute(select(Job).where(Job.key == f"campaign:{made.id}")).first() is None


def test_before_it_opens_the_worker_only_waits(session):
    made = campaign(session, opens_at=clock.now() + DAY, scope="all")
    gift(session, None, 9_000, paid_at=clock.now())
    session.execute(delete(Job))
    looked(session, made)
    assert reached(session, made) == []
    due = session.execute(select(Job.due_at).where(Job.key == f"campaign:{made.id}")).scalar_one()
    assert due == made.opens_at


def test_a_draft_changes_freely_and_what_is_published_keeps_what_readers_gave_for(session):
    by = make.staff(session, "manager").reader_id
    made = actions.draft(session, said(), by=by, at=clock.now())
    at = clock.now()
    told = {"title": "Another", "opens_at": made.opens_at, "closes_at": made.closes_at}
    actions.change(session, made.id, said(goal=5, milestones=(10,), **told), by=by, at=at)
    assert (made.goal, [row.percent for row in queries.milestones_of(session, made.id)]) == (5, [10])
    actions.publish(session, made.id, by=by, at=at)
    with pytest.raises(rules.NotADraft):
        actions.publish(session, made.id, by=by, at=at)
    with pytest.raises(rules.NotADraft):
        actions.discard(session, made.id, by=by, at=at)
    kept = {"goal": 5, "milestones": (10,)} | told
    for other in (
        {"goal": 4}, {"milestones": (20,)}, {"scope": "all"}, {"match_sponsor": "X", "match_cap": 5}, {"currency": "USD"},
        {"opens_at": made.opens_at - DAY}, {"closes_at": made.closes_at - DAY}, {"closes_at": made.opens_at + 367 * DAY},
    ):  # fmt: skip
        with pytest.raises((rules.Settled, rules.NotThoseDates)):
            actions.change(session, made.id, said(**(kept | other)), by=by, at=at)
        session.refresh(made)
    later = made.closes_at + DAY
    actions.change(session, made.id, said(**(kept | {"summary": "More words.", "closes_at": later})), by=by, at=at)
    assert (made.summary, made.closes_at) == ("More words.", later)
    with pytest.raises(rules.Settled):  # what is over does not begin again
        actions.change(session, made.id, said(**(kept | {"closes_at": later + DAY})), by=by, at=later)


def test_who_came_along_without_a_word_hears_of_the_campaign_that_they_ask_about(session):
    made = campaign(session)
    asks, silent, stopped = (gift(session, made, 100).reader_id for _ in range(3))
    refuse_each(session, [asks, silent], at=clock.now())  # brought along from another system, where they agreed to nothing
    wish(session, stopped, "campaigns", wanted=False, at=clock.now())
    heard = [
        actions.choose(session, made, who, wall=False, name="", letters=who != silent, words="Write to me", at=clock.now())
        for who in (asks, silent, stopped)
    ]
    assert heard == [True, True, False]  # what somebody stopped themselves stays stopped
    wanted = {who: {sort for sort, wants in wishes(session, who).items() if wants} for who in (asks, silent, stopped)}
    assert (wanted[asks], wanted[silent], "campaigns" in wanted[stopped]) == ({"campaigns"}, set(), False)
    proof = session.scalars(select(LetterConsent).where(LetterConsent.reader_id == asks)).one()
    assert (proof.wanted, proof.place, proof.words) == (True, f"/campaigns/{made.slug}/thanks", "Write to me")
    session.commit()
    assert [one.reader_id for one in queries.those_to_tell(session, made, after=0, most=9)] == [asks]


def test_two_of_one_title_have_two_addresses_that_fit_into_a_touch(session):
    by = make.staff(session, "manager").reader_id
    title = "A very long title about the winter and everything that it costs us all"
    first, second = (actions.draft(session, said(title=title), by=by, at=clock.now()) for _ in range(2))
    assert first.slug != second.slug and max(len(first.slug), len(second.slug)) <= 40


def test_only_who_gave_chooses_and_hidden_names_count_without_one(session):
    made, stranger = campaign(session), make.reader(session)
    with pytest.raises(rules.NothingGiven):
        actions.choose(session, made, stranger.reader_id, wall=True, name="X", letters=True, at=clock.now())
    ids = [gift(session, made).reader_id for _ in range(3)]
    for who, name in zip(ids, ("ada", "Zoe", ""), strict=True):
        actions.choose(session, made, who, wall=True, name=name, letters=False, at=clock.now())
    session.commit()
    assert queries.wall(session, made) == queries.Wall(("ada", "Zoe"), 1)
    actions.hide(session, made.id, ids[0], by=ids[0], at=clock.now())
    assert queries.wall(session, made) == queries.Wall(("Zoe",), 2)
    actions.choose(session, made, ids[0], wall=True, name="ada", letters=True, at=clock.now())
    assert queries.wall(session, made).names == ("Zoe",)  # the same name again stays where staff put it
    actions.choose(session, made, ids[1], wall=False, name="", letters=False, at=clock.now())
    session.flush()
    assert queries.wall(session, made) == queries.Wall((), 2)
    assert session.get(CampaignChoice, (made.id, ids[1])).name == ""
