"""/staff/imports: hand in, look at the report, press the button; and the same from the command line."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.app import all_tasks
from membership.gateway import listing
from membership.imports.models import Brought, Import, ImportRow
from membership.jobs.worker import run_one
from membership.readers.trail import AuditEntry
from membership.web.uploads import ROUND_THE_FILE
from tests import make
from tests.imports.sheets import OWN, PATREON, member, sheet

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def manager(session, client, monkeypatch):
    monkeypatch.setattr(listing, "living", lambda after=None: listing.Page([], None))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    make.tier(session, "reader", monthly=500)
    person = make.staff(session, "manager", email="manager@example.org")
    make.sign_in(session, client, person)
    return person


def send(client, content: bytes, form: str = "patreon", **values: str):
    data = {"file": (io.BytesIO(content), "members.csv", "image/png"), "form": form, "currency": "EUR", "dates": ""} | values
    return client.post("/staff/imports", data=data, content_type="multipart/form-data")


def work(session) -> None:
    while run_one(all_tasks()):
        pass
    session.expire_all()


def text(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_a_file_is_handed_in_reported_on_and_applied_by_a_button(session, client, manager):
    assert "Nothing yet." in client.get("/staff/imports").text
    formula = member("=cmd|' /C calc'!A0", 2, Name="=1+1")
    rows = [member("ada@example.org", 1), formula, member("cy@example.org", 3, Tier="New")]
    sent = send(client, sheet(PATREON, rows))
    assert sent.status_code == 303
    reading = client.get(sent.location)
    assert reading.headers["Refresh"] and "0 of 3 rows" in text(reading)
    work(session)
    report = client.get(sent.location)
    assert "Refresh" not in report.headers
    assert "2 people would be brought along. Nothing has been done yet." in text(report)
    assert "“=cmd|' /C calc'!A0” is no e-mail address." in text(report).replace("&#39;", "'")
    assert "Discord" in text(report), "a column that is not read is named"
    refused = client.get(f"{sent.location}/not-brought.csv")
    assert refused.headers["Content-Type"] == "text/csv; charset=utf-8"
    line = refused.text.splitlines()[1]
    assert line.startswith("3,refused,") and ",'=1+1,'=cmd|" in line
    assert session.scalar(select(func.count()).select_from(Brought)) == 0
    for _ in range(2):  # a double click
        assert client.post(f"{sent.location}/application").status_code == 303
    work(session)
    done = text(client.get(sent.location))
    assert "2 people were invited by letter to go on here." in done
    assert session.scalar(select(func.count()).select_from(Brought)) == 2
    asked = select(AuditEntry).where(AuditEntry.action == "import:asked_for")
    assert session.scalars(asked).one().actor_id == manager.reader_id
    again = send(client, sheet(PATREON, rows))
    assert again.location == sent.location
    assert "handed in before" in client.get("/staff/imports").text


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (b"", "csv", "This is no table."),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "csv", "This is no table."),
        (b"email,name\na@example.org,A\n", "patreon", "These columns are missing: patron status."),
        (sheet(PATREON, [member("a@example.org")]), "csv", "These are the columns of another system (patreon)."),
        (b"email,name\n", "csv", "This is no table."),
        (b"email,name\na@example.org,A\n", "nonsense", "Not a valid choice"),
    ],
)
def test_what_is_not_such_a_file_is_refused_in_words(session, client, manager, content, form, words):
    answer = send(client, content, form)
    assert answer.status_code == 422
    assert words in text(answer)
    assert session.scalars(select(Import)).all() == []


def test_a_file_that_is_too_large_is_refused_and_only_here_is_more_taken(session, app, client, manager, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    content = b"email,name\n" + b"a@example.org,A\n" * 200
    assert client.post("/staff/ways/import", data={"text": content.decode()}).status_code == 413
    monkeypatch.setattr(app.view_functions["imports.hand_in"], "takes", 10_000)
    assert send(client, content, "csv").status_code == 303
    monkeypatch.setattr(app.view_functions["imports.hand_in"], "takes", 2_000 - ROUND_THE_FILE)
    assert send(client, content, "csv").status_code == 413


def test_a_large_file_is_taken_with_its_forms_token_looked_for_as_in_production(app, client, manager, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 5_000)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/imports").text)
    assert token
    content = b"email,name\n" + b"a@example.org,A\n" * 5_000  # more than any other form of the house takes
    assert send(client, content, "csv", csrf_token=token[1]).status_code == 303


def test_a_rehearsal_can_be_forgotten_and_an_application_cannot(session, client, manager):
    where = send(client, sheet(OWN, [{"email": "a@example.org", "amount": "5"}]), "csv").location
    work(session)
    assert client.post(f"{where}/withdrawal").status_code == 303
    assert client.get(where).status_code == 404
    assert session.scalars(select(ImportRow)).all() == []
    where = send(client, sheet(OWN, [{"email": "a@example.org", "amount": "5"}]), "csv").location
    assert client.post(f"{where}/application").status_code == 409, "it is still being read"
    work(session)
    client.post(f"{where}/application")
    assert client.post(f"{where}/withdrawal").status_code == 409
    work(session)


def test_staffs_words_for_tiers_count(session, client, manager):
    make.tier(session, "patron", monthly=2000)
    where = send(client, sheet(PATREON, [member("a@example.org", Tier="Gold")]), tiers="Gold = patron\nnonsense").location
    work(session)
    assert "Gold Patron 1" in text(client.get(where))
