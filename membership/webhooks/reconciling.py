"""The reconciler: hourly, and by command. It asks Stripe for whole lists and holds them beside our books.

It goes page by page, each page one run of its job: network first, then one transaction that writes what the page came to
and posts the next one. So it may be ended anywhere and goes on from there, in constant memory, under its lease.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.gateway import client as gateway
from membership.gateway import listing
from membership.gateway.listing import Transaction
from membership.giving.queries import checkout_by_token, payment_by_intent
from membership.jobs.queue import Claimed, claim_key, finishing, post, put_back
from membership.jobs.worker import Task
from membership.memberships.other_pages import TWICE
from membership.memberships.queries import membership_by_subscription
from membership.webhooks import sweeping
from membership.webhooks.actions import UnknownEvent, replay
from membership.webhooks.drift_models import Reconciliation
from membership.webhooks.listeners import HEARD
from membership.webhooks.models import StripeEvent
from membership.webhooks.sweeping import REACH, Claimable, Tally

KEY = "webhooks.reconcile"
EVERY = timedelta(hours=1)
OVERLAP = timedelta(hours=2)
CHUNKS = [HEARD[n : n + listing.TYPES_AT_ONCE] for n in range(0, len(HEARD), listing.TYPES_AT_ONCE)]

Write = Callable[[Session, datetime], Tally]


@dataclass(frozen=True)
class Looked:
    """A page as it came from Stripe: what to write, and the cursor of the next page (None: the step is done)."""

    write: Write
    after: Any = None


def reconcile(job: Claimed) -> None:
    """One page of the running reconciliation, or the beginning of one."""
    asked = job.payload
    if "run" not in asked:
        return _begin(job, asked.get("since"))
    with reading() as session:
        run = session.get_one(Reconciliation, asked["run"])
    looked = STEPS[asked["step"]](run, asked.get("after"))
    with finishing(job) as session:
        at = clock.now()
        row = session.get_one(Reconciliation, run.id)
        tally = looked.write(session, at)
        row.looked, row.missed = row.looked + tally.looked, row.missed + tally.missed
        row.found += tally.found
        _go_on(session, row, asked["step"], looked.after, at=at)


def ask(session: Session, *, since: datetime | None = None, at: datetime) -> None:
    """Have the reconciler run at `at`, looking back to `since` (else: to two hours before its last whole run)."""
    post(session, KEY, KEY, {"since": since.isoformat()} if since else {}, due_at=at)


def run_now(since: datetime | None) -> Iterator[Reconciliation]:
    """Do a whole run here and now, page by page, and show how it stands after each; ends early if a worker has the job."""
    with transaction() as session:
        began = clock.now()
        ask(session, since=since, at=began)
    while True:
        job = claim_key(KEY)
        if job is None:
            return
        try:
            reconcile(job)
        except Exception as error:
            put_back(job, error)
            raise
        with reading() as session:
            run = session.execute(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).scalar_one()
        yield run
        if run.ended_at is not None and run.began_at >= began:
            return


def replay_or_fetch(event_id: str, *, livemode: bool) -> StripeEvent:
    """Have an event taken in again, asking Stripe for it when it never came. Raises `UnknownEvent`."""
    with reading() as session:
        known = session.get(StripeEvent, event_id)
    if known is None:
        try:
            told = listing.event(event_id)
        except gateway.StripeGone:
            raise UnknownEvent() from None
        with transaction() as session:
            sweeping.keep_missed(session, [told], livemode=livemode, at=clock.now())
    with transaction() as session:
        return replay(session, event_id, by=None, at=clock.now())


def _begin(job: Claimed, since: str | None) -> None:
    with finishing(job) as session:
        at = clock.now()
        last = session.execute(select(func.max(Reconciliation.began_at)).where(Reconciliation.ended_at.is_not(None)))
        before = last.scalar_one()
        wanted = datetime.fromisoformat(since) if since else before - OVERLAP if before else at - REACH
        run = Reconciliation(since=wanted, began_at=at, looked=0, missed=0, found=0)
        session.add(run)
        session.flush()
        _post(session, run, next(iter(STEPS)), None, at=at)


def _go_on(session: Session, run: Reconciliation, step: str, after: Any, *, at: datetime) -> None:
    names = list(STEPS)
    if after is not None:
        _post(session, run, step, after, at=at)
    elif step != names[-1]:
        _post(session, run, names[names.index(step) + 1], None, at=at)
    else:
        sweeping.finish(session, run, at=at)
        post(session, KEY, KEY, due_at=at + EVERY)


def _post(session: Session, run: Reconciliation, step: str, after: Any, *, at: datetime) -> None:
    post(session, KEY, KEY, {"run": run.id, "step": step, "after": after}, due_at=at)


def _events(run: Reconciliation, cursor: Any) -> Looked:
    """First what no endpoint has taken in thirty days, then everything since the last run."""
    plain, chunk, after = cursor or (0, 0, None)
    horizon = run.began_at - REACH
    since = max(run.since, horizon) if plain else horizon
    page = listing.events(CHUNKS[chunk], since=since, undelivered=not plain, after=after)
    following: Any = None
    if page.after:
        following = [plain, chunk, page.after]
    elif chunk + 1 < len(CHUNKS):
        following = [plain, chunk + 1, None]
    elif not plain:
        following = [1, 0, None]
    livemode = current_app.config["MEMBERSHIP"].livemode
    return Looked(lambda s, at: sweeping.keep_missed(s, page.items, livemode=livemode, at=at), following)


def _subscriptions(run: Reconciliation, after: Any) -> Looked:
    page = listing.subscriptions(after=after)
    return Looked(lambda s, at: sweeping.sweep_subscriptions(s, run.id, page.items, at=at), page.after)


def _unmet(run: Reconciliation, after: Any) -> Looked:
    with reading() as session:
        rows = sweeping.unmet(session, run, beyond=after or 0)
    there = {subscription_id: _is_there(subscription_id) for _, subscription_id in rows}
    following = rows[-1][0] if len(rows) == sweeping.SLOW_PAGE else None
    return Looked(lambda s, at: sweeping.sweep_unmet(s, there, at=at), following)


def _is_there(subscription_id: str) -> bool:
    try:
        gateway.subscription(subscription_id)
    except gateway.StripeGone:
        return False
    return True


def _doubles(_run: Reconciliation, _after: Any) -> Looked:
    return Looked(lambda s, at: sweeping.sweep_doubles(s, at=at))


def _checkouts(_run: Reconciliation, after: Any) -> Looked:
    with reading() as session:
        rows = sweeping.silent_checkouts(session, beyond=after or 0, at=clock.now())
    following = rows[-1][0] if len(rows) == sweeping.PAGE else None
    return Looked(lambda s, at: sweeping.sweep_checkouts(s, [id for _, id in rows], at=at), following)


def _refunds(run: Reconciliation, after: Any) -> Looked:
    page = listing.refunds(since=min(run.since, run.began_at - REACH), after=after)
    return Looked(lambda s, at: sweeping.sweep_refunds(s, page.items, at=at), page.after)


def _disputes(run: Reconciliation, after: Any) -> Looked:
    page = listing.disputes(since=min(run.since, run.began_at - REACH), after=after)
    return Looked(lambda s, at: sweeping.sweep_disputes(s, page.items, at=at), page.after)


def _payouts(run: Reconciliation, after: Any) -> Looked:
    page = listing.payouts(since=min(run.since, run.began_at - REACH), after=after)
    return Looked(lambda s, at: sweeping.sweep_payouts(s, page.items, at=at), page.after)


def _open_corrections(_run: Reconciliation, _after: Any) -> Looked:
    return Looked(lambda s, at: sweeping.sweep_open_corrections(s, at=at))


def _transactions(run: Reconciliation, cursor: Any) -> Looked:
    """What Stripe booked; the cursor carries the days' sums along, and after the last page they are compared."""
    after: str | None = cursor[0] if cursor else None
    sums: dict[str, int] = cursor[1] if cursor else {}
    with reading() as session:
        since = sweeping.sums_reach(session, run.since)
        page = listing.transactions(since=since, after=after)
        missing = sweeping.unbooked(session, page.items)
    lacking = [Claimable(one, _root(one)) for one in missing]
    foreign = {
        one.transaction.id for one in lacking if one.root is None and one.transaction.type in sweeping.OF_PAYMENTS
    }
    for one in page.items:
        if one.id not in foreign and one.type not in sweeping.TO_OUR_BANK:
            day = sweeping.day_of(one.at, one.currency)
            sums = sums | {day: sums.get(day, 0) + one.net}

    def write(session: Session, at: datetime) -> Tally:
        tally = sweeping.sweep_transactions(session, page.items, lacking, at=at)
        if page.after is None:
            session.flush()
            days = sweeping.sweep_days(session, since, sums, at=at)
            return Tally(tally.looked, 0, tally.found + days.found)
        return tally

    return Looked(write, [page.after, sums] if page.after else None)


