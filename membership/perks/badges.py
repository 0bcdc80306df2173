"""Supporter badges: a signed note, good for an hour, by which another site knows that a reader is a patron."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from membership.memberships.standing import standings_of
from membership.memberships.tiers import Tier
from membership.perks import keys, ledger, queries
from membership.perks.rules import NoSuchLink, read_code

LASTS = timedelta(hours=1)


def badge(session: Session, code: str, *, secret: str, issuer: str, at: datetime, wall: datetime) -> dict[str, Any]:
    """The badge behind a personal code: what it says in the clear, and the same signed (`badge`, a JWS).

    `sub` is the code's own grant, so that a site can tell patrons apart and learns nothing else about them.
    Raises `NoSuchLink`, `Rests`.
    """
    known = read_code(code)
    found = queries.grant_by_code(session, known) if known else None
    if found is None or found[1].kind != "badge":
        raise NoSuchLink()
    grant = found[0]
    ledger.check_delivered(session, grant, at=at)
    best = standings_of(session, grant.reader_id, at)[0]
    tier = session.get_one(Tier, best.tier_id)
    begins, ends = int(wall.timestamp()), int((wall + LASTS).timestamp())
    claims = {
        "iss": issuer, "sub": f"supporter-{grant.id}", "standing": "good", "tier": tier.slug, "tier_name": tier.name,
        "iat": begins, "exp": ends,
    }  # fmt: skip
    return {**claims, "badge": keys.signed(keys.signing(session, secret, at=wall), claims)}
