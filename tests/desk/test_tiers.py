"""/staff/tiers: making, changing, ordering and ending what readers can join; old patrons keep their price."""

import re

import pytest
import stripe
from sqlalchemy import select

from membership import clock
from membership.jobs.models import Job
from membership.memberships.models import Membership
from membership.memberships.queries import offers
from membership.memberships.tiers import Tier, TierPrice
from membership.readers.trail import AuditEntry
from tests import make

FIELDS = {"name": "Companion", "blurb": "For those who stay.", "month_EUR": "8", "year_EUR": "80"}


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager")
    make.sign_in(session, client, person)
    return person


def acts(session):
    session.expire_all()
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


def slugs(session, currency="EUR"):
    session.expire_all()
    return [offer.slug for offer in offers(session, currency)]


def test_a_new_membership_is_offered_and_made_known_to_stripe(session, client, manager, stripe_side):
    make.tier(session, "friend")
    fields = FIELDS | {"month_USD": "9", "year_USD": "90.50", "month_JPY": "1000", "year_JPY": "10000"}
    assert client.post("/staff/tiers/new", data=fields).status_code == 303
    assert slugs(session) == ["friend", "companion"]
    assert [(offer.monthly.minor, offer.yearly.minor) for offer in offers(session, "USD")] == [(900, 9050)]
    assert offers(session, "JPY")[0].monthly.minor == 1000
    assert "being made known to Stripe" in client.get("/staff/tiers").text
    stripe_side.work()
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    session.expire_all()
    tier = session.scalars(select(Tier).where(Tier.slug == "companion")).one()
    assert api.products.retrieve(tier.stripe_product_id).name == "Companion"
    assert acts(session) == ["tier:made"]
    client.post(f"/staff/tiers/{tier.id}", data=fields | {"name": "Ally"})
    stripe_side.work()
    assert api.products.retrieve(tier.stripe_product_id).name == "Ally"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "Please give it a name"),
        ({"month_EUR": ""}, "both prices"),
        ({"month_EUR": "", "year_EUR": ""}, "at least one currency"),
        ({"month_EUR": "2.99"}, "€3"),
        ({"month_EUR": "eight"}, "like 5.50"),
        ({"month_JPY": "500.5", "year_JPY": "5000"}, "like 500"),
        ({"blurb": "x" * 501}, "under five hundred"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(session, client, manager, change, words):
    page = client.post("/staff/tiers/new", data=FIELDS | change)
    text = re.sub(r"<[^>]+>|\s+", " ", page.text)
    assert page.status_code == 422 and "Please look at this once more" in text
    assert words in text, text[:600]
    assert session.scalars(select(Tier)).all() == [] and acts(session) == []


def test_old_patrons_keep_their_price(session, client, manager):
    tier = make.tier(session, "friend", monthly=500)
    make.patron(session, tier_row=tier, amount=500)
    page = client.get(f"/staff/tiers/{tier.id}").text
    assert 'value="5"' in page and 'value="50"' in page and "keeps its price" in page
    client.post(f"/staff/tiers/{tier.id}", data=FIELDS)
    session.expire_all()
    assert session.scalars(select(Membership.amount)).one() == 500
    assert offers(session, "EUR")[0].monthly.minor == 800
    entry = session.scalars(select(AuditEntry)).one()
    assert entry.detail == {"fields": ["name", "blurb"], "prices": {"EUR month": 800, "EUR year": 8000}}


def test_a_currency_left_empty_is_no_longer_offered_and_one_not_shown_stays(session, client, manager):
    tier = make.tier(session, "friend")
    session.add_all(
        [
            TierPrice(tier_id=tier.id, currency=c, interval=i, minor=900)
            for c in ("USD", "CHF")
            for i in ("month", "year")
        ]
    )
    session.commit()
    client.post(f"/staff/tiers/{tier.id}", data=FIELDS)
    session.expire_all()
    assert set(session.scalars(select(TierPrice.currency))) == {"EUR", "CHF"}


def test_saving_without_a_change_leaves_no_trace(session, client, manager):
    tier = make.tier(session, "friend")
    client.post(f"/staff/tiers/{tier.id}", data={"name": "Friend", "blurb": "", "month_EUR": "5", "year_EUR": "50"})
    assert acts(session) == [] and session.scalars(select(Job)).all() == []


def test_the_order_changes_by_one_place_and_ends_at_the_ends(session, client, manager):
    a, b, c = (make.tier(session, slug) for slug in ("a", "b", "c"))
    client.post(f"/staff/tiers/{c.id}/up")
    assert slugs(session) == ["a", "c", "b"]
    client.post(f"/staff/tiers/{a.id}/up")
    client.post(f"/staff/tiers/{b.id}/down")
    assert slugs(session) == ["a", "c", "b"]
    client.post(f"/staff/tiers/{a.id}/down")
    assert slugs(session) == ["c", "a", "b"]
    assert acts(session) == ["tier:moved"] * 2


def test_the_last_one_stays_and_an_archived_one_comes_back(session, client, manager):
    a, b = make.tier(session, "a"), make.tier(session, "b")
    client.post(f"/staff/tiers/{a.id}/archive")
    assert slugs(session) == ["b"]
    answer = client.post(f"/staff/tiers/{b.id}/archive")
    assert answer.status_code == 409 and "last membership on offer" in answer.text
    assert "not on offer" in client.get("/staff/tiers").text
    client.post(f"/staff/tiers/{a.id}/offer")
    assert slugs(session) == ["b", "a"]
    assert acts(session) == ["tier:archived", "tier:offered"]


def test_two_of_one_name_get_two_addresses(session, client, manager):
    for _ in range(3):
        client.post("/staff/tiers/new", data=FIELDS)
    assert slugs(session) == ["companion", "companion-2", "companion-3"]
    assert client.get("/staff/tiers/999999").status_code == 404


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_do_not_get_there(session, client, role):
    tier = make.tier(session, "friend")
    make.sign_in(session, client, make.staff(session, role))
    assert client.get("/staff/tiers").status_code == 403
    for path in ("new", str(tier.id), f"{tier.id}/archive"):
        assert client.post(f"/staff/tiers/{path}", data=FIELDS).status_code == 403
    session.expire_all()
    assert session.get_one(Tier, tier.id).archived_at is None and clock.now()
