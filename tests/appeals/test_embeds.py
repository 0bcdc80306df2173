"""The script for other sites, thanks for patrons, oEmbed, and a spike that does not reach the database."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from membership import clock
from membership.newsroom.marks import mark_for
from tests import make

SITE = "http://localhost:8002"


def test_the_script_is_small_and_every_site_may_load_it(client):
    answer = client.get("/embed.js")
    assert answer.content_type == "text/javascript; charset=utf-8" and len(answer.data) < 6_000
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"].startswith("public")
    assert client.get("/embed.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_patrons_mark_gets_thanks_and_the_open_ballot_from_any_cache(client, app):
    mark = mark_for(clock.now(), app.config["MEMBERSHIP"].secret_key)
    answer = client.get("/embed/appeal", query_string={"patron": mark, "article": f"{SITE}/a"})
    assert "You help to carry this." in answer.text and "seen.gif" not in answer.text
    assert answer.headers["Cache-Control"].startswith("public") and "Set-Cookie" not in answer.headers
    forged = client.get(
        "/embed/appeal", query_string={"patron": mark[:-1] + "0" if mark[-1] != "0" else mark[:-1] + "1"}
    )
    assert "Become a patron" in forged.text


def test_before_the_newsroom_is_set_up_there_is_nothing_to_show(session, client):
    session.query(make.Site).delete()
    session.query(make.Newsroom).delete()
    session.commit()
    assert client.get("/embed/appeal").status_code == 404
    assert client.get("/embed.js").status_code == 200


@pytest.fixture
def keeps(app, monkeypatch):
    """The application as it serves: what embeds show is kept."""
    monkeypatch.setitem(app.config, "EMBED_SECONDS", 60)
    app.extensions["appeals"].clear()
    yield
    app.extensions["appeals"].clear()


def test_a_spike_does_not_reach_the_database(session, client, keeps):
    client.get("/embed/appeal", query_string={"article": f"{SITE}/first"})
    asked = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    for number in range(20):
        answer = client.get(
            "/embed/appeal", query_string={"article": f"{SITE}/{number}"}, headers={"User-Agent": f"{number}"}
        )
        assert answer.status_code == 200 and f"2F{number}" in answer.text
    assert asked == []
    client.get("/embed/seen.gif", query_string={"article": f"{SITE}/a#appeal=0&day={clock.now().date()}"})
    client.get("/embed/on/join", query_string={"article": f"{SITE}/a#appeal=0&day={clock.now().date()}"})
    assert asked == []


def test_what_staff_save_is_shown_at_once_in_the_process_that_saved_it(session, client, keeps):
    make.sign_in(session, client, make.staff(session, "manager"))
    assert "Still here" not in client.get("/embed/appeal").text
    here = client.post("/staff/appeals").location
    words = {"name": "x", "heading": "Still here", "text": "t", "button": "b", "ways": ""}
    client.post(here, data=words)
    client.post(f"{here}/begin")
    page = client.get("/embed/appeal").text
    assert "Still here" in page and "quiet" not in page


def test_oembed_gives_a_frame_for_a_ballot_and_for_the_support_page(session, client):
    asked = client.get("/oembed", query_string={"url": "http://127.0.0.1:8000/", "maxwidth": "300"})
    told = asked.json
    assert (told["version"], told["type"], told["width"], told["provider_name"]) == (
        "1.0",
        "rich",
        300,
        "The Test Lantern",
    )
    assert told["html"].startswith('<iframe src="http://127.0.0.1:8000/embed/appeal"')
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    found = re.search(r'type="application/json\+oembed" href="([^"]+)"', client.get("/").text)
    assert client.get(found[1]).json["width"] == 600


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:8000/account", "http://elsewhere.example/", "http://127.0.0.1:8000/ballots/none"]
)
def test_oembed_knows_no_other_pages(client, url):
    assert client.get("/oembed", query_string={"url": url}).status_code == 404


def test_oembed_speaks_json_only(client):
    assert client.get("/oembed", query_string={"url": "http://127.0.0.1:8000/", "format": "xml"}).status_code == 501


def test_the_support_page_thanks_a_patron_instead_of_asking(session, client):
    make.tier(session)
    assert "Become a patron" in client.get("/").text
    make.sign_in(session, client, make.patron(session))
    page = client.get("/").text
    assert "You are one of those who carry this." in page and "Become a patron" not in page


def test_a_mark_behind_the_way_home_lasts_a_quarter(session, client):
    make.sign_in(session, client, make.patron(session))
    link = re.search(r'href="(http://localhost:8002#membership-patron=[^"]+)"', client.get("/account").text)
    mark = link[1].partition("=")[2]
    assert mark.startswith(f"{clock.now() + timedelta(days=92):%Y-%m}.")
