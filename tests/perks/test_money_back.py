"""Money that goes back takes perks back, and money that comes back brings them back: through the sandbox, end to end."""

import pytest
import requests
import stripe
from sqlalchemy import select

from membership.giving.correction_models import Dispute
from membership.giving.models import Payment
from membership.perks.models import PerkGrant, PerkStep
from tests import make
from tests.perks.test_ledger import perk


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    perk(session)


def told(session):
    session.expire_all()
    return session.scalars(select(PerkStep.state).order_by(PerkStep.id)).all()


def test_a_refund_takes_it_back_and_one_that_fails_brings_it_back(session, tier, stripe_side, api):
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 5126")
    stripe_side.settle()
    assert told(session) == ["issued"]
    api.refunds.create({"payment_intent": session.scalars(select(Payment)).one().payment_intent_id})
    stripe_side.settle()
    assert told(session) == ["issued", "revoked"]
    stripe_side.advance("3d")
    stripe_side.settle()
    assert told(session) == ["issued", "revoked", "issued"]
    assert len(session.scalars(select(PerkGrant)).all()) == 1


@pytest.mark.parametrize(
    ("outcome", "states"), [("won", ["issued", "revoked", "issued"]), ("lost", ["issued", "revoked"])]
)
def test_a_dispute_takes_it_back_and_winning_restores_it(session, tier, stripe_side, api, outcome, states):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    assert told(session) == ["issued"]
    [charge] = api.charges.list({"limit": 5}).data
    requests.post(f"{stripe_side.url}/_sandbox/disputes", json={"charge": charge.id}, timeout=20).raise_for_status()
    stripe_side.settle()
    assert told(session) == ["issued", "revoked"]
    dispute = session.scalars(select(Dispute)).one()
    url = f"{stripe_side.url}/_sandbox/disputes/{dispute.stripe_id}"
    requests.post(url, json={"outcome": outcome}, timeout=20).raise_for_status()
    stripe_side.settle()
    assert told(session) == states
