"""Verbs about a group's seats: offering one, taking it, giving it up, and what follows when there are fewer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships.given import wake_turn
from membership.memberships.group_models import GroupSeat
from membership.memberships.group_queries import seat_by_token, taken_seats
from membership.memberships.group_rules import (
    REMIND,
    NoSeatLeft,
    NoSuchSeat,
    NotPaidYet,
    SeatedAlready,
    TakenAlready,
    free_seats,
    is_to_be_reminded,
    kept_until,
    next_look,
)
from membership.memberships.models import Membership
from membership.memberships.rules import ENDED
from membership.memberships.tiers import Tier
from membership.readers import actions as readers
from membership.readers.models import Person
from membership.readers.rules import email_key
from membership.refusals import NotFound
from membership.web.tokens import new_token

FOLLOW = "memberships.seats"
"""The job: what is due about a group's invitations that nobody has answered."""


def offer_seats(session: Session, membership_id: int, emails: Iterable[str], *, at: datetime) -> int:
    """Invite these addresses, a letter each; one that has a seat or an invitation already is passed over.

    Returns how many were invited. Raises `NotPaidYet`, `NoSeatLeft`.
    """
    _look_at(session, membership_id, at=at + REMIND)  # jobs are locked before rows
    group = _hold(session, membership_id)
    wanted: dict[str, str] = {}
    for email in emails:
        wanted.setdefault(email_key(email), email.strip())
    known = select(GroupSeat.email_key).where(GroupSeat.membership_id == group.id, GroupSeat.freed_at.is_(None))
    for key in session.execute(known).scalars().all():
        wanted.pop(key, None)
    _check_free(session, group, len(wanted))
    for key, email in wanted.items():
        token = new_token()
        insert_once(session, GroupSeat, membership_id=group.id, token=token, email=email, email_key=key, offered_at=at)
        seat = seat_by_token(session, token)
        if seat is not None:
            _invite(session, group, seat, at=at)
    return len(wanted)


def follow(session: Session, membership_id: int, *, at: datetime) -> None:
    """What is due about invitations that nobody has answered: one reminder, and after a month the seat is free again,
    which its payer hears of in one letter for all that came to their end together."""
    group = _hold(session, membership_id, running=False)
    if group.status in ENDED:
        return
    waiting = (GroupSeat.membership_id == group.id, GroupSeat.freed_at.is_(None), GroupSeat.reader_id.is_(None))
    lapsed = []
    for seat in session.execute(select(GroupSeat).where(*waiting).order_by(GroupSeat.id)).scalars().all():
        again = next_look(seat.offered_at, at)
        if again is None:
            seat.freed_at = at
            lapsed.append(seat.email)
            continue
        if is_to_be_reminded(seat.offered_at, at):
            _invite(session, group, seat, reminding=True, at=at)
        _look_at(session, group.id, at=again)
    session.flush()
    payer = session.get(Person, group.reader_id)
    if lapsed and payer is not None:
        to = Recipient(payer.email, payer.name, payer.language, payer.reader_id)
        key = f"seats-lapsed:{group.id}:{at:%Y-%m-%dT%H:%M}"
        write(session, "group_seats_lapsed", to, key=key, at=at, emails=lapsed)


def take_own_seat(session: Session, membership_id: int, *, at: datetime) -> None:
    """The payer takes a seat of their own group. Raises `NotPaidYet`, `NoSeatLeft`, `SeatedAlready`, `TakenAlready`."""
    group = _hold(session, membership_id)
    person = session.get_one(Person, group.reader_id)
    _check_not_seated(session, group, group.reader_id)
    offered = (
        GroupSeat.membership_id == group.id,
        GroupSeat.email_key == person.email_key,
        GroupSeat.freed_at.is_(None),
    )
    seat = session.execute(select(GroupSeat).where(*offered)).scalar_one_or_none()
    if seat is not None and seat.reader_id is not None:
        raise TakenAlready()  # by whoever opened the invitation that went to this address
    if seat is None:
        _check_free(session, group, 1)
        seat = GroupSeat(
            membership_id=group.id, token=new_token(), email=person.email, email_key=person.email_key, offered_at=at
        )
        session.add(seat)
    seat.reader_id, seat.taken_at = group.reader_id, at
    _wake(session, group.reader_id, at=at)


