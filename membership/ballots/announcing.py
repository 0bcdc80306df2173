"""Announcing a ballot, and changing what was announced until it opens: both are lines of its public log.

The lots are drawn and sealed with the announcement, so that their seal stands on the page from the first minute. Other
topics are other lots: they are drawn anew, and the log says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.ballots import changes, log, rules, seals
from membership.ballots.counting.methods import RULE_VERSION
from membership.ballots.eligibility import RollRule, check_rule
from membership.ballots.models import Ballot, BallotOption
from membership.ballots.queries import asked_elsewhere, ballot_by_id, options_of
from membership.ballots.urn import BallotSeal
from membership.ballots.ways import Way, method_of
from membership.db import insert_once
from membership.jobs.queue import post
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.topics.queries import promised_ids, topic_by_id
from membership.topics.rules import slug_of, tidy
from membership.web.tokens import new_code

Prices = Mapping[int, int | None]
"""The topics in their order, each with the days it takes (None where days are not shared)."""


def drafted(
    session: Session, *, by: int, at: datetime, attempt: str, secret: str, **what: Any
) -> tuple[Ballot, int]:  # fmt: skip
    """A ballot on accepted topics, and on how many it was made just now; the same attempt sent twice is one (0 then).

    `what`: title, question, topic_ids, opens_at, closes_at; and if they are others: way (ticks), seats (1), quorum (0),
    last_place (lot), costs (days by topic id) and budget (days) for sharing days, rule (`RollRule()`: everybody in good
    standing, one vote each). `secret` is the application's. Posts the job that opens it. Raises the refusal that belongs
    to what is wrong (`rules.check_draft`, `eligibility.check_rule`), `NotAnOption`.
    """
    values, prices = _checked(at=at, **what)
    ballot, new = _write_once(
        session, attempt=f"{by}:{attempt}", status="draft", rule_version=RULE_VERSION, log_head="", log_length=0,
        made_by=by, **values,
    )  # fmt: skip
    if not new:
        return ballot, 0
    _write_options(session, ballot.id, prices)
    draw_lots(session, ballot, secret=secret)
    settled = settled_words(ballot, options_of(session, ballot.id))
    log.append(session, ballot, [("announced", f"{at.isoformat()} {settled}")])
    _post_opening(session, ballot, at=at)
    return ballot, len(prices)


def change(session: Session, ballot_id: int, *, secret: str, by: int, at: datetime, **what: Any) -> bool:
    """Change what was announced, before it opens and never afterwards; False if it is the same as before.

    `what` and what is raised are those of `drafted`; `NotFound`, `CannotChange` besides.
    """
    ballot = ballot_by_id(session, ballot_id, lock=True)
    if ballot is None:
        raise NotFound()
    if ballot.status != "draft":
        raise rules.CannotChange()
    values, prices = _checked(at=at, **what)
    before = {name: getattr(ballot, name) for name in values}
    parts = changes.parts_changed(before, values)
    words = changes.told(parts, before, values) + _change_options(session, ballot, prices, secret=secret)
    if not words:
        return False
    for name in parts:
        setattr(ballot, name, values[name])
    settled = settled_words(ballot, options_of(session, ballot_id))
    moment = at.isoformat()
    log.append(session, ballot, [("changed", f"{moment} {'; '.join(words)}"), ("settled", f"{moment} {settled}")])
    _post_opening(session, ballot, at=at)
    note(session, actor_id=by, action="ballot:changed", object=f"ballot/{ballot.id}", at=at, changed=words)
    return True


def _change_options(session: Session, ballot: Ballot, prices: Prices, *, secret: str) -> list[str]:
    """Put these topics in the place of those that were announced, and say what is another now."""
    before = {option.topic_id: option for option in options_of(session, ballot.id)}
    if {topic_id: option.cost for topic_id, option in before.items()} == prices:
        return []
    out = [option.title for topic_id, option in before.items() if topic_id not in prices]
    for option in before.values():
        session.expunge(option)
    session.execute(delete(BallotOption).where(BallotOption.ballot_id == ballot.id))
    _write_options(session, ballot.id, prices)
    new = [option.title for option in options_of(session, ballot.id) if option.topic_id not in before]
    if out or new:
        draw_lots(session, ballot, secret=secret)
    return changes.topics_told(out, new) or ["days of the topics"]


def _checked(
    *,
    title: str,
    question: str,
    topic_ids: Iterable[int],
    opens_at: datetime,
    closes_at: datetime,
    at: datetime,
    seats: int = 1,
    quorum: int = 0,
    way: str = Way.TICKS,
    last_place: str = "lot",
    costs: Mapping[int, int] | None = None,
    budget: int | None = None,
    rule: RollRule | None = None,
) -> tuple[dict[str, Any], Prices]:
    """What stands in the ballot's row, and its topics with their costs."""
    title, question = " ".join(title.split()), tidy(question)
    wanted = list(dict.fromkeys(topic_ids))
    rule, days = rule or RollRule(), way in {Way.DAYS, Way.FAIR_DAYS}
    prices = {topic_id: (costs or {}).get(topic_id) if days else None for topic_id in wanted}
    rules.check_draft(
        title=title, question=question, options=len(wanted), way=way, seats=seats, quorum=quorum,
        costs=list(prices.values()), budget=budget, opens_at=opens_at, closes_at=closes_at, at=at,
    )  # fmt: skip
    check_rule(rule, open_for=closes_at - opens_at)
    values = {
        "title": title, "question": question, "method": method_of(way, seats), "seats": 1 if days else seats,
        "budget": budget if days else None, "last_place": last_place, "quorum": quorum, "opens_at": opens_at,
        "closes_at": closes_at, "rule": rule.as_plain(),
    }  # fmt: skip
    return values, prices


