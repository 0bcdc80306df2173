"""The booth in front of Flask: what it answers is what the view answers, and it answers nothing that the view would refuse.

Each test counts who was asked, so that a booth that took everything, or nothing, would be found.
"""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask import session as cookie
from sqlalchemy import func, select, update

from membership import clock
from membership.ballots import booth, cast_page
from membership.ballots.casting import withdraw
from membership.ballots.urn import Vote
from membership.jobs.models import Job
from membership.readers import actions as readers
from membership.readers.models import Person, ReaderSession
from membership.web.limits import Limit, LimitCount
from tests import make
from tests.ballots.helpers import HOUR, SECRET, ballot, patrons

FIELD = re.compile(r'name="(csrf_token|attempt)"[^>]*value="([^"]+)"')
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def asked(app: Flask, monkeypatch) -> list[str]:
    """The application asks for its tokens, as on a server; here stands each request that reached it."""
    seen: list[str] = []
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    door = app.wsgi_app
    monkeypatch.setattr(door.behind, "behind", _noting(door.behind.behind, seen))
    cast_page._known.clear()
    return seen


def _noting(application, seen):
    def ask(environ, start):
        if environ["REQUEST_METHOD"] == "POST":
            seen.append(environ["PATH_INFO"])
        return application(environ, start)

    return ask


class Voter:
    """A patron at a browser, with the form as the page has it."""

    def __init__(self, app, session, on, person, *, language: str = "en"):
        session.execute(update(Person).where(Person.reader_id == person.reader_id).values(language=language))
        session.commit()
        self.person, self.on, self.client = person, on, app.test_client()
        make.sign_in(session, self.client, person)
        self.fields = dict(FIELD.findall(self.client.get(f"/ballots/{on.slug}").text))

    def post(self, fields: object = None, **said: object):
        """The vote for the second option, or these fields; `said` goes to the client."""
        sent = self.fields | {"choice": "2"} if fields is None else fields
        body = sent if isinstance(sent, bytes) else urlencode(sent, doseq=True)
        said = {"content_type": FORM} | said
        return self.client.post(said.pop("path", f"/ballots/{self.on.slug}/vote"), data=body, **said)

    def post_as(self, host: str, cookie: str | None = None):
        """The same vote with headers as no browser sends them."""
        own = f"session={self.client.get_cookie('session').value}"
        raw = {"HTTP_HOST": host, "HTTP_COOKIE": own if cookie is None else cookie}
        bare = self.client.application.test_client(use_cookies=False)
        form = urlencode(self.fields | {"choice": "2"})
        return bare.post(f"/ballots/{self.on.slug}/vote", data=form, content_type=FORM, environ_overrides=raw)


@pytest.fixture
def on(session):
    """An open ballot with five patrons on its roll."""
    people = patrons(session, 5)
    made = ballot(session)
    made.people = people
    return made


@pytest.fixture
def voter(app, session, on, asked) -> Voter:
    """Somebody who may vote, when the page after it was rendered already for somebody else."""
    assert Voter(app, session, on, on.people[0]).post().status_code == 200
    assert asked.pop() and not asked
    return Voter(app, session, on, on.people[1])


def votes(session) -> list[str]:
    session.expire_all()
    return sorted(session.scalars(select(Vote.content)))


def tries(session) -> int:
    return session.scalar(select(func.sum(LimitCount.count)).where(LimitCount.scope == "vote/reader"))


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_vote_in_order_is_answered_by_the_booth_as_the_view_answers_it(app, session, on, asked, language):
    """The same form through both ways: the first answer is the view's, the page around being new."""
    one = Voter(app, session, on, on.people[0], language=language)
    answers = []
    for _ in "ab":
        answers.append(one.post())
        withdraw(session, on.id, one.person.reader_id, secret=SECRET, at=clock.now())  # as if it had not been cast
        session.commit()
    assert asked == [f"/ballots/{on.slug}/vote"]
    by_view, by_booth = answers
    assert by_view.status == by_booth.status == "200 OK"
    ids = [answer.headers.pop("X-Request-Id") for answer in answers]
    assert ids[0] != ids[1] and re.fullmatch("[0-9a-f]{16}", ids[1])
    assert sorted(by_view.headers) == sorted(by_booth.headers) and by_view.data == by_booth.data
    assert by_booth.headers["Cache-Control"] == "no-store" and "Content-Security-Policy" in by_booth.headers
    assert f'lang="{language}"' in by_booth.text and "Harbour question 2" in by_booth.text


def test_stars_are_in_the_voters_language(app, session, on, asked):
    on.method = "star"
    session.commit()
    pages = []
    for person in on.people[:2]:
        one = Voter(app, session, on, person, language="de")
        pages.append(one.post(one.fields | {"score-1": "5", "score-2": "1", "score-3": "0"}).text)
    assert len(asked) == 1
    by_view, by_booth = (re.findall(r"<li>Harbour.*?</li>", page) for page in pages)
    assert by_view == by_booth and len(by_booth) == 2
    assert "5 Sterne" in pages[1]


