"""`count_<method>`: grouping and counting 1,000,000 votes on 12 options, beside merely grouping them with bare SQL.

Rankings have up to five ranks. Beside it, in the table only, a public library that counts by that method, as it is used: what
it takes for a sample of the same votes, already in memory and grouped where it accepts groups.
"""

from __future__ import annotations

import contextlib
import gc
import io
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pyrankvote
import starvote
from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.fractions import frac
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session
from stvpoll.scottish_stv import calculate_scottish_stv

from bench.frame import SECRET_KEY, Figure, Ground, turn_by_turn
from membership import clock
from membership.ballots import actions
from membership.ballots.closing import GROUPS, read_groups
from membership.ballots.counting.methods import tally
from membership.ballots.results import Count
from membership.ballots.urn import Vote
from membership.db import engine_for
from tests import make
from tests.ballots.helpers import accepted_topics

VOTES = 1_000_000
OPTIONS = range(1, 13)
COSTS = {option: option % 5 + 2 for option in OPTIONS}
BUDGET = 20
AT_ONCE = 10_000
SAMPLE = 10_000
"""So many votes a library is given: some take minutes for all of them."""
SEATS = {"approval": 4, "fair": 4, "irv": 1, "stv": 3, "star": 1, "budget": 1, "equal-shares": 4}
FLOOR = "SELECT content, count(*) FROM vote WHERE ballot_id = {} GROUP BY content"

SHARED_DAYS = "equal-shares-days"
"""Equal Shares of a budget; `equal-shares` alone fills seats."""

NOTHING = Count("", "", 1, 0, (), (), (), 0, 0)

Groups = Sequence[tuple[str, int]]


def measure(ground: Ground) -> Mapping[str, Figure]:
    figures = {}
    for kind, methods in (
        ("ticks", ["approval", "fair", "budget", "equal-shares", SHARED_DAYS]),
        ("ranks", ["irv", "stv"]),
        ("stars", ["star"]),
    ):
        with ground.fresh() as url:
            engine = engine_for(url)
            ballot = urn(engine, kind, ground.size(VOTES))
            for method in methods:
                figures[f"count_{method}"] = figure(engine, ballot, method)
            engine.dispose()
    return figures


def figure(engine: Engine, ballot: int, method: str) -> Figure:
    """Milliseconds, ours and the floor in turns; a library's in words."""

    def ours(_number: int) -> float:
        began = time.perf_counter()
        with engine.connect() as connection:
            groups = read_groups(connection.execute(GROUPS, {"ballot": ballot}))
            count(method, replace(NOTHING, groups=groups).weighed())
        return 1000 * (time.perf_counter() - began)

    def floor(_number: int) -> float:
        began = time.perf_counter()
        with bare(engine) as ask:
            ask(ballot)
        return 1000 * (time.perf_counter() - began)

    ours(-1), floor(-1)
    gc.collect(), gc.freeze()  # the votes that were made up here are no part of it
    with bare(engine) as ask:
        groups = ask(ballot)
    return Figure("ms", *turn_by_turn(ours, floor), better="lower", said=library(method, sample(groups)))


def count(method: str, groups: Groups) -> None:
    shares = {"costs": COSTS, "budget": BUDGET} if method in {"budget", SHARED_DAYS} else {}
    by = "equal-shares" if method == SHARED_DAYS else method
    tally(by, OPTIONS, groups, SEATS[by], list(OPTIONS), **shares)


@contextlib.contextmanager
def bare(engine: Engine) -> Iterator[Callable[[int], Groups]]:
    """The driver alone, on a connection set up as ours are."""
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    with contextlib.closing(engine.raw_connection()) as connection, contextlib.closing(connection.cursor()) as cursor:

        def ask(ballot: int) -> Groups:
            cursor.execute(FLOOR.format(mark), (ballot,))
            return cursor.fetchall()

        yield ask


def urn(engine: Engine, kind: str, votes: int) -> int:
    """A ballot with so many votes in its urn."""
    with Session(engine) as session:
        make.newsroom(session)
        editor, at = make.staff(session, "editor"), clock.now()
        topics = accepted_topics(session, 12, by=editor.reader_id, proposer=editor.reader_id, at=at)
        ballot = actions.draft(
            session, title="What next?", question="What should we look into next?", topic_ids=topics, opens_at=at,
            closes_at=at + timedelta(hours=8), by=editor.reader_id, at=at, attempt="bench", secret=SECRET_KEY,
        )  # fmt: skip
        actions.open_ballot(session, ballot.id, secret=SECRET_KEY, at=at)
        number = ballot.id
        session.commit()
    contents = written(kind, votes)
    with engine.connect() as connection:
        for begin in range(0, votes, AT_ONCE):
            rows = [
                {"ballot_id": number, "code": f"{code:016x}", "content": next(contents), "voter_ref": None}
                for code in range(begin, min(begin + AT_ONCE, votes))
            ]
            with connection.begin():
                connection.execute(insert(Vote), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE vote" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE vote")
    return number


