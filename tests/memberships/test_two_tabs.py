"""One person, one pledge, also with two tabs or two devices: one page is left, and what slips through is seen at once."""

from dataclasses import replace

import pytest
import requests
import stripe
from sqlalchemy import func, select

from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.queries import customer_of
from membership.mail.models import Letter
from membership.memberships.models import Membership, MembershipPayment
from membership.webhooks.drift_models import Drift
from tests import make
from tests.stripe_side import hidden_fields


@pytest.fixture
def tiers(session, stripe_side):
    for slug, monthly in [("reader", 300), ("friend", 500)]:
        make.tier(session, slug, monthly=monthly).stripe_product_id = None
    session.commit()


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def phone(stripe_side, app):
    """The same person on another device: another browser."""
    return replace(stripe_side, client=app.test_client(), seen=stripe_side.seen)


def state_of(session, page):
    session.expire_all()
    return session.scalars(select(Checkout.state).where(Checkout.session_url == page)).one()


def is_closed(page):
    return requests.get(page, timeout=20).status_code == 410


def count(session, model, *where):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model).where(*where))


def test_the_second_tab_of_a_browser_closes_the_first(session, tiers, stripe_side):
    first = stripe_side.join(tier="reader")
    second = stripe_side.join(tier="friend", email="ada.lovelace@example.org")  # a slip of the keyboard put right
    stripe_side.work()
    assert is_closed(first) and state_of(session, first) == "expired"
    assert not is_closed(second) and state_of(session, second) == "open"
    stripe_side.pay(second)
    stripe_side.settle()
    assert count(session, Membership) == 1
    again = stripe_side.client.post("/join", data=hidden_fields(stripe_side.client.get("/join").text))
    assert again.status_code == 422  # the form goes on working


def test_whoever_types_anothers_address_closes_nothing_of_theirs(session, tiers, stripe_side, phone):
    theirs, ours = stripe_side.join(tier="friend"), phone.join(tier="reader")
    stripe_side.work()
    assert not is_closed(theirs) and not is_closed(ours)


def test_a_membership_that_begins_closes_the_page_on_the_other_device(session, tiers, stripe_side, phone):
    at_home, on_the_way = stripe_side.join(tier="friend"), phone.join(tier="reader")
    stripe_side.pay(on_the_way)
    stripe_side.settle()
    assert is_closed(at_home) and state_of(session, at_home) == "expired"
    assert count(session, Membership) == 1 and count(session, Letter, Letter.kind == "pledged_twice") == 0


def test_a_debit_that_the_bank_still_works_on_has_begun_a_membership_as_well(session, tiers, stripe_side, phone):
    at_home, on_the_way = stripe_side.join(tier="friend"), phone.join(tier="reader")
    stripe_side.pay(on_the_way, card="", iban="AT61 1904 3002 3457 3201")
    stripe_side.settle()
    assert is_closed(at_home)


def test_a_page_that_was_just_being_opened_is_closed_a_minute_later(session, tiers, stripe_side, phone):
    at_home, on_the_way = stripe_side.join(tier="friend"), phone.join(tier="reader")
    row = session.scalars(select(Checkout).where(Checkout.session_url == at_home)).one()
    opened = (row.session_id, row.session_url)
    row.state, row.session_id, row.session_url = "begun", None, None  # Stripe is asked at this moment
    session.commit()
    stripe_side.pay(on_the_way)
    stripe_side.settle()
    row.state, (row.session_id, row.session_url) = "open", opened
    session.commit()
    stripe_side.advance("61s")
    stripe_side.settle()
    assert is_closed(at_home)


def test_a_page_for_a_group_is_another_pledge_and_stays(session, tiers, stripe_side):
    fields = hidden_fields(stripe_side.client.get("/group").text)
    asked = {"tier": "reader", "interval": "month", "seats": "3", "email": "ada@example.org"}
    group = stripe_side.client.post("/group", data=fields | asked).location
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    assert not is_closed(group)


