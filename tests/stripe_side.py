"""The other side of the wire for in-process tests: a sandbox in a thread, spoken to by the real SDK.

It delivers nothing by itself: a test takes the events it made and hands them to the app's door, really signed, in
whatever order and number it likes.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import requests
import stripe
from flask import Flask
from flask.testing import FlaskClient

from membership import clock
from membership.app import all_tasks, connect_outside
from membership.config import Config
from membership.jobs.worker import run_one

WEBHOOK_SECRET = "whsec_tests"
HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of a page's forms, as a browser would post them."""
    found = {}
    for tag in HIDDEN.findall(page):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


@dataclass
class StripeSide:
    """A sandbox at `url`; `seen` are the ids of events handed out already."""

    url: str
    app: Flask
    client: FlaskClient
    seen: set[str] = field(default_factory=set)

    def join(self, email: str = "ada@example.org", **values: str) -> str:
        """Fill in /join and return the hosted page's address."""
        page = self.client.get("/join", query_string={k: v for k, v in values.items() if k in {"article", "currency"}})
        fields = hidden_fields(page.text) | {"interval": "month", "email": email} | values
        answer = self.client.post("/join", data=fields)
        assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:900]
        return str(answer.location)

    def give(self, email: str = "ada@example.org", amount: str = "20", **values: str) -> str:
        """Fill in /give and return the hosted page's address."""
        page = self.client.get("/give", query_string={k: v for k, v in values.items() if k == "article"})
        answer = self.client.post("/give", data=hidden_fields(page.text) | {"email": email, "amount": amount} | values)
        assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:900]
        return str(answer.location)

    def pay(self, page: str, card: str = "4242 4242 4242 4242", iban: str = "") -> requests.Response:
        """Pay on the hosted page, as somebody without script would: by card, or (`card` empty) by SEPA debit."""
        with requests.Session() as browser:
            fields = hidden_fields(browser.get(page, timeout=20).text)
            data = fields | {"card": card} | ({"iban": iban} if iban else {})
            return browser.post(page, data=data, allow_redirects=False, timeout=20)

    def advance(self, span: str) -> None:
        """Move the sandbox's clock; what is due meanwhile happens."""
        requests.post(f"{self.url}/_sandbox/clock", json={"advance": span}, timeout=60).raise_for_status()

    def new_events(self) -> list[dict[str, Any]]:
        """The events that happened since the last call, oldest first."""
        answer = requests.get(f"{self.url}/v1/events", params={"limit": 100}, auth=("sk_test_x", ""), timeout=20)
        events = [event for event in answer.json()["data"] if event["id"] not in self.seen]
        self.seen |= {event["id"] for event in events}
        return events[::-1]

    def deliver(self, events: Iterable[dict[str, Any]]) -> list[int]:
        """Hand events to the door, signed now; the statuses it answered with."""
        return [self._post(json.dumps(event)) for event in events]

    def _post(self, payload: str) -> int:
        signature = stripe.WebhookSignature.generate_signature_header(payload, WEBHOOK_SECRET, int(time.time()))
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        return self.client.post("/webhooks/stripe", data=payload.encode(), headers=headers).status_code

    def work(self) -> int:
        """Let the worker do all that is due; how many jobs that were."""
        done = 0
        with self.app.app_context():
            while run_one(all_tasks()):
                done += 1
        return done

    def settle(self) -> None:
        """Deliver everything new in order and work it off."""
        assert set(self.deliver(self.new_events())) <= {200}
        self.work()


def sandboxed(config: Config, url: str, clock_file: Any) -> Config:
    """The same settings, pointing at a sandbox and following its clock."""
    moved = replace(config, stripe_api_base=url, clock_file=clock_file)
    connect_outside(moved)
    assert abs((clock.now() - clock.wall()).total_seconds()) < 5
    return moved
