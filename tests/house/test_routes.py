"""Every route says who may use it and keeps to it; no GET changes anything; every answer carries its headers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.routing import BaseConverter, Rule
from werkzeug.test import TestResponse

from membership import tables
from membership.web.access import ROLES, Who, audience
from tests import make

VISITORS = ("anonymous", "reader", "patron", *ROLES)
ON_BOTH = ("patron", "admin")
"""Between them they open every page, so that each database answers every question; who else may come in is decided
before any is asked, and seen once."""
SAMPLE = {"IntegerConverter": 1, "UnicodeConverter": "x", "PathConverter": "x"}


def sample(converter: BaseConverter) -> object:
    """Something that fits into this place of an address: of a few words the first one."""
    words = re.fullmatch(r"\(\?:(\w+)\|.*\)", converter.regex)
    return words[1] if words else SAMPLE[type(converter).__name__]


def rules(app: Flask, method: str) -> Iterator[tuple[Rule, str]]:
    """Every route that takes this method, with an address of it."""
    adapter = app.url_map.bind("127.0.0.1:8000")
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            values = {name: sample(converter) for name, converter in rule._converters.items()}
            yield rule, adapter.build(rule.endpoint, values, method)


def test_every_route_says_who_may_use_it(app):
    silent = {rule.endpoint for rule in app.url_map.iter_rules() if audience(app, rule.endpoint) is None}
    assert silent == set()


def test_a_route_that_says_nothing_is_closed(app, client, monkeypatch):
    monkeypatch.setitem(app.view_functions, "readers.sign_in", lambda: "open by mistake")
    assert client.get("/sign-in").status_code == 404


def test_no_view_takes_both_get_and_post(app):
    both = [str(rule) for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())]
    assert both == []


def test_only_the_webhook_door_and_the_stop_of_letters_take_posts_without_a_token(app, session, client, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    admin = make.staff(session, "admin")
    open_doors = []
    for rule, address in rules(app, "POST"):
        make.sign_in(session, client, admin)
        if client.post(address).status_code != 400 or rule.endpoint == "webhooks.receive":
            open_doors.append(rule.endpoint)
    assert open_doors == ["stopping.stop", "webhooks.receive"]
    # another site's server posts to `perks.token`; it is refused with 400 in words of OAuth's own, not for a form's token


def person(session: Session, visitor: str):
    """Somebody of each kind; None is a stranger."""
    if visitor == "anonymous":
        return None
    if visitor in ROLES:
        return make.staff(session, visitor)
    return make.patron(session) if visitor == "patron" else make.reader(session)


def may(visitor: str, who: Who) -> bool:
    """What the matrix expects, said a second time and in other words than `guard` says it."""
    if who == Who.ANYONE:
        return True
    if who == Who.READERS:
        return visitor != "anonymous"
    if who == Who.PATRONS:
        return visitor == "patron"
    return visitor in ROLES and ROLES.index(visitor) >= ROLES.index(who.role or "")


@pytest.mark.parametrize(
    "visitor", [pytest.param(one, marks=() if one in ON_BOTH else pytest.mark.only_on("sqlite")) for one in VISITORS]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_visitor_gets_where_they_may_and_no_further(app, session, client, visitor, method, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr("stripe.RequestsClient.request", _unreachable)
    who_asks = person(session, visitor)
    wrong = []
    for rule, address in rules(app, method):
        who = audience(app, rule.endpoint)
        undo = session.begin_nested()
        if who_asks is not None:
            make.sign_in(session, client, who_asks)
        status = client.open(address, method=method).status_code
        if undo.is_active:
            undo.rollback()
        allowed = may(visitor, who)
        if status == 500 or (not allowed and status != (303 if visitor == "anonymous" else 403)):
            wrong.append((method, address, who, status))
        if allowed and visitor in ROLES and who.role and status == 403:
            wrong.append((method, address, who, status))
    assert wrong == []


def _unreachable(*_: object, **__: object) -> None:
    import stripe

    raise stripe.APIConnectionError("nobody answers in this test")


MAY_CHANGE = {"reader_session", "limit_count", "audit_entry", "audit_head", "job"}


def contents(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that a GET has no business with."""
    session.expire_all()
    return {
        table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
        for table in tables.metadata.sorted_tables
        if table.name not in MAY_CHANGE
    }


