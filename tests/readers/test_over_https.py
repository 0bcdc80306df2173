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
