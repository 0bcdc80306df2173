"""The first run: an empty database, an operator with a token, and Stripe at the other end of a real socket."""

import dataclasses

import pytest
from sqlalchemy import delete, func, select

from membership.gateway import client as gateway
from membership.jobs.models import Job
from membership.memberships.queries import offers
from membership.memberships.tiers import Tier
from membership.money import Money
from membership.newsroom import queries
from membership.newsroom.models import Coffee, Newsroom, Page, Site
from membership.newsroom.rules import setup_token
from membership.readers.queries import members
from membership.readers.trail import AuditEntry


@pytest.fixture
def empty(session):
    for table in (Site, Coffee, Newsroom):
        session.execute(delete(table))
    session.commit()
    return session


@pytest.fixture
def stripe(httpserver, config):
    """Stripe's API, as far as the key check needs it."""
    gateway.bind(dataclasses.replace(config, stripe_api_base=httpserver.url_for("").rstrip("/")))
    return httpserver


def answer_account(stripe):
    account = {"id": "acct_1", "object": "account", "business_profile": {"name": "Lantern Press Ltd"}}
    stripe.expect_request("/v1/account").respond_with_json(account)


def form(config, **changed):
    values = {
        "token": setup_token(config.secret_key), "name": "The Lantern", "tagline": "Open", "mission": "We report.",
        "contact_email": "desk@lantern.example", "legal_name": "Lantern Press", "legal_address": "1 Quay",
        "tax_number": "", "currency": "EUR", "accent": "#226B3C", "sites": "https://news.example/\nhttp://localhost:8002",
        "admin_email": "chief@lantern.example", "admin_name": "Chief", "tier_name_1": "Friend", "tier_price_1": "5",
        "tier_name_2": "Patron", "tier_price_2": "10,50", "tier_name_3": "Pillar", "tier_price_3": "25",
    }  # fmt: skip
    return values | changed


def nothing_is_stored(session):
    session.expire_all()
    tables = (Newsroom, Site, Coffee, Page, Tier, Job, AuditEntry)
    return all(session.scalar(select(func.count()).select_from(table)) == 0 for table in tables) and not members(
        session
    )


@pytest.mark.parametrize("path", ["/", "/join", "/sign-in", "/terms", "/staff/", "/nowhere"])
def test_before_the_first_run_every_page_leads_to_it(empty, client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (303, "/setup")


def test_the_form_comes_with_good_defaults(empty, client):
    text = client.get("/setup").text
    for words in ('value="Patron"', 'value="10"', "#9a3324"):
        assert words in text


def test_the_first_run_opens_the_newsroom(empty, client, config, stripe):
    answer_account(stripe)
    answer = client.post("/setup", data=form(config))
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/staff/")
    assert "Lantern Press Ltd" in client.get(answer.location).text, "the Stripe account is named"
    empty.expire_all()
    newsroom = queries.current(empty)
    assert (newsroom.name, newsroom.accent, newsroom.currency) == ("The Lantern", "#226b3c", "EUR")
    assert queries.sites(empty) == ["http://localhost:8002", "https://news.example"]
    assert [(one.email, one.role) for one in members(empty)] == [("chief@lantern.example", "admin")]
    assert [offer.name for offer in offers(empty, "EUR")] == ["Friend", "Patron", "Pillar"]
    patron = offers(empty, "EUR")[1]
    assert (patron.monthly, patron.yearly) == (Money(1050, "EUR"), Money(10500, "EUR"))
    for code in queries.coffees(empty):
        assert len(offers(empty, code)) == 3, "every membership has its prices in every currency offered"
    assert empty.scalars(select(Job.name)).all() == ["memberships.sync_tiers"]
    assert empty.scalars(select(AuditEntry.action)).all() == ["newsroom:opened", "role:granted"]
    assert client.get("/terms").status_code == 200


def test_the_first_run_is_over_once_the_newsroom_stands(session, client, config):
    assert client.get("/setup").status_code == 404
    assert client.post("/setup", data=form(config)).status_code == 404
    assert queries.current(session).name == "The Test Lantern"


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        ({"token": "wrong"}, "token"),
        ({"token": ""}, "token"),
        ({"accent": "#ffcc00"}, "accent"),
        ({"accent": "red"}, "accent"),
        ({"name": ""}, "name"),
        ({"sites": "https://news.example\nnews.example/blog"}, "sites"),
        ({"admin_email": "chief"}, "admin_email"),
        ({"contact_email": ""}, "contact_email"),
        ({"tier_price_2": "1e9"}, "tier_price_2"),
        ({"tier_price_2": "2.99"}, "tier_price_2"),
        ({"tier_price_3": "NaN"}, "tier_price_3"),
        ({"tier_name_1": ""}, "tier_name_1"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "JPY"}, "tier_price_1"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_stored(empty, client, config, stripe, changed, beside):
    answer_account(stripe)
    answer = client.post("/setup", data=form(config, **changed))
    assert answer.status_code == 422
    assert f'id="{beside}-error"' in answer.text
    assert "Lantern Press" in answer.text, "what was typed is kept"
    assert nothing_is_stored(empty)
    assert stripe.log == [], "Stripe is asked only when the rest is right"


def test_a_key_that_stripe_refuses_is_said_and_nothing_is_stored(empty, client, config, stripe):
    error = {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_nobody"}}
    stripe.expect_request("/v1/account").respond_with_json(error, status=401)
    answer = client.post("/setup", data=form(config))
    assert answer.status_code == 502 and "STRIPE_SECRET_KEY" in answer.text and "The Lantern" in answer.text
    assert nothing_is_stored(empty)


def test_a_stripe_that_does_not_answer_is_said_and_nothing_is_stored(empty, client, config):
    answer = client.post("/setup", data=form(config))
    assert answer.status_code == 503 and "Stripe does not answer" in answer.text
    assert nothing_is_stored(empty)