def written(kind: str, votes: int) -> Iterator[str]:
    """Contents as voters might send them: some options are liked by more, and most people name few."""
    chance = random.Random(7)
    liked = {option: 1 - option / 16 for option in OPTIONS}
    for _ in range(votes):
        if kind == "ticks":
            yield ",".join(str(o) for o in OPTIONS if chance.random() < liked[o] / 2) or "1"
        elif kind == "ranks":
            left, ranks = dict(liked), []
            for _rank in range(chance.choice((1, 2, 3, 4, 5, 5))):
                ranks.append(chance.choices(list(left), list(left.values()))[0])
                del left[ranks[-1]]
            yield ",".join(map(str, ranks))
        else:
            given = {o: chance.randint(1, 5) for o in OPTIONS if chance.random() < liked[o] / 3}
            yield "".join(str(given.get(o, 0)) for o in OPTIONS)


def sample(groups: Groups) -> list[str]:
    """Some of the votes, one by one."""
    each = [content for content, number in sorted(groups) for _ in range(number)]
    return random.Random(7).sample(each, min(SAMPLE, len(each)))


def library(method: str, contents: list[str]) -> str:
    """How long the library takes, the votes in its own shape already, and how long ours on the same ones."""
    name, prepared = LIBRARIES[method](contents)
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        prepared()
    theirs = time.perf_counter() - began
    began = time.perf_counter()
    count(method, list(Counter(contents).items()))
    return f"{name}: {theirs:.3f} s for {len(contents)} votes, ours {time.perf_counter() - began:.3f} s"


def _budget(contents: list[str], costs: Mapping[int, int], limit: int) -> tuple[Instance, ApprovalProfile]:
    projects = {str(option): Project(str(option), costs[option]) for option in OPTIONS}
    ballots = [ApprovalBallot(projects[one] for one in content.split(",")) for content in contents]
    return Instance(projects.values(), budget_limit=limit), ApprovalProfile(ballots)


def _greedy(contents: list[str], costs: Mapping[int, int], limit: int) -> tuple[str, Callable[[], object]]:
    instance, profile = _budget(contents, costs, limit)
    return "pabutools", lambda: greedy_utilitarian_welfare(instance, profile.as_multiprofile(), sat_class=Cost_Sat)


def _shares(contents: list[str]) -> tuple[str, Callable[[], object]]:
    instance, profile = _budget(contents, dict.fromkeys(OPTIONS, 1), SEATS["equal-shares"])
    return "pabutools", lambda: method_of_equal_shares(instance, profile.as_multiprofile(), sat_class=Cost_Sat)


def _shared_days(contents: list[str]) -> tuple[str, Callable[[], object]]:
    instance, profile = _budget(contents, COSTS, BUDGET)
    step = frac(BUDGET, 100 * len(contents))  # as ours: with less than ten days each, a hundredth of the share
    return "pabutools", lambda: method_of_equal_shares(
        instance, profile.as_multiprofile(), sat_class=Cost_Sat, voter_budget_increment=step
    )


def _runoff(contents: list[str]) -> tuple[str, Callable[[], object]]:
    people = {str(option): pyrankvote.Candidate(str(option)) for option in OPTIONS}
    ballots = [pyrankvote.Ballot([people[one] for one in content.split(",")]) for content in contents]
    return "pyrankvote", lambda: pyrankvote.instant_runoff_voting(list(people.values()), ballots)


def _scottish(contents: list[str]) -> tuple[str, Callable[[], object]]:
    ballots = [(tuple(map(int, content.split(","))), number) for content, number in Counter(contents).items()]
    return "stvpoll", lambda: calculate_scottish_stv(list(OPTIONS), ballots, SEATS["stv"])


def _fair(contents: list[str]) -> tuple[str, Callable[[], object]]:
    ballots = [{str(o): 5 * (str(o) in content.split(",")) for o in OPTIONS} for content in contents]
    return "starvote", lambda: starvote.election(starvote.rrv, ballots, seats=SEATS["fair"])


def _star(contents: list[str]) -> tuple[str, Callable[[], object]]:
    ballots = [{str(o): int(digit) for o, digit in zip(OPTIONS, content, strict=True)} for content in contents]
    return "starvote", lambda: starvote.election(starvote.star, ballots)


LIBRARIES: Mapping[str, Callable[[list[str]], tuple[str, Callable[[], object]]]] = {
    "approval": lambda contents: _greedy(contents, dict.fromkeys(OPTIONS, 1), SEATS["approval"]),
    "fair": _fair,
    "irv": _runoff,
    "stv": _scottish,
    "star": _star,
    "budget": lambda contents: _greedy(contents, COSTS, BUDGET),
    "equal-shares": _shares,
    SHARED_DAYS: _shared_days,
}
