"""What the worker does for ballots: opening and closing them at their time, sealing the log, writing to voters."""

from __future__ import annotations

from flask import current_app

from membership import clock
from membership.ballots import actions, crowding, observing
from membership.ballots.queries import ballot_by_id
from membership.ballots.rules import BudgetDoesNotFit, CannotOpen, TooFewOptions
from membership.jobs.queue import Claimed, Park, finishing, post
from membership.jobs.worker import Task


def secret() -> str:
    """The application's secret, for handing in."""
    return str(current_app.config["MEMBERSHIP"].secret_key)


def open_at_its_time(job: Claimed) -> None:
    """Open a ballot; one whose whole time passed while no worker ran is called off.

    If too few of its topics are still accepted the job is parked: an editor has to decide.
    """
    with finishing(job) as session:
        ballot, at = ballot_by_id(session, job.payload["ballot"], lock=True), clock.now()
        if ballot is None or ballot.status != "draft":
            return
        if at < ballot.opens_at:  # it was moved
            post(session, job.name, job.key, job.payload, due_at=ballot.opens_at)
            return
        try:
            actions.open_ballot(session, ballot.id, secret=secret(), at=at)
        except CannotOpen:
            actions.call_off_missed(session, ballot.id, at=at)
        except (TooFewOptions, BudgetDoesNotFit) as refused:
            raise Park(str(refused)) from refused


def close_at_its_time(job: Claimed) -> None:
    """Close and count a ballot, also long after its time. One that was extended is come back to."""
    with finishing(job) as session:
        ballot, at = ballot_by_id(session, job.payload["ballot"], lock=True), clock.now()
        if ballot is not None and ballot.status == "open" and at < ballot.closes_at:
            post(session, job.name, job.key, job.payload, due_at=ballot.closes_at)
            return
        actions.close_ballot(session, job.payload["ballot"], secret=secret(), at=at)


def invite(job: Claimed) -> None:
    """Write to some of those on the roll that the ballot is open; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.invite(session, job.payload["ballot"], after=job.payload["after"], at=clock.now())


def remind(job: Claimed) -> None:
    """Write to some of those whose vote was not cast; the rest is a job of its own again."""
    with finishing(job) as session:
        actions.remind(session, job.payload["ballot"], after=job.payload.get("after", 0), at=clock.now())


def confirm(job: Claimed) -> None:
    """Write to a voter that the vote is in."""
    with finishing(job) as session:
        actions.confirm(session, job.payload["ballot"], job.payload["reader"], at=clock.now())


def add_late_joiners(job: Claimed) -> None:
    """Add to the roll whom the rule lets join late."""
    with finishing(job) as session:
        actions.add_late_joiners(session, job.payload["ballot"], at=clock.now())


def seal(job: Claimed) -> None:
    """Seal a batch of the log, and come again."""
    with finishing(job) as session:
        actions.seal_batch(session, job.payload["ballot"], at=clock.now())


def tell_at_noon(job: Claimed) -> None:
    """Tell observers which line the log has come to, and come again the next day."""
    with finishing(job) as session:
        observing.tell_at_noon(session, job.payload["ballot"], at=clock.now())


def look_for_crowds(job: Claimed) -> None:
    """Tell managers of many memberships on a roll that came from one card or network."""
    with finishing(job) as session:
        crowding.tell_of_crowds(session, job.payload["ballot"], at=clock.now())


TASKS: dict[str, Task] = {
    "ballots.open": open_at_its_time,
    "ballots.close": close_at_its_time,
    "ballots.seal": seal,
    "ballots.confirm": confirm,
    "ballots.invite": invite,
    "ballots.remind": remind,
    "ballots.late": add_late_joiners,
    "ballots.noon": tell_at_noon,
    "ballots.crowds": look_for_crowds,
}
