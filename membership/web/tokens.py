"""Random secrets of ours: made here, stored only as a hash."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """192 bits of chance, fit for an address or a cookie."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Six digits, for typing over."""
    return f"{secrets.randbelow(1_000_000):06d}"


def hashed(secret: str) -> str:
    """SHA-256, hex. Tokens carry enough chance to need no salt; codes are bound to their challenge."""
    return hashlib.sha256(secret.encode()).hexdigest()
