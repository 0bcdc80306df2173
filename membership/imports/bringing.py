"""Doing what was judged, for a batch of rows at once: people, subscriptions, time paid for, invitations, and who came along.

Everything is keyed by what it was done for, so that a row done twice (two files, two runs) is done once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.db import insert_each_once
from membership.imports.models import Brought, Import, ImportRow, Invitation
from membership.imports.queries import source_key
from membership.imports.rules import Facts, Plan, Reading, open_until, reminded_at, true_age
from membership.jobs.queue import post_each, posting
from membership.mail.writing import Recipient, write
from membership.memberships.adopting import Adoption, adopt_each
from membership.memberships.given import PaidElsewhere, keep_elsewhere
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.readers.actions import know_each
from membership.readers.models import Person
from membership.readers.wishes import consent_each, refuse_each
from membership.refusals import NotFound

REMIND = "imports.remind"
SYSTEMS = {"patreon": "Patreon", "ghost": "Ghost", "memberful": "Memberful", "steady": "Steady", "csv": ""}
"""The other systems by their names."""

Planned = tuple[ImportRow, Reading, Plan, Facts]


def bring(
    session: Session, run: Import, planned: Sequence[Planned], tiers: Mapping[int, int], *, at: datetime
) -> dict[int, int]:
    """Do what follows from each plan; the readers by the rows' numbers. `tiers`: ours, by row."""
    readers = _people(session, planned, at=at)
    doing = [one for one in planned if one[2].deed != "nothing"]
    rows = [
        _brought(run, row, reading, found, readers[row.number], tiers[row.number], at)
        for row, reading, found, _ in doing
    ]  # fmt: skip
    if rows:
        keys = [row["source_key"] for row in rows]
        only_known = (Brought.source == run.form, Brought.source_key.in_(keys), Brought.deed == "know")
        session.execute(delete(Brought).where(*only_known))  # who was merely known pledges now
        insert_each_once(session, Brought, rows)
    _adopt(session, doing, readers, tiers, at=at)
    _keep(session, run, doing, readers, tiers, at=at)
    _invite(session, run, doing, readers, tiers, at=at)
    _write_letters(session, run, doing, at=at)
    return readers


def _people(session: Session, planned: Sequence[Planned], *, at: datetime) -> dict[int, int]:
    """The reader of each row: the one it is known by, else the one with its address, made where there is none."""
    known = {row.number: facts.by_key or facts.by_address or facts.by_customer for row, _, _, facts in planned}
    new = [(row, reading) for row, reading, found, _ in planned if not known[row.number] and found.deed != "nothing"]
    own = newsroom.current(session)
    language = own.language if own else "en"
    agreed = {reading.email_key for _, reading in new if reading.letters}
    made = know_each(
        session, [(reading.email, reading.name) for _, reading in new], at=at, language=language, agreed=agreed
    )
    # Nobody is written to who has not said so: a sort of letters that was not agreed to is off.
    silent = [made[reading.email_key][0] for _, reading in new if made[reading.email_key][1] and not reading.letters]
    refuse_each(session, silent, at=at)
    said_yes = [made[key][0] for key in agreed if made[key][1]]
    consent_each(session, said_yes, place="import", words="Said yes to letters where they were a member before.", at=at)
    known |= {row.number: made[reading.email_key][0] for row, reading in new}
    return {number: reader for number, reader in known.items() if reader is not None}


def _brought(
    run: Import, row: ImportRow, reading: Reading, found: Plan, reader_id: int, tier_id: int, at: datetime
) -> dict[str, Any]:
    price = found.live.price if found.live else reading.price
    promised = found.deed != "know"
    return {
        "source": run.form, "source_key": source_key(reading), "reader_id": reader_id, "import_id": run.id,
        "line": row.line, "deed": found.deed, "tier_id": tier_id if promised else None,
        "currency": price.currency if price and promised else None, "amount": price.minor if price and promised else None,
        "interval": (found.live.interval if found.live else reading.interval) if price and promised else None,
        "since": reading.since, "paid_until": reading.paid_until, "letters": reading.letters, "brought_at": at,
    }  # fmt: skip


def _adopt(
    session: Session, doing: Sequence[Planned], readers: Mapping[int, int], tiers: Mapping[int, int], *, at: datetime
) -> None:
    adoptions = [
        Adoption(
            live.subscription_id, live.customer_id, readers[row.number], tiers[row.number], live.price, live.interval,
            live.started_at, true_age(reading.since, live.started_at),
        )
        for row, reading, found, _ in doing
        if (live := found.live) is not None
    ]  # fmt: skip
    adopt_each(session, adoptions, at=at)


