"""Whoever of the team looks at a person leaves a row in the trail, and the trail is held together by its hashes."""

import pytest
from sqlalchemy import func, select

from membership.desk import doctor
from membership.mail.models import Letter
from membership.readers.trail import AuditEntry
from tests import make
from tests.account.test_pages import paid


@pytest.fixture
def ada(session, client):
    person = make.patron(session, "ada@example.org", name="Ada Invented")
    paid(session, person)
    admin = make.staff(session, "admin", email="chief@lantern.example")
    make.sign_in(session, client, admin)
    return person


def looks(session):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(AuditEntry))


def test_no_page_about_a_person_opens_unnoted(app, session, client, ada):
    letter = session.scalars(select(Letter.id).where(Letter.reader_id == ada.reader_id)).first()
    rules = [rule for rule in app.url_map.iter_rules() if "reader_id" in rule.arguments and "GET" in rule.methods]
    assert len(rules) >= 5
    unnoted = []
    for rule in rules:
        values = {"reader_id": ada.reader_id, "letter_id": letter, "payment_id": 1, "membership_id": 1}
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<int:{name}>", str(values.get(name, 1)))
        before, answer = looks(session), client.get(path)
        if answer.status_code == 200 and looks(session) == before:
            unnoted.append(path)
    assert unnoted == []


def test_check_sees_a_trail_that_somebody_changed(session, client, ada, monkeypatch):
    client.get(f"/staff/patrons/{ada.reader_id}")
    session.commit()
    assert doctor._trail().ok
    real = doctor.first_break
    monkeypatch.setattr("membership.readers.trail.chained_hash", lambda entry: f"other {entry.id}")
    assert real(session) is not None and not doctor._trail().ok