@pytest.mark.parametrize("visitor", ["anonymous", "patron", "admin"])
def test_no_get_changes_anything(app, session, client, visitor):
    make.tier(session)
    who_asks = person(session, visitor)
    if who_asks is not None:
        make.sign_in(session, client, who_asks)
    before, written = contents(session), []
    with statements(session, lambda said: None if READING.match(said) else written.append(said)):
        for rule, address in rules(app, "GET"):
            client.get(address)
            if written:
                after = contents(session)
                assert after == before, f"GET {rule} changed {[name for name in before if before[name] != after[name]]}"
                written.clear()
    assert contents(session) == before


READING = re.compile(r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK)\b", re.IGNORECASE)
"""What changes no row; whatever else is said may have."""


@contextmanager
def statements(session: Session, hear: Callable[[str], object]) -> Iterator[None]:
    """While the block runs, every statement that reaches the database is heard."""
    engine = session.get_bind().engine

    def before_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        hear(statement)

    event.listen(engine, "before_cursor_execute", before_statement)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)


def header_faults(response: TestResponse, framed: bool) -> list[str]:
    headers = response.headers
    policy = headers.get("Content-Security-Policy", "")
    wanted = {
        "default-src 'none'": "default-src 'none'" in policy,
        "no inline": "unsafe-inline" not in policy and "unsafe-eval" not in policy,
        "form-action": "form-action" in policy,
        "base-uri": "base-uri 'none'" in policy,
        "frame-ancestors": framed or "frame-ancestors 'none'" in policy,
        "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
        "referrer": "Referrer-Policy" in headers,
        "no cookie for an embed": not (framed and "Set-Cookie" in headers),
    }
    return [name for name, kept in wanted.items() if not kept]


@pytest.mark.parametrize("visitor", ["anonymous", "admin"])
def test_every_answer_carries_the_policy(app, session, client, visitor):
    who_asks = person(session, visitor)
    if who_asks is not None:
        make.sign_in(session, client, who_asks)
    addresses = [address for _, address in rules(app, "GET")]
    wrong = {address: header_faults(client.get(address), address.startswith("/embed/")) for address in addresses}
    assert {address: faults for address, faults in wrong.items() if faults} == {}


FAULTS: dict[str, tuple[int, Callable[[FlaskClient], TestResponse]]] = {
    "an unknown address": (404, lambda client: client.get("/nothing/here")),
    "a method nobody takes": (405, lambda client: client.delete("/join")),
    "a method for debugging": (405, lambda client: client.open("/join", method="TRACE")),
    "a body beyond all limits": (413, lambda client: client.post("/sign-in", data={"email": "x" * 600_000})),
    "a static file that is missing": (404, lambda client: client.get("/static/nothing.css")),
    "the stylesheet": (200, lambda client: client.get("/static/house.css")),
    "a refused delivery": (400, lambda client: client.post("/webhooks/stripe", data=b"{}")),
}


@pytest.mark.parametrize(("status", "ask"), FAULTS.values(), ids=FAULTS.keys())
def test_errors_carry_the_policy_too(client, status, ask):
    with ask(client) as answer:
        assert answer.status_code == status and header_faults(answer, False) == []


def test_an_accident_is_one_calm_page_and_tells_nothing(app, client, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)

    def breaks():
        raise RuntimeError("the secret reason")

    breaks.allowed = Who.ANYONE
    monkeypatch.setitem(app.view_functions, "giving.give", breaks)
    answer = client.get("/give")
    assert answer.status_code == 500 and header_faults(answer, False) == []
    assert "secret reason" not in answer.text and "Traceback" not in answer.text
