"""Refunds and endings by staff, through Stripe's library and the sandbox: told only when Stripe confirms, sent once."""

import re

import pytest
import requests
import stripe
from sqlalchemy import func, select

from membership import clock
from membership.gateway import client as gateway
from membership.giving.correction_models import Refund
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.memberships.standing import has_standing
from membership.readers.models import Person
from membership.readers.trail import AuditEntry
from tests import make
from tests.stripe_side import hidden_fields


@pytest.fixture
def api(stripe_side):
    return stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1


@pytest.fixture
def patron(session, client, stripe_side):
    """A patron who paid through the sandbox; the browser is a manager's."""
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    make.sign_in(session, client, make.staff(session, "manager", email="money@lantern.example"))
    return one(session, Membership).reader_id


def one(session, model):
    session.expire_all()
    return session.scalars(select(model)).one()


def words(page):
    return re.sub(r"<[^>]+>|\s+", " ", page.text)


def refund_page(session, client, patron):
    here = f"/staff/patrons/{patron}/payments/{one(session, Payment).id}/refund"
    return here, hidden_fields(client.get(here).text)


def refund(session, client, patron, amount="5", reason="requested_by_customer"):
    here, fields = refund_page(session, client, patron)
    return client.post(here, data=fields | {"amount": amount, "reason": reason}, follow_redirects=True)


def at_stripe(api):
    return [refund.amount for refund in api.refunds.list({"limit": 100}).data]


def acts(session):
    session.expire_all()
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


def test_a_full_refund_is_told_when_stripe_confirmed_it(session, client, stripe_side, api, patron):
    page = words(refund(session, client, patron))
    assert "€5 are on their way back" in page and "refunded" in page and "void since" in page
    row = one(session, Refund)
    assert (row.state, row.amount, row.reason) == ("succeeded", 500, "requested_by_customer")
    assert at_stripe(api) == [500]
    assert one(session, Receipt).voided_at is not None
    assert not has_standing(session, patron, clock.now())
    stripe_side.settle()
    assert session.scalar(select(func.sum(LedgerEntry.amount)).where(LedgerEntry.kind == "refund")) == -500
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "refunded")) == 1
    assert [act for act in acts(session) if act.startswith("refund")] == ["refund:asked"]


def test_a_part_leaves_standing_and_receipt_and_the_rest_can_follow(session, client, stripe_side, api, patron):
    refund(session, client, patron, amount="2")
    assert one(session, Receipt).voided_at is None and has_standing(session, patron, clock.now())
    assert "At most €3 of this payment" in words(refund(session, client, patron, amount="3.01"))
    refund(session, client, patron, amount="3")
    stripe_side.settle()
    assert sorted(at_stripe(api)) == [200, 300]
    assert one(session, Receipt).voided_at is not None
    texts = session.scalars(select(Letter.text).where(Letter.kind == "refunded").order_by(Letter.id)).all()
    assert ["its receipt is void" in text for text in texts] == [False, True]


def signed_in(session, app, patron):
    theirs = app.test_client()
    make.sign_in(session, theirs, session.get_one(Person, patron))
    return theirs


def test_the_reader_sees_beside_the_payment_what_went_back(session, client, stripe_side, api, patron, app):
    theirs = signed_in(session, app, patron)
    assert "refunded" not in words(theirs.get("/account/payments"))
    refund(session, client, patron, amount="2")
    stripe_side.settle()
    for page in ("/account/payments", "/account"):
        assert "€5 €2 refunded" in " ".join(words(theirs.get(page)).split()), page
    row = one(session, Refund)
    row.state = "pending"
    session.commit()
    assert "€2 on the way back, not confirmed yet" in words(theirs.get("/account/payments"))