def _root(transaction: Transaction) -> str | None:
    """Whose job would book it: of a payment that we know, or that one of our checkouts or memberships made."""
    intent = transaction.payment_intent_id
    if intent is None:
        return None
    with reading() as session:
        payment = payment_by_intent(session, intent)
        if payment is not None:
            itself = transaction.type in ("charge", "payment")
            return sweeping.root_of_payment(session, payment) if itself else intent
    paid = gateway.payment(intent)
    subscription_id = listing.subscription_of_payment(intent)
    with reading() as session:
        if subscription_id and membership_by_subscription(session, subscription_id):
            return subscription_id
        return intent if checkout_by_token(session, paid.token) else None


def _payments(_run: Reconciliation, _after: Any) -> Looked:
    return Looked(lambda s, at: sweeping.sweep_payments(s, at=at))


STEPS: dict[str, Callable[[Reconciliation, Any], Looked]] = {
    "events": _events,
    "subscriptions": _subscriptions,
    "unmet": _unmet,
    "doubles": _doubles,
    "checkouts": _checkouts,
    "refunds": _refunds,
    "disputes": _disputes,
    "open_corrections": _open_corrections,
    "transactions": _transactions,
    "payments": _payments,
    "payouts": _payouts,
}
"""In this order, each with as many pages as it takes."""


def look_at_pledges(job: Claimed) -> None:
    """A membership began beside another one of its reader's: seen at once, not within the hour."""
    with finishing(job) as session:
        sweeping.sweep_doubles(session, at=clock.now())


TASKS: dict[str, Task] = {KEY: reconcile, TWICE: look_at_pledges}
