"""What is held about somebody, in a real browser: seen, judged by axe, and erased without script by the letter's link."""

import os
import re

from playwright.sync_api import expect

from membership.privacy.models import Erasure
from tests import make
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_the_walk import sign_in

WHO = "leaves@example.org"


def judge(house, page, address):
    page.goto(house.url + address)
    for one in page.locator("details").all():
        one.evaluate("e => e.open = true")
    assert_accessible(page)
    assert_fits(page)
    if pictures := os.environ.get("PICTURES"):
        page.screenshot(path=f"{pictures}/{address.strip('/').replace('/', '-')[:40]}.png", full_page=True)


def test_a_reader_sees_what_is_held_and_is_erased_without_script(house, visitor):
    with house.session() as session:
        make.patron(session, WHO, name="Lea Leaves")
        make.reader(session, "boss@example.org")
    judged, page = visitor(width=320, dark=True), visitor(script=False)
    sign_in(house, judged, WHO)
    for address in ("/account/export", "/account/erasure", "/privacy"):
        judge(house, judged, address)
    sign_in(house, page, WHO)
    page.goto(f"{house.url}/account/erasure")
    page.get_by_role("button", name="Send me the letter with the link").click()
    expect(page.locator("main")).to_contain_text("We have written to you")
    house.settle()
    text = next(one["text"] for one in house.letters(to=WHO)[::-1] if "/account/erasure/" in one["text"])
    path = re.search(r"/account/erasure/\S+", text)[0]
    judge(house, judged, path)
    page.goto(house.url + path)
    page.get_by_role("button", name="Erase me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are being erased")
    assert house.count(Erasure, Erasure.confirmed_at.is_not(None)) == 1
