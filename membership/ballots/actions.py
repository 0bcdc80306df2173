"""Verbs about ballots: opening, sealing, cancelling. Announcing is in `announcing.py`, casting in `casting.py`, the close in
`closing.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from membership.ballots import crowding, log, observing, roll, rules
from membership.ballots.announcing import change, drafted, draw_lots, settled_words
from membership.ballots.casting import (
    begin,
    cast,
    cast_and_confirm,
    confirm,
    hold,
    hold_and_count,
    look_over,
    withdraw_and_confirm,
)
from membership.ballots.closing import close_ballot
from membership.ballots.inviting import invite, post_invitation, remind
from membership.ballots.life import add_late_joiners, extend, post_what_comes, withdraw_option
from membership.ballots.models import Ballot, BallotBegun, BallotOption
from membership.ballots.queries import ballot_by_id, ballot_for_sealing, options_of, voted_by_now
from membership.ballots.urn import BallotPending, BallotSeal, Vote
from membership.jobs.queue import post
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.topics import actions as topics
from membership.topics.queries import topic_by_id
from membership.topics.rules import tidy

__all__ = [
    "add_late_joiners", "announce", "begin", "cancel", "cast", "cast_and_confirm", "change", "close_ballot", "confirm",
    "draft", "extend", "hold", "hold_and_count", "invite", "look_over", "open_ballot", "remind", "seal_batch",
    "withdraw_and_confirm", "withdraw_option",
]  # fmt: skip

SEAL_EVERY = timedelta(minutes=1)


def draft(session: Session, *, by: int, at: datetime, **what: Any) -> Ballot:
    """Announce a ballot on accepted topics (`announcing.drafted` tells `what`). Raises what that raises."""
    ballot, options = drafted(session, by=by, at=at, **what)
    _note_draft(session, ballot, options, by=by, at=at)
    return ballot


def announce(session: Session, *, secret: str, at: datetime, opens_at: datetime, by: int, **what: Any) -> Ballot:
    """Draft a ballot, and open it in the same breath if its time has come. Raises what `draft` raises."""
    ballot, options = drafted(session, at=at, opens_at=opens_at, by=by, secret=secret, **what)
    on_roll = _opened(session, ballot.id, secret=secret, at=at)[1] if opens_at <= at else None
    _note_draft(session, ballot, options, by=by, at=at)
    _note_opening(session, ballot, on_roll, by=by, at=at)
    return ballot


def _note_draft(session: Session, ballot: Ballot, options: int, *, by: int, at: datetime) -> None:
    if options:
        note(session, actor_id=by, action="ballot:drafted", object=f"ballot/{ballot.id}", at=at, options=options)


def _note_opening(session: Session, ballot: Ballot, on_roll: int | None, *, by: int | None, at: datetime) -> None:
    if on_roll is not None:
        note(session, actor_id=by, action="ballot:opened", object=f"ballot/{ballot.id}", at=at, roll=on_roll)


def open_ballot(session: Session, ballot_id: int, *, secret: str, at: datetime, by: int | None = None) -> Ballot:
    """Open an announced ballot: options and roll are frozen, lots drawn, the key made, and the close is posted.

    `secret` is the application's. An open ballot is left as it is (told twice, done once). Raises `CannotOpen`,
    `TooFewOptions` (topics were declined since).
    """
    ballot, on_roll = _opened(session, ballot_id, secret=secret, at=at)
    _note_opening(session, ballot, on_roll, by=by, at=at)
    return ballot


def _opened(session: Session, ballot_id: int, *, secret: str, at: datetime) -> tuple[Ballot, int | None]:
    """The ballot, and how long its roll is if it was opened just now."""
    ballot = _held(session, ballot_id)
    if ballot.status == "open":
        return ballot, None
    if ballot.status != "draft" or at >= ballot.closes_at:
        raise rules.CannotOpen()
    options = _freeze_options(session, ballot)
    ballot.status, ballot.opens_at, ballot.roll_frozen_at = "open", min(ballot.opens_at, at), at
    on_roll = roll.draw_up(session, ballot, at=at)
    if ballot.lot_commitment is None:
        draw_lots(session, ballot, secret=secret)
    settled = settled_words(ballot, options)
    log.append(session, ballot, [("opened", f"{at.isoformat()} roll={on_roll} {settled}")])
    observing.tell_head(session, ballot, "opened", at=at)
    crowding.post_look(session, ballot, at=at)
    post_what_comes(session, ballot, at=at)
    post_invitation(session, ballot.id, at=at)
    post(session, "ballots.seal", f"ballot:{ballot.id}:seal", {"ballot": ballot.id}, due_at=at + SEAL_EVERY)
    for option in options:
        topics.note_step(
            session, option.topic_id, "ballot", title=ballot.title, address=f"/ballots/{ballot.slug}", at=at
        )
    return ballot, on_roll


def _freeze_options(session: Session, ballot: Ballot) -> list[BallotOption]:
    """The topics that are still accepted, as they read at this moment."""
    still = []
    for option in options_of(session, ballot.id):
        topic = topic_by_id(session, option.topic_id)
        if topic is None or topic.state != "accepted":
            session.delete(option)
            continue
        option.title, option.summary = topic.title, topic.why
        still.append(option)
    _check_what_is_left(ballot, still)
    session.flush()
    return still


def _check_what_is_left(ballot: Ballot, options: Sequence[BallotOption]) -> None:
    """Topics were declined since the announcement: is it still a choice? Raises `TooFewOptions`, `BudgetDoesNotFit`."""
    rules.check_options(len(options))
    if ballot.budget is not None:
        rules.check_budget([option.cost for option in options], ballot.budget)
    elif ballot.seats >= len(options):
        raise rules.TooFewOptions(least=ballot.seats + 1)


def seal_batch(session: Session, ballot_id: int, *, at: datetime) -> None:
    """Seal what is waiting if it is enough, and come again in a minute while the ballot is open."""
    ballot = ballot_for_sealing(session, ballot_id)
    if ballot is None or ballot.status != "open":
        return
    log.seal_batch(session, ballot)
    _tell_turnout(session, ballot, at=at)
    if at < ballot.closes_at:
        post(session, "ballots.seal", f"ballot:{ballot.id}:seal", {"ballot": ballot.id}, due_at=at + SEAL_EVERY)


def _tell_turnout(session: Session, ballot: Ballot, *, at: datetime) -> None:
    told_at = ballot.turnout_told_at or ballot.roll_frozen_at
    if told_at is None or at >= told_at + rules.TURNOUT_EVERY:
        ballot.turnout_told, ballot.turnout_told_at = rules.rounded(voted_by_now(session, ballot.id)), at


def cancel(session: Session, ballot_id: int, *, by: int | None, reason: str, at: datetime) -> None:
    """Call a ballot off, with a public reason; the votes are thrown away unread, and the key with them.

    Raises `CannotCancel`, `ReasonMissing`.
    """
    ballot = _held(session, ballot_id)
    if ballot.status not in {"draft", "open"}:
        raise rules.CannotCancel()
    reason = tidy(reason)
    if len(reason) < 5:
        raise rules.ReasonMissing()
    _void(session, ballot, reason=reason, by=by, at=at)


def call_off_missed(session: Session, ballot_id: int, *, at: datetime) -> None:
    """Call off a ballot whose whole time passed before it could be opened: the reason is nobody's, and left empty.

    Raises `CannotCancel` for one that was opened.
    """
    ballot = _held(session, ballot_id)
    if ballot.status != "draft":
        raise rules.CannotCancel()
    _void(session, ballot, reason=None, by=None, at=at)


def _void(session: Session, ballot: Ballot, *, reason: str | None, by: int | None, at: datetime) -> None:
    log.seal_rest(session, ballot)
    for table in (Vote, BallotPending, BallotSeal, BallotBegun):
        session.execute(delete(table).where(table.ballot_id == ballot.id))
    log.append(session, ballot, [("cancelled", " ".join(f"{at.isoformat()} {reason or ''}".split()))])
    observing.tell_head(session, ballot, "cancelled", at=at)
    ballot.status, ballot.void_reason, ballot.closed_at = "void", reason, at
    for option in options_of(session, ballot.id):
        address = f"/ballots/{ballot.slug}"
        topics.note_step(session, option.topic_id, "called_off", title=ballot.title, address=address, at=at)
    note(session, actor_id=by, action="ballot:cancelled", object=f"ballot/{ballot.id}", at=at)


def _held(session: Session, ballot_id: int) -> Ballot:
    ballot = ballot_by_id(session, ballot_id, lock=True)
    if ballot is None:
        raise NotFound()
    return ballot
