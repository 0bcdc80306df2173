"""The close: count, reveal the lots, destroy the key, and lay the urn out in the order of its codes; all in one transaction.

Afterwards no row joins a person to a choice: the references are gone, the key that made them is gone, and the order of
the rows is that of random codes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, literal, select, text
from sqlalchemy.orm import Session

from membership.ballots import log, observing, roll, rules, seals
from membership.ballots.casting import take_out
from membership.ballots.eligibility import rule_of
from membership.ballots.models import Ballot, BallotBegun, BallotRoll
from membership.ballots.queries import ballot_by_id, options_of, result_of
from membership.ballots.results import Alike, Count, counted
from membership.ballots.urn import BallotSeal, Vote
from membership.jobs.queue import post
from membership.refusals import NotFound
from membership.topics import actions as topics

SOME = 5000
BETWEEN = " "
"""Stands between contents in one text; none of them contains it."""
_CONTENTS, _CONTENTS_BY_WEIGHT = (
    select(Vote.content, weight.label("weight"), func.count().label("votes"))
    .where(Vote.ballot_id == bindparam("ballot"))
    .group_by(Vote.content, *by)
    .subquery()
    for weight, by in ((literal(1), ()), (Vote.weight, (Vote.weight,)))
)
GROUPS, GROUPS_BY_WEIGHT = (
    select(func.aggregate_strings(each.c.content, BETWEEN), each.c.weight, each.c.votes).group_by(
        each.c.weight, each.c.votes
    )
    for each in (_CONTENTS, _CONTENTS_BY_WEIGHT)
)
"""What is counted. The database groups identical votes, and then joins into one text all contents that came equally often:
a few hundred rows instead of hundreds of thousands, which costs less than handing these over."""
# SQLite keeps this table in the order of its key, which is the code. PostgreSQL keeps rows as they came, with the number
# of the transaction that wrote them: there every row is written anew, in the order of the codes, by this one transaction.
_LAY_OUT = {
    "sqlite": text("UPDATE vote SET voter_ref = NULL WHERE ballot_id = :ballot"),
    "postgresql": text("""
        WITH taken AS (DELETE FROM vote WHERE ballot_id = :ballot RETURNING code, content, weight)
        INSERT INTO vote (ballot_id, code, content, voter_ref, weight)
        SELECT CAST(:ballot AS bigint), code, content, NULL, weight FROM taken ORDER BY code
    """),
}


def close_ballot(session: Session, ballot_id: int, *, secret: str, at: datetime) -> Ballot:
    """Close and count a ballot whose time has come, however late; once counted it is left as it is.

    The job `promises.make` is posted in the same transaction when the result binds. Raises `NotFound`, `NotOpenYet`.
    """
    ballot = ballot_by_id(session, ballot_id, lock=True)
    if ballot is None:
        raise NotFound()
    if ballot.status in {"final", "void"}:
        return ballot
    if ballot.status == "draft" or at < ballot.closes_at:
        raise rules.NotOpenYet()
    struck = _strike_out(session, ballot, secret=secret)
    log.seal_rest(session, ballot)
    _count(session, ballot, secret=secret, at=at)
    _forget_voters(session, ballot.id)
    log.append(session, ballot, [("closed", f"{at.isoformat()} struck={struck} result={ballot.result_sha}")])
    session.flush()
    observing.tell_head(session, ballot, "closed", at=at)
    _tell_others(session, ballot, at=at)
    return ballot


def _strike_out(session: Session, ballot: Ballot, *, secret: str) -> int:
    """Take out the votes of those whose money went back since, and strike them from the roll; returns how many votes."""
    key = seals.unseal(secret, session.get_one(BallotSeal, ballot.id).key)
    lines = select(BallotRoll).where(BallotRoll.ballot_id == ballot.id).execution_options(yield_per=SOME)
    back = [
        reader_id for some in list(session.scalars(lines).partitions()) for reader_id in roll.money_back(session, some)
    ]
    struck = 0
    for reader_id in sorted(back):
        line = session.get_one(BallotRoll, (ballot.id, reader_id))
        struck += take_out(session, ballot.id, key, reader_id, "struck") is not None
        line.voted, line.struck = False, True
    session.flush()
    return struck


def counting_of(session: Session, ballot: Ballot) -> Count:
    """All that the count of a ballot depends on, read from the urn and the roll. The lots must have been revealed."""
    on_roll = (BallotRoll.ballot_id == ballot.id) & BallotRoll.struck.is_(False)
    options = options_of(session, ballot.id)
    rule = rule_of(ballot.rule)
    groups = GROUPS_BY_WEIGHT if rule.weighted else GROUPS
    return Count(
        ballot=ballot.slug,
        method=ballot.method,
        seats=ballot.seats,
        quorum=ballot.quorum,
        options=[(o.position, o.title) for o in options],
        groups=read_groups(session.execute(groups, {"ballot": ballot.id})),
        lot_order=seals.Lots(ballot.lot_salt or "", ballot.lot_order or "").positions(),
        roll=session.execute(select(func.count()).where(on_roll)).scalar_one(),
        last_place=ballot.last_place,
        costs={o.position: o.cost for o in options if o.cost is not None},
        budget=ballot.budget,
        withdrawn=[o.position for o in options if o.withdrawn_at is not None],
        weights=rule.as_plain()["weights"] if rule.weighted else None,
        voted=session.execute(select(func.count()).where(on_roll, BallotRoll.voted)).scalar_one(),
    )


def read_groups(rows: Iterable[Any]) -> list[Alike]:
    """The rows of `GROUPS`, taken apart."""
    return [(contents.split(BETWEEN), weight, votes) for contents, weight, votes in rows]


def _count(session: Session, ballot: Ballot, *, secret: str, at: datetime) -> None:
    seal = session.get_one(BallotSeal, ballot.id)
    ballot.lot_salt, ballot.lot_order = seals.unseal(secret, seal.lots).decode().split("\n")
    result = counted(counting_of(session, ballot))
    ballot.status, ballot.closed_at, ballot.result, ballot.result_sha = "final", at, result, seals.digest(result)


def _forget_voters(session: Session, ballot_id: int) -> None:
    session.execute(_LAY_OUT[session.get_bind().dialect.name], {"ballot": ballot_id})
    for table in (BallotSeal, BallotBegun):
        session.execute(delete(table).where(table.ballot_id == ballot_id))


def _tell_others(session: Session, ballot: Ballot, *, at: datetime) -> None:
    """Each topic's history gets its line; the promises are made above, by their own job."""
    result = result_of(ballot)
    for option in options_of(session, ballot.id):
        if option.withdrawn_at is not None:
            continue  # its history has that line already
        kind = "won" if option.position in result.winners else "not_chosen"
        address = f"/ballots/{ballot.slug}/results"
        topics.note_step(session, option.topic_id, kind, title=ballot.title, address=address, at=at)
    if result.binding:
        post(session, "promises.make", f"promises:ballot:{ballot.id}", {"ballot": ballot.id}, due_at=at)
