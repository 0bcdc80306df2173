"""The team's second step, walked as a browser does it: an app, recovery codes, a fresh proof, sessions."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from membership import clock
from membership.mail.models import Letter
from membership.readers import actions, second_step
from membership.readers.models import ReaderSession
from membership.readers.step_models import Authenticator, RecoveryCode
from membership.readers.step_rules import fitting_step, recovery_code_of
from membership.readers.trail import AuditEntry
from membership.web.access import audience
from membership.web.tokens import hashed
from tests import make
from tests.house.test_routes import rules


@pytest.fixture
def wall(monkeypatch):
    """The real time, to be moved by hand: an app's digits last half a minute."""

    class Wall:
        at = datetime(2026, 11, 25, 12, 0, 5, tzinfo=UTC)

        def forward(self, **by):
            self.at += timedelta(**by)

    moved = Wall()
    monkeypatch.setattr(clock, "wall", lambda: moved.at)
    return moved


def sign_in_by_letter(session, client, person):
    """What a letter alone gives: a session without the second step."""
    token = actions.open_session(session, person.reader_id, clock.now(), browser="Firefox, Linux")
    session.commit()
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"], cookie["_fresh"] = token, True
    return token


def offered(client):
    """The sealed seed and the seed that the page offers."""
    page = client.get("/account/second-step").text
    return re.search(r'name="sealed"[^>]*value="([^"]+)"', page)[1], re.search(r'<code class="key code">(\w+)<', page)[1]


def add_app(client, wall):
    """Add an app; its seed, and the recovery codes that were shown."""
    sealed, seed = offered(client)
    answer = client.post("/account/second-step/app", data={"sealed": sealed, "digits": digits(seed, wall)})
    assert answer.status_code == 200, answer.text
    return seed, re.findall(r"<li><code>([\w-]+)</code>", answer.text)


def digits(seed, wall):
    return pyotp.TOTP(seed).at(int(wall.at.timestamp()))


def opens(client):
    return client.get("/staff/team").status_code == 200


@pytest.fixture
def admin(session):
    return make.staff(session, "admin", email="ed@example.org")


def test_without_the_second_step_no_page_of_the_team_opens(app, session, client, admin):
    sign_in_by_letter(session, client, admin)
    astray = []
    for method in ("GET", "POST"):
        for rule, address in rules(app, method):
            who = audience(app, rule.endpoint)
            if who is not None and who.role:
                answer = client.open(address, method=method)
                if (answer.status_code, answer.location.split("?")[0] if answer.location else "") != (
                    303,
                    "/sign-in/second-step",
                ):
                    astray.append((method, address, answer.status_code))
    assert astray == []
    assert client.get("/account").status_code == 200, "what every reader may see stays open"
    assert "/staff/" not in client.get("/account").text


def test_an_app_becomes_the_second_step_and_the_session_goes_on_under_a_new_token(session, client, admin, wall):
    before = sign_in_by_letter(session, client, admin)
    assert client.get("/sign-in/second-step?next=/staff/team").location == "/account/second-step"
    seed, codes = add_app(client, wall)
    assert len(set(codes)) == 10 and opens(client)
    session.expire_all()
    assert session.get(ReaderSession, hashed(before)).ended_at is not None
    assert seed.encode() not in session.get(Authenticator, admin.reader_id).sealed
    letter = session.scalars(select(Letter).where(Letter.kind == "second_step")).one()
    assert letter.address == "ed@example.org" and "six digits" in letter.text
    assert session.scalars(select(AuditEntry.action)).all()[-1] == "second-step:added"


