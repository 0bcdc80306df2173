"""Verbs about perks: making, changing and retiring one, and bringing what a reader has in step with how they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from membership.db import insert_once_for_id
from membership.jobs.queue import post
from membership.mail.writing import Recipient, write
from membership.memberships.rules import months_later
from membership.perks import ledger, links, queries, seats
from membership.perks.models import Perk, PerkGrant, PerkTier
from membership.perks.rules import TitleTaken, checked_address, slug_of
from membership.perks.states import LIVE, is_over, may_become
from membership.perks.terms import RHYTHMS, Stand, keeps, look, next_look
from membership.readers import trail
from membership.readers.models import Person

READERS_AT_ONCE = 500
"""So many jobs are posted in one transaction of the worker."""
GRANT, ISSUE = "perks.grant", "perks.issue"


def wake(session: Session, reader_id: int, *, at: datetime) -> None:
    """Have a reader's perks looked at, at a moment."""
    post(session, GRANT, f"perks:{reader_id}", {"reader": reader_id}, due_at=at)


def grant_perks(session: Session, reader_id: int, *, at: datetime) -> int:
    """Bring a reader's perks in step with how they stand now; returns how many were issued.

    What is due is issued, and told in one letter; what standing no longer carries is revoked, and comes back with it;
    what was not claimed in time expires. The next moment at which any of this may change is posted. Told twice, or by
    two workers at once, it is done once.
    """
    stand = queries.stand_of(session, reader_id, at)
    perks = queries.perks_with_tiers(session)
    grants = queries.every_grant_of(session, reader_id)
    _look_again(session, reader_id, stand, perks, grants, at=at)  # job rows are locked before the room's own
    counted = [perk.id for perk, _ in perks if perk.kind == "event" or perk.most is not None]
    for perk_id in counted:
        ledger.hold_perk(session, perk_id)
    ranks = queries.ranks(session)
    for perk, bound in perks:
        for grant in grants:
            if grant.perk_id == perk.id:
                _review(session, grant, perk, kept=keeps(bound, stand.tiers, ranks), at=at)
    made = [(perk, _issue(session, perk, bound, stand, reader_id, grants, at=at)) for perk, bound in perks]
    issued = [(perk, grant) for perk, grant in made if grant is not None]
    _tell(session, reader_id, issued, at=at)
    return len(issued)


def _look_again(
    session: Session, reader_id: int, stand: Stand, perks: list[tuple[Perk, frozenset[int]]], grants: list[PerkGrant],
    *, at: datetime,
) -> None:  # fmt: skip
    """Post the job for the next moment at which time alone changes something for this reader."""
    if not perks:
        return
    moments: list[datetime | None] = [stand.kept_until]
    for perk, bound in perks:
        had = queries.had_of(grants, perk.id)
        # Whether places are left is not asked here: it is asked at that moment.
        answer = look(queries.terms_of(perk, bound), stand, had, issued=-1, at=at)
        every = RHYTHMS[perk.rhythm]
        moments.append(months_later(at, every) if answer.due and every else answer.at)
        if answer.due:
            moments.append(ledger.expiry(perk, at))
        moments += [perk.ends_at if perk.kind == "event" and had.times else None]
    moments += [grant.expires_at for grant in grants if grant.state in LIVE]
    soonest = next_look(moments, at=at)
    if soonest is not None:
        wake(session, reader_id, at=soonest)


def _review(session: Session, known: PerkGrant, perk: Perk, *, kept: bool, at: datetime) -> None:
    """What becomes of a grant now that its reader stands so: taken back, given back, over, or as it was."""
    grant, _ = ledger.hold(session, known.id)
    if grant.state == "revoked":
        before, why = ledger.state_before(session, grant)
        if kept and why == "standing":
            ledger.bring(session, grant, perk, before, at=at, why="standing")
            seats.refill(session, perk, at=at)
    elif is_over(perk.kind, grant.state, expires_at=grant.expires_at, ends_at=perk.ends_at, at=at):
        ledger.bring(session, grant, perk, "expired", at=at)
        seats.refill(session, perk, at=at)
    elif not kept and may_become(perk.kind, grant.state, "revoked"):
        ledger.bring(session, grant, perk, "revoked", at=at, why="standing")
        seats.refill(session, perk, at=at)


def _issue(
    session: Session, perk: Perk, bound: Collection[int], stand: Stand, reader_id: int, grants: list[PerkGrant],
    *, at: datetime,
) -> PerkGrant | None:  # fmt: skip
    had = queries.had_of(grants, perk.id)
    taken = ledger.places_taken(session, perk.id) if perk.most is not None else 0
    if not look(queries.terms_of(perk, bound), stand, had, issued=taken, at=at).due:
        return None
    return ledger.issue(session, perk, reader_id, number=had.times + 1, at=at)


