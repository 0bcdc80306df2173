"""Events that wait in the inbox, put there as the door puts them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine

from bench.people import JOINED
from membership.webhooks.actions import keep_event
from membership.webhooks.rules import Envelope

RENEWAL = ("invoice.paid", "customer.subscription.updated")


def keep(engine: Engine, told: Iterable[tuple[str, str]]) -> int:
    """Keep these (type, root) in one transaction; how many they were."""
    count = 0
    with engine.begin() as connection:
        for count, (kind, root) in enumerate(told, 1):
            envelope = Envelope(f"evt_{count}_{root}", kind, root, root, None, JOINED)
            keep_event(connection, envelope, b"{}", heard=True, at=JOINED)
    return count
