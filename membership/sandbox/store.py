"""The sandbox's memory: one SQLite file with objects as JSON, events, deliveries, remembered requests and the clock.

One connection behind one lock: every change is a transaction, and two requests never interleave. Keys of an object
that begin with "_" are the sandbox's own notes; `shown` leaves them out. `due` is when the clock has to look at an object
again (see `due_at`), kept as a column so that a jump in time finds its work by an index. The column `payment_intent`
holds a balance transaction's payout.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, object TEXT NOT NULL, created INTEGER NOT NULL,
  customer TEXT, owner TEXT, payment_intent TEXT, due INTEGER, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_newest ON objects (object, created DESC, seq DESC);
CREATE INDEX IF NOT EXISTS objects_customer ON objects (customer, object, created, seq);
CREATE INDEX IF NOT EXISTS objects_owner ON objects (owner, object, created, seq);
CREATE INDEX IF NOT EXISTS objects_payment ON objects (payment_intent, object, created, seq);
CREATE INDEX IF NOT EXISTS objects_due ON objects (due, seq) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, created INTEGER NOT NULL,
  object_id TEXT, withheld INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_newest ON events (created DESC, seq DESC);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (next_at, seq) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS deliveries_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS attempts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, type TEXT NOT NULL, url TEXT NOT NULL,
  attempt INTEGER NOT NULL, status INTEGER, answer TEXT, fault TEXT, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS remembered (
  key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, request_id TEXT NOT NULL, body TEXT NOT NULL,
  at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

LEADS = {"month": 7 * 86_400, "year": 30 * 86_400}
OWNERS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "invoice": lambda o: ((o.get("parent") or {}).get("subscription_details") or {}).get("subscription"),
    "invoice_payment": lambda o: o["invoice"],
    "invoiceitem": lambda o: o["parent"]["subscription_details"]["subscription"],
    "subscription_schedule": lambda o: o["subscription"] or o["released_subscription"],
    "refund": lambda o: o["charge"],
    "dispute": lambda o: o["charge"],
    "mandate": lambda o: o["payment_method"],
    "radar.early_fraud_warning": lambda o: o["charge"],
    "price": lambda o: o["product"],
    "balance_transaction": lambda o: o["source"],
    "checkout.session": lambda o: o["subscription"],
}

WRITE = """
INSERT INTO objects (id, object, created, customer, owner, payment_intent, due, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET customer = excluded.customer, owner = excluded.owner, created = excluded.created,
  payment_intent = excluded.payment_intent, due = excluded.due, body = excluded.body, object = excluded.object
"""


def due_at(obj: dict[str, Any]) -> int | None:
    """When something happens to this object by itself: expiry, renewal, end, the next try at a payment.

    Other kinds carry the time in their note `_due` (a refund that succeeds later, a charge that will be disputed)."""
    kind = obj["object"]
    if kind == "checkout.session":
        return obj["expires_at"] if obj["status"] == "open" else None
    if kind == "invoice":
        return obj["next_payment_attempt"] if obj["status"] == "open" else None
    if kind == "subscription":
        return _subscription_due(obj)
    return obj.get("_due")


def _subscription_due(subscription: dict[str, Any]) -> int | None:
    status, end = subscription["status"], subscription["cancel_at"]
    if status == "paused":
        return end
    if status not in ("active", "past_due", "unpaid", "trialing"):
        return subscription.get("_incomplete_until") if status == "incomplete" else None
    moments = [item["current_period_end"] for item in subscription["items"]["data"]]
    pause = subscription["pause_collection"] or {}
    others = (end, pause.get("resumes_at"), announced_at(subscription))
    return int(min([*moments, *(moment for moment in others if moment)]))


def announced_at(subscription: dict[str, Any]) -> int | None:
    """When the next renewal is to be announced; None when it was, or when there will be none."""
    item = subscription["items"]["data"][0]
    end, lead = item["current_period_end"], LEADS.get(item["price"]["recurring"]["interval"])
    if lead is None or subscription.get("_announced") == end or subscription["pause_collection"]:
        return None
    return None if subscription["cancel_at"] and subscription["cancel_at"] <= end else int(end - lead)


def shown(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as the API shows it."""
    return {key: value for key, value in obj.items() if not key.startswith("_")}


def _row(obj: dict[str, Any]) -> tuple[Any, ...]:
    kind = obj["object"]
    owner = OWNERS[kind](obj) if kind in OWNERS and not obj.get("deleted") else None
    intent = obj.get("payment_intent")
    if kind == "invoice_payment":
        intent = obj["payment"].get("payment_intent")
    if kind == "balance_transaction":
        intent = obj.get("_payout")
    due = None if obj.get("deleted") else due_at(obj)
    body = json.dumps(obj, separators=(",", ":"), ensure_ascii=False)
    created = obj.get("created", 0)
    return obj["id"], kind, created if isinstance(created, int) else 0, obj.get("customer"), owner, intent, due, body


class Store:
    """Open with `Store.open(directory)`; `put`, `get`, `find` and `load` speak in plain dicts."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -65536")
        self._db.executescript(SCHEMA)

    @classmethod
    def open(cls, directory: Path | str) -> Self:
        """The store of a data directory, made if it is not there."""
        Path(directory).mkdir(parents=True, exist_ok=True)
        return cls(Path(directory) / "sandbox.sqlite")

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time; an inner one is a savepoint of the outer."""
        with self.lock:
            name = f"step{self._depth}"
            self._db.execute(f"SAVEPOINT {name}" if self._depth else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth:
                    self._db.execute(f"ROLLBACK TO {name}")
                    self._db.execute(f"RELEASE {name}")
                else:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            self._db.execute(f"RELEASE {name}" if self._depth else "COMMIT")

    @property
    def nested(self) -> bool:
        """Whether the transaction at hand is part of another one."""
        return self._depth > 1

    def query(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a statement of the sandbox's own; values are always bound."""
        with self.lock:
            return self._db.execute(statement, tuple(values)).fetchall()

    def put(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Write an object, new or changed."""
        with self.lock:
            self._db.execute(WRITE, _row(obj))
        return obj

    def load(self, objects: Iterable[dict[str, Any]]) -> int:
        """Write many objects in one transaction, without events; returns how many."""
        with self.transaction():
            rows = [_row(obj) for obj in objects]
            self._db.executemany(WRITE, rows)
        return len(rows)

    def get(self, kind: str, id: str) -> dict[str, Any] | None:
        """The object of this kind with this id, deleted ones included, or None."""
        rows = self.query("SELECT body FROM objects WHERE id = ? AND object = ?", (id, kind))
        return json.loads(rows[0][0]) if rows else None

    def any(self, id: str) -> dict[str, Any] | None:
        """The object with this id, whatever it is."""
        rows = self.query("SELECT body FROM objects WHERE id = ?", (id,))
        return json.loads(rows[0][0]) if rows else None

    def find(self, kind: str, **where: str) -> list[dict[str, Any]]:
        """Objects of a kind, oldest first; `where` by `customer`, `owner` or `payment_intent`."""
        wanted = "".join(f" AND {column} = ?" for column in where)
        rows = self.query(
            f"SELECT body FROM objects WHERE object = ?{wanted} ORDER BY created, seq",  # noqa: S608 - names are ours
            (kind, *where.values()),
        )
        return [json.loads(row[0]) for row in rows]

    def remove(self, id: str) -> None:
        with self.lock:
            self._db.execute("DELETE FROM objects WHERE id = ?", (id,))

    def next_due(self, until: int) -> tuple[dict[str, Any], int] | None:
        """The first object that the clock has to look at up to this time, and when."""
        rows = self.query(
            "SELECT body, due FROM objects WHERE due IS NOT NULL AND due <= ? ORDER BY due, seq LIMIT 1", (until,)
        )
        return (json.loads(rows[0][0]), rows[0][1]) if rows else None

    def setting(self, name: str, default: Any = None) -> Any:
        rows = self.query("SELECT value FROM settings WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else default

    def set(self, name: str, value: Any) -> None:
        self.query(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def empty(self) -> None:
        """Forget everything but the webhook endpoints."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM objects WHERE object NOT IN ('webhook_endpoint', 'v2.core.event_destination')"
            )
            for table in ("events", "deliveries", "attempts", "remembered", "settings"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names are ours
