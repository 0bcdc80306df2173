"""What the worker does for giving: seeing whether a wave of declines is over, and charging a disputed card no more."""

from __future__ import annotations

import contextlib

from membership import clock
from membership.db import reading
from membership.gateway import collecting
from membership.gateway.client import StripeGone, StripeRefuses
from membership.giving import outcomes
from membership.giving.corrections import STOP_CARD
from membership.giving.queries import customers_of, payment_by_intent
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


TASKS: dict[str, Task] = {"giving.calm": calm, STOP_CARD: stop_card}
