"""Many patrons at once on a database of their own: votes from several processes, some twice, while the worker closes."""

from __future__ import annotations

import itertools
import multiprocessing
import random
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock, db
from membership.app import all_tasks, create_app
from membership.ballots import actions, casting, queries, rules, seals
from membership.ballots.closing import counting_of
from membership.ballots.models import Ballot, BallotRoll
from membership.ballots.results import counted
from membership.ballots.urn import BallotLog, BallotPending, Vote
from membership.db import engine_for
from membership.jobs.worker import run_one
from membership.web.limits import VOTES_PER_READER, LimitCount
from tests import make
from tests.ballots.helpers import SECRET, accepted_topics

VOTERS, PROCESSES, THREADS = 60, 2, 3
OPEN_FOR = timedelta(seconds=4)


def prepared(session: Session, *, voters: int = VOTERS) -> tuple[int, list[int], list[int]]:
    """An editor, the topics, and the voters' reader ids."""
    make.newsroom(session)
    tier = make.tier(session)
    editor = make.staff(session, "editor").reader_id
    reader_ids = [make.patron(session, tier_row=tier).reader_id for _ in range(voters)]
    topic_ids = accepted_topics(session, 4, by=editor, proposer=editor, at=clock.now())
    session.commit()
    return editor, topic_ids, reader_ids


def opened(session: Session, editor: int, topic_ids: list[int], open_for: timedelta = OPEN_FOR) -> int:
    """The ballot, open from now on for a few seconds."""
    at = clock.now()
    made = actions.draft(
        session, title="All at once", question="What should we look into next?", topic_ids=topic_ids, opens_at=at,
        closes_at=at + open_for, by=editor, at=at, attempt="one", secret=SECRET,
    )  # fmt: skip
    actions.open_ballot(session, made.id, secret=SECRET, at=at)
    session.commit()
    return made.id


def vote_once(reader_id: int, choices: list[int], attempt: str) -> str:
    try:
        with db.transaction() as session:
            held = actions.hold(session, "all-at-once")
            actions.cast(session, held, reader_id, choices, secret=SECRET, attempt=attempt, at=clock.now())
    except (rules.Closed, rules.NotOnRoll) as refused:
        return type(refused).__name__
    return "in"


