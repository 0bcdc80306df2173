"""The invented newsroom's letters to many: one that was sent some weeks ago, and one that is being written."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.bulletins import actions
from membership.bulletins.models import Bulletin
from membership.bulletins.rules import Segment
from membership.jobs.models import Job
from membership.mail.bounces import note_bounce
from membership.mail.models import Letter, Mailing

SENT = timedelta(days=19)
NIGHTS = """Dear patrons,

the night bus runs again, on Fridays and Saturdays. You had voted that we should find out why it stopped, and
[what became of that](/promises) is open to everybody.

## What we learned on the way

- The town pays for the bus by the kilometre, not by the passenger.
- Nobody had counted passengers since 2019. We did, for three weekends.
- The new timetable is a trial until spring.

## What comes next

Another ballot is being prepared. If something has been on your mind, [propose it](/topics): a question is enough.

Thank you for carrying this.
"""
QUAY = """Dear patrons,

on Thursday evening we open the newsroom's door at North Quay: come and ask us how we work, what we earn and what we got
wrong this year.

- from six o'clock, as long as the tea lasts
- no need to tell us that you come
"""


def tell_bulletins(session: Session, *, by: int, at: datetime, chance: Random) -> None:
    """A bulletin to all patrons that everybody has but two whose letters came back, and a draft."""
    sent_at = at - SENT
    sent = _written(session, "sent", "The night bus runs again", NIGHTS, by=by, at=sent_at - timedelta(hours=3))
    bulletin = session.get_one(Bulletin, sent)
    bulletin.state, bulletin.due_at, bulletin.sent_by = "scheduled", sent_at, by
    session.flush()
    actions.start(session, sent, at=sent_at)
    while bulletin.gathered_at is None:
        actions.gather(session, sent, at=sent_at)
        session.flush()
    letters = list(session.scalars(select(Letter).where(Letter.mailing_id == bulletin.mailing_id).order_by(Letter.id)))
    back = {letter.id for letter in chance.sample(letters, 2)}
    for number, letter in enumerate(letters):
        letter.state, letter.sent_at = "sent", sent_at + timedelta(seconds=number / 10)
    session.flush()
    for letter in letters:
        if letter.id in back:
            words = "5.1.1 the mailbox does not exist"
            letter.state, letter.sent_at, letter.last_error = "failed", None, f"550 {words}"
            note_bounce(session, letter, hard=True, code=550, words=words, at=sent_at)
    session.get_one(Mailing, bulletin.mailing_id).open = False
    for job in session.scalars(select(Job).where(Job.name.like("bulletins.%") | Job.name.like("mail.%"))):
        session.delete(job)
    _written(session, "draft", "An open evening at North Quay", QUAY, by=by, at=at - timedelta(hours=20))
    session.flush()


def _written(session: Session, attempt: str, subject: str, body: str, *, by: int, at: datetime) -> int:
    number = actions.draft(session, attempt=attempt, language="en", by=by, at=at)
    session.flush()
    actions.write(
        session, number, "en", subject=subject, body=body, sort="bulletins", segment=Segment("patrons"), by=by, at=at
    )
    session.flush()
    return number
