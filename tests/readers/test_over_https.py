"""Over https: the cookie is Secure and __Host-, and the forms work although their pages send no Referer."""

from dataclasses import replace

from membership.app import create_app
from tests.stripe_side import hidden_fields

HTTPS = "https://members.lantern.example"


def test_signing_in_works_without_a_referer_and_not_without_the_forms_token(session, config):
    app = create_app(replace(config, base_url=HTTPS))
    browser = app.test_client()
    page = browser.get("/sign-in", base_url=HTTPS)
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=") and "Secure" in cookie and "HttpOnly" in cookie
    assert page.headers["Strict-Transport-Security"]
    fields = hidden_fields(page.text) | {"email": "ada@example.org"}
    assert browser.post("/sign-in", data=fields, base_url=HTTPS).status_code == 303
    forged = {name: value for name, value in fields.items() if name != "csrf_token"}
    assert browser.post("/sign-in", data=forged, base_url=HTTPS).status_code == 400


def test_over_https_the_cookie_is_bound_to_this_host(session, config):
    browser = create_app(replace(config, base_url=HTTPS)).test_client()
    for address in ("/sign-in", "/nothing/here", "/theme.css"):
        page = browser.get(address, base_url=HTTPS)
        years = int(page.headers["Strict-Transport-Security"].split("=")[1].split(";")[0]) / (365 * 24 * 3600)
        assert years >= 1 and "includeSubDomains" in page.headers["Strict-Transport-Security"]
        for cookie in page.headers.getlist("Set-Cookie"):
            said = {part.strip() for part in cookie.split(";")}
            assert cookie.startswith("__Host-") and {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= said
            assert not any(part.startswith("Domain") for part in said)
    assert browser.get("/sign-in", base_url=HTTPS.replace("https", "http")).headers["Strict-Transport-Security"]
