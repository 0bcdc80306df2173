"""The same walk in a real Chromium: from the article on another site to the letter about the story, without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from membership.demo.articles import DREDGER
from membership.giving.models import Payment
from membership.newsroom.models import Article
from tests import make
from tests.browser.conftest import Visitors
from tests.databases import Databases
from tests.house_on_sockets import House, living_house
from tests.stories.test_from_article_to_story import QUAY, STORY, newsroom_site


@pytest.fixture
def house(store: Databases, tmp_path: Path) -> Iterator[House]:
    """A house of its own: this walk moves the clock."""
    with living_house(store, tmp_path) as made:
        made.start_web()
        made.start_worker()
        yield made


def press(page: Page, button: Locator) -> None:
    """Send a form and wait for its answer: whoever goes elsewhere before it is there may take it back."""
    with page.expect_navigation():
        button.click()


def sign_in(house: House, page: Page, email: str) -> None:
    page.goto(f"{house.url}/sign-in?next=/account")
    page.get_by_label("Your e-mail address").fill(email)
    page.locator("main button").click()
    expect(page.locator("input[name=code]")).to_be_visible()
    house.settle()
    code = re.search(r"\b(\d{6})\b", house.letters(email)[-1]["text"])
    assert code
    page.locator("input[name=code]").fill(code[1])
    page.locator("main button").first.click()
    expect(page).to_have_url(f"{house.url}/account")


def become_patron(house: House, page: Page, article: str, email: str) -> None:
    page.goto(article)
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Become a patron").click()
    expect(page).to_have_url(re.compile("/join"))
    page.get_by_role("radio", name="Friend").check()
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_role("button", name="Go on to the payment").click()
    expect(page).to_have_url(re.compile(re.escape(house.sandbox.url)))
    page.locator("input[name=card]:not([type=radio])").first.fill("4242 4242 4242 4242")
    page.locator("form", has=page.locator("[name=card]")).get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("/welcome"))
    house.settle()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are a patron now")


def propose(house: House, page: Page, title: str) -> None:
    page.goto(f"{house.url}/topics")
    page.get_by_label("What should we look into?").fill(title)
    page.get_by_label("Why does it matter?").fill("The figures of the board and of the council differ by half.")
    page.locator("form", has=page.get_by_label("Why does it matter?")).get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title[:20])


def see_what_is_alike(house: House, plain: Page, scripted: Page) -> None:
    """With script while the title is typed, without it before the topic is sent; nothing typed is lost."""
    sign_in(house, scripted, "ada@example.org")
    scripted.goto(f"{house.url}/topics")
    scripted.get_by_label("What should we look into?").press_sequentially("Fishing on the pier")
    expect(scripted.locator("[data-similar-here]").get_by_role("link")).to_contain_text("Who may fish from the pier?")
    plain.goto(f"{house.url}/topics")
    plain.get_by_label("What should we look into?").fill("Fishing on the pier")
    plain.get_by_label("Why does it matter?").fill("My father did, and nobody asked him for a paper.")
    plain.get_by_role("button", name="Propose it").click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("Has this been asked already?")
    expect(plain.get_by_label("Why does it matter?")).to_have_value("My father did, and nobody asked him for a paper.")


def accept_and_ask(house: House, page: Page) -> None:
    for title in (QUAY, "Who may fish"):
        page.goto(f"{house.url}/staff/topics")
        page.get_by_role("link", name=re.compile(re.escape(title[:14]))).first.click()
        press(page, page.get_by_role("button", name="Accept"))
    page.goto(f"{house.url}/staff/ballots")
    page.get_by_label("Title").fill("What shall we look into?")
    page.get_by_label("Question").fill("Tick all you would like.")
    for box in page.locator("input[name=topics]").all():
        box.check()
    closes = (house.now() + timedelta(days=1)).astimezone(ZoneInfo("UTC"))
    page.get_by_label("Closes at").fill(closes.strftime("%Y-%m-%dT%H:%M"))
    press(page, page.get_by_role("button", name="Announce the ballot"))
    house.settle()


def vote(house: House, page: Page) -> None:
    page.goto(f"{house.url}/ballots")
    page.get_by_role("link", name="What shall we look into?").first.click()
    page.get_by_label(re.compile(re.escape(QUAY))).check()
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}"))


def promise_and_publish(house: House, page: Page) -> None:
    sign_in(house, page, "editor@lantern.example")
    for label, value, button in (
        ("Date", (house.now() + timedelta(days=20)).date().isoformat(), None),
        ("Address of the story", STORY, "What the quay really cost"),
    ):
        page.goto(f"{house.url}/staff/promises")
        page.get_by_role("link", name=re.compile(re.escape(QUAY[:14]))).first.click()
        field = page.get_by_label(label)
        field.fill(value)
        if button:
            page.get_by_label("Title of the story").fill(button)
        press(page, page.locator("form", has=field).get_by_role("button"))
    house.settle()


def test_the_whole_loop_in_chromium_without_script(house: House, visitor: Visitors):
    with house.session() as session:
        make.staff(session, "admin", email="editor@lantern.example", name="Edda Editor")
    with newsroom_site(house) as origin:
        ada, team = (visitor(script=False, language="de-AT") for _ in range(2))
        article = f"{origin}/{DREDGER.slug}"
        become_patron(house, ada, article, "ada@example.org")
        with house.session() as session:
            known = session.scalars(select(Article)).one()
            payment = session.scalars(select(Payment)).one()
            assert (known.address, payment.article_id, payment.currency) == (article, known.id, "EUR")
        sign_in(house, ada, "ada@example.org")
        expect(ada.locator("main")).to_contain_text("Friend")
        propose(house, ada, QUAY)
        propose(house, ada, "Who may fish from the pier?")
        see_what_is_alike(house, ada, visitor(script=True))
        sign_in(house, team, "editor@lantern.example")
        accept_and_ask(house, team)
        vote(house, ada)
        house.advance("25h")
        house.settle()
        promise_and_publish(house, team)
        assert STORY in house.letters("ada@example.org")[-1]["text"]
        ada.goto(f"{house.url}/account")
        expect(ada.locator("main")).to_contain_text("What the quay really cost")
        ada.goto(f"{house.url}/account/membership")
        ada.get_by_role("link", name=re.compile("Cancel")).first.click()
        ada.get_by_role("button", name="Cancel my membership").click()
        expect(ada.locator("main")).to_contain_text("ends on")
