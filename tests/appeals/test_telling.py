"""Passing the newsroom on: links, pictures, a poster, and thanks that both sides wish for."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import session as cookie
from sqlalchemy import select

from membership.appeals.telling_models import Brought, ThanksCode
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.newsroom.models import Article
from membership.web.browser import browser_hash
from tests import make

SITE = "http://localhost:8002"


def link_on(page: str) -> str:
    return re.search(r'id="link" readonly value="([^"]+)"', page)[1].replace("&amp;", "&")


def test_anybody_may_pass_the_newsroom_on_and_needs_no_code(client):
    page = client.get("/tell").text
    assert link_on(page) == "http://127.0.0.1:8000/"
    assert 'href="mailto:?subject=The%20Test%20Lantern' in page and "https://wa.me/?text=" in page
    assert "<svg" in page and "<script" not in page


def test_an_article_of_ours_is_passed_on_by_its_title_and_nobody_elses_is(session, client):
    session.add(Article(address=f"{SITE}/a", title="The ferry", first_seen_at=make.NOON))
    session.commit()
    page = client.get("/tell", query_string={"article": f"{SITE}/a?utm_source=x"}).text
    assert link_on(page) == f"{SITE}/a" and "Pass on “The ferry”" in page
    assert link_on(client.get("/tell?article=https://elsewhere.example/a").text) == "http://127.0.0.1:8000/"


def test_pictures_and_the_poster_are_files(client):
    picture, poster = client.get("/tell/qr.svg"), client.get("/tell/poster.pdf")
    assert picture.content_type == "image/svg+xml" and b"<path" in picture.data
    assert poster.content_type == "application/pdf" and poster.data.startswith(b"%PDF-")
    assert poster.headers["Content-Disposition"].startswith("attachment")


def test_a_code_is_made_when_a_reader_wants_one_and_goes_when_they_do_not(session, client):
    person = make.reader(session)
    make.sign_in(session, client, person)
    assert "thanks=" not in link_on(client.get("/tell").text)
    client.post("/tell/code"), client.post("/tell/code")
    code = session.execute(select(ThanksCode.code)).scalar_one()
    assert link_on(client.get("/tell").text) == f"http://127.0.0.1:8000/?thanks={code}"
    assert link_on(client.get(f"/tell?article={SITE}/a").text) == f"{SITE}/a?thanks={code}"
    client.post("/tell/code/end")
    assert session.execute(select(ThanksCode)).first() is None


def test_the_code_goes_on_from_the_front_page_to_the_form(client):
    page = client.get("/?thanks=K7-abc").text
    way = parse_qs(urlsplit(re.search(r'href="(/join\?[^"]+)"', page)[1]).query)
    assert way["article"] == ["#thanks=K7-abc"]
    form = client.get("/join", query_string={"article": way["article"][0]}).text
    assert 'value="#thanks=K7-abc"' in form


@pytest.fixture
def paid(session, client, app):
    """A bringer with a code, and a paid checkout of this very browser that came by it."""
    bringer, newcomer = make.reader(session), make.reader(session)
    with app.test_request_context():
        mark = browser_hash()

        browser = cookie["browser"]
    with client.session_transaction() as held:
        held["browser"] = browser
    session.add(ThanksCode(reader_id=bringer.reader_id, code="K7", made_at=make.NOON))
    checkout = Checkout(
        token="t", attempt="a", kind="donation", state="paid", email="n@example.org", language="en", currency="EUR",
        amount=500, browser_hash=mark, begun_at=make.NOON, session_id="cs_1", reader_id=newcomer.reader_id,
    )  # fmt: skip
    session.add(checkout)
    session.flush()
    session.add(CheckoutTouch(checkout_id=checkout.id, thanks="K7"))
    session.commit()
    return bringer


def test_whoever_was_brought_may_say_so_once_and_by_the_name_they_choose(session, client, paid):
    assert "/tell/thanks?session_id=cs_1" in client.get("/welcome?session_id=cs_1").text
    assert "came by somebody" in client.get("/tell/thanks?session_id=cs_1").text
    assert session.execute(select(Brought)).first() is None
    for _ in range(2):
        assert client.post("/tell/thanks", data={"session_id": "cs_1", "name": "Nora"}).status_code == 303
    row = session.execute(select(Brought)).scalar_one()
    assert (row.bringer_id, row.name) == (paid.reader_id, "Nora")
    make.sign_in(session, client, paid)
    page = client.get("/tell").text
    assert "1 reader told you that you brought them" in page and "Nora" in page and "500" not in page
    client.post("/tell/code/end")
    assert session.execute(select(Brought)).first() is None


def test_another_browser_knows_nothing_of_it(session, app, paid):
    stranger = app.test_client()
    assert stranger.get("/tell/thanks?session_id=cs_1").status_code == 404
    assert stranger.post("/tell/thanks", data={"session_id": "cs_1"}).status_code == 404
    assert session.execute(select(Brought)).first() is None


@pytest.mark.parametrize("change", [{"state": "open"}, {"kind": "donation", "state": "expired"}])
def test_only_what_was_paid_counts(session, client, paid, change):
    for name, value in change.items():
        setattr(session.execute(select(Checkout)).scalar_one(), name, value)
    session.commit()
    assert client.get("/tell/thanks?session_id=cs_1").status_code == 404


def test_nobody_brings_themselves(session, client, paid):
    session.execute(select(Checkout)).scalar_one().reader_id = paid.reader_id
    session.commit()
    client.post("/tell/thanks", data={"session_id": "cs_1"})
    assert session.execute(select(Brought)).first() is None
