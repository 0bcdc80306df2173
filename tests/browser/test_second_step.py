"""Passkeys with Chromium's own virtual device (WebAuthn), the digits without script, and how the pages look."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from membership.readers.step_models import Passkey, SpentChallenge
from tests import make, second_step
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_the_walk import sign_in
from tests.house_on_sockets import living_house

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def house(store, tmp_path_factory):
    """A house by the name of localhost: a bare number is nobody's passkey."""
    with living_house(store, tmp_path_factory.mktemp("steps"), name="localhost") as made:
        made.start_web()
        made.start_worker()
        yield made


def with_a_device(page: Page) -> None:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def test_a_passkey_is_made_and_opens_the_pages_of_the_team(house, visitor):
    with house.session() as session:
        person = make.staff(session, "admin", email="key@example.org").reader_id
    page = visitor()
    with_a_device(page)
    sign_in(house, page, "key@example.org")
    page.goto(f"{house.url}/staff/team")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Your second step")
    page.get_by_label("What you call this device").fill("The desk's machine")
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(heading).to_have_text("Your recovery codes")
    assert page.locator("ol.codes li").count() == 10
    with house.session() as session:
        kept = session.scalars(select(Passkey).where(Passkey.reader_id == person)).one()
        assert kept.name == "The desk's machine"
    page.goto(f"{house.url}/staff/team")
    expect(page.locator("main")).to_contain_text("Invite somebody")
    page.context.clear_cookies()
    sign_in(house, page, "key@example.org")
    page.goto(f"{house.url}/staff/team")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("main")).to_contain_text("Invite somebody")
    with house.session() as session:
        assert session.scalars(select(Passkey.used_at).where(Passkey.reader_id == person)).one() is not None
        assert len(session.scalars(select(SpentChallenge)).all()) == 2


def test_an_answer_is_taken_once_and_only_in_the_session_that_was_asked(house, visitor):
    """What the device answered is caught on its way and sent again, here and in another session of the same person."""
    with house.session() as session:
        make.staff(session, "viewer", email="twice@example.org")
    page = visitor()
    with_a_device(page)
    sign_in(house, page, "twice@example.org")
    page.goto(f"{house.url}/staff/")
    page.get_by_role("button", name="Make a passkey on this device").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    page.context.clear_cookies()
    sign_in(house, page, "twice@example.org")
    page.goto(f"{house.url}/staff/")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.method == "POST" else None)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{house.url}/staff/")
    page.context.clear_cookies()
    sign_in(house, page, "twice@example.org")
    page.goto(f"{house.url}/sign-in/second-step")
    answer = next(one for one in sent if "proof_answer=%7B" in one)
    fields = dict(part.split("=", 1) for part in answer.split("&"))
    page.evaluate(
        """([answer, challenge]) => {
            const form = document.querySelector("form[data-passkey]");
            form.elements.proof_answer.value = decodeURIComponent(answer.replace(/\\+/g, " "));
            form.elements.proof_challenge.value = decodeURIComponent(challenge);
            form.submit();
        }""",
        [fields["proof_answer"], fields["proof_challenge"]],
    )
    expect(page.locator("main")).to_contain_text("could not be verified")
    page.goto(f"{house.url}/staff/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your second step")


@pytest.mark.parametrize(("script", "width", "dark"), [(False, 320, True), (True, 1200, False)])
def test_the_digits_need_no_script_and_the_pages_fit(house, visitor, script, width, dark, tmp_path):
    email = f"digits{width}@example.org"
    with house.session() as session:
        make.staff(session, "editor", email=email)
    page = visitor(script=script, width=width, dark=dark)
    sign_in(house, page, email)
    page.goto(f"{house.url}/staff/")
    pictures = [page.screenshot(full_page=True)]
    expect(page.get_by_role("button", name="Make a passkey on this device")).to_be_visible(visible=script)
    if script:
        assert_accessible(page)
        assert_fits(page)
    second_step.click_in(page, house.url)
    page.goto(f"{house.url}/account/second-step")
    expect(page.locator("main")).to_contain_text("10 recovery codes are left")
    pictures.append(page.screenshot(full_page=True))
    page.goto(f"{house.url}/account/sessions")
    expect(page.locator("main")).to_contain_text("(this one)")
    page.context.clear_cookies()
    sign_in(house, page, email)
    page.goto(f"{house.url}/staff/")
    page.locator("input[name=proof_step]").fill("1")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("main")).to_contain_text("does not fit")
    pictures.append(page.screenshot(full_page=True))
    if script:
        assert_accessible(page)
        assert_fits(page)
    for number, picture in enumerate(pictures):
        (tmp_path / f"{width}-{number}.png").write_bytes(picture)
