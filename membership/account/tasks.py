"""What the account has done outside a request: telling Stripe a reader's new address."""

from __future__ import annotations

from sqlalchemy import select

from membership.db import reading
from membership.gateway import client as gateway
from membership.giving.models import StripeCustomer
from membership.jobs.queue import Claimed, finishing
from membership.jobs.worker import Task
from membership.readers.models import Person


def tell_stripe(job: Claimed) -> None:
    """Stripe writes to its customers as well: to the address that is the reader's now."""
    reader_id = job.payload["reader"]
    with reading() as session:
        person = session.get(Person, reader_id)
        mine = select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == reader_id)
        customers = list(session.execute(mine).scalars())
    for customer_id in customers if person else []:
        assert person is not None
        try:
            gateway.change_customer_address(customer_id, person.email)
        except gateway.StripeGone:  # deleted at Stripe: nobody is written to
            continue
    with finishing(job):
        pass


TASKS: dict[str, Task] = {"account.tell_stripe": tell_stripe}
