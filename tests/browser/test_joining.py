"""Joining in a real browser: without script, narrow and dark, by keyboard, and judged by axe."""

import pytest

from membership.giving.models import Payment
from tests.browser.looking import assert_accessible, assert_fits, tab_order

PUBLIC = ["/", "/join", "/give", "/sign-in", "/nothing/here"]


def test_a_reader_joins_without_script_on_a_small_dark_screen(house, visitor):
    page = visitor(script=False, width=320, dark=True)
    page.goto(f"{house.url}/join")
    page.get_by_text("Friend").first.click()
    page.locator("input[name=email]").fill("browser@example.org")
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url(f"{house.sandbox.url}/pay/**")
    page.locator("input[name=card]").first.fill("4242 4242 4242 4242")
    page.locator("form button").last.click()
    page.wait_for_url(f"{house.url}/welcome**")
    house.settle()
    page.reload()
    assert "Friend" in page.locator("main").inner_text()
    assert house.count(Payment, Payment.amount == 1000) == 1


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize(("width", "dark"), [(320, True), (1200, False)])
def test_a_public_page_is_accessible_and_fits(house, visitor, path, width, dark):
    page = visitor(width=width, dark=dark)
    page.goto(house.url + path)
    assert_accessible(page)
    assert_fits(page)


@pytest.mark.parametrize("path", PUBLIC[:4])
def test_the_tab_key_reaches_everything_and_shows_where_it_is(house, visitor, path):
    page = visitor()
    page.goto(house.url + path)
    reached = tab_order(page)
    wanted = page.locator("a[href]:visible, button:visible, select:visible").count()
    assert len(reached) >= wanted, reached


def test_those_who_judge_can_find_fault(visitor):
    """The control: were axe or the measuring blind, every page above would pass."""
    page = visitor(width=320)
    page.set_content('<html lang="en"><title>x</title><main><h1>x</h1><img src="data:,"><p style="width:900px">x</p>')
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(page)
    with pytest.raises(AssertionError, match="900px"):
        assert_fits(page)
    page.set_content('<html lang="en"><a href="/x" style="outline:none">x</a>')
    with pytest.raises(AssertionError, match="does not show it"):
        tab_order(page)
