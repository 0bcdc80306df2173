"""The step before a payment while many are declined: by script in a moment, without script by the code of a letter."""


import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from membership.giving.guard_models import CheckoutOrigin, DeclineWave
from membership.web.limits import ChosenFigure
from tests.browser.looking import assert_accessible, assert_fits, tab_order


@pytest.fixture
def wave(house):
    """Every payment is asked for a proof, as long as the test runs."""
    with house.session() as session:
        session.add(DeclineWave(is_open=True, opened_at=house.now(), tries=9, declines=9))
        session.merge(ChosenFigure(name="proof_bits", value=12))
        session.commit()
    yield
    with house.session() as session:
        session.execute(update(DeclineWave).values(is_open=False, closed_at=house.now()))
        session.commit()


def give(house, page, email):
    page.goto(f"{house.url}/give")
    page.locator("input[name=email]").fill(email)
    page.locator("main form[method=post] button").last.click()


def test_a_browser_with_script_does_the_arithmetic_and_goes_on_by_itself(house, visitor, wave):
    page = visitor()
    give(house, page, "counted@example.org")
    page.wait_for_url(f"{house.sandbox.url}/pay/**")
    assert house.count(CheckoutOrigin) >= 1


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1200, False)])
def test_the_steps_are_accessible_and_fit(house, visitor, wave, width, dark):
    page = visitor(width=width, dark=dark)
    page.route("**/proof.js", lambda route: route.fulfill(body="", content_type="text/javascript"))  # so that it stays
    give(house, page, f"looked{width}@example.org")
    expect(page.locator("h1")).to_contain_text("One moment")
    assert_accessible(page)
    assert_fits(page)
    tab_order(page)
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("h1")).to_contain_text("We have written to you")
    page.locator("input[name=code]").fill("1")
    page.get_by_role("button", name="Go on to the payment").click()
    expect(page.locator("main")).to_contain_text("does not fit")
    assert_accessible(page)
    assert_fits(page)


def test_without_script_the_code_of_a_letter_does_the_same(house, visitor, wave):
    page = visitor(script=False, width=320)
    give(house, page, "typed@example.org")
    expect(page.locator("main")).to_contain_text("runs no scripts")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("h1")).to_contain_text("We have written to you")
    house.settle()
    page.locator("input[name=code]").fill(house.code_for("typed@example.org"))
    page.get_by_role("button", name="Go on to the payment").click()
    page.wait_for_url(f"{house.sandbox.url}/pay/**")
