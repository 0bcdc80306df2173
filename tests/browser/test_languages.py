"""The languages in a real browser: chosen without reading the page, and no word so long that a phone has no room for it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from membership.app import create_app
from membership.config import from_environment
from membership.languages import LANGUAGES, OWN_NAMES
from membership.readers import actions as readers
from membership.readers.models import Person
from tests import make
from tests.browser.conftest import NARROW
from tests.browser.looking import assert_accessible, assert_fits
from tests.house_on_sockets import House


@pytest.mark.only_on("sqlite")
def test_a_language_is_found_by_its_own_name_without_script(house: House, visitor):
    page = visitor(script=False, width=NARROW)
    page.goto(f"{house.url}/topics")
    page.locator("footer a.languages").click()
    page.get_by_role("button", name=OWN_NAMES["uk"]).click()
    expect(page).to_have_url(f"{house.url}/topics")
    expect(page.locator("html")).to_have_attribute("lang", "uk")


@pytest.mark.only_on("sqlite")
def test_the_longest_words_have_room_on_a_phone(house: House, browser: Browser):
    context = browser.new_context(locale="de-AT", viewport={"width": NARROW, "height": 800}, color_scheme="dark")
    page = context.new_page()
    for path in ("/", "/join", "/topics", "/language"):
        page.goto(house.url + path)
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert_fits(page)
    assert_accessible(page)
    context.close()


@pytest.mark.long
@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("language", LANGUAGES[1:])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_every_page_has_room_in_every_language_and_from_right_to_left(house: House, browser: Browser, language, direction):
    app = create_app(from_environment(house.environment))
    with house.session() as session:
        person = make.staff(session, "admin", name="Сергій Великодний")
        session.get_one(Person, person.reader_id).language = language
        at = house.now()
        token = readers.open_session(session, person.reader_id, at, proven_until=at + timedelta(days=300))
        session.commit()
    cookie = app.session_interface.get_signing_serializer(app).dumps({"_user_id": token, "_fresh": True})
    context = browser.new_context(viewport={"width": NARROW, "height": 800})
    context.add_cookies([{"name": "session", "value": cookie, "url": house.url}])
    page, opened = context.new_page(), 0
    for rule in app.url_map.iter_rules():
        path = str(rule)
        if rule.arguments or "GET" not in rule.methods or "." in path or path.startswith(("/embed", "/metrics", "/healthz")):
            continue
        answer = page.goto(house.url + path)
        if answer and "text/html" in answer.headers.get("content-type", ""):
            page.evaluate("way => document.documentElement.dir = way", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, path
            opened += page.locator(f"html[lang={language}]").count()
    assert opened > 60
    context.close()
