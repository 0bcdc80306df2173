"""The sandbox as one thing: its store, clock, faults and deliveries, and the few verbs that every part uses."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from membership.sandbox import answers, events, ids
from membership.sandbox.clock import Clock
from membership.sandbox.deliveries import Deliveries
from membership.sandbox.faults import Faults
from membership.sandbox.shapes.events import webhook_endpoint
from membership.sandbox.store import Store

STARTED_WITH = "we_1SandboxStart"


@dataclass(frozen=True)
class Settings:
    """How a sandbox is run. `retry_days`: when a failed renewal is tried again, in days after the first try;
    `after_retries`: what then becomes of the subscription (canceled, unpaid or past_due); `payouts`: whether what is
    available is paid out every day."""

    webhook: str | None = None
    webhook_secret: str | None = None
    clock_file: Path | None = None
    letters: Path | None = None
    patience: float = 10.0
    couriers: int = 4
    retry_days: tuple[int, ...] = (1, 3, 5, 7, 9, 11, 13, 14)
    after_retries: str = "canceled"
    payouts: bool = False


@dataclass(frozen=True)
class Call:
    """The request being answered, as events mention it."""

    id: str | None = None
    idempotency_key: str | None = None


CALL: contextvars.ContextVar[Call] = contextvars.ContextVar("call", default=Call())  # noqa: B039 - frozen


@dataclass
class World:
    """Open with `World.open(store, settings)`; `base_url` is set once the port is known."""

    store: Store
    settings: Settings
    clock: Clock
    faults: Faults
    deliveries: Deliveries
    base_url: str = "http://127.0.0.1:8001"
    _told: bool = field(default=False, init=False)

    @classmethod
    def open(cls, store: Store, settings: Settings) -> World:
        faults = Faults(store)
        world = cls(
            store=store,
            settings=settings,
            clock=Clock(store, settings.clock_file),
            faults=faults,
            deliveries=Deliveries(store, faults, patience=settings.patience, couriers=settings.couriers),
        )
        world._keep_given_endpoint()
        return world

    def now(self) -> int:
        return self.clock.now()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One change of the world; what it emitted starts on its way when it is kept."""
        told = False
        with self.store.transaction():
            yield
            # Asked and put back under the store's lock: another thread's news is not kept yet, and not ours to pass on.
            if not self.store.nested:
                told, self._told = self._told, False
        if told:
            self.deliveries.wake()

    def get(self, kind: str, id: str, param: str = "id") -> dict[str, Any]:
        """The object, or `Refusal` with `resource_missing`; a deleted one is no longer there."""
        found = self.store.get(kind, id)
        if found is None or found.get("deleted"):
            raise answers.no_such(kind, id, param)
        return found

    def save(self, obj: dict[str, Any]) -> dict[str, Any]:
        return self.store.put(obj)

    def tell(self, type: str, obj: dict[str, Any], before: dict[str, Any] | None = None, *, hold: float = 0.0) -> str:
        """Record an event about an object as it is now; returns its id. `before`: the object as it was.

        `hold`: seconds for which the couriers leave it alone, because the caller delivers it at once by itself.
        """
        self._told = True
        call = CALL.get()
        return events.record(
            self.store,
            self.faults,
            type,
            obj,
            now=self.now(),
            before=before,
            hold=hold,
            request_id=call.id,
            idempotency_key=call.idempotency_key,
        )

    def change(self, obj: dict[str, Any], type: str, **values: object) -> dict[str, Any]:
        """Set these fields, save, and tell of it with the old values; nothing is told when nothing changes."""
        after = {**obj, **values}
        if after != obj:
            self.save(after)
            self.tell(type, after, before=obj)
        return after

    def _keep_given_endpoint(self) -> None:
        """The endpoint of the command line: one row, whatever address it has this time."""
        if self.settings.webhook is None:
            self.store.remove(STARTED_WITH)
            return
        body = webhook_endpoint(
            id=STARTED_WITH,
            created=self.now(),
            url=self.settings.webhook,
            enabled_events=["*"],
            description="Given at the start of the sandbox",
        )
        self.save({**body, "_secret": self.settings.webhook_secret or ids.new("whsec_")})
