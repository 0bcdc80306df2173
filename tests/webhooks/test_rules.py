"""The door's rules, as tables: what counts as an event of ours, and under which object's lease it is taken in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.webhooks.rules import Envelope, NotFromStripe, is_fresh, read_envelope, root_of, signed_at

EVENT = {
    "id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1_795_000_000, "livemode": False,
    "api_version": "2026-10-28.endive", "data": {"object": {"id": "in_1", "object": "invoice"}},
}  # fmt: skip

ROOTS = [
    ("a subscription is its own", {"object": "subscription", "id": "sub_1"}, "sub_1"),
    (
        "an invoice belongs to the subscription under its parent",
        {"object": "invoice", "id": "in_1", "parent": {"subscription_details": {"subscription": "sub_1"}}},
        "sub_1",
    ),
    (
        "also where it was expanded",
        {"object": "invoice", "id": "in_1", "parent": {"subscription_details": {"subscription": {"id": "sub_1"}}}},
        "sub_1",
    ),
    ("before 2025-03-31 the invoice named it", {"object": "invoice", "id": "in_1", "subscription": "sub_1"}, "sub_1"),
    (
        "expanded in the old shape",
        {"object": "invoice", "id": "in_1", "subscription": {"id": "sub_1", "object": "subscription"}},
        "sub_1",
    ),
    ("an invoice of its own stands alone", {"object": "invoice", "id": "in_1", "parent": None}, "in_1"),
    (
        "a quote's invoice stands alone",
        {"object": "invoice", "id": "in_1", "parent": {"type": "quote_details", "subscription_details": None}},
        "in_1",
    ),
    (
        "a membership's checkout belongs to its subscription",
        {"object": "checkout.session", "id": "cs_1", "subscription": "sub_1", "payment_intent": None},
        "sub_1",
    ),
    (
        "a donation's checkout belongs to its payment",
        {"object": "checkout.session", "id": "cs_1", "subscription": None, "payment_intent": "pi_1"},
        "pi_1",
    ),
    (
        "a checkout that began nothing stands alone",
        {"object": "checkout.session", "id": "cs_1", "subscription": None, "payment_intent": None},
        "cs_1",
    ),
    ("a payment is its own", {"object": "payment_intent", "id": "pi_1"}, "pi_1"),
    ("a charge belongs to its payment", {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
    ("a refund belongs to its payment", {"object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"}}, "pi_1"),
    ("a dispute belongs to its payment", {"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}, "pi_1"),
    ("an old charge without a payment stands alone", {"object": "charge", "id": "ch_1"}, "ch_1"),
    ("a number is no id", {"object": "charge", "id": "ch_1", "payment_intent": 7}, "ch_1"),
    ("a list is no parent", {"object": "invoice", "id": "in_1", "parent": [1]}, "in_1"),
    ("a text is no detail", {"object": "invoice", "id": "in_1", "parent": {"subscription_details": "x"}}, "in_1"),
    ("an object without an id has no root", {"object": "balance"}, ""),
]


@pytest.mark.parametrize(("about", "root"), [case[1:] for case in ROOTS], ids=[case[0] for case in ROOTS])
def test_an_object_is_taken_in_under_its_root(about, root):
    assert root_of(about) == root


def test_an_event_is_read():
    assert read_envelope(EVENT, livemode=False) == Envelope(
        "evt_1", "invoice.paid", "in_1", "in_1", "2026-10-28.endive", datetime.fromtimestamp(1_795_000_000, UTC)
    )


WRONG = {
    "a list": [],
    "nothing": None,
    "a text": "event",
    "a number": 5,
    "an empty object": {},
    "another object": EVENT | {"object": "charge"},
    "a thin event of a snapshot's shape": EVENT | {"object": "v2.core.event"},
    "no id": {key: value for key, value in EVENT.items() if key != "id"},
    "an id that is a number": EVENT | {"id": 5},
    "an id that is none": EVENT | {"id": "in_1"},
    "an id with a NUL": EVENT | {"id": "evt_\x00"},
    "an id with a line break": EVENT | {"id": "evt_1\n"},
    "an id without end": EVENT | {"id": "evt_" + "1" * 300},
    "half a character in its id": EVENT | {"id": "evt_\ud800"},
    "no type": EVENT | {"type": None},
    "a type with a NUL": EVENT | {"type": "invoice\x00paid"},
    "no data": EVENT | {"data": None},
    "data that is a list": EVENT | {"data": []},
    "data about nothing": EVENT | {"data": {"object": None}},
    "an object whose id is a number": EVENT | {"data": {"object": {"id": 5}}},
    "an object whose id has a NUL": EVENT | {"data": {"object": {"id": "in_\x00"}}},
    "a root with a NUL": EVENT | {"data": {"object": {"object": "charge", "id": "ch_1", "payment_intent": "pi_\x00"}}},
    "a root without end": EVENT | {"data": {"object": {"object": "charge", "id": "c", "payment_intent": "p" * 10**5}}},
    "a version with a NUL": EVENT | {"api_version": "2026\x00"},
    "no time": EVENT | {"created": None},
    "a time in words": EVENT | {"created": "now"},
    "a time that is a fraction": EVENT | {"created": 1.5},
    "a time that is true": EVENT | {"created": True},
    "a time before all": EVENT | {"created": -1},
    "a time after all": EVENT | {"created": 10**12},
    "the other mode": EVENT | {"livemode": True},
    "no mode": EVENT | {"livemode": None},
    "a mode in words": EVENT | {"livemode": "false"},
    "a mode that is 0": EVENT | {"livemode": 0},
}


@pytest.mark.parametrize("event", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_event_of_ours_is_refused(event):
    with pytest.raises(NotFromStripe):
        read_envelope(event, livemode=False)


def test_a_live_house_takes_live_events_only():
    assert read_envelope(EVENT | {"livemode": True}, livemode=True).id == "evt_1"
    with pytest.raises(NotFromStripe):
        read_envelope(EVENT, livemode=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([*EVENT, "object", "parent", "subscription", "payment_intent", "subscription_details"])
objects = st.dictionaries(
    st.sampled_from(["id", "object", "parent", "subscription", "payment_intent"]),
    json_values | st.sampled_from(["invoice", "checkout.session", "charge", "subscription", "sub_1"]),
)


@given(st.dictionaries(fields, json_values), objects)
def test_whatever_arrives_is_an_envelope_or_a_named_refusal(changes, about):
    for event in (changes, EVENT | changes, EVENT | {"data": {"object": about}}):
        try:
            envelope = read_envelope(event, livemode=False)
        except NotFromStripe:
            continue
        texts = [envelope.id, envelope.type, envelope.object_id, envelope.root_id, envelope.api_version or ""]
        assert all(len(text) <= 255 and text.isprintable() for text in texts)
        assert envelope.created_at.tzinfo is not None


SIGNED = [
    ("t=123,v1=ab", 123),
    ("v1=ab,t=123", 123),
    ("v1=ab, t=123", None),
    ("", None),
    ("t=", None),
    ("t=abc,v1=ab", None),
    ("t=-5", None),
    ("t=1.5", None),
    ("t=١٢٣", None),
    ("t=²", None),
    ("t=123456789012", None),
    ("v1=t=5", None),
]


@pytest.mark.parametrize(("header", "moment"), SIGNED)
def test_the_time_of_signing_is_read(header, moment):
    assert signed_at(header) == moment


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(0, True), (-300, True), (300, True), (-301, False), (301, False), (86400, False)]
)
def test_a_delivery_is_fresh_for_five_minutes_both_ways(seconds, fresh):
    assert is_fresh(int((NOON + timedelta(seconds=seconds)).timestamp()), at=NOON) is fresh
