"""The mark that a patron brings back to the newsroom's own site: signed, and the same for everybody of that month.

It says "a patron until the end of this month" and nothing else, so it tells nobody apart. The newsroom's site keeps it in
its own storage; our frame reads it from its address and thanks instead of asking. It opens nothing: a copied one is polite.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, datetime, timedelta
from urllib.parse import urldefrag

LASTS = timedelta(days=92)


def mark_for(at: datetime, secret: str) -> str:
    """`2027-02.SIGNATURE`: until the end of the month in which a quarter of a year from now lies."""
    month = f"{at + LASTS:%Y-%m}"
    return f"{month}.{_signature(month, secret)}"


def back_to(address: str, at: datetime, secret: str) -> str:
    """An address on the newsroom's own site with a patron's mark behind it, where `embed.js` finds it and takes it out."""
    return f"{urldefrag(address).url}#membership-patron={mark_for(at, secret)}"


def is_marked(mark: str, today: date, secret: str) -> bool:
    """Whether we signed it and its month is not over."""
    month, _, signature = mark[:80].partition(".")
    return hmac.compare_digest(signature.encode(), _signature(month, secret).encode()) and f"{today:%Y-%m}" <= month


def _signature(month: str, secret: str) -> str:
    message = f"membership: thanked until the end of {month}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:20]
