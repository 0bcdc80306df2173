"""How the API behaves whatever is asked of it: keys, errors, idempotency, parameters, lists, expansion."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Recording, Sandbox, client


def raw(sandbox: Sandbox, method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any, Any]:
    """One request without the SDK: status, JSON, headers."""
    sent = {"Authorization": "Bearer sk_test_x", **{k.replace("_", "-"): v for k, v in headers.items()}}
    request = urllib.request.Request(sandbox.url + path, body.encode() or None, sent, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", "nonsense"])
def test_only_test_keys_open_it(sandbox: Sandbox, key: str) -> None:
    other = stripe.StripeClient(key, base_addresses={"api": sandbox.url}, http_client=sandbox.http)
    with pytest.raises(stripe.AuthenticationError) as refused:
        other.v1.customers.list()
    assert ("live key" in str(refused.value)) == ("live" in key)


def test_a_missing_key_is_refused(sandbox: Sandbox) -> None:
    status, body, _ = raw(sandbox, "GET", "/v1/customers", Authorization="")
    assert (status, body["error"]["type"]) == (401, "invalid_request_error")


def test_other_hosts_and_origins_are_refused(sandbox: Sandbox) -> None:
    for header in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        request = urllib.request.Request(sandbox.url + "/_sandbox/reset", b"{}", header, method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        refused.value.close()
        assert refused.value.code == 403


def test_every_answer_names_its_request(sandbox: Sandbox) -> None:
    for path in ("/v1/customers", "/v1/customers/cus_none", "/v1/nothing"):
        _, _, headers = raw(sandbox, "GET", path)
        assert headers["Request-Id"].startswith("req_")


def test_unknown_paths_are_refused_in_stripes_words(sandbox: Sandbox) -> None:
    for method, path in (("GET", "/v1/nonsense"), ("POST", "/v1/customers/cus_1/nonsense"), ("PUT", "/v1/customers")):
        status, body, _ = raw(sandbox, method, path)
        assert status == 404
        assert body["error"]["message"] == f"Unrecognized request URL ({method}: {path})."
        assert body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("customers", "nickname=x", "parameter_unknown", "nickname"),
        ("customers", "invoice_settings[colour]=x", "parameter_unknown", "invoice_settings[colour]"),
        ("customers", "email=nonsense", "email_invalid", "email"),
        ("customers", "metadata[a" + "b" * 45 + "]=x", None, "metadata"),
        ("customers", "metadata[a]=" + "x" * 501, None, "metadata[a]"),
        ("products", "", "parameter_missing", "name"),
        ("products", "name=", "parameter_invalid_empty", "name"),
        ("prices", "currency=eur&unit_amount=1.5&product=p", "parameter_invalid_integer", "unit_amount"),
        ("prices", "currency=xxx&unit_amount=100&product=p", None, "currency"),
        ("prices", "currency=eur&unit_amount=100&product=p", "resource_missing", "product"),
        ("prices", "currency=kwd&unit_amount=1001&product_data[name]=x", "parameter_invalid_integer", "unit_amount"),
        ("checkout/sessions", "success_url=http://a.b", "parameter_missing", "mode"),
        ("checkout/sessions", "mode=payment&success_url=http://a.b", "parameter_missing", "line_items"),
        ("checkout/sessions", "mode=gift&success_url=http://a.b", None, "mode"),
        ("refunds", "charge=ch_none", "resource_missing", "charge"),
        ("refunds", "", "parameter_missing", "charge"),
    ],
)
def test_wrong_parameters_are_named(sandbox: Sandbox, path: str, body: str, code: str | None, param: str) -> None:
    status, answer, _ = raw(sandbox, "POST", f"/v1/{path}", body)
    assert status == 400
    assert answer["error"].get("code") == code
    assert answer["error"]["param"] == param
    assert answer["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "eur", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (100_000_000, "eur", "amount_too_large"),
        (150, "isk", "parameter_invalid_integer"),
        (0, "eur", "amount_too_small"),
    ],
)
def test_amounts_that_cannot_be_charged_are_refused(sandbox: Sandbox, amount: int, currency: str, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.donation(amount, currency)
    assert refused.value.code == code


@pytest.mark.parametrize(("amount", "currency"), [(50, "eur"), (30, "gbp"), (500, "jpy"), (200, "isk"), (1010, "kwd")])
def test_amounts_that_can_be_charged_are_taken(sandbox: Sandbox, amount: int, currency: str) -> None:
    assert sandbox.give(amount, currency=currency).amount_total == amount


def test_a_missing_object_is_404_in_the_path(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.customers.retrieve("cus_none")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert "No such customer: 'cus_none'" in str(refused.value)


def test_the_same_idempotency_key_gives_the_same_answer(sandbox: Sandbox) -> None:
    first, again = (
        sandbox.v1.customers.create({"email": "ada@example.org"}, {"idempotency_key": "reader-1"}) for _ in range(2)
    )
    assert first.id == again.id
    assert len(sandbox.v1.customers.list().data) == 1
    assert again.last_response.headers["Idempotent-Replayed"] == "true"


def test_an_error_is_replayed_too(sandbox: Sandbox) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sandbox.v1.prices.create({"currency": "eur", "unit_amount": 5, "product": "late"}, {"idempotency_key": "k"})
        said.append(refused.value.code)
        if len(said) == 1:
            sandbox.v1.products.create({"id": "late", "name": "Late"})
    assert said == ["resource_missing"] * 2


def test_a_key_with_other_parameters_is_an_idempotency_error(sandbox: Sandbox) -> None:
    sandbox.v1.customers.create({"email": "ada@example.org"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        sandbox.v1.customers.create({"email": "bob@example.org"}, {"idempotency_key": "k"})
    assert refused.value.http_status == 400


def test_the_event_knows_the_request_and_its_key(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({}, {"idempotency_key": "k9"})
    (event,) = sandbox.v1.events.list({"type": "customer.created"}).data
    assert (event.request.id, event.request.idempotency_key) == (customer.last_response.request_id, "k9")


def test_lists_page_both_ways_and_newest_first(sandbox: Sandbox) -> None:
    made = [sandbox.v1.customers.create({"name": str(n)}).id for n in range(7)]
    page = sandbox.v1.customers.list({"limit": 3})
    assert ([c.id for c in page.data], page.has_more) == (made[:3:-1], True)
    assert [c.id for c in page.auto_paging_iter()] == made[::-1]
    newer = sandbox.v1.customers.list({"limit": 3, "ending_before": made[0]})
    assert [c.id for c in newer.data] == [made[3], made[2], made[1]]
    assert [c.id for c in newer.auto_paging_iter()] == made[1:]
    assert not sandbox.v1.customers.list({"limit": 3, "starting_after": made[3]}).has_more


def test_lists_filter(sandbox: Sandbox) -> None:
    price = sandbox.tier(lookup_key="friend")
    sandbox.tier(active=False)
    assert [p.id for p in sandbox.v1.prices.list({"lookup_keys": ["friend"]}).data] == [price.id]
    assert [p.id for p in sandbox.v1.prices.list({"active": True}).data] == [price.id]
    session = sandbox.join(price=price)
    assert [s.id for s in sandbox.v1.subscriptions.list({"price": price.id}).data] == [session.subscription]
    found = sandbox.v1.checkout.sessions.list({"subscription": session.subscription}).data
    assert [s.id for s in found] == [session.id]
    assert sandbox.v1.charges.list({"created": {"lt": session.created - 5}}).data == []


def test_a_wrong_cursor_is_said(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.customers.list({"starting_after": "cus_none"})
    assert refused.value.param == "starting_after"


def test_expansion_reaches_into_lists(sandbox: Sandbox) -> None:
    sandbox.join()
    page = sandbox.v1.invoices.list({"expand": ["data.customer", "data.payments.data.payment.payment_intent"]})
    assert page.data[0].customer.email == "ada@example.org"
    assert page.data[0].payments.data[0].payment.payment_intent.status == "succeeded"
    lines = sandbox.v1.checkout.sessions.list({"expand": ["data.line_items"]}).data[0].line_items
    assert lines.data[0].description == "Friend"


@pytest.mark.parametrize("path", ["email", "nonsense", "invoice_settings.nonsense"])
def test_what_cannot_be_expanded_is_said(sandbox: Sandbox, path: str) -> None:
    customer = sandbox.v1.customers.create({"email": "ada@example.org"})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        sandbox.v1.customers.retrieve(customer.id, {"expand": [path]})


def test_metadata_is_merged_and_unset(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    after = sandbox.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    assert after.metadata.to_dict() == {"b": "2", "c": "3"}
    assert sandbox.v1.customers.update(customer.id, {"metadata": ""}).metadata.to_dict() == {}


def test_an_update_tells_what_was_before(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"name": "Ada", "metadata": {"a": "1"}})
    sandbox.v1.customers.update(customer.id, {"name": "Ada R", "metadata": {"a": "2"}})
    (event,) = sandbox.v1.events.list({"type": "customer.updated"}).data
    assert event.data.previous_attributes.to_dict() == {"name": "Ada", "metadata": {"a": "1"}}


def test_a_deleted_customer_is_said_to_be_deleted(sandbox: Sandbox) -> None:
    session = sandbox.join()
    sandbox.v1.customers.delete(session.customer)
    assert sandbox.v1.customers.retrieve(session.customer).deleted is True
    assert sandbox.v1.subscriptions.retrieve(session.subscription).status == "canceled"
    assert sandbox.v1.customers.list().data == []


def test_refunds_in_parts_up_to_the_whole(sandbox: Sandbox) -> None:
    session = sandbox.give(2000)
    first = sandbox.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 500})
    charge = sandbox.v1.charges.retrieve(first.charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded, len(charge.refunds.data)) == (500, False, 1)
    sandbox.v1.refunds.create({"charge": first.charge, "reason": "requested_by_customer"})
    assert sandbox.v1.charges.retrieve(first.charge).refunded
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.v1.refunds.create({"charge": first.charge})
    assert refused.value.code == "charge_already_refunded"
    kinds = [t.type for t in sandbox.v1.balance_transactions.list().data]
    assert kinds == ["refund", "refund", "charge"]


def test_the_balance_adds_up(sandbox: Sandbox) -> None:
    sandbox.give(2000)
    assert sandbox.v1.balance.retrieve().pending[0].amount == 2000 - 55
    (moved,) = sandbox.v1.balance_transactions.list().data
    sandbox.post("/_sandbox/clock", {"to": moved.available_on + 1})
    assert sandbox.v1.balance.retrieve().available[0].amount == 2000 - 55
    assert sandbox.v1.accounts.retrieve_current().charges_enabled


@pytest.mark.parametrize("fault", [429, 500])
def test_a_failing_request_is_retried_by_the_sdk(sandbox: Sandbox, fault: int) -> None:
    sandbox.post("/_sandbox/faults", {"fail_api": [fault]})
    patient = client(sandbox.url, sandbox.http, max_network_retries=2)
    if fault == 429:
        with pytest.raises(stripe.RateLimitError):
            patient.v1.customers.create({"name": "Ada"})
    assert patient.v1.customers.create({"name": "Ada"}).name == "Ada"
    assert len(sandbox.v1.customers.list().data) == 1


def test_work_done_before_the_line_was_cut_is_done_once(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"fail_api": ["cut"]})
    patient = client(sandbox.url, sandbox.http, max_network_retries=2)
    assert patient.v1.customers.create({"name": "Ada"}).name == "Ada"
    assert len(sandbox.v1.customers.list().data) == 1


def test_a_slow_answer_runs_into_the_callers_patience(sandbox: Sandbox) -> None:
    sandbox.post("/_sandbox/faults", {"fail_api": [{"timeout": 0.6}]})
    hasty = Recording()
    hasty._timeout = 0.2
    with pytest.raises(stripe.APIConnectionError):
        client(sandbox.url, hasty).v1.customers.list()
    hasty.close()


def test_subscriptions_and_customers_are_searched(sandbox: Sandbox) -> None:
    mine = sandbox.join(subscription_data={"metadata": {"tier": "friend"}})
    other = sandbox.join()
    sandbox.v1.subscriptions.cancel(other.subscription)

    def found(query: str) -> list[str]:
        return [one.id for one in sandbox.v1.subscriptions.search({"query": query}).data]

    assert found("status:'active'") == [mine.subscription]
    assert found("-status:'active'") == [other.subscription]
    assert found("metadata['tier']:'friend' AND created>100") == [mine.subscription]
    assert found("metadata['tier']:null") == [other.subscription]
    assert found("created<100") == []
    page = sandbox.v1.subscriptions.search({"query": "created>100", "limit": 1})
    assert len(list(page.auto_paging_iter())) == 2
    people = sandbox.v1.customers.search({"query": 'email~"ada" AND name:"Ada Reader"'}).data
    assert len(people) == 2
    for nonsense in ("status", "colour:'red'", "metadata:'x'", "status:'a' OR status:'b'"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            found(nonsense)
        assert refused.value.param == "query"


def test_every_status_is_listed_when_asked(sandbox: Sandbox) -> None:
    session = sandbox.join()
    sandbox.v1.subscriptions.cancel(session.subscription)
    assert sandbox.v1.subscriptions.list().data == []
    assert [s.id for s in sandbox.v1.subscriptions.list({"status": "all"}).data] == [session.subscription]
    assert len(sandbox.v1.subscriptions.list({"status": "ended"}).data) == 1
