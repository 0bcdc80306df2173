"""Alarms: raised once for each event, told by letter to who looks after money, and told again when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.desk.alarm_models import Alarm
from membership.desk.rules import ALARMS, QUIET, SURE, breaches, unusual_quiet
from membership.desk.vitals import Vitals
from membership.mail.writing import Recipient, write
from membership.readers.queries import team
from membership.web.limits import chosen_figures

OWN = {name: threshold.own for name, threshold in ALARMS.items()}
OPEN_NAMES = select(Alarm.name).where(Alarm.told_at.is_not(None), Alarm.over_at.is_(None))
SHOWN = 30


def as_figures(figures: Mapping[str, int]) -> dict[str, int]:
    """Thresholds by the names under which chosen figures are kept."""
    return {f"alarm/{name}": value for name, value in figures.items()}


def thresholds(session: Session) -> dict[str, int]:
    """From which figure on staff are written to, as they chose it."""
    chosen = chosen_figures(session)
    return {name: chosen.get(f"alarm/{name}", own) for name, own in OWN.items()}


def figures(now: Vitals, *, at: datetime) -> dict[str, int | None]:
    """What is held against the thresholds, in their units; None where there is nothing to be alarmed about."""
    quiet = unusual_quiet(_seconds(now.paid_at, at), now.pause_seconds) if now.paid_at else None
    return {
        "payments": None if quiet is None else quiet // 3600,
        "events": _seconds(now.oldest_event_at, at) // 60,
        "missed": now.missed,
        "stripe": now.stripe_tries,
        "queue": now.queue_seconds // 60,
        "letters": now.letter_seconds // 60,
        "parked": now.jobs["parked"],
        "drift": _seconds(now.oldest_drift_at, at) // 60,
        "backup": _seconds(now.backup_at, at) // 3600 if now.backup_at else None,
    }


def watch(session: Session, now: Vitals, *, at: datetime) -> None:
    """One look: what is new is noted, what was seen twice is told, what has been quiet is over."""
    found = breaches(figures(now, at=at), thresholds(session))
    for name, figure in found.items():
        insert_once(session, Alarm, name=name, figure=figure, raised_at=at, seen_at=at)
    for alarm in open_alarms(session, told=False):
        if alarm.name in found:
            alarm.seen_at, alarm.figure = at, max(alarm.figure, found[alarm.name])
            if alarm.told_at is None and at - alarm.raised_at >= SURE:
                alarm.told_at = at
                _tell(session, alarm, "alarm", at=at)
        elif alarm.told_at is None:
            session.execute(delete(Alarm).where(Alarm.id == alarm.id))
        elif at - alarm.seen_at >= QUIET:
            alarm.over_at = at
            _tell(session, alarm, "alarm_over", at=at)


def open_alarms(session: Session, *, told: bool = True) -> list[Alarm]:
    """What stands now, the oldest first; those that staff were `told` about, or all."""
    standing = select(Alarm).where(Alarm.over_at.is_(None)).order_by(Alarm.id)
    return list(session.execute(standing.where(Alarm.told_at.is_not(None)) if told else standing).scalars())


def latest(session: Session) -> list[Alarm]:
    """What staff were told about, the newest first."""
    told = select(Alarm).where(Alarm.told_at.is_not(None)).order_by(Alarm.id.desc()).limit(SHOWN)
    return list(session.execute(told).scalars())


def _tell(session: Session, alarm: Alarm, kind: str, *, at: datetime) -> None:
    for person in team(session, role="manager"):
        to = Recipient(person.email, person.name, person.language, person.reader_id)
        words: dict[str, Any] = {"alarm": alarm, "said": said, "todo": todo, "place": place}
        write(session, kind, to, key=f"{kind}:{alarm.id}:{person.reader_id}", at=at, **words)


def said(alarm: Alarm) -> str:
    """What happened, in one sentence of the language that is being written."""
    number = alarm.figure
    if alarm.name == "payments":
        return ngettext("No payment came for %(num)s hour.", "No payment came for %(num)s hours.", number)
    if alarm.name == "events":
        return ngettext(
            "What Stripe told us waited for %(num)s minute.", "What Stripe told us waited for %(num)s minutes.", number
        )
    if alarm.name == "missed":
        return ngettext(
            "%(num)s event of Stripe's did not reach this site and had to be fetched.",
            "%(num)s events of Stripe's did not reach this site and had to be fetched.", number,
        )  # fmt: skip
    if alarm.name == "stripe":
        return ngettext("Stripe did not answer %(num)s time.", "Stripe did not answer %(num)s times in a row.", number)
    if alarm.name == "queue":
        return ngettext(
            "Work waited for %(num)s minute without being begun.", "Work waited for %(num)s minutes without being begun.",
            number,
        )  # fmt: skip
    if alarm.name == "letters":
        return ngettext("A letter waited for %(num)s minute.", "A letter waited for %(num)s minutes.", number)
    if alarm.name == "parked":
        return ngettext("%(num)s job gave up.", "%(num)s jobs gave up.", number)
    if alarm.name == "drift":
        return ngettext(
            "Our books and Stripe's differed for %(num)s minute.", "Our books and Stripe's differed for %(num)s minutes.",
            number,
        )  # fmt: skip
    return ngettext("No backup was made for %(num)s hour.", "No backup was made for %(num)s hours.", number)


def todo(alarm: Alarm) -> str:
    """What to do about it."""
    return {
        "payments": gettext(
            "Try to give a small sum yourself. If that works, it is only a quiet time: set the alarm higher. If not, look "
            "at Stripe's own status page and at the list of Stripe's events in its dashboard."
        ),
        "events": gettext("The worker is too slow, stands still, or stumbles: look at the jobs, and start it anew."),
        "missed": gettext(
            "Look in Stripe's dashboard at the webhook endpoint: whether it is switched on, has this site's address, and "
            "what its last deliveries came to. Nothing is lost: what is missing is fetched every hour."
        ),
        "stripe": gettext(
            "Readers cannot pay while it lasts, and are told so; what waits goes on by itself. Look at Stripe's own status "
            "page; if Stripe is well, the way from this machine to the internet is not."
        ),
        "queue": gettext("The worker is too slow or too few: look whether it runs, and start a second one."),
        "letters": gettext("The mail server does not answer or puts letters off: look at the jobs for what it says."),
        "parked": gettext("Look at what each of them says, put that right, and press the button beside it."),
        "drift": gettext("Most differences are repaired by themselves; this one was not. Look at it, and press its button."),
        "backup": gettext("Look whether the command still runs every night, and whether its disk is full."),
    }[alarm.name]


PLACE = {"drift": "/staff/drift", "backup": "/staff/settings/alarms", "payments": "/staff/patrons"}
"""Where to look; else at the jobs."""


def place(alarm: Alarm) -> str:
    """The page about it."""
    return PLACE.get(alarm.name, "/staff/jobs")


def _seconds(since: datetime | None, until: datetime) -> int:
    return max(0, int((until - since).total_seconds())) if since else 0
