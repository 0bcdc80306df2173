"""A made-up past that was lived: one payer in a world of their own, by its clock, with the sandbox's own verbs.

For seeds, beside `history`, where a life has more than payments on time: changes, pauses, failures, debits, refunds. Nothing
is delivered; what would have been told is kept as `notices`. Moments must not go backwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from membership.sandbox import cards, debits
from membership.sandbox.billing import agenda, checkout, collecting, disputing, refunding, renewing
from membership.sandbox.clock import Clock
from membership.sandbox.deliveries import Deliveries
from membership.sandbox.faults import Faults
from membership.sandbox.resources import checkout_sessions, customers, invoices, schedules, subscriptions
from membership.sandbox.store import Store
from membership.sandbox.world import Settings, World

Obj = dict[str, Any]
NOWHERE = "http://127.0.0.1/"
FOR_EVER = 4_000_000_000


@dataclass(frozen=True)
class Notice:
    """An event that nobody was told of: its moment, its type, and the object as it was then."""

    at: int
    type: str
    object: Obj


@dataclass(frozen=True)
class Price:
    """What is paid: minor units of a currency for a product, `interval` month or year; None: once."""

    product: str
    currency: str
    amount: int
    interval: str | None

    @property
    def data(self) -> Obj:
        recurring = {"recurring": {"interval": self.interval}} if self.interval else {}
        return {"product": self.product, "currency": self.currency.lower(), "unit_amount": self.amount, **recurring}


class _Quiet(World):
    """A world that tells nobody."""

    heard: list[Notice]

    def tell(self, type: str, obj: Obj, before: Obj | None = None, *, hold: float = 0.0) -> str:  # noqa: ARG002 - as World
        self.heard.append(Notice(self.now(), type, obj))
        return ""


class Life:
    """Begin with the products that exist; then verbs, each at its moment (Unix seconds); at the end `until`, `objects`."""

    def __init__(self, products: Sequence[Obj], base_url: str = NOWHERE) -> None:
        store, settings = Store(":memory:"), Settings()
        faults = Faults(store)
        self._world = _Quiet(store, settings, Clock(store), faults, Deliveries(store, faults), base_url.rstrip("/"))
        self._world.heard = []
        self._given = {one["id"] for one in products}
        store.load(products)

    @property
    def notices(self) -> list[Notice]:
        """What would have been told, oldest first."""
        return self._world.heard

    def objects(self) -> list[Obj]:
        """Everything that came about, in the order in which it did."""
        rows = self._world.store.query("SELECT id FROM objects ORDER BY seq")
        found = [self._world.store.any(id) for (id,) in rows if id not in self._given]
        return [one for one in found if one is not None]

    def close(self) -> None:
        self._world.store.close()

    def until(self, moment: int) -> None:
        """Let time pass: renewals, retries, ends."""
        agenda.run_until(self._world, moment)

    @contextmanager
    def _at(self, moment: int) -> Iterator[World]:
        self.until(moment)
        with self._world.clock.standing_at(moment):
            yield self._world

    def pay(self, at: int, price: Price, *, email: str, name: str, token: str, number: str) -> None:
        """Pay on the hosted page, once or for a subscription; `number`: a test card's, or a test IBAN."""
        marks = {"checkout": token, "app": "membership"}
        once = price.interval is None
        more = {"payment_intent_data" if once else "subscription_data": {"metadata": marks}}
        asked = {
            "mode": "payment" if once else "subscription",
            "line_items": [{"price_data": price.data, "quantity": 1}],
            "customer_email": email,
            "client_reference_id": token,
            "metadata": marks,
            "success_url": NOWHERE,
            **more,
        }
        with self._at(at) as world:
            checkout.pay(world, checkout_sessions.create(world, asked), _payer(number, email, name))

    def raise_to(self, at: int, price: Price) -> None:
        """More from now on: the difference is collected at once."""
        with self._at(at) as world:
            running = self._subscription()
            items = [{"id": running["items"]["data"][0]["id"], "price_data": price.data}]
            wanted = {"items": items, "proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}
            subscriptions.update(world, wanted, running["id"])

    def lower_to(self, at: int, price: Price) -> None:
        """Less from the next period on, by a schedule of two phases."""
        with self._at(at) as world:
            plan = schedules.create(world, {"from_subscription": self._subscription()["id"]})
            now = plan["phases"][0]
            kept = {key: now[key] for key in ("start_date", "end_date")}
            running = {"items": [{"price": now["items"][0]["price"], "quantity": 1}], **kept}
            following = {
                "items": [{"price_data": price.data, "quantity": 1}],
                "duration": {"interval": price.interval, "interval_count": 1},
                "proration_behavior": "none",
            }
            schedules.update(world, {"phases": [running, following], "end_behavior": "release"}, plan["id"])

    def pause(self, at: int, until: int) -> None:
        """Nothing is collected until then; invoices that fall due are void."""
        with self._at(at) as world:
            paused = {"pause_collection": {"behavior": "void", "resumes_at": until}}
            subscriptions.update(world, paused, self._subscription()["id"])

    def cancel(self, at: int) -> None:
        """It ends with its period."""
        with self._at(at) as world:
            subscriptions.update(world, {"cancel_at_period_end": True}, self._subscription()["id"])

    def keep(self, at: int) -> None:
        """The end is taken back."""
        with self._at(at) as world:
            subscriptions.update(world, {"cancel_at_period_end": False}, self._subscription()["id"])

    def end(self, at: int) -> None:
        """It is over at once."""
        with self._at(at) as world:
            subscriptions.cancel(world, {}, self._subscription()["id"])

    def run_dry(self, at: int, says: str, until: int | None = None) -> None:
        """From now on (until then) the bank says no to the stored method, with this decline code."""
        with self._at(at) as world:
            method = collecting.method_for(world, self._subscription())
            assert method is not None
            world.save({**method, cards.EMPTY_UNTIL: until or FOR_EVER, cards.SAYS: says})

    def new_card(self, at: int, number: str, token: str) -> None:
        """Another card, stored on the hosted page, put on the subscription; what is open is paid with it."""
        with self._at(at) as world:
            running = self._subscription()
            who = world.get("customer", running["customer"])
            asked = {
                "mode": "setup",
                "currency": running["currency"],
                "customer": who["id"],
                "client_reference_id": token,
                "success_url": NOWHERE,
            }
            page = checkout_sessions.create(world, asked)
            done = checkout.pay(world, page, _payer(number, who["email"], who["name"])).session
            stored = world.get("setup_intent", done["setup_intent"])["payment_method"]
            subscriptions.update(world, {"default_payment_method": stored}, running["id"])
            customers.update(world, {"invoice_settings": {"default_payment_method": stored}}, who["id"])
            for owed in self._open():
                invoices.pay(world, {}, owed["id"])

    def pay_in_person(self, at: int) -> None:
        """What is open is paid on the invoice's own page."""
        with self._at(at) as world:
            method = collecting.method_for(world, self._subscription())
            assert method is not None
            for owed in self._open():
                after, _ = collecting.pay_in_person(world, owed, method, None, confirmed=True)
                renewing.follow(world, after)

    def give_back(self, at: int, which: int, amount: int | None, reason: str, token: str) -> None:
        """Refund the payment with this place in time (-1: the last); None: all that is left of it."""
        with self._at(at) as world:
            charge = self._paid()[which]
            left = charge["amount"] - charge["amount_refunded"]
            refunding.give_back(world, charge, amount or left, reason, {"refund": token})

    def dispute(self, at: int, which: int, reason: str) -> None:
        """The payer's bank takes the payment back."""
        with self._at(at) as world:
            disputing.begin(world, self._paid()[which], reason)

    def decide(self, at: int, outcome: str) -> None:
        """The dispute is won or lost."""
        with self._at(at) as world:
            (case,) = world.store.find("dispute")
            disputing.close(world, case, outcome)

    def _subscription(self) -> Obj:
        (found,) = self._world.store.find("subscription")
        return found

    def _open(self) -> list[Obj]:
        return [one for one in self._world.store.find("invoice") if one["status"] == "open"]

    def _paid(self) -> list[Obj]:
        return [one for one in self._world.store.find("charge") if one["paid"]]


def _payer(number: str, email: str, name: str) -> checkout.Payer:
    account = debits.by_iban(number)
    return checkout.Payer(None if account else cards.CARDS[number], email, name, account=account)