def take_seat(session: Session, token: str, reader_id: int | None, *, at: datetime) -> GroupSeat:
    """Accept an invitation: for whoever is signed in (`reader_id`), else for the person whose address it was sent to.

    Raises `NoSuchSeat`, `TakenAlready`, `SeatedAlready`.
    """
    seat = seat_by_token(session, token)
    if seat is None:
        raise NoSuchSeat()
    group = _hold(session, seat.membership_id, running=False)
    session.refresh(seat)
    if seat.freed_at is not None or group.status in ENDED:
        raise NoSuchSeat()
    if seat.reader_id is not None:
        raise TakenAlready()
    if reader_id is None:
        payer = session.get(Person, group.reader_id)
        reader_id = readers.know(session, seat.email, at=at, language=payer.language if payer else "en").reader_id
    _check_not_seated(session, group, reader_id)
    seat.reader_id, seat.taken_at = reader_id, at
    _wake(session, reader_id, at=at)
    return seat


def free_seat(session: Session, seat_id: int, *, by: int, at: datetime) -> GroupSeat:
    """A seat is given up by its holder, or freed by the payer, and can be offered anew; told twice it is freed once.

    Raises `NotFound` for anybody else.
    """
    seat = session.get(GroupSeat, seat_id)
    if seat is None:
        raise NotFound()
    group = _hold(session, seat.membership_id, running=False)
    session.refresh(seat)
    if by not in (group.reader_id, seat.reader_id):
        raise NotFound()
    if seat.freed_at is None:
        _free(session, group, seat, told=by != seat.reader_id, at=at)
    return seat


def fit(session: Session, group: Membership, *, at: datetime) -> None:
    """After a (held) group's number of seats changed at Stripe: those offered or taken last have no place any more."""
    held = select(GroupSeat).where(GroupSeat.membership_id == group.id, GroupSeat.freed_at.is_(None))
    # Whoever has taken a seat stays before those who were only invited.
    seats = session.execute(held.order_by(GroupSeat.taken_at.is_(None), GroupSeat.id)).scalars().all()
    for seat in seats[group.seats or 0 :]:
        _free(session, group, seat, told=True, at=at)


def say_over(session: Session, group: Membership, *, at: datetime) -> None:
    """A group ended: those who held its seats are told."""
    held = select(GroupSeat).where(GroupSeat.membership_id == group.id, GroupSeat.freed_at.is_(None))
    for seat in session.execute(held).scalars().all():
        _tell_over(session, group, seat, at=at)


def _hold(session: Session, membership_id: int, *, running: bool = True) -> Membership:
    """The group's row, locked: seats are given one after the other. Raises `NotPaidYet` unless it runs and is paid."""
    statement = select(Membership).where(Membership.id == membership_id, Membership.seats.is_not(None))
    group = session.execute(statement.with_for_update()).scalar_one_or_none()
    if group is None:
        raise NotFound()
    if running and (group.status in ENDED or group.paid_until is None):
        raise NotPaidYet()
    return group


def _check_free(session: Session, group: Membership, wanted: int) -> None:
    free = free_seats(group.seats or 0, group.next_seats, taken_seats(session, group.id))
    if wanted > free:
        raise NoSeatLeft(free=free)


def _check_not_seated(session: Session, group: Membership, reader_id: int) -> None:
    mine = (GroupSeat.membership_id == group.id, GroupSeat.reader_id == reader_id, GroupSeat.freed_at.is_(None))
    if session.execute(select(GroupSeat.id).where(*mine)).first() is not None:
        raise SeatedAlready()


def _free(session: Session, group: Membership, seat: GroupSeat, *, told: bool, at: datetime) -> None:
    seat.freed_at = at
    session.flush()
    if seat.reader_id is not None:
        _wake(session, seat.reader_id, at=at)
        if told:
            _tell_over(session, group, seat, at=at)


def _wake(session: Session, reader_id: int, *, at: datetime) -> None:
    session.flush()
    post(session, "perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
    wake_turn(session, reader_id, at=at)


def _invite(
    session: Session, group: Membership, seat: GroupSeat, *, reminding: bool = False, at: datetime
) -> None:
    payer = session.get(Person, group.reader_id)
    to = Recipient(seat.email, "", payer.language if payer else "en")
    values: dict[str, Any] = {"seat": seat, "payer": payer, "tier": session.get_one(Tier, group.tier_id)}
    values |= {"reminding": reminding, "kept_until": kept_until(seat.offered_at)}
    key = f"seat-reminder:{seat.id}" if reminding else f"seat:{seat.id}"
    write(session, "group_invitation", to, key=key, at=at, fleeting=True, **values)


def _look_at(session: Session, membership_id: int, *, at: datetime) -> None:
    post(session, FOLLOW, f"seats:{membership_id}", {"group": membership_id}, due_at=at)


def _tell_over(session: Session, group: Membership, seat: GroupSeat, *, at: datetime) -> None:
    person = session.get(Person, seat.reader_id) if seat.reader_id else None
    if person is not None:
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        tier = session.get_one(Tier, group.tier_id)
        freed = seat.freed_at is not None
        write(session, "group_seat_over", to, key=f"seat-over:{seat.id}", at=at, tier=tier, freed=freed)
