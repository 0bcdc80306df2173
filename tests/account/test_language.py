"""Each reader in their own language: pages, letters, papers, and the pages of Stripe in between."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import requests
from flask import render_template_string
from flask_babel import force_locale
from sqlalchemy import select, update

from membership import clock
from membership.app import create_app
from membership.giving.models import Checkout
from membership.languages import LANGUAGES, OWN_NAMES, direction, language_of
from membership.mail.models import Letter
from membership.mail.writing import Recipient, write
from membership.money import Money
from membership.newsroom.models import Newsroom
from membership.readers.models import Person
from tests import make
from tests.account.test_papers import paid
from tests.account.test_pdf import words  # noqa: F401 - a fixture
from tests.stripe_side import hidden_fields

BECOME = {"en": "Become a patron", "de": "Fördermitglied werden", "es": "Hágase mecenas", "uk": "Стати патроном"}


def language(page):
    """In which language a page says it is, and is."""
    said = re.search(r'<html lang="([^"]+)" dir="ltr"', page.text)[1]
    assert BECOME[said] in page.text
    return said


def choose(client, tag, **values):
    fields = hidden_fields(client.get("/language").text)
    return client.post("/language", data=fields | {"language": tag} | values)


def letter(session, kind):
    session.expire_all()
    return session.scalars(select(Letter).where(Letter.kind == kind)).one()


@pytest.mark.parametrize(
    ("own", "remembered", "browser", "newsroom", "shown"),
    [
        ("de", "es", "uk", "en", "de"),
        (None, "es", "uk", "en", "es"),
        (None, None, "uk-UA,en;q=0.5", "de", "uk"),
        (None, None, "fr, de-AT;q=0.8, en;q=0.3", "es", "de"),
        (None, None, "", "es", "es"),
        (None, None, "fr", "uk", "uk"),
        (None, None, "de;q=0, es;q=0.1", "en", "es"),
        (None, "fr", "", "fr", "en"),  # nobody is shown a language that is not ours
        ("fr", None, "de", "en", "de"),
    ],
)
def test_ones_own_goes_before_the_remembered_the_browsers_and_the_newsrooms(
    session, client, own, remembered, browser, newsroom, shown
):
    session.execute(update(Newsroom).values(language=newsroom))
    if own:
        ada = make.reader(session)
        session.execute(update(Person).values(language=own))
        make.sign_in(session, client, ada)
    if remembered:
        client.set_cookie("language", remembered)
    assert language(client.get("/topics", headers={"Accept-Language": browser})) == shown


def test_a_choice_is_remembered_and_leads_back(client):
    page = client.get("/language", headers={"Referer": "http://localhost/topics?state=accepted"})
    assert all(f'lang="{tag}"' in page.text and name in page.text for tag, name in OWN_NAMES.items())
    assert re.search(r'value="en" lang="en" aria-current="true"', page.text)
    answer = client.post("/language", data=hidden_fields(page.text) | {"language": "uk"})
    assert answer.status_code == 303 and answer.location == "/topics?state=accepted"
    assert re.fullmatch(r"language=uk; .*Max-Age=34560000; HttpOnly; Path=/; SameSite=Lax", answer.headers["Set-Cookie"])
    assert language(client.get("/topics")) == "uk"
    assert 'href="/language"' in client.get("/topics").text and 'href="/language"' in client.get("/nothing-here").text


def test_over_https_the_cookie_is_as_the_houses_other_cookies(session, config):
    https = "https://members.lantern.example"
    browser = create_app(replace(config, base_url=https)).test_client()
    fields = hidden_fields(browser.get("/language", base_url=https).text)
    answer = browser.post("/language", data=fields | {"language": "de"}, base_url=https)
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if "language" in one)
    assert cookie.startswith("__Host-language=de; ") and "; Secure; HttpOnly; Path=/; SameSite=Lax" in cookie
    assert "Domain" not in cookie
    assert language(browser.get("/topics", base_url=https)) == "de"


@pytest.mark.parametrize(
    "referrer",
    [
        "https://elsewhere.example/topics", "http://localhost//elsewhere.example", "http://localhost/\\elsewhere", "nonsense",
        "http://localhost/nothing-here", "http://localhost/language", "http://localhost/ballots/x/vote", "",
        "http://[",
    ],
)  # fmt: skip
def test_back_is_a_page_of_ours_that_can_be_opened(client, referrer):
    assert hidden_fields(client.get("/language", headers={"Referer": referrer}).text)["next"] == "/"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"])
def test_it_leads_nowhere_else(client, elsewhere):
    assert choose(client, "de", next=elsewhere).location == "/"


def test_looking_changes_nothing_and_an_unknown_language_is_none(session, client):
    ada = make.reader(session)
    make.sign_in(session, client, ada)
    assert "Set-Cookie" not in client.get("/language?language=de").headers or client.get_cookie("language") is None
    assert choose(client, "tlh").status_code == 404
    assert client.get_cookie("language") is None and session.get_one(Person, ada.reader_id).language == "en"


def test_who_is_signed_in_chooses_for_their_letters_too(session, client):
    ada = make.reader(session, "ada@example.org")
    make.sign_in(session, client, ada)
    assert choose(client, "es").status_code == 303
    session.expire_all()
    assert session.get_one(Person, ada.reader_id).language == "es"
    assert language(client.get("/topics", headers={"Accept-Language": "de"})) == "es"
    assert "Español" in client.get("/account/preferences").text


def test_before_the_newsroom_is_set_up_the_operator_may_choose(session, client):
    session.execute(Newsroom.__table__.delete())
    assert choose(client, "de", next="/setup").status_code == 303
    page = client.get("/setup").text
    assert '<html lang="de"' in page and '<option selected value="de">Deutsch' in page


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 прихильник"), (2, "2 прихильники"), (5, "5 прихильників"), (11, "11 прихильників"), (21, "21 прихильник")],
)
def test_ukrainian_has_three_plurals(app, session, number, said):
    with force_locale("uk"):
        form = '{{ ngettext("%(num)s supporter", "%(num)s supporters", number) }}'
        assert render_template_string(form, number=number) == said


@pytest.mark.parametrize(
    ("tag", "sum_", "day"),
    [
        ("en", "€1,234.50", "23 November 2026"),
        ("de", "1.234,50\u00a0€", "23. November 2026"),
        ("es", "1.234,50\u00a0€", "23 de noviembre de 2026"),
        ("uk", "1\u00a0234,50\u00a0EUR", "23 листопада 2026\u202fр."),
    ],
)
def test_days_and_money_are_written_as_the_language_writes_them(app, session, tag, sum_, day):
    values = {"sum": Money(123450, "EUR"), "day": date(2026, 11, 23), "at": datetime(2026, 11, 23, 9, 5, tzinfo=UTC)}
    with force_locale(tag):
        told = render_template_string("{{ sum|money }};{{ day|day }};{{ at|moment('Europe/Kyiv') }}", **values).split(";")
    assert told[0] == sum_ and told[1].replace("\u00a0р.", "\u202fр.") == day
    assert "11:05" in told[2] and "2026" in told[2]


def test_letters_are_in_the_language_of_whom_they_are_for(session, client):
    """Also of who only gave an address: what their browser asked for."""
    make.reader(session, "ada@example.org", name="Ada")
    session.execute(update(Person).values(language="de"))
    for address in ("ada@example.org", "nobody@example.org"):
        fields = hidden_fields(client.get("/sign-in").text) | {"email": address}
        assert client.post("/sign-in", data=fields, headers={"Accept-Language": "uk"}).status_code == 303
    known, unknown = letter(session, "sign_in"), letter(session, "sign_in_unknown")
    assert (known.language, unknown.language) == ("de", "uk")
    assert known.text.startswith("Guten Tag Ada,") and re.search("[а-яїєі]{4}", unknown.text)


def test_who_speaks_none_of_ours_is_written_to_in_one_and_not_in_half_of_two(app, session):
    write(session, "sign_in_unknown", Recipient("a@example.org", language="fr_FR"), key="k", at=make.NOON)
    assert letter(session, "sign_in_unknown").language == "en"
    assert [language_of(tag) for tag in ("de_AT", "uk-UA", "ES", "pt", "")] == ["de", "uk", "es", "en", "en"]
    assert [direction(tag) for tag in (*LANGUAGES, "ar", "he_IL", "?")] == ["ltr"] * 4 + ["rtl", "rtl", "ltr"]


def test_a_receipt_stays_in_the_language_it_was_issued_in(session, client, words):  # noqa: F811
    ada = make.reader(session, "ada@example.org", name="Ada")
    session.execute(update(Person).values(language="de"))
    session.commit()
    receipt = paid(session, ada, amount=950)
    told = letter(session, "receipt")
    assert f"Beleg: {receipt.number}" in told.text and "9,50\u00a0€" in told.text and told.text.startswith("Guten Tag Ada,")
    session.execute(update(Person).values(language="en"))
    make.sign_in(session, client, ada)
    assert f"Receipt {receipt.number}" in client.get(f"/account/receipts/{receipt.number}").text
    client.get(f"/account/receipts/{receipt.number}.pdf")
    heard = " ".join(words)
    assert f"Beleg {receipt.number}" in heard and "9,50\\xa0€" in heard and "Receipt" not in heard
    words.clear()
    client.get(f"/account/statements/{clock.now().year}.pdf")
    assert "Statement for" in " ".join(words)


@pytest.mark.parametrize(("browser", "own", "stripes"), [("de-CH, en;q=0.1", "de", "de"), ("uk", "uk", "auto")])
def test_the_browsers_language_goes_along_to_stripe_and_comes_back(session, stripe_side, browser, own, stripes):
    """Stripe's pages know no Ukrainian (docs.stripe.com/js/appendix/supported_locales): `auto` is the browser's there."""
    stripe_side.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = browser
    page = stripe_side.give("ada@example.org")
    checkout = session.scalars(select(Checkout)).one()
    opened = requests.get(
        f"{stripe_side.url}/v1/checkout/sessions/{checkout.session_id}", auth=("sk_test_x", ""), timeout=20
    ).json()
    assert (checkout.language, opened["locale"]) == (own, stripes)
    back = stripe_side.pay(page).headers["Location"]
    stripe_side.settle()
    session.expire_all()
    assert session.scalars(select(Person.language)).all() == [own]
    assert letter(session, "receipt").language == own
    assert language(stripe_side.client.get(back)) == own
