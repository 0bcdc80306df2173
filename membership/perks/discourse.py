"""DiscourseConnect: a forum asks who somebody is in a signed payload, and is told in another (meta.discourse.org/t/13045).

The payload is a query string in base64; its signature HMAC-SHA256 under the secret that forum and house share.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.memberships.tiers import Tier
from membership.perks import community, keys
from membership.perks.community_models import CommunityClient
from membership.refusals import N_, Refused

SCOPE = "openid profile email"
RETURNS_TO = "/session/sso_login"
LARGEST = 4000


class NotFromTheForum(Refused):
    """A question that is not signed by the forum, or wants the answer sent somewhere else."""

    status = 400
    words = N_("The forum's question cannot be read. Please go back to the forum and sign in there once more.")


def return_address(forum: str) -> str:
    """Where a forum takes the answer, from its address as staff wrote it."""
    parts = urlsplit(forum.strip())
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{RETURNS_TO}"


def sign(secret: str, payload: str) -> str:
    """A payload's signature, in hexadecimal."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def asked(secret: str, row: CommunityClient, payload: str, signature: str) -> str:
    """The nonce of a forum's question. Raises `NotFromTheForum`."""
    own = keys.unsealed(secret, row.sealed or b"")
    expected = sign(own, payload)
    if len(payload) > LARGEST or not hmac.compare_digest(expected.encode(), signature.lower().encode()):
        raise NotFromTheForum()
    try:
        told = parse_qs(base64.b64decode(payload, validate=True).decode(), strict_parsing=True)
    except (binascii.Error, ValueError):
        raise NotFromTheForum() from None
    if told.get("return_sso_url") != [row.redirect_uris] or len(told.get("nonce", [])) != 1:
        raise NotFromTheForum()
    return told["nonce"][0]


def answer(session: Session, secret: str, row: CommunityClient, reader_id: int, nonce: str, *, at: datetime) -> str:
    """The address that takes a patron back to the forum, who they are with it. Raises `NoAccess`."""
    told = community.claims_of(session, row, reader_id, SCOPE, at=at)
    payload = base64.b64encode(urlencode(_words(session, told) | {"nonce": nonce}).encode()).decode()
    signature = sign(keys.unsealed(secret, row.sealed or b""), payload)
    return f"{row.redirect_uris}?{urlencode({'sso': payload, 'sig': signature})}"


def _words(session: Session, told: Mapping[str, Any]) -> dict[str, str]:
    """`external_id` is this forum's alone. Groups are named like our tiers; Discourse knows those that it has."""
    tiers = session.execute(select(Tier.slug).order_by(Tier.position)).scalars()
    return {
        "external_id": told["sub"], "email": told["email"], "require_activation": "false", "name": told["name"],
        "locale": told["locale"], "add_groups": told["tier"],
        "remove_groups": ",".join(slug for slug in tiers if slug != told["tier"]),
    }  # fmt: skip
