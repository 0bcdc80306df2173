"""Verbs about memberships that are given: complimentary ones, what follows when one ends, and a gift's turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_each_once, insert_once
from membership.jobs.queue import post, post_each, posting
from membership.mail.writing import Recipient, write
from membership.memberships.given_models import GivenMembership
from membership.memberships.rules import OverAlready, UnknownTier, checked_end, end_after_rest, months_later, notice_at
from membership.memberships.standing import standings_of
from membership.memberships.tiers import Tier
from membership.readers.models import Person
from membership.readers.trail import note

FOLLOW, TURN = "memberships.given", "memberships.turn"
"""The jobs: what follows when a given membership comes to its end, and whether a waiting gift may begin."""


def give_complimentary(
    session: Session, person: Person, *, tier_id: int, ends_at: datetime, reason: str, key: str, by: int, at: datetime
) -> GivenMembership:
    """A membership by the newsroom, from now on until `ends_at`; `key`: the form, sent twice it is one.

    Its reader gets a letter. Raises `UnknownTier`, `NotAnEnd`.
    """
    tier = session.get(Tier, tier_id)
    if tier is None or tier.archived_at is not None:
        raise UnknownTier()
    values = {"kind": "complimentary", "reader_id": person.reader_id, "tier_id": tier_id, "frozen": False}
    times = {"begins_at": at, "ends_at": checked_end(ends_at, at=at), "given_at": at}
    new = insert_once(session, GivenMembership, key=key, **values, **times, reason=reason, given_by=by)
    given = session.execute(select(GivenMembership).where(GivenMembership.key == key)).scalar_one()
    if new:
        wake(session, given, at=at)
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        write(session, "complimentary", to, key=f"given:{given.id}", at=at, tier=tier, given=given)
        detail = {"reader": person.reader_id, "tier": tier.slug, "until": ends_at.isoformat()}
        note(session, actor_id=by, action="membership:given", object=f"given/{given.id}", at=at, **detail)
    return given


@dataclass(frozen=True)
class PaidElsewhere:
    """What a reader had paid for in another system, until when; `key` is what makes it one, `source` the system's name."""

    key: str
    reader_id: int
    tier_id: int
    since: datetime | None
    until: datetime
    source: str


