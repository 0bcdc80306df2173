"""What opening, casting, sealing, closing and cancelling leave behind, and what they do not."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from membership import clock
from membership.ballots import actions, log, queries, rules, seals
from membership.ballots.closing import counting_of
from membership.ballots.models import BallotOption, BallotRoll
from membership.ballots.results import counted
from membership.ballots.rules import MayVote
from membership.ballots.urn import BallotLog, BallotPending, BallotSeal, Vote
from membership.jobs.models import Job
from membership.memberships.models import Membership
from membership.topics import actions as topics
from membership.topics.models import Topic, TopicStep
from tests import make
from tests.ballots.helpers import HOUR, SECRET, ballot, cast, close, patrons


def chain(session, on):
    session.refresh(on)
    rows = session.scalars(select(BallotLog).where(BallotLog.ballot_id == on.id).order_by(BallotLog.seq))
    return [(row.seq, row.event, row.code, row.prev, row.hash) for row in rows]


def test_the_roll_is_everybody_with_settled_standing_once_with_the_reason(session):
    one, two = patrons(session, 2)
    tier = make.tier(session)
    make.patron(session, one_address := "two-cards@example.org", tier_row=tier)
    twice = make.patron(session, one_address, tier_row=tier)
    in_grace = make.patron(session, tier_row=tier, status="past_due", paid_until=clock.now() - timedelta(days=3))
    make.lapsed_patron(session)
    make.patron(session, tier_row=tier, status="past_due", paid_until=clock.now() - timedelta(days=15))
    make.patron(session, tier_row=tier, status="incomplete")
    make.patron(session, tier_row=tier, since=clock.now() + timedelta(hours=1))
    made = ballot(session)
    roll = session.scalars(select(BallotRoll).where(BallotRoll.ballot_id == made.id)).all()
    assert {line.reader_id for line in roll} == {p.reader_id for p in (one, two, twice, in_grace)}
    assert len(roll) == 4
    assert all((line.reason, line.voted) == ("membership", False) and line.paid_until for line in roll)


def test_who_joins_after_the_opening_is_told_why_they_cannot_vote(session):
    made = ballot(session)
    late, never = make.patron(session), make.reader(session)
    at = clock.now()
    assert queries.may_vote(session, made, late.reader_id, at) is MayVote.JOINED_LATER
    assert queries.may_vote(session, made, never.reader_id, at) is MayVote.NO_STANDING
    with pytest.raises(rules.NotOnRoll):
        cast(session, made, late, 1)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Vote)) == 0


def test_who_loses_their_membership_while_the_ballot_is_open_keeps_the_vote(session):
    [who] = patrons(session, 1)
    made = ballot(session)
    session.execute(update(Membership).values(status="canceled"))
    session.commit()
    cast(session, made, who, 1)
    assert queries.may_vote(session, made, who.reader_id, clock.now()) is MayVote.VOTED


def test_opening_freezes_the_words_and_leaves_out_what_was_declined_since(session):
    made = ballot(session, options=3, opened=False)
    editor = made.made_by
    first, second, _third = [option.topic_id for option in queries.options_of(session, made.id)]
    topics.decline(session, first, by=editor, reason="Reported elsewhere by now.", at=clock.now())
    session.execute(update(Topic).where(Topic.id == second).values(title="Put more clearly"))
    session.expire_all()
    actions.open_ballot(session, made.id, secret=SECRET, at=clock.now())
    session.execute(update(Topic).where(Topic.id == second).values(title="Changed too late"))
    session.commit()
    titles = session.execute(select(BallotOption.position, BallotOption.title).order_by(BallotOption.position)).all()
    assert [tuple(row) for row in titles] == [(2, "Put more clearly"), (3, "Harbour question 3")]


def test_opening_twice_opens_once(session):
    patrons(session, 2)
    made = ballot(session)
    commitment = made.lot_commitment
    actions.open_ballot(session, made.id, secret=SECRET, at=clock.now())
    session.commit()
    assert made.lot_commitment == commitment and [line[1] for line in chain(session, made)] == ["announced", "opened"]


def test_a_ballot_on_topics_that_were_not_accepted_is_refused(session):
    editor = make.staff(session, "editor")
    at = clock.now()
    ids = [
        topics.propose(session, reader_id=editor.reader_id, title=f"Question {n} of many", why="It matters to us all.",
                       attempt=f"a{n}", at=at).id
        for n in range(2)
    ]  # fmt: skip
    with pytest.raises(rules.NotAnOption):
        actions.draft(
            session, title="What next?", question="What should we do?", topic_ids=ids, opens_at=at, closes_at=at + HOUR,
            by=editor.reader_id, at=at, attempt="x", secret=SECRET,
        )  # fmt: skip


def test_voting_twice_changes_the_vote_and_does_not_double_it(session):
    one, two = patrons(session, 2)
    made = ballot(session)
    first = cast(session, made, one, 1)
    second = cast(session, made, one, 2, 3, attempt="second")
    cast(session, made, two, 1)
    assert (first.changed, second.changed) == (False, True)
    assert sorted(session.scalars(select(Vote.content))) == ["1", "2,3"]
    assert session.scalar(select(func.count()).where(BallotRoll.voted)) == 2
    assert queries.receipt(session, made, first.code).state == "replaced"
    assert queries.receipt(session, made, second.code).state == "in_urn"
    assert queries.receipt(session, made, "A" * 16).state == "unknown"


def test_the_same_form_sent_twice_is_one_vote_with_one_code_and_one_line(session):
    [who] = patrons(session, 1)
    made = ballot(session)
    codes = {cast(session, made, who, 1, 2).code for _ in range(3)}
    assert len(codes) == 1
    assert session.scalar(select(func.count()).select_from(BallotPending)) == 1


def test_a_code_can_be_computed_from_the_receipt_and_is_not_guessable_without_the_key(session):
    [who] = patrons(session, 1)
    made = ballot(session)
    receipt = cast(session, made, who, 2)
    assert receipt.code == seals.receipt_code(made.slug, "2", receipt.nonce)
    assert receipt.nonce != seals.nonce_of(b"another key", who.reader_id, "first")


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=9)])
def test_a_vote_after_the_closing_time_is_refused_even_if_nothing_was_counted_yet(session, late):
    [who] = patrons(session, 1)
    made = ballot(session)
    with pytest.raises(rules.Closed):
        cast(session, made, who, 1, at=made.closes_at + late)


def test_a_vote_in_the_closing_second_counts(session):
    [who] = patrons(session, 1)
    made = ballot(session)
    cast(session, made, who, 2, at=made.closes_at - timedelta(microseconds=1))
    close(session, made)
    assert queries.result_of(made).winners == [2]
    with pytest.raises(rules.Closed):
        cast(session, made, who, 1, at=made.closes_at)


def test_no_result_can_be_asked_for_before_the_close(session):
    voters = patrons(session, 3)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 1)
    for gate in (
        lambda: queries.result_of(made),
        lambda: queries.published_votes(session, made),
        lambda: queries.published_log(session, made),
    ):
        with pytest.raises(rules.NotCountedYet):
            gate()
    turnout = queries.turnout(made)
    assert (turnout.voted, turnout.roll, turnout.exact) == (0, 3, False)
    assert queries.receipt(session, made, session.scalars(select(Vote.code)).first()).chosen == []
    with pytest.raises(rules.NotOpenYet):
        actions.close_ballot(session, made.id, secret=SECRET, at=made.closes_at - timedelta(seconds=1))


def test_after_the_close_nothing_leads_from_a_person_to_a_choice(session):
    voters = patrons(session, 5)
    made = ballot(session)
    for number, who in enumerate(voters):
        cast(session, made, who, 1 + number % 2)
    assert all(session.scalars(select(Vote.voter_ref)))
    close(session, made)
    assert session.scalars(select(BallotSeal)).all() == []
    assert set(session.scalars(select(Vote.voter_ref))) == {None}
    assert session.scalars(select(BallotPending)).all() == []
    if session.get_bind().dialect.name == "postgresql":  # as the rows lie on disk, not as they are asked for
        stored = list(session.execute(text("SELECT code FROM vote ORDER BY ctid")).scalars())
        assert stored == sorted(stored)
    time_columns = [
        c.name for t in (Vote, BallotPending, BallotLog) for c in t.__table__.columns if "at" in c.name[-3:]
    ]
    assert time_columns == []


def test_the_result_is_kept_with_its_hash_and_a_recount_gives_the_same_bytes(session):
    voters = patrons(session, 21)
    made = ballot(session, seats=2)
    for number, who in enumerate(voters):
        cast(session, made, who, *([1, 2] if number % 3 else [3]))
    close(session, made)
    result = queries.result_of(made)
    assert (result.votes, result.voted, result.roll, result.binding) == (21, 21, 21, True)
    assert [(one.position, one.votes, one.won) for one in result.options] == [
        (1, 14, True),
        (2, 14, True),
        (3, 7, False),
    ]
    assert made.result_sha == seals.digest(made.result)
    assert counted(counting_of(session, made)) == made.result
    before = made.result
    actions.close_ballot(session, made.id, secret=SECRET, at=made.closes_at + HOUR)
    assert made.result == before
    votes = queries.published_votes(session, made)
    assert len(votes) == 21 and [code for code, _, _ in votes] == sorted(code for code, _, _ in votes)
    assert {content for _, content, _ in votes} == {"1,2", "3"}


def test_below_twenty_votes_only_totals_and_codes_are_published(session):
    voters = patrons(session, 19)
    made = ballot(session)
    receipts = [cast(session, made, who, 2) for who in voters]
    close(session, made)
    votes = queries.published_votes(session, made)
    assert {code for code, _, _ in votes} == {receipt.code for receipt in receipts}
    assert {content for _, content, _ in votes} == {None}
    found = queries.receipt(session, made, receipts[0].code)
    assert (found.state, found.chosen) == ("counted", [])
    assert json.loads(made.result)["votes_sha"] is None


def test_a_tie_is_broken_by_the_lots_that_were_committed_to_and_is_reported(session):
    voters = patrons(session, 4)
    made = ballot(session)
    commitment = made.lot_commitment
    assert made.lot_order is None and made.lot_salt is None
    for number, who in enumerate(voters):
        cast(session, made, who, 1 + number % 2)
    close(session, made)
    lots = seals.Lots(made.lot_salt, made.lot_order)
    assert lots.commitment == commitment == made.lot_commitment
    [winner] = queries.result_of(made).winners
    assert winner == min((1, 2), key=lots.positions().index)
    [tie] = queries.result_of(made).ties
    assert tie.titles == ["Harbour question 1", "Harbour question 2"]
    assert tie.favoured == [f"Harbour question {winner}"]


def test_an_empty_urn_chooses_nothing_and_promises_nothing(session):
    made = ballot(session)
    close(session, made)
    result = queries.result_of(made)
    assert (result.votes, result.winners, result.binding) == (0, [], False)
    assert not session.scalars(select(Job).where(Job.name == "promises.make")).all()


def test_below_the_quorum_the_result_is_advice(session):
    voters = patrons(session, 3)
    made = ballot(session, quorum=4)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    assert queries.result_of(made).winners == [1]
    assert not queries.result_of(made).binding
    assert not session.scalars(select(Job).where(Job.name == "promises.make")).all()


def test_closing_posts_the_promises_and_writes_each_topics_history(session):
    voters = patrons(session, 2)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 2)
    close(session, made)
    assert [job.payload for job in session.scalars(select(Job).where(Job.name == "promises.make"))] == [
        {"ballot": made.id}
    ]
    kinds = session.execute(select(TopicStep.kind, func.count()).group_by(TopicStep.kind)).all()
    assert {row[0]: row[1] for row in kinds} == {"ballot": 3, "won": 1, "not_chosen": 2}


def test_the_log_is_sealed_in_batches_that_mix_ten_patrons_and_so_is_the_rest_at_the_close(session):
    voters = patrons(session, 25)
    made = ballot(session)
    for change in range(12):
        cast(session, made, voters[0], 1 + change % 3, attempt=f"change {change}")
    for who in voters[1:19]:
        cast(session, made, who, 1)
    actions.seal_batch(session, made.id, at=clock.now())
    assert [line[1] for line in chain(session, made)] == [
        "announced",
        "opened",
    ]  # nineteen are too few, however often one changes
    cast(session, made, voters[19], 1)
    actions.seal_batch(session, made.id, at=clock.now())
    session.commit()
    assert session.scalar(select(func.count()).select_from(BallotPending)) == rules.BATCH
    assert len(chain(session, made)) == 2 + 12 + 11 + 19 - rules.BATCH
    last = cast(session, made, voters[20], 1)
    close(session, made)
    lines = chain(session, made)
    assert lines[-1][1] == "closed"
    assert last.code in [line[2] for line in lines[-2 - rules.BATCH : -1]]  # among ten others
    assert seals.first_break(lines, made.log_head) is None
    live = [line[2] for line in lines if line[1] == "cast"]
    for line in lines:
        if line[1] == "replaced":
            live.remove(line[2])
    assert sorted(live) == [code for code, _, _ in queries.published_votes(session, made)]


def test_one_patron_who_sends_old_forms_again_and_again_is_no_batch_around_another(session):
    ada, other = patrons(session, 2)
    made = ballot(session)
    cast(session, made, other, 2)
    for turn in range(60):
        cast(session, made, ada, 1 + turn % 2, attempt=f"form {turn % 2}")
    actions.seal_batch(session, made.id, at=clock.now())
    assert [line[1] for line in chain(session, made)] == ["announced", "opened"]


def test_the_order_inside_a_batch_tells_nothing_about_who_came_when(session):
    voters = patrons(session, 30)
    made = ballot(session)
    came = [cast(session, made, who, 1).code for who in voters]
    close(session, made)
    sealed = [line[2] for line in chain(session, made) if line[1] == "cast"]
    assert sorted(sealed) == sorted(came) and sealed != came


def test_the_log_cannot_be_changed_in_the_database(session):
    made = ballot(session)
    with pytest.raises(Exception, match="append-only"), session.begin_nested():
        session.execute(update(BallotLog).values(code="other"))
    assert seals.first_break(chain(session, made), made.log_head) is None


def test_cancelling_throws_the_votes_away_and_keeps_the_reason(session):
    voters = patrons(session, 2)
    made = ballot(session)
    cast(session, made, voters[0], 1)
    with pytest.raises(rules.ReasonMissing):
        actions.cancel(session, made.id, by=made.made_by, reason=" ", at=clock.now())
    actions.cancel(session, made.id, by=made.made_by, reason="A topic was put wrongly.", at=clock.now())
    session.commit()
    for table in (Vote, BallotPending, BallotSeal):
        assert session.scalars(select(table)).all() == []
    assert (made.status, made.void_reason) == ("void", "A topic was put wrongly.")
    with pytest.raises(rules.Cancelled):
        cast(session, made, voters[1], 1)
    session.rollback()
    close(session, made)
    assert made.status == "void"
    with pytest.raises(rules.CannotCancel):
        actions.cancel(session, made.id, by=made.made_by, reason="Once more.", at=clock.now())


def test_a_counted_result_does_not_move_when_a_voter_is_erased_or_lapses(session):
    voters = patrons(session, 3)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    before = made.result
    session.delete(voters[0])
    session.commit()
    assert counted(counting_of(session, made)) == before


def test_sealing_twice_seals_once(session):
    voters = patrons(session, 20)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 1)
    assert log.seal_batch(session, made) == 10
    assert log.seal_batch(session, made) == 0
