"""A partner's codes: stock from a file, one for whoever claims one, never the same for two."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.mail.writing import Recipient, write
from membership.perks import ledger
from membership.perks.models import Perk, PerkGrant
from membership.perks.states import NotNow
from membership.perks.stock_models import PerkCode
from membership.readers import trail
from membership.readers.queries import team
from membership.refusals import N_, Refused

LONGEST = 200
MOST_AT_ONCE = 50_000
ROWS_AT_ONCE = 500
HEADS = frozenset({"code", "codes", "coupon", "voucher"})


class NoneLeft(Refused):
    """The stock is used up."""

    status = 409
    words = N_("All codes are taken at the moment. Our desk knows; please look again in a few days.")


class NoCodes(Refused):
    """A file in which no code was found, or one with too many or too long ones."""

    field = "file"
    words = N_("Please choose a CSV or text file with one code a line, at most 50,000 of them, none above 200 characters.")


def read_codes(text: str) -> list[str]:
    """The codes of a file: the first column of a CSV, whichever sign parts the columns, without a heading; each once.

    Raises `NoCodes`.
    """
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row[0].strip() for row in csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter) if row]
    except csv.Error:
        raise NoCodes() from None
    codes = list(dict.fromkeys(code for code in rows if code))
    if codes and codes[0].casefold() in HEADS:
        codes = codes[1:]
    if not codes or len(codes) > MOST_AT_ONCE or any(len(code) > LONGEST or not code.isprintable() for code in codes):
        raise NoCodes()
    return codes


def add_codes(session: Session, perk_id: int, codes: list[str], *, by: int, at: datetime) -> int:
    """Add codes to a perk's stock; those that are there already are left as they are. Returns how many were new."""
    perk = ledger.hold_perk(session, perk_id)
    if perk.kind != "code":
        raise NotNow()
    before = stock(session, perk.id)[1]
    for start in range(0, len(codes), ROWS_AT_ONCE):
        part = codes[start : start + ROWS_AT_ONCE]
        insert_each_once(session, PerkCode, [{"perk_id": perk.id, "code": code, "added_at": at} for code in part])
    added = stock(session, perk.id)[1] - before
    trail.note(session, actor_id=by, action="perk:stocked", object=f"perk/{perk.id}", at=at, codes=added)
    return added


def claim(session: Session, grant_id: int, reader_id: int, *, at: datetime) -> PerkCode:
    """A code for this grant, the one it has if it was claimed before. Raises `NoneLeft`, and like `ledger.hold_own`.

    On PostgreSQL claims do not wait for one another: each takes the first code that nobody else is taking.
    """
    grant, perk = ledger.hold_own(session, grant_id, reader_id, "code", at=at)
    if grant.state != "issued":
        return session.execute(select(PerkCode).where(PerkCode.grant_id == grant.id)).scalar_one()
    free = select(PerkCode.id).where(PerkCode.perk_id == perk.id, PerkCode.grant_id.is_(None)).order_by(PerkCode.id)
    chosen = free.limit(1).with_for_update(skip_locked=True).scalar_subquery()
    take = (
        update(PerkCode)
        .where(PerkCode.id == chosen, PerkCode.grant_id.is_(None))
        .values(grant_id=grant.id, taken_at=at)
        .returning(PerkCode.id)
        .execution_options(synchronize_session=False)
    )
    taken = session.execute(take).scalar_one_or_none()
    if taken is None:
        raise NoneLeft()
    ledger.bring(session, grant, perk, "claimed", at=at)
    _warn(session, perk, at=at)
    return session.get_one(PerkCode, taken)


def use(session: Session, grant_id: int, reader_id: int, *, at: datetime) -> None:
    """Its reader says that the code was used. Raises like `ledger.hold_own`."""
    grant, perk = ledger.hold_own(session, grant_id, reader_id, "code", at=at)
    if grant.state != "redeemed":
        if grant.state != "claimed":
            raise NotNow()
        ledger.bring(session, grant, perk, "redeemed", at=at)


def mark_used(session: Session, perk_id: int, codes: list[str], *, by: int, at: datetime) -> int:
    """A partner's list of codes that were used; returns how many of ours it named that were not marked yet."""
    perk = ledger.hold_perk(session, perk_id)
    marked = 0
    for start in range(0, len(codes), ROWS_AT_ONCE):
        part = codes[start : start + ROWS_AT_ONCE]
        named = (
            select(PerkCode.grant_id)
            .join(PerkGrant, PerkGrant.id == PerkCode.grant_id)
            .where(PerkCode.perk_id == perk.id, PerkCode.code.in_(part), PerkGrant.state.in_(("claimed", "revoked")))
            .order_by(PerkCode.grant_id)
        )
        for grant_id in session.execute(named).scalars().all():
            grant, _ = ledger.hold(session, grant_id or 0)
            if grant.state in ("claimed", "revoked"):
                ledger.bring(session, grant, perk, "redeemed", at=at, by=by, why="staff")
                marked += 1
    trail.note(session, actor_id=by, action="perk:used", object=f"perk/{perk.id}", at=at, codes=marked)
    return marked


def stock(session: Session, perk_id: int) -> tuple[int, int]:
    """How many codes are left, and how many there ever were."""
    free = func.count().filter(PerkCode.grant_id.is_(None))
    row = session.execute(select(free, func.count()).where(PerkCode.perk_id == perk_id)).one()
    return row[0], row[1]


def _warn(session: Session, perk: Perk, *, at: datetime) -> None:
    """Tell managers, once for each time the stock was filled, that it runs low, or (if nobody said what is low) out."""
    left, ever = stock(session, perk.id)
    if left > (perk.low_stock or 0):
        return
    for one in team(session, role="manager"):
        to = Recipient(one.email, one.name, one.language, one.reader_id)
        key = f"perk-low:{perk.id}:{ever}:{one.reader_id}"
        write(session, "perk_low_stock", to, key=key, at=at, perk=perk, left=left)
