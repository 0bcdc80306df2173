"""The appeal under an article, and the support page."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from membership import clock
from membership.ballots.models import Ballot
from membership.newsroom.models import Page, Site
from membership.promises.models import Promise
from membership.topics.models import Topic
from tests import make

ROOT = Path(__file__).resolve().parents[2] / "membership"
ARTICLE = "http://localhost:8002/the-ferry?from=front&page=2#end"


def links(page: str) -> dict[str, str]:
    """Where the buttons lead, and the touch that they carry."""
    found = re.findall(r'<a class="[^"]*" href="([^"]+)" target="_top" rel="noopener" data-carry>', page)
    return {urlsplit(link).path: parse_qs(urlsplit(link).query).get("article", [""])[0] for link in found}


def test_both_buttons_carry_the_canonical_article_and_what_was_shown_along_and_leave_the_frame(client):
    answer = client.get("/embed/appeal", query_string={"article": ARTICLE})
    assert answer.status_code == 200
    carried = f"http://localhost:8002/the-ferry#embed=appeal&appeal=0&day={clock.now().date()}&lang=en"
    assert links(answer.text) == {"/embed/on/join": carried, "/embed/on/ways": carried}
    assert 'href="http://127.0.0.1:8000/embed/on/join?article=' in answer.text


def test_without_an_article_the_appeal_still_asks_and_knows_that_it_was_the_appeal(client):
    assert links(client.get("/embed/appeal").text)["/embed/on/join"].startswith("#embed=appeal&appeal=0&day=")


@pytest.mark.parametrize("article", ["x" * 2001, "https://elsewhere.example/a", '"><script>alert(1)</script>'])
def test_an_article_elsewhere_gets_the_appeal_and_nothing_is_carried_along(client, article):
    page = client.get("/embed/appeal", query_string={"article": article}).text
    assert "alert(1)" not in page and "elsewhere" not in page
    assert links(page) == {"/embed/on/join": "", "/embed/on/ways": ""}


def test_only_the_newsrooms_sites_may_frame_it(session, client):
    session.add(Site(origin="https://news.lantern.example"))
    session.commit()
    policy = client.get("/embed/appeal").headers["Content-Security-Policy"]
    assert "frame-ancestors http://localhost:8002 https://news.lantern.example" in policy.split("; ")


def test_no_other_page_may_be_framed(client):
    assert "frame-ancestors 'none'" in client.get("/").headers["Content-Security-Policy"].split("; ")


def test_any_cache_may_keep_it_and_no_cookie_is_read_or_set(session, client):
    make.sign_in(session, client, make.reader(session))
    answer = client.get("/embed/appeal")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Language"
    assert answer.headers["Cache-Control"].startswith("public, max-age=300")
    assert client.get("/embed/appeal", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get("/embed/appeal").data == answer.data


@pytest.mark.parametrize(("languages", "price"), [("de-AT", "3\u00a0€"), ("en-US", "$3.50"), ("ja", "¥400"), ("", "€3")])
def test_the_cup_of_coffee_is_priced_in_the_readers_currency(client, languages, price):
    assert f"({price})" in client.get("/embed/appeal", headers={"Accept-Language": languages}).text


def test_it_is_small_and_brings_one_script_that_it_can_do_without(client):
    page = client.get("/embed/appeal").text
    assert page.count("<script") == 1 and "style=" not in page
    sheet = client.get(re.findall(r'href="(/embed/frame.css[^"]*)"', page)[0])
    script = client.get(re.findall(r'src="(/embed/frame.js[^"]*)"', page)[0])
    assert "immutable" in sheet.headers["Cache-Control"] and "immutable" in script.headers["Cache-Control"]
    assert len(page.encode()) + len(sheet.data) + len(script.data) < 10_000


def weight(page: str) -> int:
    """How many bytes of style sheets a page brings along."""
    return sum((ROOT / sheet.lstrip("/")).stat().st_size for sheet in re.findall(r'href="(/static/[^"]+)"', page))


def test_the_support_page_says_so_when_nothing_was_decided_yet(client):
    page = client.get("/").text
    assert "No ballot is open just now" in page
    assert "The first ballot will bring the first promise" in page
    assert "Where the money goes" not in page
    assert "carry us already" not in page


def test_the_support_page_shows_what_is_decided_promised_and_kept(session, client):
    editor = make.staff(session, "editor")
    now = clock.now()
    topics = [
        Topic(
            slug=f"t{n}", attempt=f"t{n}", proposer_id=editor.reader_id, title=f"Topic {n}", why="", state="accepted",
            proposed_at=now,
        )
        for n in range(2)
    ]  # fmt: skip
    ballot = Ballot(
        slug="winter", attempt="winter", title="What next?", question="One of these.", method="approval", seats=1, quorum=0,
        status="open", opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=1), rule={}, rule_version=1,
        log_head="", log_length=0,
    )  # fmt: skip
    session.add_all([*topics, ballot, Page(slug="money", text="Half is *reporting*.", changed_at=now)])
    session.flush()
    session.add_all(
        [
            Promise(
                ballot_id=ballot.id, topic_id=topics[0].id, title="Under way", state="reporting", made_at=now,
                due_on=now.date(),
            ),
            Promise(
                ballot_id=ballot.id, topic_id=topics[1].id, title="Done", state="published", made_at=now, closed_at=now,
                story_url="http://localhost:8002/done", story_title="The story",
            ),
        ]
    )  # fmt: skip
    session.commit()
    page = client.get("/").text
    assert 'href="/ballots/winter">What next?' in page
    assert "Under way" in page
    assert 'href="http://localhost:8002/done">The story' in page
    assert "<em>reporting</em>" in page


def test_the_support_page_weighs_little_and_runs_no_script(client):
    page = client.get("/").text
    assert "<script" not in page
    assert len(page.encode()) + weight(page) < 60_000


def test_a_ballot_past_its_hour_is_not_shown_as_open_even_before_the_worker_closed_it(session, client):
    now = clock.now()
    session.add(
        Ballot(
            slug="late", attempt="late", title="Too late", question="", method="approval", seats=1, quorum=0, status="open",
            opens_at=now - timedelta(days=2), closes_at=now - timedelta(seconds=1), rule={}, rule_version=1, log_head="",
            log_length=0,
        )
    )  # fmt: skip
    session.commit()
    assert "Too late" not in client.get("/").text
