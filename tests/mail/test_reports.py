"""Reports of mail servers that come later: read from a pipe or a mailbox, matched to the letter, heeded once."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from membership import clock
from membership.cli import membership
from membership.mail.bounces import standing_bounce
from membership.mail.commands import take_in
from membership.mail.models import Bounce, Letter
from membership.mail.post import line
from membership.mail.reports import messages, reports
from membership.mail.writing import Recipient, write
from tests import make

REPORT = """\
From: Mail Delivery Subsystem <mailer-daemon@mx.example>
To: membership@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
{envelope}
Final-Recipient: rfc822; gone@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <gone@example.org>: nobody of this name

--b
Content-Type: {returned}

Message-ID: <{name}@127.0.0.1>
Subject: The quay
To: gone@example.org

--b--
"""


def report(name, *, action="failed", status="5.1.1", returned="message/rfc822", envelope=""):
    text = REPORT.format(name=name, action=action, status=status, returned=returned, envelope=envelope)
    return text.encode()


@pytest.fixture
def letter(session):
    who = make.reader(session, "gone@example.org")
    to = Recipient(who.email, "", "en", who.reader_id)
    write(session, "vote_withdrawn", to, key="x", at=clock.now(), title="Quays", slug="quays", closes_at=clock.now())
    made = session.scalars(select(Letter)).one()
    made.state = "sent"
    session.commit()
    return made


@pytest.mark.parametrize(
    "how",
    [
        lambda name: report(name),
        lambda name: report(name, returned="text/rfc822-headers"),
        lambda name: report("something-else", envelope=f"Original-Envelope-Id: {name}\n"),
        lambda name: report(name).replace(b"\n", b"\r\n"),
        lambda name: b"From mailer-daemon Wed Nov 25 04:00:00 2026\n" + report(name) + b"\nFrom me\n" + report("other"),
    ],
    ids=["whole", "its head", "by envelope", "from a pipe", "a mailbox"],
)
def test_a_report_marks_the_address_of_the_letter_that_it_names(session, letter, how):
    content = how(line().office.name_of(letter.id))
    assert take_in(content)["noted"] == 1
    assert take_in(content)["known already"] == 1, "told twice it is noted once"
    session.expire_all()
    bounce = standing_bounce(session, letter.reader_id, "gone@example.org")
    assert bounce is not None and bounce.status == "5.1.1" and "gone@" not in bounce.words
    assert letter.state == "failed" and "nobody of this name" in letter.last_error


def test_what_nobody_but_us_could_have_named_is_not_believed(session, letter):
    forged = f"letter-{letter.id}.0123456789abcdef"
    assert take_in(report(forged)) == {"of no letter of ours": 1}
    assert take_in(report(f"letter-{letter.id}")) == {"of no letter of ours": 1}
    assert session.scalars(select(Bounce)).all() == [] and letter.state == "sent"


@pytest.mark.parametrize(
    ("values", "said", "hard"),
    [
        ({"action": "delayed", "status": "4.4.1"}, "not failed", None),
        ({"action": "delivered", "status": "2.0.0"}, "not failed", None),
        ({"status": "4.4.7"}, "noted as passing", False),
        ({"status": "5.7.1"}, "noted as passing", False),
        ({"status": "5.2.1"}, "noted", True),
    ],
)
def test_what_is_not_the_addresss_fault_is_not_held_against_it(session, letter, values, said, hard):
    assert take_in(report(line().office.name_of(letter.id), **values)) == {said: 1}
    assert session.scalars(select(Bounce.hard)).all() == ([] if hard is None else [hard])
    assert (standing_bounce(session, letter.reader_id, "gone@example.org") is not None) is bool(hard)


def test_another_address_lifts_it_and_so_does_who_signs_in_by_a_letter(session, letter):
    take_in(report(line().office.name_of(letter.id)))
    assert standing_bounce(session, letter.reader_id, "gone@example.org") is not None
    assert standing_bounce(session, letter.reader_id, "new@example.org") is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n\n", b"no head", b"Subject: hello\n\nOut of office", REPORT.encode()[:200], b"\xff\xfe\x00" * 50,
        report("x").replace(b"delivery-status\n\nRep", b"x\n\nRep"), report("x").replace(b"Action: failed\n", b""),
        b"From a\nFrom b\n", report("x").replace(b"5.1.1", b"\xff\xff"), b"Content-Type: multipart/report\n\nnothing",
    ],
)  # fmt: skip
def test_whatever_else_comes_out_of_a_mailbox_does_no_harm(session, letter, content):
    for message in messages(content):
        for one in reports(message):
            assert one.names == ("x",)
    assert set(take_in(content)) <= {"no report", "of no letter of ours"}


def test_the_command_says_what_it_found(session, letter, monkeypatch, config, app):
    monkeypatch.setattr("membership.cli._house", lambda: (replace(config), app))
    name = line().office.name_of(letter.id)
    answer = CliRunner().invoke(membership, ["mail", "bounces", "-"], input=report(name))
    assert answer.exit_code == 0 and answer.output == "1 noted\n"
