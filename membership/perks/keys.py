"""The keys that sign what other sites verify: made here, sealed in the database, turned over, their public halves published.

RS256 with 2048 bits: what every OpenID Connect library verifies. All times are wall times.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.perks.community_models import SigningKey
from membership.web.tokens import box

ALGORITHM = "RS256"
AGE = timedelta(days=90)
AHEAD = timedelta(days=1)
"""A new key is published so long before it signs, and an old one so long after: caches learn in between."""


def turn_over(session: Session, secret: str, *, at: datetime) -> SigningKey | None:
    """Make the next key when there is none, or the last is old; None while it is young enough."""
    newest = session.execute(select(SigningKey).order_by(SigningKey.id.desc()).limit(1)).scalar_one_or_none()
    if newest is not None and newest.signs_from + AGE > at:
        return None
    made = RSAKey.generate_key(2048, {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    row = SigningKey(
        kid=made.kid or "", sealed=_box(secret).encrypt(json.dumps(made.as_dict(private=True)).encode()), made_at=at,
        signs_from=at + AHEAD if newest else at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def in_use(session: Session) -> bool:
    """Whether anything was ever signed."""
    return session.execute(select(SigningKey.id).limit(1)).first() is not None


def published(session: Session, secret: str, *, at: datetime) -> dict[str, Any]:
    """The public keys (a JWK set): the one that signs, the next one, and one that signed a little while ago."""
    rows = session.execute(select(SigningKey).order_by(SigningKey.id.desc())).scalars().all()
    kept, later = [], None
    for row in rows:
        if later is None or later.signs_from + AHEAD > at:
            kept.append(_opened(row, secret).as_dict(private=False))
        later = row
    return {"keys": kept}


def signing(session: Session, secret: str, *, at: datetime) -> RSAKey:
    """The key that signs now; the first one is made when nothing was ever signed."""
    ready = select(SigningKey).where(SigningKey.signs_from <= at).order_by(SigningKey.signs_from.desc()).limit(1)
    row = session.execute(ready).scalar_one_or_none() or turn_over(session, secret, at=at)
    assert row is not None
    return _opened(row, secret)


def signed(key: RSAKey, claims: dict[str, Any]) -> str:
    """Claims as a signed token (JWS, compact)."""
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, claims, key, [ALGORITHM])


def _opened(row: SigningKey, secret: str) -> RSAKey:
    return RSAKey.import_key(json.loads(_box(secret).decrypt(row.sealed)))


def _box(secret: str) -> Fernet:
    return box(secret, "membership/signing-key")
