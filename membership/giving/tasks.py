"""What the worker does for giving: seeing whether a wave of declines is over, charging a disputed card no more, and one
payer at Stripe for each person."""

from __future__ import annotations

import contextlib

from membership import clock
from membership.db import reading
from membership.gateway import collecting, payers
from membership.gateway.client import StripeGone, StripeRefuses
from membership.giving import outcomes
from membership.giving.corrections import STOP_CARD
from membership.giving.payers import ONE_PAYER, settle_payers
from membership.giving.queries import customers_of, payment_by_intent
from membership.giving.rules import goes_on_as
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task


def calm(job: Claimed) -> None:
    """The wave ends by itself once the declines have become few."""
    with finishing(job) as session:
        outcomes.calm(session, at=clock.now())


def stop_card(job: Claimed) -> None:
    """A payer's bank takes a payment back: the card or account that made it is charged no more, for whatever it pays."""
    intent = job.payload["payment_intent"]
    with reading() as session:
        payment = payment_by_intent(session, intent)
        customers = customers_of(session, payment.reader_id) if payment else []
    with contextlib.suppress(StripeGone, StripeRefuses):  # taken off meanwhile, or the payer is gone at Stripe
        collecting.take_card_off(intent, customers)
    with finishing(job):
        pass


def one_payer(job: Claimed) -> None:
    """Of several payers who are one reader, one goes on. The others rest, apart from those under whom something runs."""
    reader_id = job.payload["reader"]
    with reading() as session:
        ids = customers_of(session, reader_id)
    found = {one.id: one for one in map(payers.payer, ids) if one is not None}
    resting: dict[str, str] = {}
    if found:
        stays = goes_on_as({one.id: (one.live, one.created_at) for one in found.values()})
        resting = {one.id: stays for one in found.values() if one.id != stays and not one.live}
    if len(found) > 1:
        for customer_id in found:
            payers.name_other(customer_id, resting.get(customer_id))
    with finishing(job) as session:
        settle_payers(session, reader_id, list(resting), at=clock.now())


TASKS: dict[str, Task] = {"giving.calm": calm, STOP_CARD: stop_card, ONE_PAYER: one_payer}
