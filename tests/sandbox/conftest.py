"""A sandbox on a free port, the real SDK in front of it, an ear for its events, and the schema held against it all."""

from __future__ import annotations

import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import stripe

from membership.sandbox.server import Running, running
from membership.sandbox.store import shown
from tests.sandbox.sdk_shapes import wrong_answer

SECRET = "whsec_test_of_the_sandbox"
KEY = "sk_test_sandbox"


@dataclass
class Ear:
    """A webhook endpoint: what arrived, and with what status to answer (`next_statuses` first)."""

    url: str = ""
    heard: list[dict] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    next_statuses: list[int] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.heard]

    def of(self, type: str) -> list[dict]:
        return [event for event in self.heard if event["type"] == type]

    def clear(self) -> None:
        self.heard.clear()
        self.headers.clear()
        self.bodies.clear()


@pytest.fixture
def ear() -> Iterator[Ear]:
    listener, one_at_a_time = Ear(), threading.Lock()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with one_at_a_time:
                listener.bodies.append(body)
                listener.headers.append(self.headers["Stripe-Signature"])
                listener.heard.append(json.loads(body))
                status = listener.next_statuses.pop(0) if listener.next_statuses else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_port}/webhooks/stripe"
    yield listener
    server.shutdown()
    thread.join()
    server.server_close()


class Recording(stripe.RequestsClient):
    """The SDK's own HTTP client, keeping every answer that was not an error."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 20))
        self.answers: list[dict] = []

    def request(self, *args: Any, **more: Any) -> Any:
        content, status, headers = super().request(*args, **more)
        if status == 200:
            self.answers.append(json.loads(content))
        return content, status, headers


@dataclass
class Sandbox:
    """What a test holds in its hands."""

    running: Running
    http: Recording
    stripe: stripe.StripeClient
    ear: Ear

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def v1(self) -> Any:
        return self.stripe.v1

    def post(self, path: str, body: object = None) -> Any:
        """Pull a lever under /_sandbox; the JSON it answers."""
        data = json.dumps(body or {}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, method="POST")) as answer:
            return json.load(answer)

    def read(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def advance(self, span: str) -> None:
        self.post("/_sandbox/clock", {"advance": span})

    def flush(self) -> int:
        return self.post("/_sandbox/deliveries/flush")["pending"]

    def pay(self, session: Any, **typed: str) -> tuple[int, str, str]:
        """Send the hosted page's form: status, where it leads, and its text. By default 4242 pays."""
        form = {"card": "4242 4242 4242 4242", "email": "ada@example.org", "name": "Ada Reader", **typed}
        url = session if isinstance(session, str) else f"{self.url}/pay/{session.id}"
        return post_form(url, form)

    def tier(self, amount: int = 500, interval: str | None = "month", **more: Any) -> Any:
        """A price, with a product of its own."""
        recurring = {"recurring": {"interval": interval}} if interval else {}
        return self.v1.prices.create(
            {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Friend"}, **recurring, **more}
        )

    def join(self, *, card: str = "4242424242424242", price: Any = None, **more: Any) -> Any:
        """A paid subscription session, as it is afterwards."""
        session = self.v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "line_items": [{"price": (price or self.tier()).id, "quantity": 1}],
                "success_url": "http://127.0.0.1:1/welcome?session_id={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://127.0.0.1:1/join",
                **more,
            }
        )
        status, *_ = self.pay(session, card=card)
        assert status == 303
        return self.v1.checkout.sessions.retrieve(session.id)

    def give(self, amount: int = 2000, *, card: str = "4242424242424242", **more: Any) -> Any:
        """A paid one-time session, as it is afterwards."""
        session = self.donation(amount, **more)
        assert self.pay(session, card=card)[0] == 303
        return self.v1.checkout.sessions.retrieve(session.id)

    def donation(self, amount: int = 2000, currency: str = "eur", **more: Any) -> Any:
        """An open one-time session."""
        data = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Donation"}}
        return self.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "submit_type": "donate",
                "line_items": [{"price_data": data, "quantity": 1}],
                "success_url": "http://127.0.0.1:1/thanks?session_id={CHECKOUT_SESSION_ID}",
                **more,
            }
        )


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def post_form(url: str, form: dict[str, str]) -> tuple[int, str, str]:
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(url, urllib.parse.urlencode(form).encode()) as answer:
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", ""), error.read().decode()


def client(url: str, http: Recording, **more: Any) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=http, **more)


@pytest.fixture
def sandbox(tmp_path: Path, ear: Ear) -> Iterator[Sandbox]:
    http = Recording()
    given = {"webhook": ear.url, "webhook_secret": SECRET, "letters": tmp_path / "letters"}
    with running(tmp_path / "data", payouts=True, **given) as sb:
        yield Sandbox(sb, http, client(sb.url, http), ear)
        hold_to_the_schema(sb, http)
    http.close()


def hold_to_the_schema(sb: Running, http: Recording) -> None:
    """Every object in the store, every event told and every answer given fits the SDK's annotations."""
    bodies = [json.loads(body) for (body,) in sb.store.query("SELECT body FROM objects")]
    events = [json.loads(body) for (body,) in sb.store.query("SELECT body FROM events")]
    faults = {fault for body in [*map(shown, bodies), *events, *http.answers] for fault in wrong_answer(body)}
    assert not faults, "\n".join(sorted(faults))


def eventually(true: Callable[[], Any], within: float = 5.0) -> Any:
    """Wait until something holds."""
    until = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)
    return found