def _write_once(session: Session, *, attempt: str, title: str, **values: object) -> tuple[Ballot, bool]:
    slug = free = slug_of(title, "ballot")
    mine = select(Ballot).where(Ballot.attempt == attempt)
    while not insert_once(session, Ballot, attempt=attempt, slug=free, title=title, **values):
        earlier = session.execute(mine).scalar_one_or_none()
        if earlier is not None:
            return earlier, False
        free = f"{slug}-{new_code()}"
    return session.execute(mine).scalar_one(), True


def _write_options(session: Session, ballot_id: int, prices: Prices) -> None:
    """These topics with their costs, as they stand now, at positions from 1. Raises `NotAnOption` if one is not accepted,
    `OnAnotherBallot`, `AlreadyPromised`."""
    elsewhere, promised = asked_elsewhere(session, ballot_id), promised_ids(session)
    for position, (topic_id, cost) in enumerate(prices.items(), start=1):
        topic = topic_by_id(session, topic_id)
        if topic is None or topic.state != "accepted":
            raise rules.NotAnOption(field="topics")
        if topic_id in elsewhere:
            raise rules.OnAnotherBallot(title=topic.title)
        if topic_id in promised:
            raise rules.AlreadyPromised(title=topic.title)
        words = {"title": topic.title, "summary": topic.why}
        session.add(BallotOption(ballot_id=ballot_id, position=position, topic_id=topic.id, cost=cost, **words))
    session.flush()


def draw_lots(session: Session, ballot: Ballot, *, secret: str) -> None:
    """Draw the order that breaks ties, publish its seal, and keep it encrypted beside the ballot's key until the close."""
    lots = seals.draw_lots(option.position for option in options_of(session, ballot.id))
    ballot.lot_commitment = lots.commitment
    sealed = seals.seal(secret, f"{lots.salt}\n{lots.order}".encode())
    kept = session.get(BallotSeal, ballot.id)
    if kept is None:
        session.add(BallotSeal(ballot_id=ballot.id, key=seals.seal(secret, seals.new_key()), lots=sealed))
    else:
        kept.lots = sealed
    session.flush()


def settled_words(ballot: Ballot, options: Sequence[BallotOption]) -> str:
    """The hashes that the log keeps of method and topics (`seals.frozen_text`), and of the lots."""
    frozen = seals.digest(seals.frozen_text(ballot.method, [(o.position, o.title, o.cost) for o in options]))
    return f"options={frozen} lots={ballot.lot_commitment}"


def _post_opening(session: Session, ballot: Ballot, *, at: datetime) -> None:
    payload = {"ballot": ballot.id}
    post(session, "ballots.open", f"ballot:{ballot.id}:open", payload, due_at=max(ballot.opens_at, at))
