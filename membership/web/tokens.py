"""Random secrets of ours: made here, stored only as a hash; or, where they are needed again, sealed."""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def new_token() -> str:
    """192 bits of chance, fit for an address or a cookie."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Six digits, for typing over."""
    return f"{secrets.randbelow(1_000_000):06d}"


def hashed(secret: str) -> str:
    """SHA-256, hex. Tokens carry enough chance to need no salt; codes are bound to their challenge."""
    return hashlib.sha256(secret.encode()).hexdigest()


def box(secret: str, purpose: str) -> Fernet:
    """What seals a secret that must be read again, under a key of its own for each purpose."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
