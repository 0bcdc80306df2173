"""Questions behind the support page and the appeals: what patrons decide now, what became of it, and what is asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal, AppealText
from membership.appeals.rules import Words
from membership.ballots.models import Ballot
from membership.memberships.standing import patrons_at
from membership.memberships.tiers import Tier, TierPrice
from membership.money import Money
from membership.newsroom import queries as newsroom
from membership.promises.models import Promise


def patrons(session: Session, at: datetime) -> int:
    """How many readers have standing at this moment."""
    return patrons_at(session, at)


def open_ballots(session: Session, at: datetime, most: int = 2) -> list[Ballot]:
    """The ballots that take votes at this moment, the next to close first."""
    statement = select(Ballot).where(Ballot.status == "open", Ballot.opens_at <= at, Ballot.closes_at > at)
    return list(session.execute(statement.order_by(Ballot.closes_at).limit(most)).scalars())


def kept(session: Session, most: int = 3) -> list[Promise]:
    """The stories published last that patrons had asked for."""
    statement = (
        select(Promise).where(Promise.state == "published").order_by(Promise.closed_at.desc(), Promise.id.desc())
    )
    return list(session.execute(statement.limit(most)).scalars())


def under_way(session: Session, most: int = 3) -> list[Promise]:
    """Topics that won and are being reported, the next date first."""
    statement = select(Promise).where(Promise.state.in_(["accepted", "reporting"]))
    return list(session.execute(statement.order_by(Promise.due_on, Promise.id).limit(most)).scalars())


def running(session: Session) -> Appeal | None:
    """The appeal of staff's that is shown now."""
    return session.execute(select(Appeal).where(Appeal.state == "running")).scalar_one_or_none()


def appeals(session: Session) -> list[Appeal]:
    """All of them, the running one first, then drafts, then what has ended, the newest first."""
    rows = session.execute(select(Appeal).order_by(Appeal.id.desc())).scalars()
    return sorted(rows, key=lambda row: ("running", "draft", "ended").index(row.state))


def texts_of(session: Session, appeal_id: int) -> dict[tuple[int, str], Words]:
    """An appeal's words by variant and language."""
    rows = session.execute(
        select(AppealText).where(AppealText.appeal_id == appeal_id).order_by(AppealText.variant, AppealText.language)
    ).scalars()
    return {(row.variant, row.language): Words(row.heading, row.text, row.button, row.ways) for row in rows}


def smallest_prices(session: Session) -> dict[str, Money]:
    """The smallest monthly price of the tiers on offer by currency; where there is none, that of a cup of coffee."""
    cheapest = (
        select(TierPrice.currency, func.min(TierPrice.minor))
        .join(Tier, Tier.id == TierPrice.tier_id)
        .where(Tier.archived_at.is_(None), TierPrice.interval == "month")
        .group_by(TierPrice.currency)
    )
    tiers = {code: Money(int(minor), code) for code, minor in session.execute(cheapest)}
    return {code: tiers.get(code, coffee) for code, coffee in newsroom.coffees(session).items()}
