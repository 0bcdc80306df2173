"""Carrying events to their endpoints: a few couriers at once, signed afresh at each try, tried again with back-off.

A delivery is done when its endpoint answers 2xx within the patience (10 s); a redirect counts as failure
(https://docs.stripe.com/webhooks). The back-off is in wall seconds, 1, 2, 4 … 30, because the sandbox's clock jumps.
What is undelivered stands in the store and goes on after a restart.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from membership.sandbox import ids, signing
from membership.sandbox.faults import Faults
from membership.sandbox.shapes.old import OLD_VERSION, aged
from membership.sandbox.shapes.thin import notification
from membership.sandbox.store import Store

LONGEST_BACK_OFF = 30.0
SPOILED = ("bad_signature", "old_timestamp", "wrong_livemode", "foreign_account", "unknown_customer")
FOREIGN = "acct_1SomebodyElse"
THIN = "v2.core.event_destination"


def _written(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)


def _url(endpoint: dict[str, Any]) -> str:
    return str(endpoint["webhook_endpoint"]["url"] if endpoint["object"] == THIN else endpoint["url"])


def _secrets(endpoint: dict[str, Any]) -> list[str]:
    """What a delivery is signed with: the secret, and the one before it for as long as that holds."""
    old = endpoint.get("_old_secret") if endpoint.get("_old_until", 0.0) > time.time() else None
    return [endpoint["_secret"], *([old] if old else [])]


def _strange(fault: str, event: dict[str, Any]) -> dict[str, Any]:
    """What a spoiled copy says otherwise."""
    if fault == "wrong_livemode":
        return {"livemode": True}
    if fault == "foreign_account":
        return {"account": FOREIGN, "context": FOREIGN}
    about = event["data"]["object"]
    prefix = str(about["id"]).partition("_")[0] + "_"
    stranger = {**about, "id": ids.new(prefix)}
    if "customer" in about:
        stranger["customer"] = ids.new("cus_")
    return {"data": {**event["data"], "object": stranger}}


class Deliveries:
    """The couriers. `start` and `stop` them; `wake` them when something was told."""

    def __init__(self, store: Store, faults: Faults, *, patience: float = 10.0, couriers: int = 4) -> None:
        self._store = store
        self._faults = faults
        self._patience = patience
        self._couriers = couriers
        self._carried: set[int] = set()
        self._news = threading.Condition()
        self._told = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for n in range(self._couriers):
            thread = threading.Thread(target=self._carry_on, name=f"courier-{n}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopping = True
        self.wake()
        for thread in self._threads:
            thread.join(timeout=self._patience + 1)

    def wake(self) -> None:
        with self._news:
            self._told += 1
            self._news.notify_all()

    def pending(self) -> int:
        return int(self._store.query("SELECT count(*) FROM deliveries WHERE state = 'pending'")[0][0])

    def deliver_now(self, event_id: str) -> None:
        """Carry one event at once, waiting for the answer, unless a fault holds it."""
        if self._faults.on("pause") or self._faults.on("reorder") or self._faults.delay:
            return
        for (seq,) in self._store.query(
            "SELECT seq FROM deliveries WHERE event = ? AND state = 'pending'", (event_id,)
        ):
            self._take_and_try(seq)

    def flush(self) -> int:
        """Try everything that is pending once, now, and wait for the answers; returns how many are left."""
        tried: set[int] = set()
        while not self._faults.on("pause") and not self._stopping:
            rows = self._store.query("SELECT seq FROM deliveries WHERE state = 'pending' ORDER BY seq")
            fresh = [seq for (seq,) in rows if seq not in tried]
            if not fresh:
                break
            tried.update(fresh)
            with ThreadPoolExecutor(self._couriers) as pool:
                list(pool.map(self._take_and_try, fresh))
        while any(seq in self._carried for seq in tried):
            time.sleep(0.01)
        return self.pending()

    def _carry_on(self) -> None:
        while True:
            told = self._told
            if self._stopping:
                return
            seq = self._next()
            if seq is not None:
                self._try(seq)
                continue
            pause = self._pause()
            with self._news:
                # What was told since this courier looked must not wait for the next news.
                if self._told == told:
                    self._news.wait(pause)

    def _next(self) -> int | None:
        """Claim the delivery that is due first."""
        with self._store.lock:
            if self._faults.on("pause"):
                return None
            rows = self._store.query(
                "SELECT seq FROM deliveries WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, seq LIMIT ?",
                (time.time(), len(self._carried) + 1),
            )
            for (seq,) in rows:
                if seq not in self._carried:
                    self._carried.add(seq)
                    return int(seq)
        return None

    def _pause(self) -> float:
        rows = self._store.query("SELECT min(next_at) FROM deliveries WHERE state = 'pending'")
        soonest = rows[0][0]
        return 5.0 if soonest is None else min(5.0, max(0.02, soonest - time.time()))

    def _take_and_try(self, seq: int) -> None:
        with self._store.lock:
            if seq in self._carried:
                return
            self._carried.add(seq)
        self._try(seq)

    def _try(self, seq: int) -> None:
        try:
            self._attempt(seq)
        finally:
            with self._store.lock:
                self._carried.discard(seq)

    def _attempt(self, seq: int) -> None:
        rows = self._store.query(
            "SELECT d.event, d.endpoint, d.attempts, e.body, e.type FROM deliveries d JOIN events e ON e.id = d.event"
            " WHERE d.seq = ? AND d.state = 'pending'",
            (seq,),
        )
        if not rows:
            return
        event_id, endpoint_id, attempts, body, type = rows[0]
        endpoint = self._store.any(endpoint_id)
        if endpoint is None:
            self._store.query("UPDATE deliveries SET state = 'done' WHERE seq = ?", (seq,))
            return
        for fault in SPOILED:
            if self._faults.take(fault):
                self._send_spoiled(fault, event_id, type, body, endpoint, attempts + 1)
        event = json.loads(body)
        if endpoint["object"] == THIN:
            event = notification(event)
        elif endpoint.get("api_version") == OLD_VERSION or self._faults.take("old_shape"):
            event = aged(self._store, event)
        status, answer = self._send(_url(endpoint), _written(event).encode(), _secrets(endpoint), int(time.time()))
        done = status is not None and 200 <= status < 300
        wait = min(LONGEST_BACK_OFF, 2.0 ** min(attempts, 10))
        with self._store.transaction():
            self._log(event_id, type, _url(endpoint), attempts + 1, status, answer, None)
            self._store.query(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, next_at = ? WHERE seq = ?",
                ("done" if done else "pending", time.time() + wait, seq),
            )

    def _send_spoiled(
        self, fault: str, event_id: str, type: str, body: str, endpoint: dict[str, Any], attempt: int
    ) -> None:
        """A copy that must be refused or ignored; the true one follows it."""
        at, secrets, told = int(time.time()), _secrets(endpoint), json.loads(body)
        if fault == "bad_signature":
            secrets = ["whsec_of_somebody_else"]
        elif fault == "old_timestamp":
            at -= 3600
        else:
            told = {**told, **_strange(fault, told), "id": ids.new("evt_")}
        if endpoint["object"] == THIN:
            told = notification(told)
        status, answer = self._send(_url(endpoint), _written(told).encode(), secrets, at)
        self._log(event_id, type, _url(endpoint), attempt, status, answer, fault)

    def _send(self, url: str, payload: bytes, secrets: list[str], at: int) -> tuple[int | None, str]:
        """The status and the start of the answer; no status when nobody answered."""
        parts = urlsplit(url)
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signing.header(payload, secrets, at),
        }
        try:
            with contextlib.closing(make(parts.netloc, timeout=self._patience)) as connection:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path, payload, headers)
                response = connection.getresponse()
                answer = response.read(300).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return None, f"{error.__class__.__name__}: {error}"
        return response.status, answer

    def _log(
        self, event: str, type: str, url: str, attempt: int, status: int | None, answer: str, fault: str | None
    ) -> None:
        self._store.query(
            "INSERT INTO attempts (event, type, url, attempt, status, answer, fault, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (event, type, url, attempt, status, answer, fault, time.time()),
        )
