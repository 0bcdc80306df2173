"""The ballots' pages, as a browser without script meets them."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen

from membership import clock
from membership.app import all_tasks
from membership.ballots import actions, pages, queries, rules, seals
from membership.ballots.models import Ballot, BallotRoll
from membership.ballots.urn import BallotPending, Vote
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.readers.trail import AuditEntry
from membership.topics import actions as topics
from membership.web.limits import Limit, LimitCount
from tests import make
from tests.ballots.helpers import HOUR, accepted_topics, ballot, cast, close, patrons


def work() -> None:
    while run_one(all_tasks()):
        pass


def attempt_in(page: str) -> str:
    return re.search(r'name="attempt"[^>]*value="([^"]+)"', page)[1]


def test_every_try_to_vote_counts_whether_it_is_taken_or_refused(app, session, client, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(app.config["MEMBERSHIP"], wide_limits=False))
    monkeypatch.setattr("membership.ballots.voting_pages.VOTES_PER_READER", Limit("vote/reader", 3, timedelta(hours=1)))
    [voter] = patrons(session, 1)
    made = ballot(session)
    make.sign_in(session, client, voter)
    path = f"/ballots/{made.slug}/vote"

    def counted() -> int:
        return session.execute(select(LimitCount.count).where(LimitCount.scope == "vote/reader")).scalar_one()

    assert client.post(path, data={"choice": ["1"], "attempt": "a" * 32}).status_code == 200 and counted() == 1
    assert client.post(path, data={"choice": [], "attempt": "b" * 32}).status_code == 422 and counted() == 2
    assert client.post(path, data={"choice": ["2"], "attempt": "c" * 32}).status_code == 200 and counted() == 3
    assert client.post(path, data={"choice": ["3"], "attempt": "d" * 32}).status_code == 429
    assert client.post(path, data={"choice": [], "attempt": "e" * 32}).status_code == 429
    session.expire_all()
    assert [vote.content for vote in session.scalars(select(Vote))] == ["2"]


def test_a_vote_is_counted_and_kept_in_one_commit(session, client, monkeypatch):
    [voter] = patrons(session, 1)
    made = ballot(session)
    make.sign_in(session, client, voter)
    monkeypatch.setattr("membership.ballots.voting_pages.count_against", None)
    answer = client.post(f"/ballots/{made.slug}/vote", data={"choice": ["1"], "attempt": "a" * 32})
    assert answer.status_code == 200
    assert session.scalar(select(func.count()).select_from(Vote)) == 1
    assert session.execute(select(LimitCount.count).where(LimitCount.scope == "vote/reader")).scalar_one() == 1


def test_the_list_is_empty_with_a_word_and_a_way_on(client):
    page = client.get("/ballots")
    assert page.status_code == 200 and "No ballot has been announced yet" in page.text and "/topics" in page.text


def test_each_visitor_reads_why_they_may_or_may_not_vote(session, client):
    [voter] = patrons(session, 1)
    made = ballot(session)
    path = f"/ballots/{made.slug}"
    stranger = client.get(path).text
    assert "says whether you are on the roll" in stranger and 'action="/ballots/what-next/vote"' not in stranger
    make.sign_in(session, client, voter)
    page = client.get(path).text
    assert "You may vote." in page and "paid until" in page and page.count('type="checkbox"') == 3
    make.sign_in(session, client, make.patron(session))
    page = client.get(path).text
    assert "You cannot vote this time." in page and 'type="checkbox"' not in page


def test_a_vote_is_cast_and_its_code_is_shown_there_and_nowhere_else(session, client):
    [voter] = patrons(session, 1)
    made = ballot(session)
    make.sign_in(session, client, voter)
    attempt = attempt_in(client.get(f"/ballots/{made.slug}").text)
    form = {"choice": ["1", "3"], "attempt": attempt}
    answer = client.post(f"/ballots/{made.slug}/vote", data=form)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    code = session.scalars(select(Vote.code)).one()
    assert code in answer.text and "Harbour question 3" in answer.text and "Harbour question 2" not in answer.text
    again = client.post(f"/ballots/{made.slug}/vote", data=form)  # reloaded
    assert code in again.text
    assert session.scalar(select(func.count()).select_from(BallotPending)) == 1
    work()
    [letter] = session.scalars(select(Letter).where(Letter.kind == "vote_is_in")).all()
    assert letter.reader_id == voter.reader_id and made.slug in letter.text
    everything = letter.text + letter.subject + client.get(f"/ballots/{made.slug}").text + client.get("/ballots").text
    assert code not in everything and "Harbour question" not in letter.text
    with client.session_transaction() as cookie:
        assert code not in str(dict(cookie))


def test_the_letter_comes_once_however_often_a_vote_is_changed(session, client):
    [voter] = patrons(session, 1)
    made = ballot(session)
    make.sign_in(session, client, voter)
    for choice in ("1", "2", "3"):
        attempt = attempt_in(client.get(f"/ballots/{made.slug}").text)
        assert client.post(f"/ballots/{made.slug}/vote", data={"choice": choice, "attempt": attempt}).status_code == 200
        work()
    assert session.scalar(select(func.count()).where(Letter.kind == "vote_is_in")) == 1
    assert session.scalars(select(Vote.content)).all() == ["3"]


def test_the_letter_speaks_of_the_ballot_as_it_stands_when_it_is_written(session, client, monkeypatch):
    early, late, gone = patrons(session, 3)
    made = ballot(session)
    for who in (early, late, gone):
        make.sign_in(session, client, who)
        attempt = attempt_in(client.get(f"/ballots/{made.slug}").text)
        assert client.post(f"/ballots/{made.slug}/vote", data={"choice": "1", "attempt": attempt}).status_code == 200
    assert client.post(f"/ballots/{made.slug}/withdrawal").status_code == 303
    actions.confirm(session, made.id, early.reader_id, at=clock.now())
    for who in (late, gone):
        actions.confirm(session, made.id, who.reader_id, at=made.closes_at)
    letters = {one.reader_id: one.text for one in session.scalars(select(Letter).where(Letter.kind == "vote_is_in"))}
    assert set(letters) == {early.reader_id, late.reader_id}
    assert "You can change your vote until" in letters[early.reader_id]
    assert "The ballot is over by now" in letters[late.reader_id] and "change" not in letters[late.reader_id]


@pytest.mark.parametrize("choice", [[], ["9"], ["1", "x"]])
def test_a_vote_that_cannot_be_read_is_shown_again_with_what_was_ticked(session, client, choice):
    [voter] = patrons(session, 1)
    made = ballot(session)
    make.sign_in(session, client, voter)
    answer = client.post(f"/ballots/{made.slug}/vote", data={"choice": choice})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert ('value="1" checked' in answer.text) == ("1" in choice)
    assert session.scalars(select(Vote)).all() == [] and not session.scalar(
        select(func.count()).where(BallotRoll.voted)
    )


def test_who_is_not_on_the_roll_and_who_is_late_is_refused_with_a_word(session, client):
    [voter] = patrons(session, 1)
    made = ballot(session, at=clock.now() - 2 * HOUR, closes_at=clock.now() + HOUR)
    make.sign_in(session, client, make.patron(session))
    answer = client.post(f"/ballots/{made.slug}/vote", data={"choice": "1"})
    assert answer.status_code == 403 and "not on the roll" in answer.text
    session.get(Ballot, made.id).closes_at = clock.now() - timedelta(seconds=1)
    session.commit()
    make.sign_in(session, client, voter)
    answer = client.post(f"/ballots/{made.slug}/vote", data={"choice": "1"})
    assert answer.status_code == 409 and "after the closing time" in answer.text
    assert session.scalars(select(Vote)).all() == []
    assert client.post("/ballots/no-such/vote", data={"choice": "1"}).status_code == 404


def test_a_stranger_who_votes_is_sent_to_sign_in(session, client):
    made = ballot(session)
    answer = client.post(f"/ballots/{made.slug}/vote", data={"choice": "1"})
    assert answer.status_code == 303 and answer.location.startswith("/sign-in")


def test_before_the_close_no_page_says_how_the_vote_stands(session, client):
    voters = patrons(session, 12)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 2)
    editor = make.staff(session, "admin")
    code = session.scalars(select(Vote.code)).first()
    for visitor in (None, voters[0], editor):
        if visitor:
            make.sign_in(session, client, visitor)
        for path in ("results", "ballots.csv"):
            answer = client.get(f"/ballots/{made.slug}/{path}")
            assert answer.status_code == 404 and "no result yet" in answer.text
        page = client.get(f"/ballots/{made.slug}").text
        assert "told each hour, in tens (12 may vote)" in page
        assert "Harbour question" not in client.get(f"/ballots/{made.slug}/receipt/{code}").text
    actions.seal_batch(session, made.id, at=made.opens_at + timedelta(minutes=59))
    session.commit()
    assert made.turnout_told == 0  # nobody watches a vote arrive
    actions.seal_batch(session, made.id, at=made.opens_at + HOUR)
    session.commit()
    for path in ("/staff/ballots", f"/staff/ballots/{made.id}", f"/ballots/{made.slug}"):
        assert "10 or more of 12 had voted on" in client.get(path).text


def test_after_the_close_the_result_the_file_and_the_receipts_can_be_read_by_anybody(session, client):
    voters = patrons(session, 20)
    made = ballot(session, at=clock.now() - 2 * HOUR, closes_at=clock.now() - HOUR)
    receipts = [
        cast(session, made, who, *([1, 2] if n < 15 else [3]), at=clock.now() - 2 * HOUR)
        for n, who in enumerate(voters)
    ]
    work()
    session.expire_all()
    assert made.status == "final"
    page = client.get(f"/ballots/{made.slug}/results").text
    assert (
        "was chosen, with 15 of 20 votes" in page and made.lot_salt in page and made.log_head in page and "<svg" in page
    )
    answer = client.get(f"/ballots/{made.slug}/ballots.csv")
    assert (
        answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        and "attachment" in answer.headers["Content-Disposition"]
    )
    rows = list(csv.DictReader(line for line in io.StringIO(answer.text) if not line.startswith("#")))
    assert len(rows) == 20 and {row["content"] for row in rows} == {"1,2", "3"}
    assert {(row["content"], row["3. Harbour question 3"]) for row in rows} == {("1,2", ""), ("3", "1")}
    found = client.get(f"/ballots/{made.slug}/receipt/{receipts[-1].written_code.lower()}")
    assert found.status_code == 200 and found.headers["Cache-Control"] == "no-store"
    assert "was counted" in found.text and "Harbour question 3" in found.text
    assert client.get(f"/ballots/{made.slug}/receipt/AAAA").status_code == 404


def test_the_page_shows_the_end_of_the_log_and_a_file_the_whole_of_it(session, client, monkeypatch):
    monkeypatch.setattr(pages, "LOG_SHOWN", 5)
    monkeypatch.setattr(pages, "LOG_AT_ONCE", 7)
    voters = patrons(session, 24)
    made = ballot(session)
    assert (
        client.get(f"/ballots/{made.slug}/log.csv").status_code
        == client.get(f"/ballots/{made.slug}/results").status_code
    )
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    page = client.get(f"/ballots/{made.slug}/results").text
    table = page[page.index("Its last 5 lines") :]
    assert table.count("<tr>") == 1 + 5 and f"/ballots/{made.slug}/log.csv" in page and "27 lines" in page
    answer = client.get(f"/ballots/{made.slug}/log.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    lines = [(int(row["seq"]), row["event"], row["code"], row["prev"], row["hash"]) for row in rows]
    assert len(lines) == 27 and seals.first_break(lines, made.log_head) is None


def test_no_list_and_no_page_counts_a_roll(session, client):
    made = ballot(session)
    close(session, ballot(session))
    make.sign_in(session, client, make.staff(session, "editor"))
    asked = []
    listen(session.get_bind(), "before_cursor_execute", lambda _c, _u, sql, *_: asked.append(sql))
    for path in ("/ballots", "/staff/ballots", f"/ballots/{made.slug}"):
        assert client.get(path).status_code == 200
    assert len(asked) > 3 and not [sql for sql in asked if "ballot_roll" in sql and "count(" in sql]


def test_below_twenty_votes_the_file_holds_codes_alone(session, client):
    voters = patrons(session, 2)
    made = ballot(session)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    text = client.get(f"/ballots/{made.slug}/ballots.csv").text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0] == "code" and len(lines) == 3 and "," not in "".join(lines)
    assert "holds the codes only" in client.get(f"/ballots/{made.slug}/results").text


def test_options_stand_in_an_order_of_each_voters_own_that_stays(session, client):
    voters = patrons(session, 8)
    made = ballot(session, options=5)
    orders = set()
    for who in voters:
        make.sign_in(session, client, who)
        order = [
            tuple(re.findall(r'name="choice" value="(\d+)"', client.get(f"/ballots/{made.slug}").text)) for _ in "ab"
        ]
        assert order[0] == order[1] and sorted(order[0]) == ["1", "2", "3", "4", "5"]
        orders.add(order[0])
    assert len(orders) > 1
    assert [option.position for option in queries.options_of(session, made.id)] == [1, 2, 3, 4, 5]


def test_a_ballot_left_with_too_few_topics_is_not_opened_and_shown_to_staff(session):
    made = ballot(session, options=2, opened=False)
    [first, _second] = [option.topic_id for option in queries.options_of(session, made.id)]
    topics.decline(session, first, by=made.made_by, reason="Reported by now.", at=clock.now())
    session.commit()
    work()
    session.expire_all()
    job = session.scalars(select(Job).where(Job.name == "ballots.open")).one()
    assert (made.status, job.state) == ("draft", "parked") and "at least 2" in job.last_error


@pytest.mark.parametrize("phase", ["coming", "open", "counting", "final", "void"])
def test_every_phase_has_its_pages_for_everybody(session, client, phase):
    [voter] = patrons(session, 1)
    made = ballot(session, opened=phase != "coming")
    if phase in {"counting", "final"}:
        cast(session, made, voter, 1)
    if phase == "counting":
        made.opens_at, made.closes_at = clock.now() - 2 * HOUR, clock.now() - HOUR
    if phase == "final":
        close(session, made)
    if phase == "void":
        actions.cancel(session, made.id, by=made.made_by, reason="Put wrongly.", at=clock.now())
    session.commit()
    assert queries.phase_of(made, clock.now()) == phase
    for visitor in (None, voter, make.reader(session), make.staff(session, "editor")):
        if visitor:
            make.sign_in(session, client, visitor)
        for path in ("/ballots", f"/ballots/{made.slug}", "/topics"):
            assert client.get(path).status_code == 200
        assert client.get(f"/ballots/{made.slug}/results").status_code == (200 if phase == "final" else 404)
    for path in ("/staff/ballots", f"/staff/ballots/{made.id}"):
        assert client.get(path).status_code == 200


def draft_form(topic_ids: list[int], **changed: object) -> dict[str, object]:
    closes = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    return {
        "title": "What next?", "question": "What should we look into next?", "topics": topic_ids, "seats": "1",
        "quorum": "0", "opens": "now", "closes_at": closes, "attempt": "a-fine-attempt-0001",
    } | changed  # fmt: skip


def editor_with_topics(session, client):
    editor = make.staff(session, "editor")
    ids = accepted_topics(session, 3, by=editor.reader_id, proposer=editor.reader_id, at=clock.now())
    session.commit()
    make.sign_in(session, client, editor)
    return editor, ids


def test_an_editor_announces_a_ballot_that_opens_at_once_and_a_double_click_is_one(session, client):
    patrons(session, 2)
    editor, ids = editor_with_topics(session, client)
    for _ in range(2):
        answer = client.post("/staff/ballots", data=draft_form(ids))
        assert answer.status_code == 303
    made = session.scalars(select(Ballot)).one()
    assert made.status == "open" and queries.turnout(made).roll == 2
    noted = session.scalars(select(AuditEntry.action).where(AuditEntry.actor_id == editor.reader_id)).all()
    assert noted.count("ballot:drafted") == 1 and noted.count("ballot:opened") == 1


def test_a_ballot_announced_for_later_opens_by_itself(session, client):
    patrons(session, 2)
    _editor, ids = editor_with_topics(session, client)
    later = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    client.post("/staff/ballots", data=draft_form(ids, opens="later", opens_at=later))
    made = session.scalars(select(Ballot)).one()
    assert made.status == "draft" and "Coming" in client.get("/ballots").text
    work()
    session.refresh(made)
    assert made.status == "draft"
    made.opens_at = clock.now() - timedelta(minutes=1)
    session.scalars(select(Job).where(Job.name == "ballots.open")).one().due_at = clock.now()
    session.commit()
    work()
    session.refresh(made)
    assert made.status == "open"


def test_a_ballot_whose_whole_time_was_missed_is_called_off_with_words_in_the_visitors_language(session, client):
    made = ballot(session, at=clock.now() - 3 * HOUR, closes_at=clock.now() - HOUR, opened=False)
    work()
    session.refresh(made)
    assert made.status == "void" and made.void_reason is None
    for path in ("/ballots", f"/ballots/{made.slug}"):
        assert "The time to vote had passed" in client.get(path).text
    make.sign_in(session, client, make.staff(session, "editor"))
    assert "The time to vote had passed" in client.get(f"/staff/ballots/{made.id}").text
    with pytest.raises(rules.CannotCancel):
        actions.call_off_missed(session, made.id, at=clock.now())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": ""}, "title"),
        ({"topics": []}, "at least 2"),
        ({"topics": ["999999", "888888"]}, "only topics"),
        ({"seats": "3"}, "fewer places"),
        ({"seats": "many"}, "Not a valid integer"),
        ({"closes_at": ""}, "when the ballot closes"),
        ({"closes_at": "2020-01-01T10:00"}, "later than now"),
        ({"closes_at": "soon"}, "Not a valid"),
        ({"closes_at": "9999-12-31T23:59"}, "within the next years"),
        ({"opens": "later", "opens_at": "0001-01-01T00:00"}, "within the next years"),
        ({"opens": "later", "opens_at": ""}, "when the ballot opens"),
    ],
)
def test_a_wrong_announcement_is_shown_again_with_a_word_and_what_was_typed(session, client, changed, words):
    _editor, ids = editor_with_topics(session, client)
    answer = client.post("/staff/ballots", data=draft_form(ids, **changed))
    assert answer.status_code == 422 and words in answer.text
    assert "What should we look into next?" in answer.text
    assert session.scalars(select(Ballot)).all() == []


def test_an_editor_opens_early_and_cancels_with_a_reason(session, client):
    _editor, ids = editor_with_topics(session, client)
    later = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    client.post("/staff/ballots", data=draft_form(ids, opens="later", opens_at=later))
    made = session.scalars(select(Ballot)).one()
    assert client.post(f"/staff/ballots/{made.id}/opening").status_code == 303
    answer = client.post(f"/staff/ballots/{made.id}/cancellation", data={"reason": ""})
    assert answer.status_code == 422 and "give the reason" in answer.text
    assert client.post(f"/staff/ballots/{made.id}/cancellation", data={"reason": "Put wrongly."}).status_code == 303
    assert "Put wrongly." in client.get(f"/ballots/{made.slug}").text


@pytest.mark.parametrize("path", ["/staff/ballots", "/staff/ballots/1"])
def test_only_editors_manage_ballots(session, client, path):
    assert client.get(path).status_code == 303
    make.sign_in(session, client, make.patron(session))
    assert client.get(path).status_code == 403
    make.sign_in(session, client, make.staff(session, "viewer"))
    assert client.get(path).status_code == 403
