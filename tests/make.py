"""Plain functions that make rows for tests; every argument has a default."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import clock
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, Movement
from membership.memberships.tiers import Tier, TierPrice
from membership.newsroom.models import Coffee, Newsroom, Site
from membership.readers import actions as readers
from membership.readers.models import Person

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_number = itertools.count(1)


def newsroom(session: Session, **values: object) -> Newsroom:
    """The newsroom of the tests, with a site and three currencies; none of it is real."""
    defaults: dict[str, object] = {
        "id": 1, "name": "The Test Lantern", "tagline": "Open to all", "mission": "We report.",
        "contact_email": "desk@lantern.example", "legal_name": "Lantern Press", "legal_address": "1 Quay, Port Example",
        "tax_number": "TEST 000", "currency": "EUR", "language": "en", "time_zone": "UTC", "accent": "#9a3324",
        "opened_at": NOON,
    }  # fmt: skip
    row = Newsroom(**(defaults | values))
    session.add_all([row, Site(origin="http://localhost:8002")])
    session.add_all([Coffee(currency=code, minor=minor) for code, minor in [("EUR", 300), ("USD", 350), ("JPY", 400)]])
    session.commit()
    return row


def reader(session: Session, email: str | None = None, *, name: str = "", at: datetime = NOON) -> Person:
    """Somebody known by an address."""
    person = readers.know(session, email or f"reader{next(_number)}@example.org", at=at, name=name)
    session.commit()
    return person


def staff(session: Session, role: str = "admin", **values: object) -> Person:
    """Somebody in the team."""
    person = reader(session, **values)  # type: ignore[arg-type]
    readers.grant_role(session, person.reader_id, role, at=NOON, by=None)
    session.commit()
    return person


def tier(session: Session, slug: str | None = None, *, monthly: int = 500, currency: str = "EUR") -> Tier:
    """A tier with a monthly and a yearly (ten months') price."""
    slug = slug or f"tier-{next(_number)}"
    row = Tier(slug=slug, name=slug.title(), blurb="", position=next(_number), stripe_product_id=f"prod_{slug}")
    session.add(row)
    session.flush()
    session.add_all(
        [
            TierPrice(tier_id=row.id, currency=currency, interval="month", minor=monthly),
            TierPrice(tier_id=row.id, currency=currency, interval="year", minor=monthly * 10),
        ]
    )
    session.commit()
    return row


def patron(
    session: Session,
    email: str | None = None,
    *,
    tier_row: Tier | None = None,
    amount: int = 500,
    currency: str = "EUR",
    interval: str = "month",
    since: datetime | None = None,
    paid_until: datetime | None = None,
    status: str = "active",
    name: str = "",
) -> Person:
    """A reader with a paid membership in good standing (by the house's clock, unless `paid_until` says otherwise)."""
    person = reader(session, email, name=name)
    tier_row = tier_row or tier(session)
    since = since or clock.now() - timedelta(days=10)
    yearly = amount * 12 if interval == "month" else amount
    membership = Membership(
        subscription_id=f"sub_{next(_number)}", reader_id=person.reader_id, tier_id=tier_row.id, status=status,
        currency=currency, amount=amount, interval=interval, counted=yearly, started_at=since,
        period_ends_at=paid_until or clock.now() + timedelta(days=20),
        paid_until=paid_until or clock.now() + timedelta(days=20),
    )  # fmt: skip
    session.add(membership)
    session.flush()
    session.add(
        Movement(
            membership_id=membership.id, sequence=1, reader_id=person.reader_id, tier_id=tier_row.id, kind="new",
            currency=currency, yearly=yearly, at=since,
        )
    )  # fmt: skip
    session.commit()
    return person


def lapsed_patron(session: Session, email: str | None = None, **values: object) -> Person:
    """A reader whose membership ran out long ago."""
    long_ago = clock.now() - timedelta(days=90)
    return patron(session, email, paid_until=long_ago, status="canceled", **values)  # type: ignore[arg-type]


def given(
    session: Session,
    person: Person | None = None,
    *,
    kind: str = "complimentary",
    tier_row: Tier | None = None,
    begins_at: datetime | None = NOON,
    ends_at: datetime | None = None,
    frozen: bool = False,
) -> GivenMembership:
    """A membership that somebody was given: a month from `begins_at`; without a beginning it waits for its turn."""
    person, tier_row = person or reader(session), tier_row or tier(session)
    row = GivenMembership(
        key=f"given-{next(_number)}", kind=kind, reader_id=person.reader_id, tier_id=tier_row.id, begins_at=begins_at,
        ends_at=ends_at or (begins_at + timedelta(days=30) if begins_at else None), frozen=frozen, reason="",
        given_at=begins_at or NOON, months=1 if kind == "gift" else None,
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def seat(
    session: Session, group: Membership, person: Person | None = None, *, taken_at: datetime | None = NOON
) -> GroupSeat:
    """A seat of a group membership: held by this person, or (without `taken_at`) offered and not taken yet."""
    person = person or reader(session)
    row = GroupSeat(
        membership_id=group.id, token=f"seat-{next(_number)}", email=person.email, email_key=person.email_key,
        offered_at=taken_at or NOON, reader_id=person.reader_id if taken_at else None, taken_at=taken_at,
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def group(session: Session, email: str | None = None, *, seats: int = 3, **values: object) -> Membership:
    """A paid group membership; its payer holds no seat unless one is made."""
    payer = patron(session, email, **values)  # type: ignore[arg-type]
    mine = select(Membership).where(Membership.reader_id == payer.reader_id)
    row = session.execute(mine).scalars().one()
    row.seats = seats
    session.commit()
    return row


def sign_in(session: Session, client: FlaskClient, person: Person) -> None:
    """Sign this client in as that person, the way the house keeps sessions."""
    now = clock.now()
    token = readers.open_session(session, person.reader_id, now, proven_until=now + timedelta(days=400))
    session.commit()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
