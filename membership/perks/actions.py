"""Verbs about perks: making one, retiring one, issuing them to those who have standing."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.perks import queries
from membership.perks.models import Perk, PerkGrant, PerkTier
from membership.perks.rules import NoSuchLink, TitleTaken, carries, checked_address, code_from, slug_of
from membership.readers import trail
from membership.readers.models import Person

READERS_AT_ONCE = 500
"""So many jobs are posted in one transaction of the worker."""


def grant_perks(session: Session, reader_id: int, *, at: datetime) -> int:
    """Issue every perk that the reader's tiers carry and that was not issued before; returns how many were new.

    Each is a grant with a personal code and one letter. A reader without standing gets nothing new; told twice, or by
    two workers at once, it is issued once.
    """
    tiers = queries.standing_tiers(session, reader_id, at)
    due = [perk for perk, bound in queries.perks_with_tiers(session) if carries(bound, tiers)]
    return sum(_grant(session, perk, reader_id, at=at) for perk in due)


def _grant(session: Session, perk: Perk, reader_id: int, *, at: datetime) -> bool:
    code = code_from(secrets.randbits(80))
    if not insert_once(session, PerkGrant, perk_id=perk.id, reader_id=reader_id, code=code, issued_at=at):
        return False
    grant = session.execute(select(PerkGrant).where(PerkGrant.code == code)).scalar_one()
    person = session.get(Person, reader_id)
    if person is not None:
        to = Recipient(person.email, person.name, person.language, reader_id)
        write(session, "perk_link", to, key=f"perk:{grant.id}", at=at, perk=perk, grant=grant)
    return True


def make_link(
    session: Session, *, title: str, blurb: str, address: str, tier_ids: Collection[int], by: int, at: datetime
) -> Perk:
    """A new members' link for these tiers (none: for all), and the job that issues it to those who are patrons already.

    Raises `NotAnAddress`, `TitleTaken`.
    """
    values = {"title": title, "blurb": blurb, "kind": "link", "address": checked_address(address)}
    if not insert_once(session, Perk, slug=slug_of(title), **values):
        raise TitleTaken()
    perk = session.execute(select(Perk).where(Perk.slug == slug_of(title))).scalar_one()
    bound = sorted(queries.known_tiers(session, tier_ids))
    session.add_all(PerkTier(perk_id=perk.id, tier_id=tier_id) for tier_id in bound)
    post(session, "perks.issue", f"perk:{perk.id}", {"perk": perk.id}, due_at=at)
    trail.note(session, actor_id=by, action="perk:made", object=f"perk/{perk.id}", at=at, title=title, tiers=bound)
    return perk


def issue_to_all(session: Session, perk_id: int, *, after: int, at: datetime) -> int:
    """Post the jobs that grant perks to those who have standing, beginning behind reader number `after`, and the job for
    the rest; returns how many were posted now.
    """
    readers = queries.readers_with_standing(session, at, after=after, most=READERS_AT_ONCE)
    for reader_id in readers:
        post(session, "perks.grant", f"perks:{reader_id}", {"reader": reader_id}, due_at=at)
    if len(readers) == READERS_AT_ONCE:
        post(session, "perks.issue", f"perk:{perk_id}", {"perk": perk_id, "after": readers[-1]}, due_at=at)
    return len(readers)


def retire(session: Session, perk_id: int, *, by: int, at: datetime) -> None:
    """A perk is issued no more and its links open nothing; what was issued stays on record. Raises `NoSuchLink`."""
    perk = session.execute(select(Perk).where(Perk.id == perk_id).with_for_update(key_share=True)).scalar_one_or_none()
    if perk is None:
        raise NoSuchLink()
    if perk.retired_at is None:
        perk.retired_at = at
        trail.note(session, actor_id=by, action="perk:retired", object=f"perk/{perk.id}", at=at)
