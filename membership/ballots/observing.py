"""Observers: people outside the team who get the head of a ballot's log by letter, so that rewriting it would show.

They are told at the opening, each noon while it is open if lines came since, and at its end. What they hold is out of our
hands: `membership ballot verify FILE --head HASH` says whether it still stands in the published log.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.ballots import rules
from membership.ballots.models import Ballot
from membership.ballots.observer_models import BallotHead, BallotObserver
from membership.ballots.queries import ballot_for_sealing
from membership.db import insert_once
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.newsroom.queries import current
from membership.readers.queries import team
from membership.readers.rules import email_key
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.web.tokens import new_token

ENOUGH = 2
"""With fewer observers than this staff are reminded to name more."""
NOON = time(12)


def observers(session: Session) -> list[BallotObserver]:
    """The observers, those named first first."""
    return list(session.scalars(select(BallotObserver).order_by(BallotObserver.id)))


def heads_told(session: Session, ballot_id: int) -> list[BallotHead]:
    """Which heads of a ballot's log were told, in order."""
    return list(session.scalars(select(BallotHead).where(BallotHead.ballot_id == ballot_id).order_by(BallotHead.seq)))


def name_observer(session: Session, email: str, *, name: str, by: int, at: datetime) -> bool:
    """Name an observer, who gets a letter about it; False if they were one already. Raises `OneOfTheTeam`."""
    key = email_key(email)
    if any(one.email_key == key for one in team(session, role="viewer")):
        raise rules.OneOfTheTeam()
    values = {"email": email.strip(), "name": " ".join(name.split()), "token": new_token()}
    if not insert_once(session, BallotObserver, email_key=key, named_at=at, named_by=by, **values):
        return False
    one = session.scalars(select(BallotObserver).where(BallotObserver.email_key == key)).one()
    write(session, "ballot_observer", _to(session, one), key=f"observer:{one.token}", at=at, observer=one)
    note(session, actor_id=by, action="observer:named", object=f"observer/{one.id}", at=at)
    return True


def observer_by_token(session: Session, token: str) -> BallotObserver | None:
    """Whom the address in a letter belongs to."""
    return session.scalars(select(BallotObserver).where(BallotObserver.token == token)).one_or_none()


def stop_observing(session: Session, observer_id: int, *, by: int | None, at: datetime) -> None:
    """An observer is one no longer, by staff or by themselves; their address is forgotten. Raises `NotFound`."""
    if session.get(BallotObserver, observer_id) is None:
        raise NotFound()
    session.execute(delete(BallotObserver).where(BallotObserver.id == observer_id))
    note(session, actor_id=by, action="observer:ended", object=f"observer/{observer_id}", at=at)


def tell_head(session: Session, ballot: Ballot, moment: str, *, at: datetime) -> int:
    """Write to each observer which line the log has come to, once for each line; returns how many letters were written.

    The ballot's row must be held, so that its head stands still.
    """
    told = observers(session)
    values = {"hash": ballot.log_head, "moment": moment, "observers": len(told), "told_at": at}
    if not told or not insert_once(session, BallotHead, ballot_id=ballot.id, seq=ballot.log_length, **values):
        return 0
    for one in told:
        key = f"ballot-head:{ballot.id}:{ballot.log_length}:{one.token}"
        write(session, "ballot_head", _to(session, one), key=key, at=at, ballot=ballot, moment=moment, observer=one)
    return len(told)


def tell_at_noon(session: Session, ballot_id: int, *, at: datetime) -> None:
    """Tell the head of an open ballot if lines came since it was told last, and come again at the next noon."""
    ballot = ballot_for_sealing(session, ballot_id)
    if ballot is None or ballot.status != "open" or at >= ballot.closes_at:
        return
    tell_head(session, ballot, "noon", at=at)
    post_noon(session, ballot, at=at)


def post_noon(session: Session, ballot: Ballot, *, at: datetime) -> None:
    """Post the job of the next noon by the newsroom's clock, if the ballot is still open then."""
    newsroom = current(session)
    due = next_noon(at, ZoneInfo(newsroom.time_zone if newsroom else "UTC"))
    if due < ballot.closes_at:
        post(session, "ballots.noon", f"ballot:{ballot.id}:noon", {"ballot": ballot.id}, due_at=due)


def next_noon(at: datetime, zone: ZoneInfo) -> datetime:
    """The first noon after a moment, by the clock of a zone."""
    local = at.astimezone(zone)
    day = local.date() if local.time() < NOON else local.date() + timedelta(days=1)
    return datetime.combine(day, NOON, tzinfo=zone).astimezone(at.tzinfo)


def _to(session: Session, one: BallotObserver) -> Recipient:
    newsroom = current(session)
    return Recipient(one.email, one.name, newsroom.language if newsroom else "en")
