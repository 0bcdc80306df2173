"""A bulletin in a browser: written with the live count beside it, tried, sent; and stopped by a reader without signing in."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from membership.mail.models import Letter
from membership.readers.wishes import SORTS
from tests import make, second_step
from tests.browser.looking import assert_accessible, assert_fits, tab_order
from tests.browser.test_the_walk import press, sign_in

SHOTS = None
"""A directory for pictures, when somebody wants to look."""


def judged(page, name):
    """axe, the width, and a picture if somebody looks."""
    expect(page.locator("h1")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}.png", full_page=True)


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1200, False)])
def test_a_bulletin_from_the_empty_page_to_the_readers_stop(house, visitor, width, dark):
    address, reader = f"letters{width}@lantern.example", f"gets{width}@example.org"
    with house.session() as session:
        make.staff(session, "manager", email=address, name="Mo Sample")
        known = make.reader(session, reader, name="Ada Sample").reader_id
    page = visitor(width=width, dark=dark)
    sign_in(house, page, address)
    second_step.click_in(page, house.url)
    page.goto(f"{house.url}/staff/bulletins")
    judged(page, "list")
    page.get_by_label("Letters a minute").fill("0")
    press(page, page.get_by_role("button", name="Keep this pace"))
    expect(page.get_by_role("alert")).to_contain_text("whole number from 1")
    judged(page, "pace-error")
    page.get_by_label("Letters a minute").fill("60000")
    press(page, page.get_by_role("button", name="Keep this pace"))
    press(page, page.get_by_role("button", name="Write a bulletin"))
    judged(page, "empty-editor")
    press(page, page.get_by_role("button", name="Send me a test"))
    expect(page.get_by_role("alert")).to_contain_text("needs a subject and words")
    judged(page, "editor-error")
    page.get_by_label("Everybody we know").check()
    page.get_by_label("Subject").fill("News from the quay")
    page.get_by_label("Text", exact=True).fill("Dear readers,\n\n## The quay\n\nis **open**, [see](/topics).\n\n- one\n- two")
    preview = page.locator("[data-preview-here]")
    expect(preview).to_contain_text("readers would get it")  # by the script, while it is typed
    expect(preview.locator("strong", has_text="open")).to_be_visible()
    judged(page, "editor")
    tab_order(page)
    press(page, page.get_by_role("button", name="Save", exact=True))
    press(page, page.get_by_role("button", name="Send me a test"))
    press(page, page.get_by_role("button", name="Save, and go on to the sending"))
    judged(page, "sending")
    press(page, page.get_by_role("button", name=re.compile(r"Send it to \d+ readers")))
    judged(page, "progress")
    house.settle()
    page.get_by_role("link", name="Bulletins", exact=True).first.click()
    expect(page.get_by_role("link", name="News from the quay").first).to_be_visible()
    judged(page, "list-with-one")
    page.get_by_role("link", name="News from the quay").first.click()
    expect(page.locator("main")).to_contain_text("sent")
    judged(page, "progress-done")
    with house.session() as session:
        mine = select(Letter.stop_address).where(Letter.reader_id == known, Letter.kind == "bulletin")
        stop = session.scalars(mine.order_by(Letter.id.desc())).first()
    stranger = visitor(width=width, dark=dark)
    stranger.goto(stop)
    judged(stranger, "stop")
    press(stranger, stranger.get_by_role("button", name="Stop them"))
    expect(stranger.locator("h1")).to_contain_text("You will get no more of these letters")
    judged(stranger, "stopped")
    page.goto(f"{house.url}/account/preferences")
    expect(page.get_by_role("checkbox")).to_have_count(len(SORTS))
    judged(page, "preferences")
