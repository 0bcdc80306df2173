"""Verbs of the desk. Each is an act of staff: it is noted in the audit trail in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from membership.jobs.models import Job
from membership.jobs.queue import post
from membership.mail.models import Letter
from membership.mail.writing import Recipient, write
from membership.memberships.tiers import Tier, TierPrice
from membership.money import Money
from membership.newsroom import actions as newsroom
from membership.newsroom.actions import About
from membership.newsroom.defaults import YEAR_IN_MONTHS
from membership.newsroom.queries import coffees, own_language
from membership.newsroom.rules import by_the_cup
from membership.readers import actions as readers
from membership.readers.models import Person
from membership.readers.trail import note
from membership.refusals import N_, Refused


class NothingToRetry(Refused):
    """Somebody else was quicker, or it went through by itself."""

    status = 409
    words = N_("This no longer waits for anybody. The page shows how things stand now.")


@dataclass(frozen=True)
class NewTier:
    """A membership to begin with; `monthly` is what it costs at least, in the newsroom's own currency."""

    slug: str
    name: str
    blurb: str
    monthly: Money


@dataclass(frozen=True)
class FirstRun:
    """Everything that the operator's first form asks for, read and checked."""

    about: About
    origins: Sequence[str]
    coffees: Mapping[str, int]
    tiers: Sequence[NewTier]
    admin_email: str
    admin_name: str


def open_newsroom(session: Session, first: FirstRun, *, at: datetime) -> Person:
    """The newsroom with its sites, currencies, texts and memberships, and its first admin. Raises `AlreadySetUp`."""
    newsroom.set_up(session, first.about, origins=first.origins, coffees=first.coffees, at=at)
    for position, tier in enumerate(first.tiers, start=1):
        _make_tier(session, tier, position)
    post(session, "memberships.sync_tiers", "memberships.sync_tiers", due_at=at)
    name, language = first.admin_name, first.about.language
    admin = readers.know(session, first.admin_email, at=at, name=name, language=language)
    readers.grant_role(session, admin.reader_id, "admin", at=at, by=None)
    note(session, actor_id=None, action="newsroom:opened", object="newsroom/1", at=at, tiers=len(first.tiers))
    note(session, actor_id=None, action="role:granted", object=f"reader/{admin.reader_id}", at=at, role="admin")
    return admin


def _make_tier(session: Session, new: NewTier, position: int) -> None:
    """A tier with a price a month and a year in every currency offered."""
    tier = Tier(slug=new.slug, name=new.name, blurb=new.blurb, position=position)
    session.add(tier)
    session.flush()
    cups = coffees(session)
    here = cups[new.monthly.currency]
    for code, there in cups.items():
        monthly = new.monthly if code == new.monthly.currency else by_the_cup(new.monthly, here, there)
        for interval, months in (("month", 1), ("year", YEAR_IN_MONTHS)):
            session.add(TierPrice(tier_id=tier.id, currency=code, interval=interval, minor=monthly.minor * months))


def describe_newsroom(session: Session, about: About, *, by: int, at: datetime) -> None:
    """Change what the newsroom says about itself."""
    changed = newsroom.describe(session, about)
    if changed:
        note(session, actor_id=by, action="newsroom:described", object="newsroom/1", at=at, fields=changed)


def change_sites(session: Session, origins: Sequence[str], *, by: int, at: datetime) -> None:
    """Change which sites are the newsroom's own."""
    added, removed = newsroom.replace_sites(session, origins)
    if added or removed:
        note(session, actor_id=by, action="sites:changed", object="newsroom/1", at=at, added=added, removed=removed)


def change_coffees(session: Session, prices: Mapping[str, int], *, by: int, at: datetime) -> None:
    """Change the currencies offered and the price of a coffee in each (minor units). Raises like `replace_coffees`."""
    changed = newsroom.replace_coffees(session, prices)
    if changed:
        note(session, actor_id=by, action="coffees:changed", object="newsroom/1", at=at, prices=changed)


def write_page(session: Session, slug: str, text: str, *, by: int, at: datetime) -> None:
    """Change one of the texts. Raises `NotFound`."""
    newsroom.write_page(session, slug, text, by=by, at=at)
    note(session, actor_id=by, action="page:written", object=f"page/{slug}", at=at, characters=len(text))


def invite(session: Session, email: str, *, name: str, role: str, by: int | None, at: datetime) -> Person:
    """Give somebody a role and tell them by letter. Raises `LastAdmin`. `by` None: an operator on the console."""
    person = readers.know(session, email, at=at, name=name, language=own_language(session))
    readers.grant_role(session, person.reader_id, role, at=at, by=by)
    recipient = Recipient(person.email, person.name, person.language, person.reader_id)
    write(session, "invited", recipient, key=f"invited:{person.reader_id}:{at.isoformat()}", at=at, role=role)
    note(session, actor_id=by, action="role:granted", object=f"reader/{person.reader_id}", at=at, role=role)
    return person


def end_role(session: Session, reader_id: int, *, by: int, at: datetime) -> None:
    """Take somebody out of the team, and sign them out everywhere. Raises `LastAdmin`."""
    readers.end_role(session, reader_id, at=at)
    note(session, actor_id=by, action="role:ended", object=f"reader/{reader_id}", at=at)


def retry_job(session: Session, job_id: int, *, by: int, at: datetime) -> None:
    """Let the worker try a parked job again, from the first try on. Raises `NothingToRetry`."""
    parked = (Job.id == job_id, Job.state == "parked")
    tried = session.execute(update(Job).where(*parked).values(state="ready", due_at=at, attempts=0))
    if tried.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingToRetry()
    note(session, actor_id=by, action="job:retried", object=f"job/{job_id}", at=at)


def send_letter_again(session: Session, letter_id: int, *, by: int, at: datetime) -> None:
    """Try a letter again that was refused. One that carried a secret is gone for good. Raises `NothingToRetry`."""
    failed = (
        Letter.id == letter_id, Letter.state == "failed", Letter.fleeting.is_(False), Letter.mailing_id.is_(None)
    )  # fmt: skip
    queued = session.execute(update(Letter).where(*failed).values(state="queued", last_error=None))
    if queued.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingToRetry()
    post(session, "mail.send", f"letter:{letter_id}", {"letter": letter_id}, due_at=at)
    note(session, actor_id=by, action="letter:resent", object=f"letter/{letter_id}", at=at)
