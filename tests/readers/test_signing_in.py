"""Signing in by a letter, walked as a browser does it."""

import dataclasses
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from membership import clock
from membership.mail.models import Letter
from membership.readers import actions, signing_in
from membership.readers.models import ReaderSession, SignInChallenge
from tests import make

KNOWN, UNKNOWN = "ada@example.org", "nobody@example.org"


@pytest.fixture
def ada(session):
    return make.reader(session, KNOWN, name="Ada")


@pytest.fixture
def time(monkeypatch):
    """The house's clock, to be moved by hand."""

    class Clock:
        at = clock.wall()

        def forward(self, **by):
            self.at += timedelta(**by)

    moved = Clock()
    monkeypatch.setattr(clock, "now", lambda: moved.at)
    return moved


def ask(client, email=KNOWN, **more):
    return client.post("/sign-in", data={"email": email} | more)


def newest_letter(session):
    session.expire_all()
    return session.scalars(select(Letter).order_by(Letter.id.desc())).first()


def link_and_code(session):
    text = newest_letter(session).text
    link = re.search(r"http://127.0.0.1:8000(/sign-in/\S+)", text)[1]
    return link, re.search(r"code there: (\d{6})", text)[1]


def open_sessions(session):
    return session.scalar(select(func.count()).select_from(ReaderSession).where(ReaderSession.ended_at.is_(None)))


def is_in(client):
    return client.get("/sign-in").status_code == 303


def test_the_link_shows_a_button_and_the_press_signs_in_and_goes_on(session, client, ada):
    answer = ask(client, next="/topics?page=2")
    assert (answer.status_code, answer.location) == (303, "/sign-in/code")
    link, _ = link_and_code(session)
    page = client.get(link)
    assert page.status_code == 200 and f'action="{link}"' in page.text
    assert open_sessions(session) == 0, "opening the link signs nobody in"
    pressed = client.post(link)
    assert (pressed.status_code, pressed.location) == (303, "/topics?page=2")
    assert open_sessions(session) == 1 and is_in(client)


def test_the_code_signs_in_too(session, client, ada):
    ask(client)
    _, code = link_and_code(session)
    answer = client.post("/sign-in/code", data={"code": f" {code[:3]} {code[3:]} "})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_in(client)


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(session, client, ada, evil):
    ask(client, next=evil)
    link, _ = link_and_code(session)
    assert client.post(link).location == "/account"


def test_pages_with_a_token_are_not_kept_and_not_told_on(session, client, ada):
    ask(client)
    link, _ = link_and_code(session)
    for answer in (client.get(link), client.get("/sign-in/code"), client.post(link)):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


def test_another_browser_is_told_to_use_the_code_and_never_gets_a_session(session, client, app, ada):
    ask(client)
    link, code = link_and_code(session)
    other = app.test_client()
    page = other.get(link)
    assert page.status_code == 200 and "type the six digits" in page.text and "<form" not in page.text
    assert other.post(link).status_code == 410
    assert other.post("/sign-in/code", data={"code": code}).status_code == 410
    assert open_sessions(session) == 0 and not is_in(other)
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303, "the browser that asked still can"


def test_a_letter_works_once(session, client, ada):
    ask(client)
    link, code = link_and_code(session)
    assert client.post(link).status_code == 303
    with client.session_transaction() as cookie:  # the same browser, without its session
        cookie.pop("_user_id")
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert client.post("/sign-in/code", data={"code": code}).status_code == 410
    assert open_sessions(session) == 1


@pytest.mark.parametrize(("seconds", "status"), [(600, 303), (601, 410)])
@pytest.mark.parametrize("way", ["link", "code"])
def test_a_letter_is_good_for_ten_minutes_and_not_a_second_longer(session, client, ada, time, seconds, status, way):
    ask(client)
    link, code = link_and_code(session)
    time.forward(seconds=seconds)
    answer = client.post(link) if way == "link" else client.post("/sign-in/code", data={"code": code})
    assert answer.status_code == status


def test_five_wrong_codes_void_the_letter(session, client, ada):
    ask(client)
    link, code = link_and_code(session)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        answer = client.post("/sign-in/code", data={"code": wrong})
        assert answer.status_code == 422 and "does not fit" in answer.text and wrong in answer.text
    assert client.post("/sign-in/code", data={"code": code}).status_code == 410
    assert client.post(link).status_code == 410, "the link is void with it"
    assert open_sessions(session) == 0


def test_the_fifth_code_may_still_be_right(session, client, ada):
    ask(client)
    _, code = link_and_code(session)
    for _ in range(4):
        client.post("/sign-in/code", data={"code": f"{(int(code) + 1) % 1_000_000:06d}"})
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303


def test_a_known_and_an_unknown_address_get_the_same_answers(session, app, client, ada):
    def walk(email):
        browser = app.test_client()
        asked = ask(browser, email)
        page = browser.get("/sign-in/code")
        tries = [browser.post("/sign-in/code", data={"code": "999999x"}) for _ in range(6)]
        return [(one.status_code, one.location, one.text.replace(email, "")) for one in (asked, page, *tries)]

    assert walk(KNOWN) == walk(UNKNOWN)


def test_the_code_of_a_letter_that_was_never_sent_is_as_wrong_as_any(session, client, monkeypatch):
    monkeypatch.setattr(signing_in, "new_code", lambda: "123456")
    ask(client, UNKNOWN)
    assert client.post("/sign-in/code", data={"code": "123456"}).status_code == 422
    assert open_sessions(session) == 0