def _tell(session: Session, reader_id: int, issued: Sequence[tuple[Perk, PerkGrant]], *, at: datetime) -> None:
    """One letter about what was issued now, however much: a new patron of a full house gets no pile of them."""
    person = session.get(Person, reader_id) if issued else None
    if person is None:
        return
    to = Recipient(person.email, person.name, person.language, reader_id)
    told = [(perk, grant, links.token_of(grant) if perk.kind == "link" else "") for perk, grant in issued]
    perk, grant, way = told[0]
    kind = "perks_issued" if len(told) > 1 else "perk_link" if perk.kind == "link" else "perk_issued"
    write(session, kind, to, key=f"perk:{grant.id}", at=at, issued=told, perk=perk, grant=grant, way=way)


def make_perk(
    session: Session, *, kind: str, title: str, blurb: str, tier_ids: Collection[int], by: int, at: datetime,
    address: str = "", **terms: Any,
) -> Perk:  # fmt: skip
    """A new perk for these tiers (none: for all), and the job that issues it to those who are patrons already.

    `terms`: the columns of `Perk` that its kind needs. Raises `TitleTaken`, `NotAnAddress`.
    """
    values = {"title": title, "blurb": blurb, "kind": kind, **terms}
    values["address"] = checked_address(address) if kind == "link" else ""
    perk_id = insert_once_for_id(session, Perk, slug=slug_of(title), **values)
    if perk_id is None:
        raise TitleTaken()
    perk = session.get_one(Perk, perk_id)
    bound = _bind(session, perk, tier_ids)
    _issue_from_now(session, perk, at=at)
    trail.note(session, actor_id=by, action="perk:made", object=f"perk/{perk.id}", at=at, title=title, tiers=bound)
    return perk


def change_perk(
    session: Session, perk_id: int, values: Mapping[str, Any], *, tier_ids: Collection[int], by: int, at: datetime
) -> Perk:
    """Other words or terms for a perk. What was issued stays issued, as long as its readers' tiers carry it.

    Raises `NoSuchPerk`, `TitleTaken`, `NotAnAddress`.
    """
    if "address" in values:
        values = {**values, "address": checked_address(values["address"])}
    _issue_from_now(session, queries.perk_by_id(session, perk_id), at=at)
    perk = ledger.hold_perk(session, perk_id)
    changed = sorted(name for name, value in values.items() if getattr(perk, name) != value)
    for name in changed:
        setattr(perk, name, values[name])
    session.flush()
    try:
        with session.begin_nested():
            perk.slug = slug_of(perk.title)
            session.flush()
    except IntegrityError:  # the unique key on its address has the last word
        raise TitleTaken() from None
    if perk.kind == "event" and "ends_at" in changed:
        _move_expiry(session, perk)
    session.execute(delete(PerkTier).where(PerkTier.perk_id == perk.id))
    bound = _bind(session, perk, tier_ids)
    seats.refill(session, perk, at=at)
    trail.note(
        session, actor_id=by, action="perk:changed", object=f"perk/{perk.id}", at=at, fields=changed, tiers=bound
    )
    return perk


def _move_expiry(session: Session, perk: Perk) -> None:
    """An evening on another day: what waits for it waits until then."""
    live = select(PerkGrant).where(PerkGrant.perk_id == perk.id, PerkGrant.state.in_(("issued", "claimed")))
    for grant in session.scalars(live.order_by(PerkGrant.id).with_for_update(key_share=True)):
        grant.expires_at = ledger.expiry(perk, grant.issued_at)
    session.flush()


def _bind(session: Session, perk: Perk, tier_ids: Collection[int]) -> list[int]:
    bound = sorted(queries.known_tiers(session, tier_ids))
    session.add_all(PerkTier(perk_id=perk.id, tier_id=tier_id) for tier_id in bound)
    session.flush()
    return bound


def _issue_from_now(session: Session, perk: Perk, *, at: datetime) -> None:
    post(session, ISSUE, f"perk:{perk.id}", {"perk": perk.id}, due_at=at)


def issue_to_all(session: Session, perk_id: int, *, after: int, at: datetime) -> int:
    """Post the jobs that look at everybody whom a perk may concern, beginning behind reader number `after`, and the job for
    the rest; returns how many were posted now.
    """
    readers = queries.readers_concerned(session, at, after=after, most=READERS_AT_ONCE)
    for reader_id in readers:
        wake(session, reader_id, at=at)
    if len(readers) == READERS_AT_ONCE:
        post(session, ISSUE, f"perk:{perk_id}", {"perk": perk_id, "after": readers[-1]}, due_at=at)
    return len(readers)


def retire(session: Session, perk_id: int, *, by: int, at: datetime) -> None:
    """A perk is issued no more and what it gave opens nothing; what was issued stays on record. Raises `NoSuchPerk`."""
    perk = ledger.hold_perk(session, perk_id)
    if perk.retired_at is None:
        perk.retired_at = at
        trail.note(session, actor_id=by, action="perk:retired", object=f"perk/{perk.id}", at=at)
