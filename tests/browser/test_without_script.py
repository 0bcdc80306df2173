"""A browser without script: the appeal is counted by its picture, a campaign is whole; and patrons are thanked, not asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from membership.appeals.models import AppealCount
from membership.campaigns import actions
from membership.demo.articles import WELLS
from tests import chromium, make
from tests.browser.conftest import FLAGS
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_the_appeal import newsroom_site
from tests.browser.test_the_walk import sign_in
from tests.house_on_sockets import House, living_house, wait_until


@pytest.fixture(scope="module")
def house(store, tmp_path_factory) -> Iterator[House]:
    """A house of its own: a web that answered for other sites before keeps them in mind for a minute."""
    with living_house(store, tmp_path_factory.mktemp("scriptless")) as made:
        made.start_web()
        made.start_worker()
        yield made


def campaign(house: House) -> str:
    """One that runs; its address."""
    at = house.now()
    with house.session() as session:
        by = make.staff(session, "manager").reader_id
        said = actions.Said(
            title="A winter of long stories", summary="Until spring, together.", story="", goal_kind="amount", goal=100_000,
            currency="EUR", scope="all", opens_at=at - timedelta(days=1), closes_at=at + timedelta(days=9),
            match_sponsor="The Quay Fund", match_cap=50_000, wall=True, milestones=(50, 100),
        )  # fmt: skip
        made = actions.draft(session, said, by=by, at=at)
        actions.publish(session, made.id, by=by, at=at)
        session.commit()
        return made.slug


@pytest.mark.only_on("sqlite")  # what a browser does is the same beside either
def test_without_script_the_picture_counts_and_no_cookie_goes_along(house: House, browser: Browser):
    slug = campaign(house)
    # Switched off in the engine itself, as readers do it: an automated switch would leave <noscript> unrendered.
    flags = [*FLAGS, "--test-third-party-cookie-phaseout", "--blink-settings=scriptEnabled=false"]
    started = browser.browser_type.launch(executable_path=chromium.find(), args=flags, timeout=60_000)
    try:
        page, cookies = started.new_context(locale="en-GB").new_page(), []

        def watch(response) -> None:
            headers = response.request.all_headers() | response.headers
            cookies.extend(name for name in ("cookie", "set-cookie") if "/embed" in response.url and name in headers)

        def seen() -> int:
            with house.session() as session:
                return session.execute(select(func.coalesce(func.sum(AppealCount.seen), 0))).scalar_one()

        page.on("response", watch)
        before = seen()
        with newsroom_site(house) as origin, page.expect_response("**/embed/seen.gif?*") as picture:
            page.goto(f"{origin}/{WELLS.slug}")
            page.locator("iframe").scroll_into_view_if_needed()
            page.wait_for_load_state()
            assert page.locator("iframe").get_attribute("style") is None  # no script has made it taller
        assert picture.value.ok and cookies == []
        wait_until(lambda: seen() == before + 1, "the picture to be counted")
        page.goto(f"{house.url}/embed/goal/{slug}")
        assert "€0 of €1,000" in page.content().replace("</strong>", "").replace('<strong class="goal-reached">', "")
    finally:
        started.close()


@pytest.mark.only_on("sqlite")
def test_a_campaign_and_what_pays_for_us_narrow_and_dark(house: House, visitor):
    page, slug = visitor(width=320, dark=True), campaign(house)
    for path in (f"/campaigns/{slug}", "/campaigns", "/funding", f"/embed/goal/{slug}"):
        page.goto(house.url + path)
        expect(page.locator("h1")).to_be_visible()
        assert_accessible(page)
        assert_fits(page)


@pytest.mark.only_on("sqlite")
def test_on_our_own_pages_a_patron_is_thanked_and_not_asked(house: House, visitor):
    at, email = house.now(), "thanked@example.org"
    with house.session() as session:
        make.patron(session, email, since=at - timedelta(days=9), paid_until=at + timedelta(days=9))
    page, slug = visitor(script=False), campaign(house)
    sign_in(house, page, email)
    for path, thanks in (("/", "You are one of those who carry this."), (f"/campaigns/{slug}", "You carry us already.")):
        page.goto(house.url + path)
        expect(page.locator("main")).to_contain_text(thanks)
        expect(page.get_by_role("link", name="Become a patron")).to_have_count(0)
