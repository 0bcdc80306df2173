"""From the article on another site to the payment that knows it, third-party cookies blocked, with script and without."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from membership.appeals.models import AppealCount
from membership.demo.articles import DREDGER, WELLS
from membership.giving.models import Checkout, Payment
from membership.giving.touch_models import CheckoutTouch
from membership.newsroom.models import Article
from tests import chromium
from tests.browser.conftest import FLAGS
from tests.browser.test_the_walk import become_patron
from tests.house_on_sockets import House, wait_until
from tests.stories.test_from_article_to_story import newsroom_site


@pytest.fixture
def strict(browser: Browser) -> Iterator[Browser]:
    """A Chromium that gives no cookie to sites in frames."""
    flags = [*FLAGS, "--test-third-party-cookie-phaseout"]
    started = browser.browser_type.launch(executable_path=chromium.find(), args=flags, timeout=60_000)
    yield started
    started.close()


def reader(strict: Browser, *, script: bool) -> tuple[Page, list[str]]:
    """A page, and every cookie that goes to an embed or comes from one (there must be none)."""
    page, cookies = strict.new_context(java_script_enabled=script, locale="en-GB").new_page(), []
    page.set_default_timeout(15_000)

    def watch(response) -> None:
        if "/embed" in response.url:
            headers = response.request.all_headers() | response.headers
            cookies.extend(f"{name} {response.url}" for name in ("cookie", "set-cookie") if name in headers)

    page.on("response", watch)
    return page, cookies


def how_it_came(house: House, email: str) -> tuple[Article, CheckoutTouch]:
    with house.session() as session:
        checkout = session.scalars(select(Checkout).where(Checkout.email == email)).one()
        payment = session.scalars(select(Payment).where(Payment.reader_id == checkout.reader_id)).one()
        assert payment.article_id == checkout.article_id
        return session.get_one(Article, payment.article_id), session.get_one(CheckoutTouch, checkout.id)


@pytest.mark.only_on("sqlite")  # what a browser does is the same beside either
def test_from_the_article_to_the_payment_and_back_to_thanks(house: House, strict: Browser):
    today = datetime.now(UTC).date()
    with newsroom_site(house) as origin:
        article = f"{origin}/{DREDGER.slug}"
        with_script, cookies = reader(strict, script=True)
        read_and_measure(with_script, article)
        become_patron(house, with_script, f"{article}?utm_source=letter&utm_medium=email", "nora@example.org")
        known, touch = how_it_came(house, "nora@example.org")
        assert (known.address, known.title, known.language) == (article, DREDGER.title, "en")
        assert (touch.embed, touch.appeal_id, touch.day, touch.language) == ("appeal", 0, today, "en")
        assert (touch.utm_source, touch.utm_medium, touch.utm_term) == ("letter", "email", None)
        assert (touch.first_article_id, touch.first_day, touch.from_host) == (known.id, today, None)
        thanked_at_home(with_script, article, origin)

        without, more_cookies = reader(strict, script=False)
        become_patron(house, without, f"{origin}/{WELLS.slug}", "otto@example.org")
        known, touch = how_it_came(house, "otto@example.org")
        assert known.address == f"{origin}/{WELLS.slug}"
        assert (touch.embed, touch.appeal_id, touch.day, touch.first_article_id) == ("appeal", 0, today, None)
        assert cookies == more_cookies == []

        # A script that is switched off from outside leaves <noscript> unrendered, so the second reader is not seen here.
        def counted() -> bool:
            with house.session() as session:
                rows = session.execute(select(AppealCount.seen, AppealCount.clicked)).all()
            return sum(row.clicked for row in rows) == 2 and sum(row.seen for row in rows) >= 1

        wait_until(counted, "what was seen and clicked to be written")


def read_and_measure(page: Page, article: str) -> None:
    """The frame is as tall as what is in it, and says that it was seen once it was on the screen for a second."""
    page.goto(article, referer="https://search.example/results?q=dredger")
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("style", re.compile(r"height: \d+px"))
    inner = page.frame_locator("iframe").locator("main")
    with page.expect_request("**/embed/seen.gif?*") as seen:
        frame.scroll_into_view_if_needed()
    assert "title%3DThe%2Bdredger" in seen.value.url
    page.evaluate("window.postMessage({ membership: 'height', height: 999 }, '*')")  # from nobody of ours: not heard
    box, whole = inner.bounding_box(), frame.bounding_box()
    assert abs(box["height"] - whole["height"]) <= 2
    link = page.frame_locator("iframe").get_by_role("link", name="Become a patron").get_attribute("href")
    assert "search.example" in link and "results" not in link


def thanked_at_home(page: Page, article: str, origin: str) -> None:
    """Back on the newsroom's own site a patron is thanked; its storage holds a mark that names nobody."""
    page.get_by_role("link", name=f"Back to “{DREDGER.title}”").click()
    expect(page).to_have_url(article)  # the mark is out of the address again
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("You help to carry this. Thank you.")
    page.goto(f"{origin}/{WELLS.slug}")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("You help to carry this. Thank you.")
    kept = json.loads(page.evaluate("localStorage.getItem('membership-embed')"))
    assert kept.keys() == {"first", "day", "patron"} and kept["first"] == article
    page.evaluate("localStorage.setItem('membership-embed', JSON.stringify({ patron: '2099-01.forged' }))")
    page.reload()
    expect(page.frame_locator("iframe").get_by_role("link", name="Become a patron")).to_be_visible()
