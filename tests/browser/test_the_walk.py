"""The same walk in a real Chromium, without script and with it: from the article to the letter about the story."""

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
from tests import make, second_step
from tests.browser.conftest import Visitors
from tests.browser.looking import assert_accessible, assert_fits
from tests.databases import Databases
from tests.house_on_sockets import House, living_house
from tests.stories.test_from_article_to_story import QUAY, STORY, newsroom_site

FISH = "Who may fish from the pier?"


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
    page.locator("input[name=code]").fill(house.code_for(email))
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
    for title in (QUAY, FISH):
        page.goto(f"{house.url}/staff/topics")
        page.get_by_role("link", name=re.compile(re.escape(title[:14]))).first.click()
        press(page, page.get_by_role("button", name="Accept"))
    page.goto(f"{house.url}/staff/ballots")
    page.get_by_label("Title").fill("What shall we look into?")
    page.get_by_label("Question").fill("Rank them: your favourite first.")
    page.get_by_role("radio", name=re.compile("Rank up to five")).check()
    for box in page.locator("input[name=topics]").all():
        box.check()
    closes = (house.now() + timedelta(days=1)).astimezone(ZoneInfo("UTC"))
    page.get_by_label("Closes at").fill(closes.strftime("%Y-%m-%dT%H:%M"))
    press(page, page.get_by_role("button", name="Announce the ballot"))
    house.settle()


def vote(house: House, page: Page, *titles: str, script: bool) -> None:
    """Rank these topics: by number fields, or with script by pressing each in turn."""
    page.goto(f"{house.url}/ballots")
    page.get_by_role("link", name="What shall we look into?").first.click()
    for place, title in enumerate(titles, start=1):
        if script:
            page.get_by_role("button", name=f"Next choice: {title}").click()
        else:
            page.get_by_label(title).fill(str(place))
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}"))
    expect(page.locator("main ol").first.locator("li")).to_have_text([re.compile(re.escape(title)) for title in titles])


def read_the_result(house: House, page: Page) -> None:
    page.goto(f"{house.url}/ballots")
    page.get_by_role("link", name="What shall we look into?").first.click()
    expect(page.locator("main")).to_contain_text("“What did the new quay really cost?” had 2 first choices")
    expect(page.locator("main")).to_contain_text("a promise")
    assert_accessible(page)
    assert_fits(page)


def promise_and_publish(house: House, page: Page) -> None:
    sign_in(house, page, "editor@lantern.example")
    second_step.click_in(page, house.url)
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


def test_the_whole_loop_in_chromium_without_script_and_with_it(house: House, visitor: Visitors):
    with house.session() as session:
        make.staff(session, "admin", email="editor@lantern.example", name="Edda Editor")
    with newsroom_site(house) as origin:
        ada, team = (visitor(script=False, language="en-AT") for _ in range(2))
        bo, desk = (visitor(script=True) for _ in range(2))
        article = f"{origin}/{DREDGER.slug}"
        become_patron(house, ada, article, "ada@example.org")
        with house.session() as session:
            known = session.scalars(select(Article)).one()
            payment = session.scalars(select(Payment)).one()
            assert (known.address, payment.article_id, payment.currency) == (article, known.id, "EUR")
        sign_in(house, ada, "ada@example.org")
        expect(ada.locator("main")).to_contain_text("Friend")
        propose(house, ada, QUAY)
        become_patron(house, bo, article, "bo@example.org")
        sign_in(house, bo, "bo@example.org")
        propose(house, bo, FISH)
        see_what_is_alike(house, ada, bo)
        sign_in(house, team, "editor@lantern.example")
        second_step.click_in(team, house.url)
        accept_and_ask(house, team)
        vote(house, ada, QUAY, script=False)
        vote(house, bo, QUAY, FISH, script=True)
        house.advance("25h")
        house.settle()
        read_the_result(house, bo)
        promise_and_publish(house, desk)
        for who, page in (("ada", ada), ("bo", bo)):
            assert STORY in house.letters(f"{who}@example.org")[-1]["text"]
            page.goto(f"{house.url}/account")
            expect(page.locator("main")).to_contain_text("What the quay really cost")
        ada.goto(f"{house.url}/account/membership")
        ada.get_by_role("link", name=re.compile("Cancel")).first.click()
        ada.get_by_role("button", name="Cancel my membership").click()
        expect(ada.locator("main")).to_contain_text("ends on")
