"""Observers hold what the log had come to: whoever rewrites it afterwards is found out."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from membership import clock
from membership.ballots import actions, observing, seals, verifying
from membership.ballots.commands import ballot as commands
from membership.ballots.observer_models import BallotHead, BallotObserver
from membership.ballots.urn import Vote
from membership.jobs.models import Job
from membership.mail.models import Letter
from tests import make
from tests.ballots.helpers import cast, close, patrons
from tests.ballots.test_life import DAY, asked, evidence


def named(session, *names, at=None):
    by = make.staff(session, "editor").reader_id
    for name in names:
        assert observing.name_observer(session, f"{name}@example.net", name=name, by=by, at=at or clock.now())
    session.commit()


def told(session):
    return [
        (letter.address, re.search(r"^[0-9a-f]{64}$", letter.text, re.M)[0], letter.text)
        for letter in session.scalars(select(Letter).where(Letter.kind == "ballot_head").order_by(Letter.id))
    ]


def test_each_observer_gets_the_head_at_the_opening_at_noon_and_at_the_close_and_it_says_nothing_of_votes(
    session, client, tmp_path
):
    named(session, "ada", "bo")
    voters = patrons(session, 21)
    made = asked(session)
    opened = made.log_head
    assert [(address, head) for address, head, _ in told(session)] == [
        ("ada@example.net", opened), ("bo@example.net", opened)
    ]  # fmt: skip
    for who in voters:
        cast(session, made, who, 1)
    observing.tell_at_noon(session, made.id, at=clock.now())  # nothing was sealed since: nothing new to tell
    assert len(told(session)) == 2
    actions.seal_batch(session, made.id, at=clock.now())
    for _ in "ab":
        observing.tell_at_noon(session, made.id, at=clock.now())
    noon = made.log_head
    close(session, made)
    heads = [head for _, head, _ in told(session)]
    assert heads == [opened, opened, noon, noon, made.log_head, made.log_head] and len(set(heads)) == 3
    codes = set(session.scalars(select(Vote.code)))
    assert not [code for code in codes for _, _, text in told(session) if code in text or "Harbour" in text]
    page = client.get(f"/ballots/{made.slug}/results").text
    assert page.count("told to 2 observers") == 3 and noon in page
    file = tmp_path / "evidence.json"
    file.write_bytes(client.get(f"/ballots/{made.slug}/evidence.json").data)
    checked = CliRunner().invoke(commands, ["verify", str(file), "--head", noon])
    assert checked.exit_code == 0 and "head: ok - stands in line" in checked.output


def test_a_log_that_was_rewritten_whole_fits_in_itself_and_not_with_what_an_observer_holds(session):
    named(session, "ada")
    voters = patrons(session, 20)
    made = asked(session)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    held = told(session)[0][1]
    forged, head = evidence(session, made), ""
    forged["log"][0][2] = forged["log"][0][2].replace("options=", "options=0")
    for line in forged["log"]:
        line[3], line[4] = head, seals.chained(head, line[0], line[1], line[2])
        head = line[4]
    forged["log_head"] = head
    findings = {one.name: one.ok for one in verifying.verify(forged, [held])}
    assert findings["log"] is True and findings["head"] is False


def test_a_cancelled_ballot_tells_its_last_line_and_one_without_observers_tells_nobody(session):
    made = asked(session)
    assert session.scalars(select(BallotHead)).all() == []
    named(session, "ada")
    actions.cancel(session, made.id, by=made.made_by, reason="Put wrongly.", at=clock.now())
    [row] = session.scalars(select(BallotHead))
    assert (row.moment, row.observers, row.hash) == ("cancelled", 1, made.log_head)


@pytest.mark.parametrize(
    ("at", "noon"),
    [
        ("2026-11-25T09:00", "2026-11-25T11:00"),
        ("2026-11-25T11:00", "2026-11-26T11:00"),
        ("2026-10-24T20:00", "2026-10-25T11:00"),
    ],
)
def test_noon_is_by_the_newsrooms_clock(at, noon):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert observing.next_noon(moment, ZoneInfo("Europe/Berlin")) == datetime.fromisoformat(noon).replace(tzinfo=UTC)


def test_the_job_of_noon_is_posted_while_a_noon_lies_before_the_close(session):
    long, short = asked(session), asked(session, open_for=timedelta(seconds=1))
    jobs = {job.key: job.due_at for job in session.scalars(select(Job).where(Job.name == "ballots.noon"))}
    assert jobs[f"ballot:{long.id}:noon"] - clock.now() <= DAY and f"ballot:{short.id}:noon" not in jobs


def test_whoever_is_named_after_another_was_let_go_gets_a_letter_too(session):
    by = make.staff(session, "editor").reader_id
    for name in ("ada", "bo"):
        observing.name_observer(session, f"{name}@example.net", name=name, by=by, at=clock.now())
        session.commit()
        observing.stop_observing(session, session.scalars(select(BallotObserver.id)).one(), by=by, at=clock.now())
        session.commit()
    told = session.scalars(select(Letter.address).where(Letter.kind == "ballot_observer").order_by(Letter.id)).all()
    assert told == ["ada@example.net", "bo@example.net"]


def test_staff_name_observers_outside_the_team_and_an_observer_stops_by_the_letter(session, client):
    editor = make.staff(session, "editor", email="edda@example.org")
    made = asked(session)
    make.sign_in(session, client, editor)
    assert "Fewer than 2" in client.get(f"/staff/ballots/{made.id}").text
    path = "/staff/ballots/observers"
    refused = client.post(path, data={"email": "Edda@example.org"})
    assert refused.status_code == 422 and "somebody of the team" in refused.text
    for _ in "ab":
        assert client.post(path, data={"email": "ada@example.net", "name": "Ada"}).status_code == 303
    assert client.post(path, data={"email": "bo@example.net"}).status_code == 303
    ada, bo = session.scalars(select(BallotObserver).order_by(BallotObserver.id))
    assert "Ada" in client.get(path).text and "Fewer than 2" not in client.get(f"/staff/ballots/{made.id}").text
    letters = session.scalars(select(Letter).where(Letter.kind == "ballot_observer").order_by(Letter.id)).all()
    assert [letter.address for letter in letters] == ["ada@example.net", "bo@example.net"]
    stop = f"/observing/{ada.token}"
    assert f"http://127.0.0.1:8000{stop}" in letters[0].text
    client.post("/sign-out")
    assert "Stop observing our ballots?" in client.get(stop).text and session.get(BallotObserver, ada.id) is not None
    assert "Your address is forgotten" in client.post(stop).text
    assert client.get(stop).status_code == client.post(stop).status_code == 404
    make.sign_in(session, client, editor)
    assert client.post(f"{path}/{bo.id}/ending").status_code == 303
    assert client.post(f"{path}/{bo.id}/ending").status_code == 404
    assert session.scalars(select(BallotObserver)).all() == []