def test_two_that_were_paid_at_the_same_moment_are_seen_at_once_and_put_right_from_there(
    session, tiers, stripe_side, phone, app, api
):
    for page in (stripe_side.join(tier="friend"), phone.join(tier="reader")):
        stripe_side.pay(page)
    stripe_side.settle()
    older, newer = session.scalars(select(Membership).order_by(Membership.id)).all()
    line = session.scalars(select(Drift).where(Drift.kind == "double_pledge")).one()
    assert line.reader_id == older.reader_id == newer.reader_id and line.settled_at is None
    letter = session.scalars(select(Letter).where(Letter.kind == "pledged_twice")).one()
    assert "Friend, €5 a month" in letter.text and "Reader, €3 a month" in letter.text

    person = make.reader(session, "ada@example.org")
    make.sign_in(session, stripe_side.client, person)
    assert "more than one running membership" in stripe_side.client.get("/account/membership").text
    assert "more than one running membership" in stripe_side.client.get("/account").text

    desk = app.test_client()
    make.sign_in(session, desk, make.staff(session, "manager"))
    patron = f"/staff/patrons/{person.reader_id}"
    assert patron in desk.get("/staff/").text and patron in desk.get("/staff/drift").text
    intent = session.scalars(
        select(Payment.payment_intent_id).join(MembershipPayment).where(MembershipPayment.membership_id == newer.id)
    ).one()
    api.refunds.create({"payment_intent": intent})
    stripe_side.settle()
    page = desk.get(patron).text
    assert f"for {newer.subscription_id} ·" in page and f"for {older.subscription_id} ·" in page
    paid, refunded = (desk.get(f"{patron}/memberships/{one.id}/ending").text for one in (older, newer))
    assert "is that the one you mean" in paid and f"{patron}/memberships/{newer.id}/ending" in paid
    assert "is that the one you mean" not in refunded and newer.subscription_id in refunded
    assert desk.post(f"{patron}/memberships/{newer.id}/ending").status_code == 303
    stripe_side.settle()
    assert count(session, Membership, Membership.status == "canceled") == 1
    session.refresh(line)
    assert line.settled_at is not None
    assert count(session, Letter, Letter.kind == "pledged_twice") == 1


def test_of_two_payers_at_stripe_who_are_one_person_one_goes_on(session, tiers, stripe_side, phone, api, app):
    for page in (stripe_side.join(tier="friend"), phone.join(tier="reader")):
        stripe_side.pay(page)
    stripe_side.settle()
    older, newer = session.scalars(select(Membership).order_by(Membership.id)).all()
    payer = {row.id: api.subscriptions.retrieve(row.subscription_id).customer for row in (older, newer)}
    assert resting(session) == {payer[older.id]: False, payer[newer.id]: False}  # something runs under both

    api.subscriptions.cancel(older.subscription_id)
    stripe_side.settle()
    assert resting(session) == {payer[older.id]: True, payer[newer.id]: False}
    assert api.customers.retrieve(payer[older.id]).metadata["pays_as"] == payer[newer.id]
    assert customer_of(session, newer.reader_id) == payer[newer.id]
    desk = app.test_client()
    make.sign_in(session, desk, make.staff(session, "manager"))
    assert "because they pay under the other one" in desk.get(f"/staff/patrons/{newer.reader_id}").text

    begun_at_the_dashboard = {"customer": payer[older.id], "items": [{"price": price_of(api, newer)}]}
    api.subscriptions.create(begun_at_the_dashboard | {"default_payment_method": card_of(api, payer[older.id])})
    stripe_side.settle()
    assert not any(resting(session).values())


def price_of(api, membership):
    item = api.subscriptions.retrieve(membership.subscription_id)["items"].data[0]
    return item.price.id


def card_of(api, payer):
    return api.payment_methods.list({"customer": payer}).data[0].id


def resting(session):
    session.expire_all()
    return {row.customer_id: row.rests_since is not None for row in session.scalars(select(StripeCustomer))}
