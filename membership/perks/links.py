"""Members' links: an address that is signed and soon expires, and the pass that goes along to where it leads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from membership.memberships.standing import standings_of
from membership.memberships.tiers import Tier
from membership.perks import keys, ledger
from membership.perks.models import Perk, PerkGrant
from membership.perks.rules import LinkExpired, LinkRests, NoSuchLink, destination
from membership.perks.states import NoSuchPerk, Rests

OPEN_FOR = timedelta(days=7)
"""So long the address in a letter opens; the account always has the way."""
PASS_LASTS = timedelta(minutes=10)


def token_of(grant: PerkGrant) -> str:
    """What stands behind `/perks/` in a letter: signed, good for a week."""
    return str(_signer().dumps(grant.id))


def behind(session: Session, token: str) -> PerkGrant:
    """Whose link an address is. Raises `LinkExpired` for one that is too old, `NoSuchLink` for one that we have not made."""
    try:
        grant_id = _signer().loads(token, max_age=int(OPEN_FOR.total_seconds()))
    except SignatureExpired:
        raise LinkExpired() from None
    except BadSignature:
        raise NoSuchLink() from None
    grant = session.get(PerkGrant, grant_id)
    if grant is None:
        raise NoSuchLink()
    return grant


def way(session: Session, grant: PerkGrant, *, secret: str, issuer: str, at: datetime, wall: datetime) -> str:
    """Where a members' link leads now: its address with the personal code and a pass. Raises `NoSuchLink`, `LinkRests`."""
    try:
        perk = ledger.check_delivered(session, grant, at=at)
    except Rests:
        raise LinkRests() from None
    except NoSuchPerk:
        raise NoSuchLink() from None
    if perk.kind != "link":
        raise NoSuchLink()
    signed = keys.signed(keys.signing(session, secret, at=wall), _claims(session, grant, perk, issuer, at=at, wall=wall))
    return destination(perk.address, grant.code, signed)


def _claims(
    session: Session, grant: PerkGrant, perk: Perk, issuer: str, *, at: datetime, wall: datetime
) -> dict[str, Any]:
    """For one site (`aud`) and ten minutes; `sub` tells patrons apart and nothing else about them."""
    parts = urlsplit(perk.address)
    tier = session.get_one(Tier, standings_of(session, grant.reader_id, at)[0].tier_id)
    return {
        "iss": issuer, "aud": f"{parts.scheme}://{parts.netloc}", "sub": f"supporter-{grant.id}", "code": grant.code,
        "standing": "good", "tier": tier.slug, "iat": int(wall.timestamp()), "exp": int((wall + PASS_LASTS).timestamp()),
    }  # fmt: skip


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["MEMBERSHIP"].secret_key, salt="a members' link")