def keep_elsewhere(session: Session, kept: Sequence[PaidElsewhere], *, at: datetime) -> None:
    """Standing until what was paid for elsewhere ends, without a payment of ours, each once; then its reader is told."""
    if not kept:
        return
    rows = [
        {"key": one.key, "kind": "elsewhere", "reader_id": one.reader_id, "tier_id": one.tier_id, "frozen": False,
         "pledged_since": one.since, "begins_at": at, "ends_at": one.until, "given_at": at, "reason": one.source}
        for one in kept
    ]  # fmt: skip
    insert_each_once(session, GivenMembership, rows)
    keys = select(GivenMembership.id, GivenMembership.ends_at).where(GivenMembership.key.in_([one.key for one in kept]))
    ends = [posting(FOLLOW, f"given:{id}", {"given": id}, due_at=end) for id, end in session.execute(keys) if end]
    perks = [
        posting("perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
        for reader_id in {one.reader_id for one in kept}
    ]
    post_each(session, [*ends, *perks])


def end_early(session: Session, given_id: int, *, by: int, at: datetime) -> GivenMembership:
    """Staff end a complimentary membership before its day; its reader is told. Raises `OverAlready`."""
    post(session, FOLLOW, f"given:{given_id}", {"given": given_id}, due_at=at)  # jobs are locked before rows
    given = hold(session, given_id)
    if given is None or given.kind != "complimentary" or given.ends_at is None or given.ends_at <= at:
        raise OverAlready()
    end(session, given, by=by, at=at)
    detail = {"reader": given.reader_id}
    note(session, actor_id=by, action="membership:taken_back", object=f"given/{given.id}", at=at, **detail)
    return given


def end(session: Session, given: GivenMembership, *, by: int | None, at: datetime) -> None:
    """End a (held) given membership now, whether it has begun or waits; what follows is its job's."""
    given.ended_at, given.ended_by = at, by
    if given.begins_at is None or given.begins_at > at:
        given.begins_at = at
    given.ends_at = at
    wake(session, given, at=at)


def rest(given: GivenMembership, *, at: datetime) -> None:
    """The money behind a (held) gift went back, or is disputed: it gives nothing meanwhile."""
    if not given.frozen:
        given.frozen, given.frozen_at = True, at


def go_on(given: GivenMembership, *, at: datetime) -> None:
    """The money behind a (held) gift is there again: it goes on, and not a day of it is lost."""
    if not given.frozen:
        return
    if given.ends_at is not None and given.frozen_at is not None:
        given.ends_at = end_after_rest(given.ends_at, since=given.frozen_at, at=at)
    given.frozen, given.frozen_at = False, None


def hold(session: Session, given_id: int) -> GivenMembership | None:
    """A given membership, its row locked."""
    statement = select(GivenMembership).where(GivenMembership.id == given_id)
    return session.execute(statement.with_for_update(key_share=True)).scalar_one_or_none()


def wake(session: Session, given: GivenMembership, *, at: datetime) -> None:
    """A given membership began, rests, goes on or ended: perks are looked at, and so is what comes next for it."""
    session.flush()
    post(session, "perks.grant", f"perks:{given.reader_id}", {"reader": given.reader_id}, due_at=at)
    post(session, FOLLOW, f"given:{given.id}", {"given": given.id}, due_at=at)
    wake_turn(session, given.reader_id, at=at)


def follow(session: Session, given_id: int, *, at: datetime) -> None:
    """What is due about a given membership: the notice before its end, the letter at its end, perks, the next gift."""
    given = hold(session, given_id)
    if given is None or given.begins_at is None or given.ends_at is None or given.frozen:
        return
    # What was paid for elsewhere ends as its reader knows; whoever was invited to go on here is reminded of that instead.
    notice = notice_at(given.begins_at, given.ends_at) if given.kind != "elsewhere" else None
    if at >= given.ends_at:
        _say_ended(session, given, at=at)
        post(session, "perks.grant", f"perks:{given.reader_id}", {"reader": given.reader_id}, due_at=at)
        wake_turn(session, given.reader_id, at=at)
        return
    if notice is not None and at >= notice:
        _tell(session, given, "given_ends", at=at)
    due = notice if notice is not None and at < notice else given.ends_at
    post(session, FOLLOW, f"given:{given.id}", {"given": given.id}, due_at=due)


def _say_ended(session: Session, given: GivenMembership, *, at: datetime) -> None:
    if given.ended_at is not None and given.ended_by is None and given.kind == "gift":
        return  # its money went back: the gift's own letter says so
    goes_on = bool(standings_of(session, given.reader_id, at)) or next_waiting(session, given.reader_id) is not None
    _tell(session, given, "given_ended", goes_on=goes_on, at=at)


def _tell(session: Session, given: GivenMembership, letter: str, *, at: datetime, **values: Any) -> None:
    person = session.get(Person, given.reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        key = f"{letter}:{given.id}:{given.ends_at:%Y-%m-%d}"
        tier = session.get_one(Tier, given.tier_id)
        write(session, letter, to, key=key, at=at, given=given, tier=tier, **values)


def next_waiting(session: Session, reader_id: int, *, lock: bool = False) -> GivenMembership | None:
    """The gift that has waited longest for its turn; one whose money is disputed waits on."""
    waiting = (GivenMembership.begins_at.is_(None), GivenMembership.frozen.is_(False))
    statement = select(GivenMembership).where(GivenMembership.reader_id == reader_id, *waiting)
    statement = statement.order_by(GivenMembership.id).limit(1)
    return session.execute(statement.with_for_update(key_share=True) if lock else statement).scalar_one_or_none()


def wake_turn(session: Session, reader_id: int, *, at: datetime) -> None:
    """Something about this reader's standing changed: if a gift waits, it is seen whether its turn has come."""
    if next_waiting(session, reader_id) is not None:
        post(session, TURN, f"turn:{reader_id}", {"reader": reader_id}, due_at=at)


def take_turn(session: Session, reader_id: int, *, at: datetime) -> GivenMembership | None:
    """Begin the gift that waits longest, once nothing else gives its reader standing; until then look again later.

    So no paid day is lost to a gift, and no given day to a payment: a pledge that goes on keeps its gifts for later.
    """
    gift = next_waiting(session, reader_id, lock=True)
    if gift is None:
        return None
    others = standings_of(session, reader_id, at)
    if others:
        later = max(one.kept_until for one in others)
        post(session, TURN, f"turn:{reader_id}", {"reader": reader_id}, due_at=later)
        return None
    gift.begins_at, gift.ends_at = at, months_later(at, gift.months or 0)
    wake(session, gift, at=at)
    _tell(session, gift, "gift_begun", at=at)
    return gift
