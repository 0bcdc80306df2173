"""Events on their way: signatures, retries, faults, resending, restarts."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
import stripe

from membership.sandbox.server import NotLoopback, running
from tests.sandbox.conftest import SECRET, Ear, Recording, Sandbox, client, eventually


def verified(ear: Ear, n: int) -> bool:
    try:
        return stripe.WebhookSignature.verify_header(ear.bodies[n].decode(), ear.headers[n], SECRET, 300)
    except stripe.SignatureVerificationError:
        return False


def test_deliveries_are_signed_with_the_walls_time(sandbox: Sandbox) -> None:
    sandbox.advance("40d")
    sandbox.v1.customers.create({"name": "Ada"})
    eventually(lambda: sandbox.ear.heard)
    assert verified(sandbox.ear, 0)
    (event,) = sandbox.ear.heard
    assert event["created"] > time.time() + 39 * 86_400
    assert (event["livemode"], event["api_version"]) == (False, stripe.api_version)
    assert event["pending_webhooks"] == 1
    assert "v0=" in sandbox.ear.headers[0]
    eventually(lambda: sandbox.v1.events.retrieve(event["id"]).pending_webhooks == 0)


def test_a_refused_delivery_comes_again(sandbox: Sandbox) -> None:
    sandbox.ear.next_statuses = [500, 400, 302]
    for name in ("a", "b", "c"):
        sandbox.v1.customers.create({"name": name})
    tries = eventually(lambda: len(found := sandbox.read("/_sandbox/deliveries")) == 6 and found)
    assert sorted((one["attempt"], one["status"]) for one in tries) == [(1, 302), (1, 400), (1, 500)] + [(2, 200)] * 3
    assert sandbox.ear.bodies[0] in sandbox.ear.bodies[3:]
    assert all(verified(sandbox.ear, n) for n in range(6))


def test_undelivered_events_are_found_in_the_list(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"drop": 1})
    sandbox.v1.customers.create({"name": "lost"})
    sandbox.v1.customers.create({"name": "heard"})
    assert sandbox.flush() == 0
    (lost,) = sandbox.v1.events.list({"delivery_success": False}).data
    assert lost.data.object.name == "lost"
    assert [e["data"]["object"]["name"] for e in sandbox.ear.heard] == ["heard"]
    sandbox.post(f"/_sandbox/events/{lost.id}/resend")
    assert sandbox.flush() == 0
    assert [e["data"]["object"]["name"] for e in sandbox.ear.heard] == ["heard", "lost"]
    assert sandbox.v1.events.list({"delivery_success": False}).data == []


def test_a_duplicate_has_one_id_and_a_twin_has_two(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"duplicate": 1})
    sandbox.v1.customers.create({"name": "a"})
    sandbox.flush()
    assert len(sandbox.ear.heard) == 2
    assert len({event["id"] for event in sandbox.ear.heard}) == 1
    sandbox.ear.clear()
    sandbox.post("/_sandbox/faults", {"twin": 1})
    sandbox.v1.customers.create({"name": "b"})
    sandbox.flush()
    assert len({event["id"] for event in sandbox.ear.heard}) == 2
    assert len({json.dumps(event["data"]) for event in sandbox.ear.heard}) == 1


@pytest.mark.parametrize("fault", ["bad_signature", "old_timestamp", "wrong_livemode"])
def test_a_spoiled_copy_goes_before_the_true_one(sandbox: Sandbox, fault: str) -> None:
    sandbox.post("/_sandbox/faults", {fault: 1})
    sandbox.v1.customers.create({"name": "a"})
    sandbox.flush()
    assert [verified(sandbox.ear, n) for n in (0, 1)] == [fault == "wrong_livemode", True]
    assert [event["livemode"] for event in sandbox.ear.heard] == [fault == "wrong_livemode", False]
    assert sandbox.read("/_sandbox/faults")[fault] == 0


def test_deliveries_can_be_held_and_let_go(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"pause": True})
    sandbox.v1.customers.create({"name": "a"})
    assert sandbox.flush() == 1
    assert sandbox.ear.heard == []
    sandbox.post("/_sandbox/faults", {"pause": False})
    eventually(lambda: sandbox.ear.heard)


def test_order_can_be_lost(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"reorder": True})
    for n in range(12):
        sandbox.v1.customers.create({"name": str(n)})
    eventually(lambda: len(sandbox.ear.heard) == 12)
    names = [event["data"]["object"]["name"] for event in sandbox.ear.heard]
    assert sorted(names, key=int) != names


def test_a_delay_holds_each_delivery(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"delay": 0.3})
    before = time.monotonic()
    sandbox.v1.customers.create({"name": "a"})
    eventually(lambda: sandbox.ear.heard)
    assert time.monotonic() - before >= 0.3


def test_what_is_told_while_a_courier_looks_for_work_does_not_wait_for_the_next_news(tmp_path: Path, ear: Ear) -> None:
    with running(tmp_path, webhook=ear.url, couriers=1) as sandbox:
        deliveries = sandbox.world.deliveries
        pause = deliveries._pause

        def told_meanwhile() -> float:
            if not told.is_set():
                told.set()
                with sandbox.world.transaction():
                    sandbox.world.tell("customer.created", {"id": "cus_1", "object": "customer"})
            return pause() + 4

        told = threading.Event()
        deliveries._pause = told_meanwhile
        deliveries.wake()
        eventually(lambda: ear.heard, within=3)


def test_news_is_passed_on_when_it_is_kept_and_not_before(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    world, wakes = sandbox.running.world, []
    with monkeypatch.context() as listening:
        listening.setattr(world.deliveries, "wake", lambda: wakes.append("awake"))
        with world.transaction():
            with world.transaction():
                world.tell("customer.deleted", {"id": "cus_1", "object": "customer", "deleted": True})
            assert wakes == []
        assert wakes == ["awake"]


@pytest.mark.parametrize("nonsense", [{"explode": 1}, {"drop": -1}, {"drop": True}, {"fail_api": [200]}, {"pause": 1}])
def test_a_switch_that_does_not_exist_is_refused(sandbox: Sandbox, nonsense: dict) -> None:
    before = sandbox.read("/_sandbox/faults")
    with pytest.raises(OSError, match="400") as refused:
        sandbox.post("/_sandbox/faults", nonsense)
    refused.value.close()
    assert sandbox.read("/_sandbox/faults") == before


def test_endpoints_hear_what_they_asked_for(sandbox: Sandbox, ear: Ear) -> None:
    made = sandbox.v1.webhook_endpoints.create({"url": ear.url + "/2", "enabled_events": ["product.created"]})
    assert made.secret.startswith("whsec_")
    sandbox.v1.customers.create({"name": "a"})
    sandbox.v1.products.create({"name": "b"})
    sandbox.flush()
    assert sorted(ear.types) == ["customer.created", "product.created", "product.created"]
    sandbox.v1.webhook_endpoints.delete(made.id)
    assert len(sandbox.v1.webhook_endpoints.list().data) == 1


def test_what_it_knows_survives_a_restart(tmp_path: Path, ear: Ear) -> None:
    data, clock = tmp_path / "data", tmp_path / "clock"
    http = Recording()
    with running(data, clock_file=clock, webhook="http://127.0.0.1:1/nobody", webhook_secret=SECRET) as sb:
        hand = Sandbox(sb, http, client(sb.url, http), ear)
        session = hand.join()
        hand.advance("5d")
        before = hand.v1.events.list({"limit": 100}).data
        assert clock.read_text() == f"{5 * 86_400}\n"
    clock.unlink()
    with running(data, clock_file=clock, webhook=ear.url, webhook_secret=SECRET) as sb:
        hand = Sandbox(sb, http, client(sb.url, http), ear)
        assert hand.v1.checkout.sessions.retrieve(session.id).status == "complete"
        assert hand.read("/_sandbox/clock")["offset"] == 5 * 86_400
        assert clock.read_text() == f"{5 * 86_400}\n"
        assert hand.flush() == 0
        assert {event["id"] for event in ear.heard} == {event.id for event in before}
    http.close()


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(NotLoopback), running(tmp_path, host="0.0.0.0"):
        pass


def test_a_copy_may_be_of_another_account(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"foreign_account": 1})
    sandbox.v1.customers.create({"name": "a"})
    sandbox.flush()
    foreign, own = sandbox.ear.heard
    assert (foreign["account"], foreign["context"]) == ("acct_1SomebodyElse", "acct_1SomebodyElse")
    assert "account" not in own
    assert [verified(sandbox.ear, n) for n in (0, 1)] == [True, True]
    assert foreign["id"] != own["id"]


def test_a_copy_may_be_about_nobody_we_know(sandbox: Sandbox) -> None:
    sandbox.give(customer_creation="always")
    sandbox.flush()
    sandbox.ear.clear()
    (charge,) = sandbox.v1.charges.list().data
    sandbox.post("/_sandbox/faults", {"unknown_customer": 1})
    sandbox.v1.charges.update(charge.id, {"metadata": {"a": "1"}})
    sandbox.flush()
    strange, own = (event["data"]["object"] for event in sandbox.ear.heard)
    assert own["id"] == charge.id
    assert strange["id"].startswith("ch_")
    assert strange["customer"] != own["customer"]
    for kind, id in ((sandbox.v1.charges, strange["id"]), (sandbox.v1.customers, strange["customer"])):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            kind.retrieve(id)
        assert refused.value.code == "resource_missing"


def test_payloads_may_have_an_old_versions_shape(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"pause": True, "old_shape": 100})
    session = sandbox.join()
    sandbox.post("/_sandbox/faults", {"pause": False})
    sandbox.flush()
    (paid,) = (event for event in sandbox.ear.heard if event["type"] == "invoice.paid")
    invoice = paid["data"]["object"]
    assert paid["api_version"] == "2024-06-20"
    assert (invoice["subscription"], invoice["paid"]) == (session.subscription, True)
    assert "parent" not in invoice
    (charge,) = (event["data"]["object"] for event in sandbox.ear.of("charge.succeeded"))
    assert (invoice["charge"], invoice["payment_intent"]) == (charge["id"], charge["payment_intent"])
    assert charge["invoice"] == invoice["id"]
    assert invoice["lines"]["data"][0]["price"]["unit_amount"] == 500
    (made,) = (event["data"]["object"] for event in sandbox.ear.of("customer.subscription.created"))
    now = sandbox.v1.subscriptions.retrieve(session.subscription)
    assert made["current_period_end"] == now["items"].data[0].current_period_end
    assert "current_period_end" not in made["items"]["data"][0]
    assert all(verified(sandbox.ear, n) for n in range(len(sandbox.ear.heard)))


def test_an_endpoint_may_be_pinned_to_the_old_version(sandbox: Sandbox, ear: Ear) -> None:
    sandbox.v1.webhook_endpoints.create(
        {"url": ear.url, "enabled_events": ["customer.created"], "api_version": "2024-06-20"}
    )
    sandbox.v1.customers.create({"name": "a"})
    sandbox.flush()
    assert sorted(event["api_version"] for event in ear.heard) == ["2024-06-20", stripe.api_version]


def test_a_rolled_secret_signs_beside_the_old_one_for_a_while(sandbox: Sandbox) -> None:
    new = sandbox.post("/_sandbox/webhook_endpoints/start/roll", {"secret": "whsec_new", "overlap": "24h"})
    assert new["secret"] == "whsec_new"
    sandbox.v1.customers.create({"name": "a"})
    sandbox.flush()
    body, header = sandbox.ear.bodies[0].decode(), sandbox.ear.headers[0]
    assert header.count("v1=") == 2
    for secret in (SECRET, "whsec_new"):
        assert stripe.WebhookSignature.verify_header(body, header, secret, 300)
    sandbox.post("/_sandbox/webhook_endpoints/start/roll", {"overlap": "0s"})
    sandbox.v1.customers.create({"name": "b"})
    sandbox.flush()
    assert sandbox.ear.headers[1].count("v1=") == 1
    with pytest.raises(OSError, match="400") as refused:
        sandbox.post("/_sandbox/webhook_endpoints/start/roll", {"overlap": "soon"})
    refused.value.close()


def test_somebody_may_subscribe_by_another_way(sandbox: Sandbox) -> None:
    made = sandbox.post("/_sandbox/strangers", {"email": "else@example.org", "amount": 900})
    assert (made["status"], made["metadata"]) == ("active", {})
    assert sandbox.v1.customers.retrieve(made["customer"]).email == "else@example.org"
    assert sandbox.v1.events.list({"type": "invoice.paid"}).data[0].data.object.amount_paid == 900


def test_delivery_success_is_a_matter_of_every_endpoint(sandbox: Sandbox, ear: Ear) -> None:
    sandbox.v1.customers.create({"name": "told"})
    assert sandbox.flush() == 0
    sandbox.v1.webhook_endpoints.create({"url": "http://127.0.0.1:1/nobody", "enabled_events": ["product.created"]})
    sandbox.v1.products.create({"name": "half told"})
    assert sandbox.flush() == 1
    failed = sandbox.v1.events.list({"delivery_success": False}).data
    assert [event.type for event in failed] == ["product.created"]
    told = sandbox.v1.events.list({"delivery_success": True}).data
    assert [event.type for event in told] == ["customer.created"]