def test_wrong_digits_add_nothing_and_lose_nothing(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    sealed, seed = offered(client)
    answer = client.post("/account/second-step/app", data={"sealed": sealed, "digits": "000000"})
    assert answer.status_code == 422 and seed in answer.text and "does not fit" in answer.text
    assert session.scalars(select(Authenticator)).all() == []


def test_the_next_sign_in_asks_for_the_digits_and_takes_the_same_ones_once(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    seed, _ = add_app(client, wall)
    wall.forward(minutes=1)
    sign_in_by_letter(session, client, admin)
    assert client.get("/account/second-step").location.startswith("/sign-in/second-step"), "no way around it"
    shown = digits(seed, wall)
    answer = client.post("/sign-in/second-step", data={"proof_step": shown, "next": "/staff/team"})
    assert (answer.status_code, answer.location) == (303, "/staff/team") and opens(client)
    sign_in_by_letter(session, client, admin)
    assert client.post("/sign-in/second-step", data={"proof_step": shown}).status_code == 422
    assert not opens(client)


def test_a_recovery_code_is_good_once_and_its_use_is_told(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    _, codes = add_app(client, wall)
    for typed, status in ((codes[0].upper().replace("-", " "), 303), (codes[0], 422), (codes[1], 303)):
        sign_in_by_letter(session, client, admin)
        assert client.post("/sign-in/second-step", data={"proof_step": typed}).status_code == status
    assert len(session.scalars(select(RecoveryCode).where(RecoveryCode.used_at.is_(None))).all()) == 8
    assert any("recovery codes was used" in text for text in session.scalars(select(Letter.text)))


def test_the_sixth_wrong_guess_ends_the_session(app, session, client, admin, wall, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", dataclasses.replace(app.config["MEMBERSHIP"], wide_limits=False))
    sign_in_by_letter(session, client, admin)
    add_app(client, wall)
    token = sign_in_by_letter(session, client, admin)
    answers = [client.post("/sign-in/second-step", data={"proof_step": f"00000{n}"}).status_code for n in range(6)]
    assert answers == [422] * 5 + [429]
    session.expire_all()
    assert session.get(ReaderSession, hashed(token)).ended_at is not None
    assert client.get("/account").location.startswith("/sign-in")


def test_what_wants_a_fresh_proof_asks_for_it_and_loses_nothing_that_was_typed(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    seed, _ = add_app(client, wall)
    session.execute(ReaderSession.__table__.update().values(fresh_until=clock.now() - timedelta(seconds=1)))
    session.commit()
    typed = {"email": "new@example.org", "name": "Nur & Co", "role": "editor"}
    asked = client.post("/staff/team", data=typed)
    assert asked.status_code == 403 and 'action="/staff/team"' in asked.text
    assert 'name="name" value="Nur &amp; Co"' in asked.text and "new@example.org" in asked.text
    assert session.scalars(select(AuditEntry.action).where(AuditEntry.action == "role:granted")).all() == []
    assert client.post("/staff/team", data={**typed, "proof_step": "000000"}).status_code == 422
    wall.forward(minutes=1)
    done = client.post("/staff/team", data={**typed, "proof_step": digits(seed, wall)})
    assert (done.status_code, done.location) == (303, "/staff/team")
    again = client.post("/staff/team", data={**typed, "role": "viewer"})
    assert again.status_code == 303, "one proof is good for minutes"


def test_an_export_asks_first_and_then_leads_on(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    seed, _ = add_app(client, wall)
    session.execute(ReaderSession.__table__.update().values(fresh_until=None))
    session.commit()
    asked = client.get("/staff/imports/1/not-brought.csv")
    assert asked.location == "/sign-in/again?next=%2Fstaff%2Fimports%2F1%2Fnot-brought.csv"
    assert 'value="/staff/imports/1/not-brought.csv"' in client.get(asked.location).text
    wall.forward(minutes=1)
    onward = {"proof_step": digits(seed, wall), "next": "/staff/imports/1/not-brought.csv"}
    assert client.post("/sign-in/again", data=onward).location == "/staff/imports/1/not-brought.csv"
    assert client.get("/staff/imports/1/not-brought.csv").status_code == 404, "asked no more"


def test_the_only_way_cannot_be_removed(session, client, admin, wall):
    sign_in_by_letter(session, client, admin)
    add_app(client, wall)
    assert client.post("/account/second-step/app/removal").status_code == 409
    assert session.get(Authenticator, admin.reader_id) is not None


def test_who_lost_everything_is_let_begin_anew_by_an_admin(session, client, admin, wall):
    lost = make.staff(session, "editor", email="lost@example.org")
    sign_in_by_letter(session, client, lost)
    add_app(client, wall)
    make.sign_in(session, client, admin)
    assert client.post(f"/staff/team/{lost.reader_id}/second-step").status_code == 303
    session.expire_all()
    assert not second_step.ways(session, lost.reader_id)
    open_rows = (ReaderSession.reader_id == lost.reader_id, ReaderSession.ended_at.is_(None))
    assert session.scalars(select(ReaderSession).where(*open_rows)).all() == []
    letters = session.scalars(select(Letter.text).where(Letter.address == "lost@example.org")).all()
    assert any("signed out everywhere" in text for text in letters)


def test_a_reader_sees_their_sessions_and_ends_them_and_nobody_elses(session, client, wall):
    ada, other = make.reader(session, "ada@example.org"), make.reader(session, "eve@example.org")
    phone = hashed(sign_in_by_letter(session, client, ada))
    foreign = hashed(actions.open_session(session, other.reader_id, clock.now()))
    own = hashed(sign_in_by_letter(session, client, ada))
    page = client.get("/account/sessions").text
    assert page.count("Firefox, Linux") == 2 and "this one" in page and foreign not in page
    client.post(f"/account/sessions/{foreign}/ending")
    client.post(f"/account/sessions/{phone}/ending")
    session.expire_all()
    ended = {row.token_hash: row.ended_at for row in session.scalars(select(ReaderSession))}
    assert ended[phone] and not ended[foreign] and not ended[own]
    third = hashed(actions.open_session(session, ada.reader_id, clock.now()))
    session.commit()
    client.post("/account/sessions/ending")
    session.expire_all()
    assert session.get(ReaderSession, third).ended_at and not session.get(ReaderSession, own).ended_at


NOON = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30


@pytest.mark.parametrize(
    ("digits_of", "last", "fits"),
    [(STEP, 0, STEP), (STEP - 1, 0, STEP - 1), (STEP + 1, 0, STEP + 1), (STEP - 2, 0, None), (STEP + 2, 0, None),
     (STEP, STEP, None), (STEP - 1, STEP, None), (STEP + 1, STEP, STEP + 1)],
)  # fmt: skip
def test_digits_fit_for_three_half_minutes_and_never_again(digits_of, last, fits):
    def code_of(step):
        return f"{step % 1_000_000:06d}"

    assert fitting_step(code_of(digits_of), at=NOON, last_step=last, code_of=code_of) == fits


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("abcd-efgh-jkmn", "abcdefghjkmn"), (" ABCD EFGH JKMN ", "abcdefghjkmn"), ("abcd-efgh-jkm", ""), ("abcd-efgh-jkm0", ""),
     ("", ""), ("ａbcd-efgh-jkmn", "")],
)  # fmt: skip
def test_a_recovery_code_is_recognised_however_it_is_typed(typed, kept):
    assert recovery_code_of(typed) == kept
