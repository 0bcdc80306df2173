"""Taking in what Stripe told: fetch the object as it now is, then write everything in one transaction under its lease."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading
from membership.gateway import client as gateway
from membership.giving.actions import note_checkout, receive_donation
from membership.jobs.queue import Claimed, Park, finishing, post
from membership.jobs.worker import Task
from membership.memberships.actions import NotOurs, take_in
from membership.memberships.tasks import fetch_subscription
from membership.webhooks.actions import lease_key
from membership.webhooks.models import StripeEvent

Finish = Callable[[], AbstractContextManager[Session]]


def take_in_root(job: Claimed) -> None:
    """Take in everything that is known to have happened to one object. Several events about it cost one fetch."""
    root = job.payload["root"]
    with reading() as session:
        waiting = select(StripeEvent.id).where(StripeEvent.root_id == root, StripeEvent.state == "new")
        events = list(session.execute(waiting).scalars())
    try:
        _fetch_and_write(job, root, events)
    except gateway.StripeGone as error:
        raise Park(f"Stripe does not know {root}: {error}") from error


def _fetch_and_write(job: Claimed, root: str, events: list[str]) -> None:
    kind = root.partition("_")[0]
    if kind == "sub":
        _subscription(job, root, events)
    elif kind == "pi":
        _payment(job, root, events)
    elif kind == "cs":
        _checkout(job, root, events)
    else:
        with finishing(job) as session:
            _mark(session, events, "ignored")


def _subscription(job: Claimed, root: str, events: list[str]) -> None:
    fetched = fetch_subscription(root)
    with finishing(job) as session:
        state = "applied"
        try:
            take_in(session, fetched.subscription, fetched.paid, at=clock.now())
        except NotOurs:
            state = "ignored"
        _mark(session, events, state)


def _payment(job: Claimed, root: str, events: list[str]) -> None:
    """A donation. A payment of an invoice is taken in under its subscription, or income would be booked twice."""
    paid = gateway.payment(root)
    with finishing(job) as session:
        payment = receive_donation(session, paid, at=clock.now())
        _mark(session, events, "applied" if payment else "ignored")


def _checkout(job: Claimed, root: str, events: list[str]) -> None:
    """A session that is not about a subscription or payment yet, or that a waiting reader asked us to look at."""
    reading_ = gateway.checkout(root)
    with finishing(job) as session:
        note_checkout(session, reading_)
        about = reading_.subscription_id or reading_.payment_intent_id
        if about:
            post(session, "webhooks.take_in", lease_key(about), {"root": about}, due_at=clock.now())
        _mark(session, events, "applied")


def _mark(session: Session, events: list[str], state: str) -> None:
    if events:
        rows = update(StripeEvent).where(StripeEvent.id.in_(events))
        session.execute(rows.values(state=state, applied_at=clock.now()))


TASKS: dict[str, Task] = {"webhooks.take_in": take_in_root}
