"""The levers and the room for people."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
import requests

from membership.sandbox import history
from membership.sandbox.shapes import catalogue
from tests.sandbox.conftest import Sandbox, post_form


def page(sandbox: Sandbox, path: str = "/") -> str:
    with urllib.request.urlopen(sandbox.url + path) as answer:
        return answer.read().decode()


def test_the_clock_only_goes_forward(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/clock", {"advance": "1d12h"})
    clock = sandbox.read("/_sandbox/clock")
    assert clock["offset"] == 36 * 3600
    for nonsense in ({"advance": "-1d"}, {"advance": "soon"}, {"to": clock["now"] - 60}, {}, {"to": "1"}):
        with pytest.raises(OSError, match="400") as refused:
            sandbox.post("/_sandbox/clock", nonsense)
        refused.value.close()
    assert sandbox.read("/_sandbox/clock")["offset"] == 36 * 3600


def test_what_is_made_after_a_jump_carries_the_sandboxs_time(sandbox: Sandbox) -> None:
    before = sandbox.read("/_sandbox/clock")["now"]
    sandbox.advance("10d")
    assert sandbox.v1.customers.create({}).created >= before + 10 * 86_400


def test_a_reset_forgets_everything_but_who_listens(sandbox: Sandbox) -> None:
    sandbox.join()
    sandbox.advance("3d")
    sandbox.flush()  # or one that is under way arrives after the reset
    sandbox.post("/_sandbox/faults", {"drop": 5})
    sandbox.post("/_sandbox/reset")
    assert sandbox.read("/_sandbox/objects/customer") == []
    assert sandbox.read("/_sandbox/clock")["offset"] == 0
    assert sandbox.read("/_sandbox/faults")["drop"] == 0
    sandbox.ear.clear()
    sandbox.v1.customers.create({})
    sandbox.flush()
    assert sandbox.ear.types == ["customer.created"]


def test_the_truth_can_be_read_whole(sandbox: Sandbox) -> None:
    session = sandbox.join()
    (subscription,) = sandbox.read("/_sandbox/objects/subscription")
    assert subscription["id"] == session.subscription
    (kept,) = sandbox.read("/_sandbox/objects/checkout.session")
    assert not [key for key in kept if key.startswith("_")]


def test_letters_are_read_as_text(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.read("/_sandbox/letters") == []
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "1.eml").write_text(
        "To: ada@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n"
        'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n\nDanke <b>Ada</b>\n'
    )
    (letter,) = sandbox.read("/_sandbox/letters?to=ada@example.org")
    assert (letter["to"], letter["subject"], letter["text"]) == ("ada@example.org", "Grüße", "Danke <b>Ada</b>\n")
    assert sandbox.read("/_sandbox/letters?to=bob") == []
    assert "Danke &lt;b&gt;Ada" in page(sandbox)


def test_the_control_room_shows_and_moves(sandbox: Sandbox) -> None:
    assert "Nothing has happened yet" in page(sandbox)
    sandbox.join()
    assert sandbox.flush() == 0
    text = page(sandbox)
    assert "checkout.session.completed" in text
    assert "<script" not in text
    event = sandbox.v1.events.list().data[0]
    assert "What is told" in page(sandbox, f"/events/{event.id}")
    sandbox.ear.clear()
    assert post_form(f"{sandbox.running.url}/events/{event.id}/delivery", {})[0] == 303
    sandbox.flush()
    assert [e["id"] for e in sandbox.ear.heard] == [event.id]
    assert post_form(f"{sandbox.running.url}/clock", {"advance": "31d"})[0] == 303
    assert sandbox.read("/_sandbox/clock")["offset"] == 31 * 86_400
    assert post_form(f"{sandbox.running.url}/clock", {"advance": "yesterday"})[0] == 422
    assert post_form(f"{sandbox.running.url}/faults", {"drop": "2", "pause": "on", "fail_api": "429, cut"})[0] == 303
    faults = sandbox.read("/_sandbox/faults")
    assert (faults["drop"], faults["pause"], faults["fail_api"]) == (2, True, [429, "cut"])
    assert post_form(f"{sandbox.running.url}/faults", {"drop": "many"})[0] == 422
    assert post_form(f"{sandbox.running.url}/faults", {"clear": "1"})[0] == 303
    assert json.dumps(sandbox.read("/_sandbox/faults")["drop"]) == "0"


def test_in_the_control_room_a_payment_is_disputed_decided_refunded_and_paid_out(sandbox: Sandbox) -> None:
    now = sandbox.running.world.now()
    made = [catalogue.product(id="gift", created=now - 9999, name="Gift")]
    for n in range(2):
        made += history.donation(
            prefix=f"c{n}", email="a@b.org", at=now - 9 * 86_400 + n, amount=2000, product_id="gift", name="Ada"
        )
    sandbox.running.store.load(made)
    first, second = (one["id"] for one in made if one["object"] == "charge")

    def press(id: str, deed: str, status: int = 200) -> str:
        answer = requests.post(f"{sandbox.running.url}/payments/{id}", data={"deed": deed}, timeout=30)
        assert answer.status_code == status
        return answer.text

    assert "Dispute won" not in requests.get(sandbox.running.url, timeout=30).text
    assert "Dispute won" in press(first, "dispute")
    assert "Dispute won" not in press(first, "won")
    assert [one.status for one in sandbox.v1.disputes.list().data] == ["won"]
    press(second, "refund")
    assert sandbox.v1.charges.retrieve(second).refunded
    assert "already" in press(second, "refund", 422)
    press("eur", "payout")
    assert len(sandbox.v1.payouts.list().data) == 1
    assert "Nothing is available" in press("usd", "payout", 422)


def test_in_the_control_room_events_are_told_thin_or_in_full(sandbox: Sandbox) -> None:
    def heard(form: str) -> list[str]:
        assert post_form(f"{sandbox.running.url}/telling", {"form": form})[0] == 303
        sandbox.ear.clear()
        sandbox.v1.customers.create({"name": "Ada"})
        sandbox.flush()
        assert f'<option value="{form}" selected>' in page(sandbox)
        return sorted(one["object"] for one in sandbox.ear.heard)

    assert heard("both") == ["event", "v2.core.event"]
    assert heard("thin") == ["v2.core.event"]
    assert heard("full") == ["event"]
    assert post_form(f"{sandbox.running.url}/telling", {"form": "whispered"})[0] == 422