def test_a_known_and_an_unknown_address_take_the_same_statements(session, app, engine, ada):
    def statements(email):
        seen = []

        def note(_connection, _cursor, statement, *_):
            seen.append(re.sub(r"sa_savepoint_\d+", "savepoint", statement))

        event.listen(engine, "before_cursor_execute", note)
        try:
            ask(app.test_client(), email)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return seen

    statements(KNOWN)  # whatever is done only once
    assert statements(KNOWN) == statements(UNKNOWN)


def test_an_unknown_address_gets_a_letter_that_opens_nothing(session, client):
    ask(client, UNKNOWN)
    letter = newest_letter(session)
    assert letter.address == UNKNOWN and "know nobody by it" in letter.text and "/join" in letter.text
    assert "/sign-in/" not in letter.text and not re.search(r"\d{6}", letter.text)
    challenge = session.scalars(select(SignInChallenge)).one()
    assert challenge.reader_id is None


@pytest.mark.parametrize("email", ["", "no address", "a@", "@b.example", "a" * 250 + "@example.org"])
def test_what_is_no_address_is_said_beside_the_field_and_kept(session, client, email):
    answer = ask(client, email)
    assert answer.status_code == 422 and 'id="email-error"' in answer.text
    assert session.scalars(select(Letter)).all() == []


def test_asking_too_often_is_refused_without_saying_which_limit(session, app, ada, monkeypatch):
    config = dataclasses.replace(app.config["MEMBERSHIP"], wide_limits=False)
    monkeypatch.setitem(app.config, "MEMBERSHIP", config)
    by_address = [ask(app.test_client()) for _ in range(4)]
    assert [one.status_code for one in by_address] == [303, 303, 303, 429]
    by_client = [ask(app.test_client(), f"other{n}@example.org") for n in range(3)]
    assert [one.status_code for one in by_client] == [303, 303, 429]  # what was refused above counts against nobody
    notice = r'<p class="notice bad" role="alert">(.*?)</p>'
    assert re.search(notice, by_address[-1].text)[1] == re.search(notice, by_client[-1].text)[1]
    assert KNOWN in by_address[-1].text, "what was typed is kept"
    assert session.scalar(select(func.count()).select_from(Letter)) == 5


def test_a_class_behind_one_address_signs_in_one_after_the_other(session, app, monkeypatch):
    """Far more than one address may ask for: whoever got in counts no longer."""
    config = dataclasses.replace(app.config["MEMBERSHIP"], wide_limits=False)
    monkeypatch.setitem(app.config, "MEMBERSHIP", config)
    for n in range(12):
        pupil = app.test_client()
        make.reader(session, f"pupil{n}@example.org")
        assert ask(pupil, f"pupil{n}@example.org").status_code == 303
        link, _ = link_and_code(session)
        assert pupil.post(link).status_code == 303 and is_in(pupil)
    refused = [ask(app.test_client(), f"else{n}@example.org").status_code for n in range(6)]
    assert refused == [303] * 5 + [429]


def test_the_network_is_limited_beyond_the_single_address(session, app, monkeypatch):
    config = dataclasses.replace(app.config["MEMBERSHIP"], wide_limits=False)
    monkeypatch.setitem(app.config, "MEMBERSHIP", config)
    answers = [
        app.test_client().post(
            "/sign-in", data={"email": f"r{n}@example.org"}, environ_base={"REMOTE_ADDR": f"198.51.100.{n}"}
        )
        for n in range(21)
    ]
    assert [one.status_code for one in answers] == [303] * 20 + [429]


def test_signing_in_makes_a_new_cookie_and_keeps_only_the_browsers_mark(session, client, ada):
    ask(client)
    with client.session_transaction() as cookie:
        cookie["planted"] = "before"
        mark = cookie["browser"]
    link, _ = link_and_code(session)
    client.post(link)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie and cookie["browser"] == mark


def test_signing_out_kills_a_copied_cookie(session, client, app, ada):
    make.sign_in(session, client, ada)
    stolen = client.get_cookie("session").value
    thief = app.test_client()
    thief.set_cookie("session", stolen)
    assert is_in(thief)
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/")
    assert not is_in(client) and not is_in(thief)


def test_signing_in_again_ends_the_session_held_before(session, client, ada):
    ask(client)
    link, _ = link_and_code(session)
    make.sign_in(session, client, make.reader(session))
    with client.session_transaction() as cookie:
        assert "_user_id" in cookie
    ask_again = client.post("/sign-in", data={"email": KNOWN})
    assert ask_again.status_code == 303
    link, _ = link_and_code(session)
    assert client.post(link).status_code == 303
    assert open_sessions(session) == 1


def test_signing_out_is_not_done_by_a_link(session, client, ada):
    make.sign_in(session, client, ada)
    assert client.get("/sign-out").status_code == 405
    assert is_in(client)


def test_a_staff_session_ends_after_half_an_hour_idle(session, client, time):
    make.sign_in(session, client, make.staff(session, "admin"))
    time.forward(minutes=29)
    assert client.get("/staff/").status_code == 200
    time.forward(minutes=31)
    assert client.get("/staff/").location.startswith("/sign-in?next=")


def test_a_staff_session_ends_after_twelve_hours_however_busy(session, client, time):
    make.sign_in(session, client, make.staff(session, "admin"))
    for _ in range(35):
        time.forward(minutes=20)
        assert client.get("/staff/").status_code == 200
    time.forward(minutes=21)
    assert client.get("/staff/").status_code == 303


def test_a_role_that_ends_takes_its_sessions_along(session, client):
    make.staff(session, "admin")
    person = make.staff(session, "editor")
    make.sign_in(session, client, person)
    assert client.get("/staff/").status_code == 200
    actions.end_role(session, person.reader_id, at=make.NOON)
    session.commit()
    assert client.get("/staff/").status_code == 303
