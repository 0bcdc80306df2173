"""Nothing that is logged names anybody or opens a door (ASVS 16.2.5), and nobody writes lines of their own (16.4.1)."""

import io
import json
import logging
import re

import pytest
from sqlalchemy import select

from membership import logs
from membership.ballots.urn import Vote
from membership.jobs.queue import claim, post
from membership.jobs.worker import do
from membership.logs import BLOTS, blotted
from membership.mail.models import Letter
from membership.readers.models import ReaderSession
from membership.refusals import Refused
from membership.web.access import Who
from tests import make
from tests.ballots.helpers import ballot
from tests.ballots.test_views import attempt_in

CARD = "4242 4242 4242 4242"


@pytest.fixture
def written(session):
    """All that is logged meanwhile, as production logs it."""
    root, before = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    stream = io.StringIO()
    logs.begin(stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    logs.note()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_walk_through_the_whole_house_leaves_no_secret_in_the_log(app, session, client, stripe_side, config, written):
    make.tier(session, "friend", monthly=500).stripe_product_id = None
    session.commit()
    stripe_side.pay(stripe_side.join("ada.byron@example.org", tier="friend", name="Ada Byron"), card=CARD)
    stripe_side.settle()
    client.post("/sign-in", data={"email": "ada.byron@example.org"})
    letter = session.scalars(select(Letter.text).where(Letter.kind == "sign_in")).one()
    code, token = re.search(r"\b\d{3} ?\d{3}\b", letter)[0], re.search(r"/sign-in/([\w-]{20,})", letter)[1]
    client.get(f"/sign-in/{token}")
    client.post(f"/sign-in/{token}x")
    client.post("/sign-in/code", data={"code": "000000"})
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303
    with client.session_transaction() as cookie:
        session_token = cookie["_user_id"]
    made = ballot(session)
    form = {"choice": ["1"], "attempt": attempt_in(client.get(f"/ballots/{made.slug}").text)}
    assert client.post(f"/ballots/{made.slug}/vote", data=form).status_code == 200
    assert client.post("/webhooks/stripe", data=b"{}", headers={"Stripe-Signature": "t=1,v1=0"}).status_code == 400
    client.post("/account/address", data={"email": "ada.lovelace@example.org"})
    _accidents(app, client, letter)
    stripe_side.work()
    session.expire_all()
    vote = session.scalars(select(Vote.code)).one()
    hashes = session.scalars(select(ReaderSession.token_hash)).all()
    secrets = [
        "ada.byron", "ada.lovelace", "example.org", "Byron", token, code, code.replace(" ", ""), session_token, vote,
        CARD, CARD.replace(" ", ""), config.secret_key, *config.stripe_webhook_secrets, config.stripe_secret_key,
        form["attempt"], "203.0.113.9", *hashes,
    ]  # fmt: skip
    said = written.getvalue()
    assert [secret for secret in secrets if secret in said] == []
    kinds = {line["logger"] for line in lines(written)}
    assert {"membership.web.lines", "membership.webhooks.tasks", "membership.web.errors", "membership.jobs.worker"} <= kinds
    assert len(lines(written)) > 15 and "POST /sign-in/code" in said and "invoice.paid evt_" in said


def _accidents(app, client, letter):
    """What goes wrong takes everything along that it had in hand."""

    def breaks():
        raise RuntimeError(f"could not send to ada.byron@example.org by {CARD}: {letter}")

    breaks.allowed = Who.ANYONE
    app.view_functions["giving.give"], kept = breaks, app.view_functions["giving.give"]
    try:
        answer = client.get("/give", environ_base={"REMOTE_ADDR": "203.0.113.9"})
        assert answer.status_code == 500 and answer.headers["X-Request-Id"] in answer.text
    finally:
        app.view_functions["giving.give"] = kept

    def fails(_job):
        raise Refused("550 <ada.byron@example.org>: no such user, code 123 456")

    from membership import clock, db

    with app.app_context(), db.transaction() as session:
        post(session, "tests.fails", "letter to ada.byron@example.org", due_at=clock.now())
    while job := claim():
        do(job, {"tests.fails": fails})


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("to Ada <ada+x@bücher.example>", "to Ada <[address]>"),
        ("key sk_live_51Habc whsec_abc= Authorization: Bearer xyz.abc", "key [key] [key]= Authorization: [key]"),
        ("postgresql+psycopg://house:hunter2@db/x", "postgresql+psycopg://[password]@db/x"),
        ("smtp://user:pa$$w0rd!x@mail.example.org:587", "smtp://[password]@mail.example.org:587"),
        ("4242424242424242 and 4000-0025-0000-3155", "[card] and [card]"),
        ("code 123 456 or 123456.", "code [code] or 123456."),
        ("/sign-in/kX9_2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?", "/sign-in/[token]?"),
        ("sub_1AbCdEfGhIjKlMnOpQrStUvWxYz0123456 stays", "sub_1AbCdEfGhIjKlMnOpQrStUvWxYz0123456 stays"),
        ("invoice.paid evt_1NG8Du2eZvKYlo2C in 12345 ms at 2026-11-25T22:10:05.123", None),
    ],
)  # fmt: skip
def test_what_names_somebody_or_opens_something_is_blotted_out(said, kept):
    assert blotted(said) == (said if kept is None else kept)


def test_the_control_without_blots_the_walk_would_be_found_out(written, monkeypatch):
    logging.getLogger("x").warning("to %s", "ada@example.org")
    assert "ada@example.org" not in written.getvalue() and "[address]" in written.getvalue()
    monkeypatch.setattr(logs, "BLOTS", [one for one in BLOTS if one[1] != "[address]"])
    logging.getLogger("x").warning("to %s", "ada@example.org")
    assert "ada@example.org" in written.getvalue()


def test_nobody_forges_a_line_or_speaks_to_the_terminal(written):
    logging.getLogger("x").warning('Ada"}\r\n{"level": "error"} \x1b[2J\u2028')
    assert len(written.getvalue().splitlines()) == 1 and "\x1b" not in written.getvalue()
    assert lines(written)[0]["said"].startswith('Ada"}\r\n')


def test_each_request_has_an_id_that_ties_its_lines_together(client, written):
    answer = client.post("/sign-in", data={"email": "nobody@example.org"}, headers={"X-Request-Id": "chosen-by-them"})
    told = answer.headers["X-Request-Id"]
    mine = [line for line in lines(written) if line.get("request") == told]
    assert len(mine) == 1 and mine[0]["said"].startswith("POST /sign-in: 303 in ") and told != "chosen-by-them"
    assert client.post("/sign-in", data={}).headers["X-Request-Id"] != told


def test_a_jobs_lines_say_which_job(app, session, written):
    from membership import clock

    post(session, "tests.fails", "some:job", due_at=clock.now())
    session.commit()
    do(claim(), {"tests.fails": lambda job: 1 / 0})
    [line] = lines(written)
    assert (line["job"], line["task"], line["error"]) == ("some:job", "tests.fails", "ZeroDivisionError")
    logging.getLogger("x").warning("afterwards")
    assert "job" not in lines(written)[-1]