def voting(url: str, voters: list[int], outsider: int, seed: int, all_ready, answers) -> None:
    """One process: threads that vote for everybody, again and again, until the ballot refuses."""
    engine = engine_for(url)
    db.bind(engine)
    found: Counter[str] = Counter()
    lock = threading.Lock()
    all_ready.wait(60)

    def run(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        for tries in itertools.count(1):  # until it hears that the ballot is closed, however fast the machine is
            who = outsider if tries % 20 == 0 else chance.choice(voters)
            attempt = f"{seed}-{number}-{tries // 2}"
            choices = chance.sample([1, 2, 3, 4], chance.randint(1, 3))
            answer = vote_once(who, choices, attempt)
            with lock:
                found[answer] += 1
            if answer == "Closed":
                return

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    answers.put(dict(found))


def processes_of_their_own():
    """Forked from one that has imported the house: importing it takes each of them longer than voting."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["membership.app"])
    return context


@pytest.fixture
def crowded(store, config):
    """A database of one's own, bound again to nothing afterwards."""
    with store.fresh() as url:
        before = db._bind
        yield url
        if before is not None:
            db.bind(before)


def test_roll_and_urn_agree_when_many_vote_twice_and_the_worker_closes_meanwhile(crowded, config):
    app = create_app(config)
    engine = engine_for(crowded)
    db.bind(engine)
    context = processes_of_their_own()
    answers, all_ready = context.Queue(), context.Barrier(PROCESSES + 1)
    with app.app_context():
        with Session(engine, expire_on_commit=False) as session:
            editor, topic_ids, voters = prepared(session)
            outsider = make.reader(session).reader_id
            crowd = [
                context.Process(target=voting, args=(crowded, voters, outsider, seed, all_ready, answers))
                for seed in range(PROCESSES)
            ]
            for process in crowd:
                process.start()
            until = time.monotonic() + 60
            while all_ready.n_waiting < PROCESSES and time.monotonic() < until:
                time.sleep(0.05)
            ballot_id = opened(session, editor, topic_ids)
        all_ready.wait(60)
        work_until_counted(ballot_id)
        found = sum((Counter(answers.get(timeout=30)) for _ in crowd), Counter())
        for process in crowd:
            process.join(30)
        assert all(process.exitcode == 0 for process in crowd)
        assert found["in"] > VOTERS // 2 and found["Closed"] == PROCESSES * THREADS and found["NotOnRoll"] > 0
        with db.reading() as session:
            check(session, ballot_id)
    engine.dispose()


MANY, OUTSIDERS, IN_PROCESSES, OPEN_FOR_MANY = 2000, 100, 4, timedelta(seconds=20)


def voting_once_each(url: str, voters: list[int], outsiders: list[int], seed: int, all_ready, answers) -> None:
    """One process: its patrons vote, every tenth sends the form twice, every tenth changes the vote; outsiders try. Then
    votes are changed until the ballot refuses."""
    engine = engine_for(url)
    db.bind(engine)
    chance = random.Random(seed)
    work = [(who, f"{seed}-{who}", [1 + who % 4]) for who in voters]
    work += [(who, f"{seed}-{who}", [1 + who % 4]) for who in voters[::10]]
    work += [(who, f"{seed}-{who}-b", [1 + (who + 1) % 4]) for who in voters[5::10]]
    work += [(who, f"{seed}-{who}", [1]) for who in outsiders]
    chance.shuffle(work)
    found: Counter[str] = Counter()
    taken: set[int] = set()
    lock = threading.Lock()
    all_ready.wait(120)

    def run(number: int) -> None:
        own = random.Random(seed * 100 + number)
        more = ((own.choice(voters), f"{seed}-{number}-{turn}", [own.randint(1, 4)]) for turn in itertools.count())
        for who, attempt, choices in itertools.chain(work[number::THREADS], more):
            answer = vote_once(who, choices, attempt)
            with lock:
                found[answer] += 1
                if answer == "in":
                    taken.add(who)
            if answer == "Closed":
                return

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    answers.put((dict(found), sorted(taken)))


@pytest.mark.long
def test_two_thousand_patrons_vote_within_seconds_while_the_worker_closes(crowded, config):
    """Everybody who was told "your vote is in" is on the roll as having voted and nobody else is; late ones hear a word."""
    app = create_app(config)
    engine = engine_for(crowded)
    db.bind(engine)
    context = processes_of_their_own()
    answers, all_ready = context.Queue(), context.Barrier(IN_PROCESSES + 1)
    with app.app_context():
        with Session(engine, expire_on_commit=False) as session:
            editor, topic_ids, voters = prepared(session, voters=MANY)
            outsiders = [make.reader(session).reader_id for _ in range(OUTSIDERS)]
            crowd = [
                context.Process(
                    target=voting_once_each,
                    args=(crowded, voters[n::IN_PROCESSES], outsiders[n::IN_PROCESSES], n, all_ready, answers),
                )
                for n in range(IN_PROCESSES)
            ]
            for process in crowd:
                process.start()
            until = time.monotonic() + 120
            while all_ready.n_waiting < IN_PROCESSES and time.monotonic() < until:
                time.sleep(0.05)
            ballot_id = opened(session, editor, topic_ids, OPEN_FOR_MANY)
        all_ready.wait(120)
        begun = time.monotonic()
        work_until_counted(ballot_id)
        told = [answers.get(timeout=300) for _ in crowd]
        seconds = time.monotonic() - begun
        for process in crowd:
            process.join(60)
        found, taken = sum((Counter(one) for one, _ in told), Counter()), {who for _, some in told for who in some}
        print(f"{found}, {len(taken)} different patrons, in {seconds:.1f} s")
        assert all(process.exitcode == 0 for process in crowd)
        assert found["in"] > 200 and found["NotOnRoll"] > 0 and not taken & set(outsiders)
        assert found["Closed"] == IN_PROCESSES * THREADS  # each heard it once, and stopped
        with db.reading() as session:
            check(session, ballot_id)
            on_roll = set(session.scalars(select(BallotRoll.reader_id).where(BallotRoll.voted)))
            assert on_roll == taken
    engine.dispose()


@pytest.fixture
def lone(crowded, config):
    """One open ballot with one voter, on a database of its own: its id, the voter, and its closing time."""
    app = create_app(config)
    engine = engine_for(crowded)
    db.bind(engine)
    with app.app_context():
        with Session(engine, expire_on_commit=False) as session:
            editor, topic_ids, voters = prepared(session, voters=1)
            ballot_id = opened(session, editor, topic_ids)
            closes_at = session.get_one(Ballot, ballot_id).closes_at
        yield ballot_id, voters[0], closes_at
    engine.dispose()


def beside(act) -> tuple[threading.Thread, list[object]]:
    """Do this in another thread; gives what it answered or raised."""
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(act())
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.5)
    return thread, answers


def test_the_count_waits_for_a_vote_that_is_being_written(lone):
    ballot_id, voter, closes_at = lone
    in_time = closes_at - timedelta(microseconds=1)

    def close() -> int:
        with db.transaction() as session:
            return queries.result_of(actions.close_ballot(session, ballot_id, secret=SECRET, at=closes_at)).votes

    with db.transaction() as session:
        actions.cast(session, ballot_id, voter, [1], secret=SECRET, attempt="a", at=in_time)
        thread, answers = beside(close)
        assert answers == []  # it waits
    thread.join(20)
    assert answers == [1]