def _keep(
    session: Session, run: Import, doing: Sequence[Planned], readers: Mapping[int, int], tiers: Mapping[int, int], *,
    at: datetime,
) -> None:  # fmt: skip
    """What is paid for there gives standing here until its day, whether somebody was invited or has cancelled."""
    kept = [
        PaidElsewhere(
            f"elsewhere:{run.form}:{source_key(reading)}", readers[row.number], tiers[row.number],
            true_age(reading.since, at), reading.paid_until, SYSTEMS[run.form],
        )
        for row, reading, found, _ in doing
        if found.deed in ("invite", "keep") and reading.paid_until is not None and reading.paid_until > at
    ]  # fmt: skip
    keep_elsewhere(session, kept, at=at)


def _invite(
    session: Session, run: Import, doing: Sequence[Planned], readers: Mapping[int, int], tiers: Mapping[int, int], *,
    at: datetime,
) -> None:  # fmt: skip
    invited = {source_key(reading): (row, reading) for row, reading, found, _ in doing if found.deed == "invite"}
    if not invited:
        return
    rows = []
    for key, brought_id in _brought_ids(session, run, list(invited)).items():
        row, reading = invited[key]
        assert reading.price is not None
        rows.append(
            {"brought_id": brought_id, "reader_id": readers[row.number], "tier_id": tiers[row.number],
             "currency": reading.price.currency, "amount": reading.price.minor, "interval": reading.interval,
             "pledged_since": true_age(reading.since, at), "written_at": at,
             "expires_at": open_until(at, reading.paid_until)}
        )  # fmt: skip
    insert_each_once(session, Invitation, rows)


def _brought_ids(session: Session, run: Import, keys: Sequence[str]) -> dict[str, int]:
    statement = select(Brought.source_key, Brought.id).where(Brought.source == run.form, Brought.source_key.in_(keys))
    return {row[0]: row[1] for row in session.execute(statement)}


def _write_letters(session: Session, run: Import, doing: Sequence[Planned], *, at: datetime) -> None:
    """One letter to each who is adopted, invited or kept: it is about what they pay for, so it asks for no consent."""
    keys = [source_key(reading) for _, reading, found, _ in doing if found.deed in ("adopt", "invite", "keep")]
    statement = (
        select(Brought, Person, Tier, Invitation)
        .join(Person, Person.reader_id == Brought.reader_id)
        .join(Tier, Tier.id == Brought.tier_id)
        .outerjoin(Invitation, Invitation.brought_id == Brought.id)
        .where(Brought.source == run.form, Brought.source_key.in_(keys), Brought.import_id == run.id)
        .order_by(Brought.id)
    )
    reminders = []
    for brought, person, tier, invitation in session.execute(statement):
        tell(session, brought, person, tier, invitation, "brought_along", at=at)
        due = reminded_at(at, brought.paid_until) if invitation is not None else None
        if due is not None:
            reminders.append(posting(REMIND, f"remind:{invitation.id}", {"invitation": invitation.id}, due_at=due))
    post_each(session, reminders)


def tell(
    session: Session, brought: Brought, person: Person, tier: Tier, invitation: Invitation | None, letter: str, *,
    at: datetime,
) -> None:  # fmt: skip
    """What becomes of somebody's membership now that we have moved; an invitation carries its address, which is wiped once
    the letter is sent."""
    to = Recipient(person.email, person.name, person.language, person.reader_id)
    paid_until = brought.paid_until if brought.paid_until and brought.paid_until > at else None
    write(
        session, letter, to, key=f"{letter.replace('_', '-')}:{brought.id}", at=at, fleeting=invitation is not None,
        deed=brought.deed, system=SYSTEMS[brought.source], tier=tier, paid_until=paid_until, invitation=invitation,
        price=Money(brought.amount, brought.currency) if brought.amount is not None and brought.currency else None,
        interval=brought.interval, since=brought.since, link=address_of(invitation) if invitation else None,
    )  # fmt: skip


def address_of(invitation: Invitation) -> str:
    """Where an invitation is used: signed, so that it opens this one and nothing else, and need not be kept."""
    base = current_app.config["MEMBERSHIP"].base_url
    return f"{base}/invitation/{_signer().dumps(invitation.id)}"


def read_address(token: str) -> int:
    """The number of the invitation that an address is about. Raises `NotFound` for one that we have not made."""
    try:
        return int(_signer().loads(token))
    except (BadSignature, TypeError, ValueError):
        raise NotFound() from None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["MEMBERSHIP"].secret_key, salt="imports:invitation")
