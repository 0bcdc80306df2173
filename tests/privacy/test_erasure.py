"""Being erased: nothing of the person is left anywhere but on the receipts, and nothing of the books is lost."""

import json
import re

import pytest
import stripe
from sqlalchemy import JSON, LargeBinary, Text, func, select

from membership import clock, tables
from membership.account.models import PatronNote
from membership.app import all_tasks
from membership.gateway import client as gateway
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships.gift_models import Gift
from membership.memberships.models import Membership, Movement
from membership.perks.claim_models import PostalAddress
from membership.privacy import actions, tasks
from membership.privacy.models import Erasure
from membership.readers.models import Person, Reader, ReaderSession
from membership.readers.queries import person_by_email
from membership.readers.trail import AuditEntry, first_break
from membership.topics import actions as topics
from membership.webhooks.models import StripeEvent
from tests import make

EXCEPTION = {"receipt.payer"}
"""What the law wants kept as it was printed."""
ADDRESS, NAME = "ada@example.org", "Ada Invented"


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None
    session.commit()
    return row


def places(session, *sought):
    """Every column of the whole database that holds one of these, in whatever case."""
    session.expire_all()
    found = set()
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, Text | JSON | LargeBinary):
                continue
            for value in session.execute(select(column).where(column.is_not(None))).scalars():
                told = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                words = (told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)).lower()
                if any(one.lower() in words for one in sought):
                    found.add(f"{table.name}.{column.name}")
    return found


def books(session):
    sums = [session.execute(select(model.currency, func.sum(column)).group_by(model.currency)).all()
            for model, column in ((Payment, Payment.amount), (LedgerEntry, LedgerEntry.amount))]  # fmt: skip
    counts = [session.scalar(select(func.count()).select_from(model)) for model in (Payment, LedgerEntry, Receipt, Gift)]
    return sums, counts


@pytest.fixture
def ada(session, tier, stripe_side, client):
    """A patron by the sandbox, with something of hers in many rooms, and named in letters to others."""
    stripe_side.pay(stripe_side.join(ADDRESS, tier="friend", amount="7"))
    stripe_side.settle()
    stripe_side.pay(stripe_side.give(ADDRESS, amount="20"))
    stripe_side.settle()
    stripe_side.give(ADDRESS, amount="30")  # a hosted page that lies open
    person = person_by_email(session, ADDRESS)
    person.name = NAME
    team = make.staff(session, "manager", email="money@lantern.example")
    now, reader = clock.now(), person.reader_id
    session.add_all([
        PatronNote(reader_id=reader, author_id=team.reader_id, attempt="n", text=f"{NAME} phoned.", written_at=now),
        PostalAddress(reader_id=reader, name=NAME, street="1 Quay", extra="", postcode="1", town="Port", region="",
                      country="DE", confirmed_at=now),
        Letter(key="other", kind="x", reader_id=team.reader_id, address=team.email, language="en", subject="About a gift",
               text=f"{NAME} <{ADDRESS}> gave it.", fleeting=False, state="sent", written_at=now, attempts=0),
    ])  # fmt: skip
    topics.propose(session, reader_id=reader, title="The harbour", why=f"Write to {ADDRESS}.", attempt="t", at=now)
    session.commit()
    make.sign_in(session, client, person)
    return reader


def link(session):
    text = session.scalars(select(Letter.text).where(Letter.kind == "erasure_confirm").order_by(Letter.id.desc())).first()
    return re.search(r"/account/erasure/\S+", text)[0]


