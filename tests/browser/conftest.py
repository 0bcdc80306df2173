"""Real browsers on the living house: the system's Chromium, with script and without, narrow, dark, and axe to judge.

def test_something(house, visitor):                 # a fixture that opens pages: visitor(script=False, width=320)
    page = visitor(dark=True)
    page.goto(house.url + "/join")
    assert_accessible(page)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import chromium
from tests.databases import Databases
from tests.house_on_sockets import House, living_house

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
]  # fmt: skip
NARROW, WIDE = 320, 1200
MILLISECONDS = 15_000
"""How long a page may take to become what a test expects of it. After a click a page is on its way: what it says is
expected, never read at once."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this directory needs Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all walks; each visitor has a profile of their own in it. Gone before other tests need a loop."""
    path = chromium.find()
    if path is None:
        pytest.skip(f"no Chromium was found ({chromium.HOW_TO_HAVE_IT})")
    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=60_000)
        yield started
        started.close()


@pytest.fixture(scope="package")
def house(store: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A living house for all walks in a browser; each walk brings readers of its own."""
    with living_house(store, tmp_path_factory.mktemp("browser")) as made:
        made.start_web()
        made.start_worker()
        yield made


Visitors = Callable[..., Page]


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitors]:
    """A new visitor's page: `script` on or off, `width` in pixels, `dark`, `zoom`ed text, `language`, `reduced` motion.

    What a page says to the console as an error (a script or style that the policy refused, a missing file) fails the test.
    """
    opened, complaints = [], []

    def open_page(
        *, script: bool = True, width: int = WIDE, dark: bool = False, language: str = "en-GB", reduced: bool = True
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce" if reduced else "no-preference",
        )
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in opened:
        context.close()
    # A refusal shown as a page (403, 404, 422, …) is logged by Chromium, too; it is no complaint.
    assert [text for text in complaints if "the server responded with a status of 4" not in text] == []
