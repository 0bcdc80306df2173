"""Patrons whose card pays once and then fails, on the sandbox."""

import re

import pytest
import stripe
from sqlalchemy import select

from membership.dunning.models import UnpaidInvoice
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.readers.models import Person
from tests import make

FAILS_LATER = "4000 0000 0000 0341"


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend")
    row.stripe_product_id = None
    session.commit()
    return row


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def failing(session, tier, stripe_side):
    """Somebody whose first renewal has just failed."""
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"), card=FAILS_LATER)
    stripe_side.settle()
    stripe_side.advance("30d")
    stripe_side.advance("1h")
    stripe_side.settle()
    session.expire_all()
    return session.scalars(select(Person).where(Person.email == "ada@example.org")).one()


def letters(session, kind):
    session.expire_all()
    return list(session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


def unpaid(session):
    session.expire_all()
    return session.scalars(select(UnpaidInvoice)).one()


def membership(session):
    session.expire_all()
    return session.scalars(select(Membership).order_by(Membership.id.desc())).first()


def sent(letters_dir, letter):
    """The text of a letter as it was sent: a fleeting one keeps none."""
    import email
    from email.policy import default

    message = email.message_from_bytes((letters_dir / f"{letter.id:08d}.eml").read_bytes(), policy=default)
    return message.get_body(("plain",)).get_content()


def link_in(text):
    return re.search(r"/card/([\w-]{20,})", text)[1]
