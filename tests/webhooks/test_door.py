"""The webhook door, through the test client and over a real socket: 200 once it is kept, 400 for what is not genuine.

Never 500, and nothing is stored of what was refused. Deliveries are signed by the SDK's own function.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import stripe
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from membership.jobs.models import Job
from membership.webhooks import door as door_room
from membership.webhooks.models import StripeEvent
from membership.webhooks.rules import BODY_LIMIT

SECRET = "whsec_tests"
PATH = "/webhooks/stripe"


def event(id: str = "evt_1", type: str = "invoice.paid", **changes: object) -> dict[str, object]:
    """A snapshot event as Stripe sends it, about an invoice of sub_1."""
    about = {"id": "in_1", "object": "invoice", "parent": {"subscription_details": {"subscription": "sub_1"}}}
    return {
        "id": id, "object": "event", "api_version": "2026-10-28.endive", "created": 1_795_000_000, "livemode": False,
        "type": type, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
        "data": {"object": about},
    } | changes  # fmt: skip


def body_of(what: object) -> bytes:
    return what if isinstance(what, bytes) else json.dumps(what).encode()


def signature(body: bytes, secret: str = SECRET, *, age: int = 0) -> str:
    """The Stripe-Signature header, made by the SDK; a body that is not text is signed as its bytes would be."""
    moment = int(time.time()) - age
    return stripe.WebhookSignature.generate_signature_header(body.decode("latin-1"), secret, moment)


class ByClient:
    """Through Flask's test client."""

    def __init__(self, client):
        self.client = client

    def deliver(self, body: bytes, header: str | None) -> int:
        headers = {} if header is None else {"Stripe-Signature": header}
        return self.client.post(PATH, data=body, headers=headers, content_type="application/json").status_code


