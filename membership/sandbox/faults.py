"""Switches for everything that goes wrong in real life; kept in the store, counted down as they are used.

| switch | meaning |
|---|---|
| duplicate: n | the next n events are delivered twice under the same id |
| twin: n | the next n changes are told under two event ids |
| drop: n | the next n events are withheld (they stand in /v1/events; resend delivers them) |
| reorder: bool | each delivery waits a random moment, so that order is lost |
| delay: seconds | each delivery waits that long before its first try |
| pause: bool | no delivery leaves |
| fail_api: list | one per API request: a status, "timeout" (hangs 30 s, or {"timeout": s}), "cut" (works, then hangs up) |
| bad_signature, old_timestamp, wrong_livemode: n | before the next n deliveries a spoiled copy is sent |
| foreign_account: n | … a well-signed copy that is another account's (`account`, `context`) |
| unknown_customer: n | … a well-signed copy about an object and a customer that the API does not know |
| old_shape: n | the next n deliveries have the payload of API version 2024-06-20 |
"""

from __future__ import annotations

from typing import Any

from membership.sandbox.store import Store

COUNTS = (
    "duplicate",
    "twin",
    "drop",
    "bad_signature",
    "old_timestamp",
    "wrong_livemode",
    "foreign_account",
    "unknown_customer",
    "old_shape",
)
SWITCHES = ("reorder", "pause")
NONE: dict[str, Any] = {**dict.fromkeys(COUNTS, 0), **dict.fromkeys(SWITCHES, False), "delay": 0, "fail_api": []}


class NotAFault(ValueError):
    """A switch that does not exist, or a setting that makes no sense for it."""


class Faults:
    """What is wrong at the moment. Use with the store's lock held where it counts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now: dict[str, Any] = {**NONE, **store.setting("faults", {})}

    def shown(self) -> dict[str, Any]:
        return dict(self._now)

    def set(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set the named switches, leave the others; `{"clear": true}` puts all back first. Raises `NotAFault`."""
        if not isinstance(wanted, dict):
            raise NotAFault("Send a JSON object.")
        fresh = {name: value for name, value in wanted.items() if name != "clear"}
        for name, value in fresh.items():
            _check(name, value)
        with self._store.lock:
            self._now = {**(NONE if wanted.get("clear") else self._now), **fresh}
            self._keep()
            return self.shown()

    def on(self, switch: str) -> bool:
        return bool(self._now[switch])

    @property
    def delay(self) -> float:
        return float(self._now["delay"])

    def take(self, count: str) -> bool:
        """Whether the fault strikes now; if so there is one fewer left."""
        with self._store.lock:
            if self._now[count] <= 0:
                return False
            self._now[count] -= 1
            self._keep()
            return True

    def take_api(self) -> Any:
        """What happens to this API request, or None."""
        with self._store.lock:
            if not self._now["fail_api"]:
                return None
            first, *rest = self._now["fail_api"]
            self._now["fail_api"] = rest
            self._keep()
            return first

    def _keep(self) -> None:
        self._store.set("faults", self._now)


def _check(name: str, value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1_000_000
    fine = {
        **{count: number and isinstance(value, int) for count in COUNTS},
        **{switch: isinstance(value, bool) for switch in SWITCHES},
        "delay": number,
        "fail_api": isinstance(value, list) and all(_is_failure(part) for part in value),
    }
    if name not in fine:
        raise NotAFault(f"There is no switch “{name}”; there are {', '.join(NONE)} and clear.")
    if not fine[name]:
        raise NotAFault(f"“{name}” cannot be set to {value!r}.")


def _is_failure(part: Any) -> bool:
    if isinstance(part, dict):
        return set(part) == {"timeout"} and isinstance(part["timeout"], (int, float)) and 0 <= part["timeout"] <= 600
    return part in ("timeout", "cut") or (type(part) is int and 400 <= part <= 599)
