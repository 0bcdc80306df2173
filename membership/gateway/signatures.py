"""Whether a delivery was signed by Stripe (docs.stripe.com/webhooks#verify-manually).

`WebhookSignature.verify_header` is used bare: building the whole event object costs twenty times as much, and its shape
is not trusted anyway. It raises plain errors on hostile input, hence the wide net.
"""

from __future__ import annotations

import stripe


def is_signed(raw: bytes, header: str, secrets: tuple[str, ...]) -> bool:
    """Whether any of the secrets (several while one is being rolled) signed this body. Never raises."""
    try:
        payload = raw.decode()
    except UnicodeDecodeError:
        return False
    return any(_fits(payload, header, secret) for secret in secrets)


def _fits(payload: str, header: str, secret: str) -> bool:
    try:
        # The age is checked by the door, both ways; here only the signature.
        return bool(stripe.WebhookSignature.verify_header(payload, header, secret, tolerance=None))
    except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError):
        return False