class BySocket:
    """Over a real socket."""

    def __init__(self, port: int):
        self.port = port

    def deliver(self, body: bytes, header: str | None) -> int:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            sent = {"Content-Type": "application/json"} | ({} if header is None else {"Stripe-Signature": header})
            connection.request("POST", PATH, body, {name: value.encode() for name, value in sent.items()})
            answer = connection.getresponse()
            answer.read()
            return answer.status

    def raw(self, head: str, *pieces: bytes) -> int | None:
        """Send what no well-behaved client would; the status, or None when the connection was closed in our face."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n\r\n".encode())
                for piece in pieces:
                    connection.sendall(piece)
            with contextlib.suppress(ConnectionResetError):
                first = connection.makefile("rb").readline()
                return int(first.split()[1]) if first else None
        return None


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


@pytest.fixture
def over_socket(session, app) -> Iterator[BySocket]:
    server = make_server("127.0.0.1", 0, app, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield BySocket(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["client", "socket"])
def door(request, session, client):
    return ByClient(client) if request.param == "client" else request.getfixturevalue("over_socket")


def kept(session) -> list[tuple[str, str]]:
    session.expire_all()
    return [tuple(row) for row in session.execute(select(StripeEvent.id, StripeEvent.state).order_by(StripeEvent.id))]


def jobs(session) -> list[str]:
    return list(session.scalars(select(Job.key).order_by(Job.key)))


def test_a_signed_event_is_kept_as_it_came_with_its_job(door, session):
    body = body_of(event())
    assert door.deliver(body, signature(body)) == 200
    row = session.scalars(select(StripeEvent)).one()
    assert (row.id, row.type, row.object_id, row.root_id, row.state) == (
        "evt_1",
        "invoice.paid",
        "in_1",
        "sub_1",
        "new",
    )
    assert row.raw == body and row.api_version == "2026-10-28.endive"
    assert jobs(session) == ["stripe:sub_1"]


def test_a_genuine_delivery_never_reaches_flask_and_a_forged_one_does(app, client, session, monkeypatch):
    body = body_of(event())
    by_the_view = app.test_client()
    answers = []
    for application in (app.wsgi_app, app.wsgi_app.behind):
        monkeypatch.setattr(app, "wsgi_app", application)
        headers = {"Stripe-Signature": signature(body)}
        answers.append(by_the_view.post(PATH, data=body, headers=headers))
        monkeypatch.undo()
    assert [answer.status_code for answer in answers] == [200, 200]
    told = [sorted(one for one in answer.headers if one[0] != "X-Request-Id") for answer in answers]
    assert told[0] == told[1] and answers[0].data == answers[1].data

    asked = []
    monkeypatch.setitem(app.view_functions, "webhooks.receive", lambda: asked.append(1) or ("asked", 418))
    assert client.post(PATH, data=body, headers={"Stripe-Signature": signature(body)}).status_code == 200
    assert asked == []
    assert client.post(PATH, data=body, headers={"Stripe-Signature": signature(body, "whsec_forged")}).status_code != 200
    assert client.post(PATH, data=body, headers={"Host": "elsewhere.example"}).status_code == 400


def test_what_cannot_be_stored_in_front_is_tried_by_the_view(client, session, monkeypatch):
    stored, tries = door_room.keep, []

    def stumbles_once(envelope, raw):
        tries.append(envelope.id)
        if len(tries) == 1:
            raise RuntimeError("the database is away")
        stored(envelope, raw)

    monkeypatch.setattr(door_room, "keep", stumbles_once)
    body = body_of(event())
    assert client.post(PATH, data=body, headers={"Stripe-Signature": signature(body)}).status_code == 200
    assert tries == ["evt_1", "evt_1"] and kept(session) == [("evt_1", "new")]


def test_an_event_told_three_times_is_kept_once(door, session):
    body = body_of(event())
    assert [door.deliver(body, signature(body, age=age)) for age in (0, 1, 2)] == [200, 200, 200]
    assert kept(session) == [("evt_1", "new")] and jobs(session) == ["stripe:sub_1"]


def test_two_events_about_one_object_share_its_job(door, session):
    for id in ("evt_1", "evt_2"):
        body = body_of(event(id))
        assert door.deliver(body, signature(body)) == 200
    assert kept(session) == [("evt_1", "new"), ("evt_2", "new")] and jobs(session) == ["stripe:sub_1"]


@pytest.mark.parametrize("type", ["invoice.created", "reserve.release.created", "a.type.of.next.year", ""])
def test_a_type_nobody_listens_to_is_answered_200_and_ignored(door, session, type):
    body = body_of(event(type=type))
    assert door.deliver(body, signature(body)) == 200
    assert kept(session) == [("evt_1", "ignored")] and jobs(session) == []


def test_a_body_of_half_the_limit_is_taken(door, session):
    body = body_of(event(padding="x" * (BODY_LIMIT // 2)))
    assert door.deliver(body, signature(body)) == 200
    assert kept(session) == [("evt_1", "new")]


def test_both_secrets_are_taken_while_one_is_rolled(door, session, app, config, monkeypatch):
    rolled = dataclasses.replace(config, stripe_webhook_secrets=("whsec_next", SECRET))
    monkeypatch.setitem(app.config, "MEMBERSHIP", rolled)
    for id, secret, status in [("evt_1", "whsec_next", 200), ("evt_2", SECRET, 200), ("evt_3", "whsec_other", 400)]:
        body = body_of(event(id))
        assert door.deliver(body, signature(body, secret)) == status
    body = body_of(event("evt_4"))
    other = signature(body, "whsec_other").partition("v1=")[2]
    assert door.deliver(body, f"{signature(body)},v1={other}") == 200
    assert [id for id, _ in kept(session)] == ["evt_1", "evt_2", "evt_4"]


BODY = body_of(event())
FORGED = {
    "no signature": (BODY, lambda body: None),
    "an empty signature": (BODY, lambda body: ""),
    "somebody else's secret": (BODY, lambda body: signature(body, "whsec_other")),
    "the signature of another body": (BODY, lambda body: signature(body + b" ")),
    "301 seconds old": (BODY, lambda body: signature(body, age=301)),
    "of the future": (BODY, lambda body: signature(body, age=-310)),
    "of tomorrow": (BODY, lambda body: signature(body, age=-86_400)),
    "a time that was moved": (BODY, lambda body: signature(body, age=400).replace("t=", f"t={int(time.time())},t=", 1)),
    "v0 only": (BODY, lambda body: signature(body).replace("v1=", "v0=")),
    "a time only": (BODY, lambda body: signature(body).partition(",")[0]),
    "no time": (BODY, lambda body: signature(body).partition(",")[2]),
    "a signature in umlauts": (BODY, lambda body: f"t={int(time.time())},v1=ü"),
    "a time in other digits": (BODY, lambda body: "t=١٧٩٥٠٠٠٠٠٠,v1=00"),
    "equals signs without end": (BODY, lambda body: "=" * 4000),
    "commas without end": (BODY, lambda body: f"t={int(time.time())}," + "v1=," * 1000),
}
NO_EVENTS = {
    "an empty body": b"",
    "not JSON": b"id=evt_1",
    "half of it": BODY[: len(BODY) // 2],
    "two of them": BODY + BODY,
    "a list": b"[]",
    "null": b"null",
    "true": b"true",
    "a text": b'"evt_1"',
    "a number": b"1e999",
    "a number without end": b"1" * 6000,
    "a list of lists of lists": b"[" * 100_000,
    "a nest around an event": b'{"data":' * 20_000,
    "the other mode": body_of(event(livemode=True)),
    "a mode in words": body_of(event(livemode="false")),
    "no id": body_of({key: value for key, value in event().items() if key != "id"}),
    "an id with a NUL": body_of(event("evt_\x00")),
    "an id of half a character": b'{"id":"evt_\\ud800"' + BODY[len(b'{"id": "evt_1"') :],
    "a type with a NUL": body_of(event(type="invoice\x00paid")),
    "a root with a NUL": body_of(event(data={"object": {"object": "charge", "id": "c", "payment_intent": "\x00"}})),
    "a version with a NUL": body_of(event(api_version="\x00")),
    "a time out of this world": body_of(event(created=10**30)),
    "about nothing": body_of(event(data=None)),
    "a thin event of no time": body_of({"id": "evt_1", "object": "v2.core.event", "type": "v1.x", "livemode": False}),
    "not UTF-8": BODY.replace(b"evt_1", b"evt_\xff"),
    "UTF-16": BODY.decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + BODY,
    "more than the limit": body_of(event(padding="x" * BODY_LIMIT)),
}


@pytest.mark.parametrize(("body", "sign"), FORGED.values(), ids=FORGED.keys())
def test_what_was_not_signed_by_stripe_is_answered_400_and_not_kept(door, session, body, sign):
    assert door.deliver(body, sign(body)) == 400
    assert kept(session) == [] and jobs(session) == []


@pytest.mark.parametrize("body", NO_EVENTS.values(), ids=NO_EVENTS.keys())
def test_what_was_signed_but_is_no_event_of_ours_is_answered_400_and_not_kept(door, session, body):
    assert door.deliver(body, signature(body)) == 400
    assert kept(session) == [] and jobs(session) == []


def test_a_length_beyond_the_limit_is_refused_before_the_body_is_read(over_socket, session):
    head = f"Stripe-Signature: {signature(BODY)}\r\nContent-Length: {10**9}\r\nConnection: close"
    assert over_socket.raw(head, b"x" * 1000) == 400
    assert kept(session) == []


@pytest.mark.parametrize("length", ["-1", "abc", "", "1e3", "99999999999999999999999999"])
def test_a_length_that_is_none_is_never_an_accident(over_socket, session, length):
    status = over_socket.raw(f"Stripe-Signature: {signature(BODY)}\r\nContent-Length: {length}\r\nConnection: close")
    assert status in {400, 413, None}
    assert kept(session) == []


def in_chunks(body: bytes, size: int = 16_000) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


@pytest.mark.parametrize(("padding", "status"), [(0, 200), (BODY_LIMIT, 400), (BODY_LIMIT * 4, 400)])
def test_a_body_in_chunks_has_the_same_limit(over_socket, session, padding, status):
    body = body_of(event(padding="x" * padding))
    head = f"Stripe-Signature: {signature(body)}\r\nTransfer-Encoding: chunked\r\nConnection: close"
    assert over_socket.raw(head, *in_chunks(body)) in {status, None if status == 400 else status}
    assert [id for id, _ in kept(session)] == (["evt_1"] if status == 200 else [])


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_the_door_takes_only_post(client, method):
    assert getattr(client, method)(PATH).status_code == 405