def test_a_form_that_broke_off_on_the_way_is_no_vote(voter, session, asked):
    """The first half of `choice=12` is a form, too."""
    body = urlencode(voter.fields | {"choice": "12"})
    answer = voter.post(body[:-1].encode(), environ_overrides={"CONTENT_LENGTH": str(len(body))})
    assert len(asked) == 1 and answer.status_code >= 400
    assert votes(session) == ["2"]


def test_a_vote_in_the_booth_is_one_vote_one_try_and_one_letter(voter, session, asked):
    answer = voter.post()
    assert answer.status_code == 200 and not asked
    assert (votes(session), tries(session)) == (["2", "2"], 2)
    key = f"vote:{voter.on.id}:{voter.person.reader_id}"
    assert session.scalar(select(func.count()).select_from(Job).where(Job.key == key)) == 1
    assert voter.post().data == answer.data and not asked  # a double click: the same vote, the same code
    assert votes(session) == ["2", "2"]


def test_a_changed_vote_says_so_and_is_one_vote(app, voter, session, asked):
    assert voter.post().status_code == 200
    again = Voter(app, session, voter.on, voter.person)
    for choice in ("1", "3"):
        changed = again.post(again.fields | {"choice": choice})
        assert changed.status_code == 200 and "taken the place of your earlier one" in changed.text
    assert len(asked) == 1, "the first page that says so is rendered by the application"
    assert votes(session) == ["2", "3"]


def test_a_page_that_was_not_rendered_yet_is_rendered_by_the_application_which_casts_the_vote(app, session, on, asked):
    answer = Voter(app, session, on, on.people[0]).post()
    assert answer.status_code == 200 and len(asked) == 1
    assert (votes(session), tries(session)) == (["2"], 1)


FOREIGN_FORM = {"csrf_token": "ImZvcmVpZ24i.aWRtZQ.no-signature-of-ours", "attempt": "a" * 32, "choice": "2"}
OUT_OF_ORDER = {
    "a foreign name": (400, lambda one: one.post_as("evil.example")),
    "our name in a foreign one": (400, lambda one: one.post_as("127.0.0.1.evil.example")),
    "no name": (400, lambda one: one.post_as("")),
    "a cookie in pieces": (400, lambda one: one.post_as("127.0.0.1:8000", "session=\xff\xfe; session")),
    "no token": (400, lambda one: one.post({"attempt": one.fields["attempt"], "choice": "2"})),
    "a forged token": (400, lambda one: one.post(FOREIGN_FORM)),
    "an empty token": (400, lambda one: one.post(FOREIGN_FORM | {"csrf_token": ""})),
    "an empty form": (400, lambda one: one.post(b"")),
    "no form": (400, lambda one: one.post(b'{"choice": "2"}', content_type="application/json")),
    "a form of plain text": (400, lambda one: one.post(content_type="text/plain")),
    "too large": (413, lambda one: one.post(one.fields | {"choice": "2", "more": "x" * 600_000})),
    "nothing chosen": (422, lambda one: one.post(one.fields)),
    "an option that is not there": (422, lambda one: one.post(one.fields | {"choice": "9"})),
    "a NUL in a choice": (422, lambda one: one.post(one.fields | {"choice": "2\0"})),
    "no such ballot": (404, lambda one: one.post(path="/ballots/of-old/vote")),
    "a NUL in the address": (404, lambda one: one.post(path="/ballots/what-next%00/vote")),
    "a NUL in the query": (404, lambda one: one.post(path=f"/ballots/{one.on.slug}/vote?a=%00")),
    "another verb": (405, lambda one: one.client.put(f"/ballots/{one.on.slug}/vote")),
}


def test_what_is_not_in_order_is_answered_by_the_application_and_leaves_no_vote(voter, session, asked, caplog):
    for what, (status, send) in OUT_OF_ORDER.items():
        before, reached = tries(session), len(asked)
        answer = send(voter)
        assert answer.status_code == status and "Your vote is in" not in answer.text, what
        assert len(asked) - reached == (status != 405) and votes(session) == ["2"], what
        assert tries(session) - before == (status == 422 or what == "no such ballot"), what
    assert not [line for line in caplog.records if line.name == booth.__name__], "none of it is a surprise"
    assert voter.post_as("127.0.0.1:8000").status_code == 200 and votes(session) == ["2", "2"]


def _cookie_of_another(app, session, voter):
    other = Voter(app, session, voter.on, voter.on.people[2])
    voter.client.set_cookie("session", other.client.get_cookie("session").value)


def _cookie_of_another_secret(app, session, voter):
    forged = Flask("forged")
    forged.secret_key = "not ours"
    with forged.test_request_context():
        with voter.client.session_transaction() as mine:
            cookie.update(mine)
        value = forged.session_interface.get_signing_serializer(forged).dumps(dict(cookie))
    voter.client.set_cookie("session", value)


