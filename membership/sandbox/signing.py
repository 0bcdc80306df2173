"""Signatures of webhook deliveries (https://docs.stripe.com/webhooks#verify-manually)."""

from __future__ import annotations

import hashlib
import hmac


def header(payload: bytes, secret: str, at: int) -> str:
    """`Stripe-Signature` for a payload sent at a wall time; the v0 beside it is there to be ignored."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    decoy = hmac.new(b"decoy", payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed},v0={decoy}"
