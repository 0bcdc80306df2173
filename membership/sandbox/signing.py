"""Signatures of webhook deliveries (https://docs.stripe.com/webhooks#verify-manually)."""

from __future__ import annotations

import hashlib
import hmac


def header(payload: bytes, secrets: list[str], at: int) -> str:
    """`Stripe-Signature` for a payload sent at a wall time: one v1 for each secret (two while one is being rolled); the
    v0 beside it is there to be ignored."""
    signed = [hmac.new(one.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest() for one in secrets]
    decoy = hmac.new(b"decoy", payload, hashlib.sha256).hexdigest()
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed), f"v0={decoy}"])