def _signed_out_elsewhere(app, session, voter):
    session.execute(update(ReaderSession).values(ended_at=clock.now()))


def _unused_for_too_long(app, session, voter):
    session.execute(update(ReaderSession).values(created_at=clock.now() - timedelta(days=800)))


def _cookie_lost(app, session, voter):
    voter.client.delete_cookie("session")


STRANGERS = {
    _cookie_of_another: 400, _cookie_of_another_secret: 400, _cookie_lost: 400,
    _signed_out_elsewhere: 303, _unused_for_too_long: 303,
}  # fmt: skip


def test_whose_session_it_is_not_votes_nowhere(app, on, voter, session, asked):
    for befalls, status in STRANGERS.items():
        one = Voter(app, session, on, voter.person)
        befalls(app, session, one)
        session.commit()
        assert one.post().status_code == status, befalls.__name__
        assert len(asked) == 1 and asked.pop(), befalls.__name__
        assert votes(session) == ["2"] and tries(session) == 1, befalls.__name__


def test_an_old_cookie_is_no_session(app, voter, session, asked, monkeypatch):
    monkeypatch.setitem(app.config, "PERMANENT_SESSION_LIFETIME", timedelta(seconds=-1))
    assert voter.post().status_code == 400
    assert len(asked) == 1 and votes(session) == ["2"]


def test_who_is_not_on_the_roll_is_told_so_by_the_application(app, voter, session, asked):
    stranger = make.reader(session)
    make.sign_in(session, voter.client, stranger)
    with voter.client.session_transaction() as mine:
        assert mine["csrf_token"]
    assert voter.post().status_code == 403
    assert len(asked) == 1 and votes(session) == ["2"] and tries(session) == 2


def test_a_closed_ballot_takes_no_vote_in_the_booth(voter, session, asked):
    voter.on.opens_at, voter.on.closes_at = clock.now() - 2 * HOUR, clock.now() - HOUR
    session.commit()
    answer = voter.post()
    assert answer.status_code == 409 and len(asked) == 1
    assert votes(session) == ["2"] and tries(session) == 2


def test_who_tries_too_often_is_stopped_in_the_booth_as_well(app, voter, session, asked, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(app.config["MEMBERSHIP"], wide_limits=False))
    for module in ("booth", "voting_pages"):
        monkeypatch.setattr(
            f"membership.ballots.{module}.VOTES_PER_READER", Limit("vote/reader", 2, timedelta(hours=1))
        )
    assert [voter.post().status_code for _ in range(4)] == [200, 200, 429, 429]
    assert len(asked) == 2 and votes(session) == ["2", "2"]


def test_whoever_is_owed_a_word_is_served_by_the_application(voter, asked):
    with voter.client.session_transaction() as mine:
        mine["_flashes"] = [("message", "Something was done.")]
    assert "Something was done." in voter.post().text and len(asked) == 1


def test_the_team_votes_at_the_application_whose_page_leads_on_to_the_desk(app, session, on, voter, asked):
    readers.grant_role(session, on.people[2].reader_id, "editor", at=clock.now(), by=None)
    session.commit()
    one = Voter(app, session, on, on.people[2])
    assert 'href="/staff/"' in one.post().text and one.post().status_code == 200
    assert len(asked) == 2


def test_a_form_beyond_the_booths_size_is_the_applications(voter, asked):
    assert voter.post(voter.fields | {"choice": "2", "more": "x" * booth.BODY_LIMIT}).status_code == 200
    assert len(asked) == 1


def test_a_session_in_the_booth_counts_as_used(voter, session, asked):
    mine = ReaderSession.reader_id == voter.person.reader_id
    session.execute(update(ReaderSession).where(mine).values(seen_at=clock.now() - HOUR))
    session.commit()
    assert voter.post().status_code == 200 and not asked
    assert clock.now() - session.scalar(select(ReaderSession.seen_at).where(mine)) < timedelta(minutes=1)


def test_what_the_booth_stumbles_over_goes_on_to_the_application(voter, session, asked, monkeypatch):
    monkeypatch.setattr(booth, "filled_in", None)  # after the commit: the same form is the same vote
    answer = voter.post()
    assert answer.status_code == 200 and len(asked) == 1
    assert votes(session) == ["2", "2"]


def test_the_booth_stands_for_every_check_that_each_request_goes_through(app):
    """What is asked before each request has its counterpart in the booth. A new one needs one, too, and then stands here."""
    names = {
        None: [
            "note",
            "make_room",
            "csrf_protect",
            "_asked_by_name",
            "_no_such_text",
            "guard",
            "ask_again",
            "set_up_first",
        ]
    }
    found = {room: [hook.__name__ for hook in hooks] for room, hooks in app.before_request_funcs.items()}
    assert {room: sorted(hooks) for room, hooks in found.items() if room in {None, "ballots"}} == {
        room: sorted(hooks) for room, hooks in names.items()
    }
    assert not app.after_request_funcs.get("ballots") and not app.teardown_request_funcs.get(None)
