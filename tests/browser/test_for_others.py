"""Memberships for others in a real browser: a gift bought and claimed without script, a group's seats; judged by axe."""

from playwright.sync_api import Page, expect
from sqlalchemy import select

from membership.memberships.gift_models import Gift
from membership.memberships.group_models import GroupSeat
from tests.browser.conftest import NARROW
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_the_walk import sign_in

GIVER, PAYER = "giver@example.org", "payer@example.org"


def judge(page: Page, address: str) -> None:
    """Narrow and dark: accessible, and nobody scrolls sideways."""
    page.set_viewport_size({"width": NARROW, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    assert_accessible(page)
    assert_fits(page)


def pay(house, page: Page) -> None:
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url(f"{house.sandbox.url}/pay/**")
    page.locator("input[name=card]").first.fill("4242 4242 4242 4242")
    page.locator("form button").last.click()
    page.wait_for_url(f"{house.url}/welcome**")
    house.settle()
    page.reload()


def test_a_gift_is_bought_and_claimed_without_script(house, visitor):
    page = visitor(script=False, width=320, dark=True)
    page.goto(f"{house.url}/give/membership")
    page.get_by_text("3 months", exact=True).last.click()
    page.get_by_label("Their name").fill("Frida Sample")
    page.get_by_label("Their e-mail address").fill("friend@example.org")
    page.get_by_label("Your name, as they should read it").fill("Gina Sample")
    page.get_by_label("A few words to them").fill("For all the mornings.\nYours, G.")
    page.get_by_label("Your e-mail address").fill(GIVER)
    pay(house, page)
    expect(page.locator("main")).to_contain_text("Your gift is paid")

    with house.session() as session:
        token = session.scalars(select(Gift.token)).one()
    judged = visitor()
    for path in ("/give/membership", f"/gift/{token}"):
        judge(judged, house.url + path)
    guest = visitor(script=False)
    guest.goto(f"{house.url}/gift/{token}")
    guest.get_by_role("button", name="Claim the membership").click()
    expect(guest.locator("main")).to_contain_text("It has begun")
    sign_in(house, judged, GIVER)
    judge(judged, f"{house.url}/account/gifts")


def test_a_group_gives_its_seats_without_script(house, visitor):
    page = visitor(script=False)
    page.goto(f"{house.url}/group")
    page.get_by_label("How many seats?").fill("3")
    page.get_by_label("Your e-mail address").fill(PAYER)
    pay(house, page)
    expect(page.locator("main")).to_contain_text("Your group's membership has begun")

    sign_in(house, page, PAYER)
    page.goto(f"{house.url}/account/group")
    page.get_by_label("E-mail addresses").fill("anna@example.org\nbela@example.org")
    page.get_by_role("button", name="Send the invitations").click()
    expect(page.locator("main")).to_contain_text("anna@example.org")
    page.get_by_role("button", name="Take a seat yourself").click()
    expect(page.locator("main")).to_contain_text("3 seats, of which 3 are taken or offered")
    with house.session() as session:
        token = session.scalars(select(GroupSeat.token).where(GroupSeat.email == "anna@example.org")).one()
    guest = visitor(script=False)
    guest.goto(f"{house.url}/group/{token}")
    guest.get_by_role("button", name="Take the seat").click()
    expect(guest.locator("main")).to_contain_text("The seat is yours")
    page.get_by_label("Seats", exact=True).fill("5")
    page.get_by_role("button", name="Look at the price").click()
    expect(page.locator("main")).to_contain_text("5 seats")

    judged = visitor()
    judge(judged, f"{house.url}/group")
    sign_in(house, judged, PAYER)
    judge(judged, f"{house.url}/account/group")
