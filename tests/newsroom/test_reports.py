"""security.txt and the statement on accessibility: whom to tell, from the settings."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.newsroom.models import ContactPoint
from membership.newsroom.rules import NotAnAddressForReports, read_report_address, security_txt
from membership.readers.trail import AuditEntry
from tests import make


def fields(text):
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


def test_security_txt_has_the_fields_of_the_standard():
    text = security_txt("holes@lantern.example", until=date(2027, 3, 1), languages=("de", "en"), base_url="https://m.example",
                        at=make.NOON)  # fmt: skip
    assert text == (
        "Contact: mailto:holes@lantern.example\nExpires: 2027-03-02T00:00:00Z\nPreferred-Languages: de, en\n"
        "Canonical: https://m.example/.well-known/security.txt\n"
    )
    page = security_txt("https://x.example/r", until=None, languages=("en", "en"), base_url="https://m.example", at=make.NOON)
    assert fields(page)["Contact"] == "https://x.example/r" and fields(page)["Preferred-Languages"] == "en"
    assert fields(page)["Expires"] == "2027-02-21T12:00:00Z"


@pytest.mark.parametrize("typed", ["", "nobody", "http://x.example", "a@b", "a@b.example\nExpires: never", "x@y.z z"])
def test_what_is_neither_address_nor_page_is_refused(typed):
    with pytest.raises(NotAnAddressForReports):
        read_report_address(typed)


def test_until_staff_name_somebody_the_newsrooms_own_address_serves(client):
    answer = client.get("/.well-known/security.txt")
    assert answer.status_code == 200 and answer.content_type == "text/plain; charset=utf-8"
    said = fields(answer.text)
    assert said["Contact"] == "mailto:desk@lantern.example"
    expires = datetime.fromisoformat(said["Expires"])
    assert clock.now() < expires < clock.now() + timedelta(days=91) and expires.tzinfo == UTC
    assert "mailto:desk@lantern.example" in client.get("/accessibility").text


def test_admins_name_who_reads_reports_and_for_how_long(session, client):
    make.sign_in(session, client, make.staff(session, "admin"))
    day = clock.now().date()
    wrong = [{"security": "nobody"}, {"accessibility": "x y@z.example"}, {"until": f"{day - timedelta(days=1)}"},
             {"until": f"{day + timedelta(days=367)}"}]  # fmt: skip
    right = {"security": "holes@lantern.example", "accessibility": "https://lantern.example/hindrances",
             "until": f"{day + timedelta(days=200)}"}  # fmt: skip
    for one in wrong:
        assert client.post("/staff/settings/reports", data=right | one).status_code == 422
    assert session.scalars(select(ContactPoint)).all() == []
    for _ in range(2):
        assert client.post("/staff/settings/reports", data=right).status_code == 303
    assert "holes@lantern.example" in client.get("/staff/settings/reports").text
    said = fields(client.get("/.well-known/security.txt").text)
    assert said["Contact"] == "mailto:holes@lantern.example" and said["Expires"][:10] == f"{day + timedelta(days=201)}"
    assert 'href="https://lantern.example/hindrances"' in client.get("/accessibility").text
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "contacts:changed")).all()
    assert [one.detail["kinds"] for one in noted] == [["security", "accessibility"]]
    assert client.post("/staff/settings/reports", data={"security": "", "accessibility": ""}).status_code == 303
    assert session.scalars(select(ContactPoint)).all() == []


def test_the_statement_is_linked_from_every_page_and_says_what_is_missing(client):
    assert 'href="/accessibility"' in client.get("/").text
    page = client.get("/accessibility").text
    assert "WCAG" in page and "What is missing" in page
