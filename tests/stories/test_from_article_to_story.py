"""The whole loop over real sockets, without script: article → pledge → topic → ballot → promise → story → report back."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from membership.ballots.models import Ballot, BallotRoll
from membership.ballots.urn import Vote
from membership.demo.articles import DREDGER
from membership.demo.site import create_site
from membership.giving.models import Payment
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.newsroom.models import Article, Site
from membership.perks.models import Perk, PerkGrant
from membership.promises.models import Promise
from tests import make, second_step
from tests.house_on_sockets import House, free_port
from tests.walker import Walker

QUAY = "What did the new quay really cost?"
STORY = "https://lantern.example/what-the-quay-really-cost"


@contextmanager
def newsroom_site(house: House) -> Iterator[str]:
    """The invented newsroom's own site, on another origin than the members' site."""
    port = free_port()
    origin = f"http://localhost:{port}"
    server = make_server("127.0.0.1", port, create_site(members_url=house.url, own_url=origin), threaded=True)
    listener = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    listener.start()
    with house.session() as session:
        session.add(Site(origin=origin))
        if not session.scalars(select(Perk.id).where(Perk.slug == "notebooks")).first():  # a house may have several sites
            address = f"{origin}/notebooks"
            session.add(Perk(slug="notebooks", title="The notebooks", blurb="", kind="link", address=address))
        session.commit()
    try:
        yield origin
    finally:
        server.shutdown()
        listener.join()
        server.server_close()


def sign_in(house: House, walker: Walker, email: str) -> None:
    """By the code out of the newest letter."""
    walker.get("/sign-in?next=/account")
    walker.send("/sign-in", email=email)
    house.settle()
    page = walker.send("/sign-in/code", code=house.code_for(email))
    assert page.path == "/account"


def become_patron(house: House, walker: Walker, article: str, email: str) -> None:
    """From the article, by the appeal beneath it, to the page of thanks."""
    page = walker.get(article)
    frame = re.search(r'<iframe[^>]*src="([^"]+)"', page.html)
    assert frame
    walker.get(frame[1].replace("&amp;", "&"))
    page = walker.follow("Become a patron")
    assert page.path == "/join"
    page = walker.send("/join", email=email, tier="friend", interval="month")
    assert page.url.startswith(house.sandbox.url)
    page = walker.send(card="4242 4242 4242 4242")
    assert page.path == "/welcome"
    welcome = page.url
    house.settle()
    assert "You are a patron now" in walker.get(welcome).text


@pytest.fixture
def team(house: House) -> Iterator[Walker]:
    """An editor of the newsroom, signed in by a letter like everybody else."""
    with house.session() as session:
        make.staff(session, "admin", email="editor@lantern.example", name="Edda Editor")
    with house.walker() as editor:
        sign_in(house, editor, "editor@lantern.example")
        second_step.walk_in(editor, house.url)
        yield editor


def test_from_the_article_to_the_letter_about_the_story(house: House, team: Walker):
    with newsroom_site(house) as origin, house.walker() as ada, house.walker() as bo:
        article = f"{origin}/{DREDGER.slug}"
        become_patron(house, ada, article, "ada@example.org")
        become_patron(house, bo, article, "bo@example.org")
        with house.session() as session:
            known = session.scalars(select(Article)).one()
            assert known.address == article
            assert {payment.article_id for payment in session.scalars(select(Payment))} == {known.id}
            assert len(session.scalars(select(PerkGrant)).all()) == 2

        sign_in(house, ada, "ada@example.org")
        assert "Friend" in ada.get("/account").text
        page = ada.get("/account/payments")
        assert "€10" in page.text
        assert "€10" in ada.follow("2026-").text
        assert "notebooks" in ada.get("/account/perks").text

        ada.get("/topics")
        ada.send("/topics", title=QUAY, why="The budget and the board differ by half.")
        sign_in(house, bo, "bo@example.org")
        bo.get("/topics")
        bo.send("/topics", title="Who may fish from the pier?", why="The signs say one thing and the council another.")
        accept_and_ask(house, team)
        vote(ada)
        vote(bo)
        assert house.count(Vote) == house.count(BallotRoll, BallotRoll.voted) == 2
        closed_ballot(house, ada)
        promise_and_publish(house, team)

        letters = house.letters("ada@example.org")
        assert STORY in letters[-1]["text"]
        assert STORY in house.letters("bo@example.org")[-1]["text"]
        assert house.count(Letter, Letter.kind == "story_is_out") == 2
        assert STORY in ada.get("/promises").html
        assert "What the quay really cost" in ada.get("/account").text

        report_and_cancel(house, team, ada)


def accept_and_ask(house: House, team: Walker) -> None:
    """The editor accepts both topics and puts them to the patrons for a day."""
    for words in ("What did the new quay", "Who may fish"):
        team.get("/staff/topics")
        team.follow(words)
        team.send(press="accepted", reason="")
    closes = (house.now() + timedelta(days=1)).astimezone(ZoneInfo("UTC"))
    page = team.get("/staff/ballots")
    topics = re.findall(r'id="topic-(\d+)"', page.html)
    values = {"title": "What shall we look into?", "question": "Tick all you would like.", "opens": "now"}
    team.send("/staff/ballots", topics=topics, closes_at=closes.strftime("%Y-%m-%dT%H:%M"), **values)
    house.settle()
    with house.session() as session:
        assert session.scalars(select(Ballot.status)).all() == ["open"]


def vote(patron: Walker) -> None:
    """Tick the quay and nothing else; the code is shown on the page that answers."""
    patron.get("/ballots")
    page = patron.follow("What shall we look into?")
    option = next(part for part in page.html.split('id="choice-')[1:] if QUAY in part)
    page = patron.send(choice=[option.partition('"')[0]])
    assert re.search(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}", page.text), page.text


def closed_ballot(house: House, patron: Walker) -> None:
    """Nobody sees a result before the close; the worker closes it at its time."""
    with house.session() as session:
        slug = session.scalars(select(Ballot.slug)).one()
    patron.get(f"/ballots/{slug}/results", status=None)
    assert "2 of 2 votes" not in patron.page.text  # type: ignore[union-attr]
    house.advance("25h")
    house.settle()
    page = patron.get(f"/ballots/{slug}/results")
    assert "2 of 2 votes" in page.text


def promise_and_publish(house: House, team: Walker) -> None:
    sign_in(house, team, "editor@lantern.example")  # a day has passed; staff sessions are short
    second_step.walk_in(team, house.url)
    with house.session() as session:
        promise = session.scalars(select(Promise)).one()
    due = (house.now() + timedelta(days=20)).date().isoformat()
    team.get(f"/staff/promises/{promise.id}")
    team.send(f"/staff/promises/{promise.id}/date", due_on=due)
    assert "Edda Editor" in team.get("/promises").text
    team.get(f"/staff/promises/{promise.id}")
    team.send(f"/staff/promises/{promise.id}/story", url=STORY, title="What the quay really cost")
    house.settle()


def report_and_cancel(house: House, team: Walker, patron: Walker) -> None:
    page = team.get("/staff/reports/patrons")
    assert "€20" in page.text and "<svg" in page.html
    csv = team.get("/staff/reports/patrons.csv")
    assert csv.headers["Content-Type"].startswith("text/csv") and "20" in csv.html
    patron.get("/account/membership")
    patron.follow("Cancel")
    page = patron.send("/account/membership/cancellation")
    with house.session() as session:
        ada = session.scalars(select(Membership).order_by(Membership.id)).first()
        assert ada is not None and ada.ends_at is not None and ada.status == "active"
        day = f"{ada.ends_at.day} {ada.ends_at:%B} {ada.ends_at.year}"
    assert day in page.text
    house.settle()
    assert any(day in letter["text"] for letter in house.letters("ada@example.org"))
