"""Payments made while processes die, and the books compared with what the sandbox knows to be true."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.config import from_environment
from membership.gateway import client as gateway
from membership.gateway.client import CheckoutRequest
from membership.giving.actions import Asked, begin_checkout, note_opened
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.actions import choose_tier
from membership.memberships.models import Membership, Movement
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.perks.models import Perk, PerkGrant
from membership.readers.models import Person
from membership.webhooks.models import StripeEvent
from tests.faults.dying import Death, Nursery
from tests.house_on_sockets import TIERS, House

PRICE = TIERS["reader"]
MOST_STEPS = 600


@dataclass
class MortalHouse:
    """A living house whose web and worker are lives of the nursery. `deaths` tells each step at which one ended."""

    house: House
    nursery: Nursery
    deaths: list[str] = field(default_factory=list)
    product: str = ""

    def __post_init__(self) -> None:
        gateway.bind(from_environment(self.house.environment))
        self.product = gateway.ensure_product("prod_reader", "Reader")
        with self.house.session() as session:
            session.add(
                Perk(slug="table", title="The editors' table", blurb="", kind="link", address="https://x.example")
            )
            session.commit()
        self.pay("first@example.org")
        with self.web():
            assert self.deliver() == 0
        self.survive()
        self.assert_books_are_right("first@example.org")

    @contextmanager
    def web(self, kill_at: int = 0, *, answers_first: bool = False) -> Iterator[None]:
        """The site, which may die at its step. Afterwards it is gone either way."""
        pid = self.nursery.serve(kill_at, answers_first=answers_first)
        try:
            yield
        finally:
            self._mourn(self.nursery.end(pid))

    def work(self, kill_at: int) -> bool:
        """A worker that does what is due and dies at that step; False when it was done before."""
        death = self.nursery.work(kill_at)
        self._mourn(death)
        return death.killed

    def survive(self) -> None:
        """A worker that does what is due, whoever died over it."""
        self.nursery.survive()

    def _mourn(self, death: Death) -> None:
        if death.killed:
            self.deaths.append(death.at)

    def hold_deliveries(self) -> None:
        """No event leaves the sandbox until `deliver`."""
        self.house.faults(pause=True)

    def deliver(self) -> int:
        """Every undelivered event once, now; how many are still undelivered."""
        self.house.faults(pause=False)
        return int(requests.post(f"{self.house.sandbox.url}/_sandbox/deliveries/flush", timeout=60).json()["pending"])

    def pay(self, email: str) -> None:
        """Somebody becomes a patron: our checkout, Stripe's hosted page, a card. The site itself is not needed for it."""
        with self.house.session() as session:
            asked = Asked(email, "membership", email, Money(PRICE, "EUR"), "en", "a browser")
            checkout = begin_checkout(session, asked, at=self.house.now())
            tier = session.execute(select(Tier).where(Tier.slug == "reader")).scalar_one()
            choose_tier(session, checkout, tier_id=tier.id, interval="month")
            session.commit()
            back = f"{self.house.url}/welcome?session_id={{CHECKOUT_SESSION_ID}}"
            request = CheckoutRequest(checkout.token, asked.amount, email, None, "en", back, self.house.url)
            opened = gateway.open_membership_checkout(request, product_id=self.product, interval="month")
            note_opened(session, checkout.id, session_id=opened.id, url=opened.url)
            session.commit()
        answer = requests.post(opened.url, data={"card": "4242 4242 4242 4242"}, allow_redirects=False, timeout=60)
        assert answer.status_code == 303, answer.text

    def lost_events(self) -> set[str]:
        """Events that happened and are not in the inbox; once none is undelivered, they never will be."""
        with self.house.session() as session:
            kept = set(session.scalars(select(StripeEvent.id)))
        happened = {id for (id,) in self.house.sandbox.store.query("SELECT id FROM events")}
        assert happened
        return happened - kept

    def assert_books_are_right(self, email: str) -> None:
        """One of each for this patron: membership, payment, receipt, letter, movement, perk; and the ledger adds up."""
        with self.house.session() as session:
            reader = select(Person.reader_id).where(Person.email == email).scalar_subquery()
            payments = list(session.scalars(select(Payment).where(Payment.reader_id == reader)))
            seen = {
                "payments": [(payment.kind, payment.amount, payment.currency) for payment in payments],
                "memberships": list(session.scalars(select(Membership.status).where(Membership.reader_id == reader))),
                "movements": _rows(session, select(Movement.kind, Movement.yearly).where(Movement.reader_id == reader)),
                "receipts": _count(session, Receipt, Receipt.payment_id.in_([payment.id for payment in payments])),
                "letters": _rows(session, _letters(reader)),
                "perks": _count(session, PerkGrant, PerkGrant.reader_id == reader),
                "checkouts": list(session.scalars(select(Checkout.state).where(Checkout.email == email))),
                "ledger": _rows(session, _ledger([payment.id for payment in payments])),
            }
        fee = 33  # 1.5 % and 25 cents, as the sandbox takes
        assert seen == {
            "payments": [("membership", PRICE, "EUR")],
            "memberships": ["active"],
            "movements": [("new", PRICE * 12)],
            "receipts": 1,
            "letters": [("perk_link", "sent"), ("receipt", "sent")],
            "perks": 1,
            "checkouts": ["paid"],
            "ledger": [("fee", -fee), ("gross", PRICE)],
        }

    def assert_all_is_quiet(self) -> None:
        """Every event arrived, once, and was taken in; nothing is left to do; receipts are numbered without gaps."""
        assert self.lost_events() == set()
        with self.house.session() as session:
            assert _count(session, StripeEvent, StripeEvent.state == "new") == 0
            # That a patron's perks are looked at again months from now is no work left over.
            later = (Job.key.like("perks:%")) & (Job.state == "ready") & (Job.due_at > self.house.now() + timedelta(days=1))
            left = _rows(session, select(Job.key, Job.state, Job.last_error).where(~later | Job.last_error.is_not(None)))
            assert left == [], left
            letters = {f"{id:08d}.eml" for id in session.scalars(select(Letter.id).where(Letter.state == "sent"))}
            numbers = list(session.scalars(select(Receipt.sequence).order_by(Receipt.sequence)))
        # One file however often a letter was handed over; a death may leave a file that was never finished (".…").
        assert {file.name for file in self.house.letters_directory.glob("[!.]*")} == letters
        assert numbers == list(range(1, len(numbers) + 1))


def steps() -> Iterator[int]:
    """1, 2, 3, …: the steps to die at, until a life survives (the caller breaks)."""
    for step in itertools.count(1):
        assert step <= MOST_STEPS, "it never survives"
        yield step


def _letters(reader: Any) -> Any:
    return select(Letter.kind, Letter.state).where(Letter.reader_id == reader).order_by(Letter.kind)


def _ledger(payments: list[int]) -> Any:
    entries = select(LedgerEntry.kind, LedgerEntry.amount).where(LedgerEntry.payment_id.in_(payments))
    return entries.order_by(LedgerEntry.kind)


def _rows(session: Session, statement: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(statement)]


def _count(session: Session, model: type, *where: Any) -> int:
    return int(session.execute(select(func.count()).select_from(model).where(*where)).scalar_one())
