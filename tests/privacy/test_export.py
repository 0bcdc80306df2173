"""What is held about somebody, told to them: all of it, nothing of anybody else's, no secret, and never a vote."""

import json

import pytest
from click.testing import CliRunner

from membership import cli, clock
from membership.account.models import PatronNote
from membership.readers.trail import AuditEntry
from tests import make
from tests.account.test_pages import paid
from tests.ballots.helpers import ballot, cast


@pytest.fixture
def ada(session, client):
    person = make.patron(session, "ada@example.org", name="Ada Invented", tier_row=make.tier(session, "member"))
    paid(session, person)
    staff = make.staff(session, "manager", email="money@lantern.example", name="Grete Secret")
    now = clock.now()
    note = {"attempt": "a", "text": "Phoned, was kind.", "written_at": now}
    session.add(PatronNote(reader_id=person.reader_id, author_id=staff.reader_id, **note))
    other = make.patron(session, "ben@example.org", name="Ben Other")
    paid(session, other)
    session.commit()
    make.sign_in(session, client, person)
    return person


def test_the_page_and_the_file_tell_everything_and_nothing_of_others(session, client, ada):
    page = client.get("/account/export").text
    assert "Phoned, was kind." in page and "ada@example.org" in page and "Payments and receipts" in page
    answer = client.post("/account/export")
    assert answer.headers["Content-Disposition"].startswith("attachment") and answer.status_code == 200
    told = answer.get_json()
    held = {name: rows for room in told["held"] for name, rows in room["tables"].items()}
    assert {"person", "reader_session", "payment", "receipt", "letter", "patron_note", "membership"} <= set(held)
    assert held["payment"][0]["amount"] == 500 and "Ada Invented" in held["receipt"][0]["payer"]
    assert "Thank you" in held["letter"][0]["text"] or "receipt" in held["letter"][0]["text"].lower()
    for words in (page, answer.text):
        assert "ben@example.org" not in words and "Ben Other" not in words and "Grete" not in words
        assert "token_hash" not in words
    entry = session.query(AuditEntry).filter_by(action="reader:exported").one()
    assert entry.object == f"reader/{ada.reader_id}"


def test_that_somebody_voted_is_told_and_never_what(session, client, ada):
    cast(session, ballot(session), ada, 2)
    answer = client.post("/account/export").text
    assert '"voted": true' in answer and '"vote"' not in answer and "content" not in answer


def test_the_operator_is_told_the_same(session, ada, monkeypatch, app):
    monkeypatch.setattr(cli, "_house", lambda: (None, app))
    told = CliRunner().invoke(cli.membership, ["reader", "export", "Ada@example.org"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["reader"] == ada.reader_id
    assert "Nobody is known" in CliRunner().invoke(cli.membership, ["reader", "export", "no@example.org"]).output