def test_after_a_dispute_nobody_is_promised_a_payment_by_the_card_that_was_taken_off(
    session, stripe_side, api, patron, app
):
    theirs = signed_in(session, app, patron)
    assert "then the next payment is made" in words(theirs.get("/account/membership"))
    lever = f"{stripe_side.url}/_sandbox/disputes"
    charge = api.charges.list({"limit": 1}).data[0].id
    dispute = requests.post(lever, json={"charge": charge, "reason": "fraudulent"}, timeout=20).json()["id"]
    stripe_side.settle()
    assert "disputed at your bank" in words(theirs.get("/account/payments"))
    requests.post(f"{lever}/{dispute}", json={"outcome": "won"}, timeout=20).raise_for_status()
    stripe_side.settle()
    page = words(theirs.get("/account/membership"))
    assert "in good standing" in page and "then the next payment is made" not in page
    assert "please enter another one" in page and "Enter another card" in page
    stripe_side.pay(theirs.post("/account/card").location)
    stripe_side.settle()
    page = words(theirs.get("/account/membership"))
    assert "then the next payment is made" in page and "please enter another one" not in page


@pytest.mark.parametrize("amount", ["5.01", "0", "x", "", "-1", "1e3", "٣"])
def test_an_amount_that_does_not_fit_sends_nothing(session, client, api, patron, amount):
    assert refund(session, client, patron, amount=amount).status_code == 422
    assert at_stripe(api) == [] and session.scalars(select(Refund)).all() == []


def test_a_double_click_is_one_refund_and_another_amount_is_asked_afresh(session, client, stripe_side, api, patron):
    here, fields = refund_page(session, client, patron)
    for _ in range(3):
        assert client.post(here, data=fields | {"amount": "2", "reason": "duplicate"}).status_code == 303
    assert at_stripe(api) == [200]
    again = client.post(here, data=fields | {"amount": "1", "reason": "duplicate"})
    assert again.status_code == 409 and hidden_fields(again.text)["attempt"] != fields["attempt"]
    assert at_stripe(api) == [200]


def test_while_stripe_is_away_the_refund_waits_and_the_button_sends_it_once(
    session, client, stripe_side, api, patron, monkeypatch
):
    real = gateway.refund

    def cut_off(*args, **kwargs):
        real(*args, **kwargs)  # the request arrives, its answer does not
        raise gateway.StripeUnreachable()

    with monkeypatch.context() as away:
        away.setattr(gateway, "refund", cut_off)
        page = words(refund(session, client, patron))
    assert "waiting for Stripe" in page and "€5 are on their way back" not in page
    row = one(session, Refund)
    assert row.state == "asked" and one(session, Receipt).voided_at is None
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "refunded")) == 0
    # nothing is left meanwhile: it is kept back for the refund that waits
    assert "nothing left of this payment" in words(client.get(refund_page(session, client, patron)[0]))
    monkeypatch.setattr(gateway, "refund", None)  # found by its token, so it is not asked for a second time
    page = words(client.post(f"/staff/patrons/{patron}/refunds/{row.id}", follow_redirects=True))
    assert "€5 are on their way back" in page
    assert one(session, Refund).state == "succeeded" and at_stripe(api) == [500]
    assert client.post(f"/staff/patrons/{patron}/refunds/{row.id}").status_code == 404