def test_the_whole_walk_leaves_no_trace_of_the_person_and_the_books_as_they_were(session, client, stripe_side, ada):
    assert places(session, ADDRESS, NAME) >= {"person.email", "letter.text", "stripe_event.raw", "checkout.email"}
    before = books(session)
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    payer = session.scalars(select(StripeCustomer.customer_id).where(StripeCustomer.reader_id == ada)).first()
    assert "cannot be undone" in client.get("/account/erasure").text
    assert client.post("/account/erasure").status_code == 303
    path = link(session)
    assert client.get(path).status_code == 200 and session.get(Reader, ada).erased_at is None
    assert "You are being erased" in client.post(path).text
    assert client.get("/account").location.startswith("/sign-in")  # signed out everywhere
    stripe_side.work()
    assert session.scalars(select(Letter.state).where(Letter.kind == "erasure_begins")).one() == "sent"
    stripe_side.advance("5m")
    stripe_side.work()
    session.expire_all()
    assert session.get(Reader, ada).erased_at and session.get(Person, ada) is None
    assert api.customers.retrieve(payer).deleted
    assert [one.status for one in session.scalars(select(Membership))] == ["canceled"]
    assert session.scalars(select(Movement.kind).order_by(Movement.id)).all() == ["new", "left"]
    assert places(session, ADDRESS, NAME) <= EXCEPTION and places(session, ADDRESS) == {"receipt.payer"}
    assert books(session) == before

    # What Stripe tells afterwards, of the end and of the payer, resurrects nothing.
    events = stripe_side.new_events()
    assert ADDRESS in json.dumps(events) and {"customer.deleted"} <= {event["type"] for event in events}
    assert set(stripe_side.deliver(events)) <= {200}
    stripe_side.work()
    assert places(session, ADDRESS, NAME) <= EXCEPTION
    assert books(session) == before and session.get(Person, ada) is None
    assert session.scalars(select(Erasure)).one().payers_gone_at is not None
    assert first_break(session) is None
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reader:erased")).one()
    assert entry.object == f"reader/{ada}" and entry.detail["rows"]["person"] == 1


def test_while_stripe_is_away_nobody_is_forgotten_and_it_is_tried_again(session, stripe_side, ada, monkeypatch):
    actions.order(session, ada, at=clock.now())
    session.commit()

    def away(_subscription):
        raise gateway.StripeUnreachable()

    with monkeypatch.context() as patch:
        patch.setattr(tasks.gateway, "end_subscription", away)
        run_one(all_tasks())
        session.expire_all()
        assert session.get(Person, ada) is not None and session.scalars(select(Membership)).one().ended_at is None
    stripe_side.advance("1h")
    stripe_side.work()
    session.expire_all()
    assert session.get(Person, ada) is None and session.scalars(select(Membership)).one().ended_at is not None
    actions.erase(session, ada, at=clock.now())  # twice is once
    session.commit()
    assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "reader:erased")).all()) == 1
    assert session.scalars(select(StripeEvent.raw_sha256).where(StripeEvent.raw == b"")).all() != []


def test_who_is_in_the_team_is_asked_to_leave_it_first(session, client):
    person = make.staff(session, "editor", email="edda@lantern.example")
    make.sign_in(session, client, person)
    answer = client.post("/account/erasure")
    assert answer.status_code == 422 and "have your role ended first" in answer.text
    assert session.scalars(select(Erasure)).all() == []


def test_the_link_is_for_its_reader_once_and_for_an_hour(session, client):
    ada, ben = make.reader(session, ADDRESS), make.reader(session, "ben@example.org")
    make.sign_in(session, client, ada)
    client.post("/account/erasure")
    path = link(session)
    make.sign_in(session, client, ben)
    assert client.post(path).status_code == 410
    make.sign_in(session, client, ada)
    assert client.post(path).status_code == 200
    assert session.scalars(select(ReaderSession).where(ReaderSession.ended_at.is_(None))).all() != []  # ben's own
    make.sign_in(session, client, ada)
    assert client.post(path).status_code == 410


def test_an_open_page_of_an_erased_payer_is_nobodys_to_write_to(session, stripe_side, ada):
    actions.erase(session, ada, at=clock.now())
    session.commit()
    session.expire_all()
    assert set(session.scalars(select(Checkout.email))) == {""} and set(session.scalars(select(Checkout.reader_id))) == {ada}
