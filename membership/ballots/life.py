"""What befalls an open ballot: it closes later, a topic is withdrawn, late joiners come. Each is a public line."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.ballots import crowding, log, observing, roll, rules
from membership.ballots.eligibility import rule_of
from membership.ballots.models import Ballot, BallotOption
from membership.ballots.queries import ballot_by_id, options_of, voted_by_now
from membership.jobs.queue import post
from membership.readers.trail import note
from membership.refusals import NotFound
from membership.topics import actions as topics

REMIND_BEFORE = timedelta(hours=24)


def post_what_comes(session: Session, ballot: Ballot, *, at: datetime) -> None:
    """The jobs of an open ballot: the close, the reminder (a day before, or halfway), the noons, the late joiners."""
    payload = {"ballot": ballot.id}
    post(session, "ballots.close", f"ballot:{ballot.id}:close", payload, due_at=ballot.closes_at)
    halfway = ballot.closes_at - (ballot.closes_at - ballot.opens_at) / 2
    reminding = max(at, halfway, ballot.closes_at - REMIND_BEFORE)
    post(
        session,
        "ballots.remind",
        f"ballot:{ballot.id}:remind:{ballot.closes_at.isoformat()}",
        payload,
        due_at=reminding,
    )
    observing.post_noon(session, ballot, at=at)
    late = late_from(ballot)
    if late is not None and ballot.late_roll_at is None:
        post(session, "ballots.late", f"ballot:{ballot.id}:late", payload, due_at=max(at, late))


def late_from(ballot: Ballot) -> datetime | None:
    """When late joiners are added to the roll, if the rule lets them."""
    hours = rule_of(ballot.rule).late_hours
    return None if hours is None else ballot.closes_at - timedelta(hours=hours)


def add_late_joiners(session: Session, ballot_id: int, *, at: datetime) -> int | None:
    """Whoever stands well at the cut-off joins the roll, once. None if it is not (or no longer) the time.

    A worker that comes late asks who stands well then and stood already at the cut-off.
    """
    ballot = _held(session, ballot_id)
    cut_off = late_from(ballot)
    if ballot.status != "open" or cut_off is None or ballot.late_roll_at is not None or at >= ballot.closes_at:
        return None
    if at < cut_off:
        post_what_comes(session, ballot, at=at)
        return None
    added = roll.draw_up(session, ballot, at=cut_off)
    ballot.late_roll_at = cut_off
    crowding.post_look(session, ballot, at=at)
    log.append(session, ballot, [("late joiners", f"{cut_off.isoformat()} added={added}")])
    return added


def extend(session: Session, ballot_id: int, *, to: datetime, notice: str, by: int, at: datetime) -> None:
    """Let an open ballot close later: freely before any vote, afterwards with a notice that everybody may read.

    Raises `NotFound`, `CannotExtend`, `ClosesTooEarly`, `NoticeMissing`.
    """
    ballot = _held(session, ballot_id)
    notice = _one_line(notice)
    voted = voted_by_now(session, ballot_id)
    rules.check_extension(status=ballot.status, closes_at=ballot.closes_at, to=to, voted=voted, notice=notice, at=at)
    ballot.closes_at = to
    log.append(session, ballot, [("extended", f"{at.isoformat()} to={to.isoformat()} {notice}".strip())])
    post_what_comes(session, ballot, at=at)
    note(session, actor_id=by, action="ballot:extended", object=f"ballot/{ballot.id}", at=at, to=to.isoformat())


def withdraw_option(
    session: Session, ballot_id: int, position: int, *, reason: str, by: int, at: datetime
) -> BallotOption:
    """Strike an option out of an open ballot, with a public reason; the count skips it.

    Raises `NotFound`, `CannotWithdraw`, `ReasonMissing`.
    """
    ballot = _held(session, ballot_id)
    options = {option.position: option for option in options_of(session, ballot_id)}
    option = options.get(position)
    if option is None or option.withdrawn_at is not None:
        raise NotFound()
    reason = _one_line(reason)
    left = sum(one.withdrawn_at is None for one in options.values()) - 1
    rules.check_withdrawal(status=ballot.status, closes_at=ballot.closes_at, left=left, reason=reason, at=at)
    option.withdrawn_at, option.withdrawn_reason = at, reason
    log.append(session, ballot, [("option withdrawn", f"{at.isoformat()} option={position} {reason}")])
    topics.note_step(
        session, option.topic_id, "not_chosen", title=ballot.title, address=f"/ballots/{ballot.slug}", at=at
    )
    note(session, actor_id=by, action="ballot:option_withdrawn", object=f"ballot/{ballot.id}", at=at, option=position)
    return option


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]


def _held(session: Session, ballot_id: int) -> Ballot:
    ballot = ballot_by_id(session, ballot_id, lock=True)
    if ballot is None:
        raise NotFound()
    return ballot
