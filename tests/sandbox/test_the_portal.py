"""The billing portal: ending with the period, taking it back, a new card, the invoices."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Sandbox, post_form


def opened(sandbox: Sandbox, customer: str, **more: Any) -> Any:
    return sandbox.v1.billing_portal.sessions.create(
        {"customer": customer, "return_url": "http://127.0.0.1:1/account", **more}
    )


def text(session: Any) -> str:
    with urllib.request.urlopen(session.url) as answer:
        return answer.read().decode()


def told(sandbox: Sandbox) -> list[str]:
    return [event.type for event in sandbox.v1.events.list({"limit": 100}).data][::-1]


def test_an_end_in_the_portal_sets_cancel_at_only_and_can_be_taken_back(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    session = opened(sandbox, joined.customer)
    assert told(sandbox)[-1] == "billing_portal.session.created"
    assert "Friend" in text(session)
    form = {"cancel": joined.subscription, "feedback": "too_expensive", "comment": "Sorry"}
    assert post_form(session.url, form)[0] == 303
    after = sandbox.v1.subscriptions.retrieve(joined.subscription)
    assert after.cancel_at == after["items"].data[0].current_period_end
    assert (after.cancel_at_period_end, after.status) == (False, "active")
    said = after.cancellation_details
    assert (said.reason, said.feedback, said.comment) == ("cancellation_requested", "too_expensive", "Sorry")
    assert told(sandbox)[-1] == "customer.subscription.updated"
    assert "Do not cancel" in text(session)
    assert post_form(session.url, {"keep": joined.subscription})[0] == 303
    after = sandbox.v1.subscriptions.retrieve(joined.subscription)
    assert (after.cancel_at, after.canceled_at, after.cancellation_details.feedback) == (None, None, None)


def test_a_new_card_is_the_one_that_renewals_use(sandbox: Sandbox) -> None:
    joined = sandbox.join(card="4000000000000341")
    session = opened(sandbox, joined.customer)
    assert post_form(session.url, {"card": "4000000000000002"})[0] == 402
    assert post_form(session.url, {"card": "12"})[0] == 422
    assert post_form(session.url, {"card": "4242424242424242"})[0] == 303
    subscription = sandbox.v1.subscriptions.retrieve(joined.subscription)
    customer = sandbox.v1.customers.retrieve(joined.customer)
    assert subscription.default_payment_method == customer.invoice_settings.default_payment_method
    assert told(sandbox)[-3:] == ["payment_method.attached", "customer.updated", "customer.subscription.updated"]
    sandbox.advance("31d")
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "active"


def test_a_card_that_asks_is_confirmed_first(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    session = opened(sandbox, joined.customer)
    card = {"card": "4000002500003155"}
    assert "is this you" in post_form(session.url, card)[2]
    assert post_form(session.url, {**card, "answer": "fail"})[0] == 402
    assert post_form(session.url, {**card, "answer": "confirm"})[0] == 303
    assert len(sandbox.v1.customers.payment_methods.list(joined.customer).data) == 2


def test_invoices_are_listed(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    assert sandbox.v1.invoices.retrieve(joined.invoice).number in text(opened(sandbox, joined.customer))


def test_a_flow_shows_one_thing_and_leads_back(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    back = {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:1/done"}}
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": joined.subscription},
        "after_completion": back,
    }
    session = opened(sandbox, joined.customer, flow_data=flow)
    assert "Use this card" not in text(session)
    assert post_form(session.url, {"cancel": joined.subscription})[:2] == (303, "http://127.0.0.1:1/done")
    with pytest.raises(stripe.InvalidRequestError, match="already set"):
        opened(sandbox, joined.customer, flow_data=flow)
    session = opened(sandbox, joined.customer, flow_data={"type": "payment_method_update"})
    assert "Do not cancel" not in text(session)


def test_a_configuration_says_what_is_allowed(sandbox: Sandbox) -> None:
    joined = sandbox.join()
    features = {"payment_method_update": {"enabled": True}, "subscription_cancel": {"enabled": False}}
    made = sandbox.v1.billing_portal.configurations.create(
        {"features": features, "business_profile": {"headline": "The newsroom"}}
    )
    session = opened(sandbox, joined.customer, configuration=made.id)
    assert "Cancel this membership" not in text(session)
    assert post_form(session.url, {"cancel": joined.subscription})[0] in (303, 422)
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).cancel_at is None
    with pytest.raises(stripe.InvalidRequestError, match="disabled"):
        flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": joined.subscription}}
        opened(sandbox, joined.customer, configuration=made.id, flow_data=flow)
    now = {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}}
    sandbox.v1.billing_portal.configurations.update(made.id, now)
    assert sandbox.v1.billing_portal.configurations.retrieve(made.id).features.payment_method_update.enabled
    post_form(session.url, {"cancel": joined.subscription})
    assert sandbox.v1.subscriptions.retrieve(joined.subscription).status == "canceled"


def test_nobody_ends_what_is_not_theirs_and_the_page_closes(sandbox: Sandbox) -> None:
    joined, other = sandbox.join(), sandbox.join()
    session = opened(sandbox, joined.customer)
    post_form(session.url, {"cancel": other.subscription})
    assert sandbox.v1.subscriptions.retrieve(other.subscription).cancel_at is None
    sandbox.advance("2h")
    with pytest.raises(urllib.error.HTTPError) as gone:
        text(session)
    gone.value.close()
    assert gone.value.code == 404