def test_a_request_that_never_arrived_is_sent_by_the_button(session, client, stripe_side, api, patron, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(gateway, "refund", lambda *a, **k: (_ for _ in ()).throw(gateway.StripeUnreachable()))
        refund(session, client, patron)
    stripe_side.work()
    assert one(session, Refund).state == "asked" and at_stripe(api) == []
    client.post(f"/staff/patrons/{patron}/refunds/{one(session, Refund).id}")
    assert one(session, Refund).state == "succeeded" and at_stripe(api) == [500]


def test_the_worker_finds_an_answer_that_got_lost(session, client, stripe_side, api, patron, monkeypatch):
    real = gateway.refund
    with monkeypatch.context() as away:
        away.setattr(
            gateway, "refund", lambda *a, **k: (real(*a, **k), (_ for _ in ()).throw(gateway.StripeUnreachable()))[1]
        )
        refund(session, client, patron)
    stripe_side.work()
    assert one(session, Refund).state == "succeeded" and one(session, Receipt).voided_at is not None


def test_what_stripe_refuses_is_said_and_does_not_hold_the_money_back(session, client, stripe_side, api, patron):
    api.refunds.create({"payment_intent": one(session, Payment).payment_intent_id})  # the dashboard was quicker
    page = words(refund(session, client, patron))
    assert "would not refund this" in page and "on their way back" not in page
    assert one(session, Refund).state == "refused"
    assert "refund:refused" in acts(session)
    stripe_side.settle()
    states = sorted(session.scalars(select(Refund.state)))
    assert states == ["refused", "succeeded"] and at_stripe(api) == [500]


def test_a_refund_that_fails_later_shows_that_the_money_came_back(session, client, stripe_side, api):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    stripe_side.pay(stripe_side.join(tier="friend"), card="4000 0000 0000 5126")
    stripe_side.settle()
    manager = make.staff(session, "manager")
    make.sign_in(session, client, manager)
    reader = one(session, Membership).reader_id
    refund(session, client, reader)
    stripe_side.settle()
    stripe_side.advance("3d")
    stripe_side.settle()
    make.sign_in(session, client, manager)
    assert "refund failed, the money came back" in words(client.get(f"/staff/patrons/{reader}"))
    assert "it has to be sent another way" in words(client.get("/staff/drift"))
    letters = session.scalars(select(Letter).where(Letter.kind.in_(("refunded", "refund_failed"))).order_by(Letter.id))
    assert [letter.kind for letter in letters] == ["refunded", "refund_failed"]
    stripe_side.settle()
    assert session.scalars(select(Letter.kind)).all().count("refund_failed") == 1


def test_a_payment_of_somebody_else_is_not_refunded_here(session, client, api, patron):
    other = make.reader(session)
    payment = one(session, Payment).id
    path = f"/staff/patrons/{other.reader_id}/payments/{payment}/refund"
    assert client.get(path).status_code == 404
    assert client.post(path, data={"amount": "5", "reason": "duplicate"}).status_code == 404
    assert at_stripe(api) == []


def test_a_membership_ends_now_when_stripe_says_so(session, client, stripe_side, api, patron):
    membership = one(session, Membership)
    here = f"/staff/patrons/{patron}/memberships/{membership.id}/ending"
    assert "Nothing is refunded by this" in words(client.get(here))
    page = words(client.post(here, follow_redirects=True))
    assert "The membership has ended." in page
    after = one(session, Membership)
    assert after.status == "canceled" and after.ended_at is not None
    assert api.subscriptions.retrieve(after.subscription_id).status == "canceled"
    assert "ended already" in words(client.post(here, follow_redirects=True))
    stripe_side.settle()
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "membership_ended")) == 1
    assert acts(session).count("membership:ending") == 1 and at_stripe(api) == []


def test_an_ending_that_stripe_does_not_answer_ends_nothing_here(session, client, stripe_side, patron, monkeypatch):
    def away(_id):
        raise gateway.StripeUnreachable()

    monkeypatch.setattr(gateway, "end_subscription", away)
    membership = one(session, Membership)
    answer = client.post(f"/staff/patrons/{patron}/memberships/{membership.id}/ending")
    assert answer.status_code == 503 and "stays as it is" in words(answer)
    assert one(session, Membership).status == "active"


def test_one_person_with_two_pledges_is_shown_to_staff(session, client):
    row = make.tier(session, "friend")
    ada = make.patron(session, "ada@example.org", tier_row=row)
    make.sign_in(session, client, make.staff(session, "manager"))
    assert "Two pledges" not in client.get("/staff/").text
    second = make.patron(session, "ada@example.org", tier_row=row)
    assert second.reader_id == ada.reader_id
    start = client.get("/staff/").text
    assert "Two pledges" in start and f'/staff/patrons/{ada.reader_id}"' in start
    page = client.get(f"/staff/patrons/{ada.reader_id}").text
    assert "Two pledges, one person" in page and page.count('/ending"') == 2
    make.sign_in(session, client, make.staff(session, "viewer"))
    assert "Two pledges" not in client.get("/staff/").text