def test_a_vote_that_waited_behind_the_count_is_refused_with_a_word(lone):
    ballot_id, voter, closes_at = lone
    in_time, app = closes_at - timedelta(microseconds=1), current_app._get_current_object()

    def vote() -> object:
        with app.app_context(), db.writing() as books:
            held = actions.hold_and_count(books, "all-at-once", VOTES_PER_READER, str(voter), at=in_time)
            return actions.cast_and_confirm(books, held, voter, [1], secret=SECRET, attempt="a", at=in_time)

    with db.transaction() as session:
        actions.close_ballot(session, ballot_id, secret=SECRET, at=closes_at)
        thread, answers = beside(vote)
        assert answers == []
    thread.join(20)
    assert isinstance(answers[0], rules.Closed)
    with db.reading() as session:
        assert session.scalars(select(LimitCount.count)).all() == []  # the refusal took it back
        assert session.scalar(select(func.count()).select_from(Vote)) == 0


def test_two_votes_of_one_patron_at_once_are_one_vote(lone):
    ballot_id, voter, closes_at = lone
    in_time = closes_at - timedelta(seconds=1)

    def vote() -> bool:
        with db.transaction() as session:
            return actions.cast(session, ballot_id, voter, [2], secret=SECRET, attempt="b", at=in_time).changed

    with db.transaction() as session:
        actions.cast(session, ballot_id, voter, [1], secret=SECRET, attempt="a", at=in_time)
        thread, answers = beside(vote)
        assert answers == []
    thread.join(20)
    assert answers == [True]
    with db.reading() as session:
        assert session.scalars(select(Vote.content)).all() == ["2"]


def test_a_vote_that_waited_behind_its_withdrawal_is_a_first_one_again(lone):
    ballot_id, voter, closes_at = lone
    in_time = closes_at - timedelta(seconds=1)

    def vote() -> bool:
        with db.transaction() as session:
            return actions.cast(session, ballot_id, voter, [2], secret=SECRET, attempt="b", at=in_time).first

    with db.transaction() as session:
        actions.cast(session, ballot_id, voter, [1], secret=SECRET, attempt="a", at=in_time)
    with db.transaction() as session:
        assert casting.withdraw(session, ballot_id, voter, secret=SECRET, at=in_time)
        thread, answers = beside(vote)
        assert answers == []
    thread.join(20)
    assert answers == [True]
    with db.reading() as session:
        assert session.scalars(select(Vote.content)).all() == ["2"]
        assert session.scalars(select(BallotRoll.voted)).all() == [True]


def test_two_changes_at_once_leave_one_vote_and_a_log_that_tells_of_both(lone):
    ballot_id, voter, closes_at = lone
    in_time = closes_at - timedelta(seconds=1)

    def vote(choice: int) -> str:
        with db.transaction() as session:
            return actions.cast(
                session, ballot_id, voter, [choice], secret=SECRET, attempt=str(choice), at=in_time
            ).code

    first = vote(1)
    with db.transaction() as session:
        second = actions.cast(session, ballot_id, voter, [2], secret=SECRET, attempt="2", at=in_time).code
        thread, answers = beside(lambda: vote(3))
        assert answers == []
    thread.join(20)
    with db.reading() as session:
        lines = Counter((row.event, row.code) for row in session.scalars(select(BallotPending)))
        cast = [("cast", code) for code in (first, second, answers[0])]
        assert lines == Counter([*cast, ("replaced", first), ("replaced", second)])
        assert session.scalars(select(Vote.code)).all() == answers


def work_until_counted(ballot_id: int) -> None:
    """The worker, beside the crowd."""
    tasks, until = all_tasks(), time.monotonic() + 40
    while time.monotonic() < until:
        if not run_one(tasks):
            time.sleep(0.05)
        with db.reading() as session:
            if session.get_one(Ballot, ballot_id).status == "final":
                return


def check(session: Session, ballot_id: int) -> None:
    """Roll, urn, log and result tell the same."""
    ballot = session.get_one(Ballot, ballot_id)
    assert ballot.status == "final"
    voted = session.scalar(select(func.count()).where(BallotRoll.ballot_id == ballot_id, BallotRoll.voted))
    votes = session.scalar(select(func.count()).where(Vote.ballot_id == ballot_id))
    result = queries.result_of(ballot)
    assert voted == votes == result.votes == result.voted > 0
    assert set(session.scalars(select(Vote.voter_ref).where(Vote.ballot_id == ballot_id))) == {None}
    assert session.scalars(select(BallotPending).where(BallotPending.ballot_id == ballot_id)).all() == []
    assert counted(counting_of(session, ballot)) == ballot.result
    rows = session.scalars(select(BallotLog).where(BallotLog.ballot_id == ballot_id).order_by(BallotLog.seq)).all()
    assert seals.first_break([(r.seq, r.event, r.code, r.prev, r.hash) for r in rows], ballot.log_head) is None
    live = [row.code for row in rows if row.event == "cast"]
    for row in rows:
        if row.event == "replaced":
            live.remove(row.code)
    assert sorted(live) == [code for code, _, _ in queries.published_votes(session, ballot)]
