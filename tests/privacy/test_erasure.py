"""Being erased: nothing of the person is left anywhere but on the receipts, and nothing of the books is lost."""

import json
import re

import pytest
import stripe
from click.testing import CliRunner
from sqlalchemy import JSON, LargeBinary, Text, func, select

from membership import cli, clock, tables
from membership.account.models import PatronNote
from membership.app import all_tasks
from membership.appeals.telling_models import Brought, ThanksCode
from membership.funding.models import FundingName
from membership.gateway import client as gateway
from membership.giving.guard_models import CheckoutOrigin, Suspension
from membership.giving.guarding import person_key
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt, ReceiptDetails
from membership.giving.touch_models import CheckoutTouch
from membership.imports.models import Import, ImportRow
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships.gift_models import Gift
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, Movement
from membership.perks.claim_models import PostalAddress
from membership.privacy import actions, tasks
from membership.privacy.models import Erasure
from membership.readers.models import AddressChange, Person, Reader, ReaderSession
from membership.readers.queries import person_by_email
from membership.readers.trail import AuditEntry, first_break
from membership.topics import actions as topics
from membership.webhooks.models import StripeEvent
from tests import make
from tests.account.test_pages import paid

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


def test_the_corners_of_every_room_are_swept(session, client):
    """Rows as the rooms write them, each with the person's name or address in every place that takes one."""
    now, ada = clock.now(), make.patron(session, ADDRESS, name=NAME)
    ben = make.patron(session, "ben@example.org", name="Ben Other")
    paid(session, ada)
    reader, group = ada.reader_id, make.group(session, "firm@example.org")
    begun = {"kind": "gift", "state": "paid", "language": "en", "currency": "EUR", "amount": 500, "browser_hash": "b",
             "begun_at": now}  # fmt: skip
    given = Checkout(token="g", attempt="g", reader_id=reader, email=ADDRESS, **begun)
    gotten = Checkout(token="h", attempt="h", reader_id=ben.reader_id, email="ben@example.org", **begun)
    unknown = Checkout(token="i", attempt="i", reader_id=None, email=ADDRESS.upper(), **(begun | {"state": "open"}))
    session.add_all([given, gotten, unknown])
    tier = make.tier(session, "gifted")
    session.flush()
    gift = {"tier_id": tier.id, "months": 3, "language": "en"}
    session.add_all([
        Gift(checkout_id=given.id, token="g", giver_name=NAME, message=f"Love, {NAME}", recipient_name="Ben Other",
             recipient_email="ben@example.org", giver_id=reader, **gift),
        Gift(checkout_id=gotten.id, token="h", giver_name="Ben Other", message=f"Dear {NAME}", recipient_name=NAME,
             recipient_email=ADDRESS, giver_id=ben.reader_id, delivered_at=now, **gift),
        GroupSeat(membership_id=group.id, token="s", email=ADDRESS, email_key=ADDRESS, offered_at=now),
        ReceiptDetails(reader_id=reader, name=f"{NAME} and sons", address="1 Quay"),
        AddressChange(token_hash="x", reader_id=reader, email="ada.old@example.org", asked_at=now, expires_at=now,
                      used_at=now),
        Letter(key="old", kind="x", reader_id=reader, address="ada.old@example.org", language="en", subject=NAME, text="Hi",
               fleeting=False, state="queued", written_at=now, attempts=0),
        Suspension(kind="person", subject=person_key(ADDRESS), shown=ADDRESS, tries=9, declines=9, suspended_at=now),
        Suspension(kind="card", subject="c", shown=f"a card used by {ADDRESS}", tries=9, declines=9, suspended_at=now),
        CheckoutOrigin(checkout_id=given.id, client="c", network="n", person=person_key(ADDRESS), near="n", begun_at=now),
        CheckoutTouch(checkout_id=given.id, utm_content=ADDRESS, utm_source="letter", campaign="harbour", thanks="CODE"),
        ThanksCode(reader_id=reader, code="ADA", made_at=now),
        Brought(checkout_id=given.id, bringer_id=ben.reader_id, name=NAME, told_at=now),
        FundingName(reader_id=reader, name=NAME, agreed_at=now),
        Import(key="k", form="csv", digest="d", options={}, file_name="f.csv", headings=[], rows=1, step="resting", found=0,
               handed_in_at=now),
    ])  # fmt: skip
    session.flush()
    run = session.scalars(select(Import.id)).one()
    session.add(ImportRow(import_id=run, number=1, line=2, cells=[ADDRESS, NAME], broken=False, source_key=ADDRESS,
                          email_key=ADDRESS, detail={"email": ADDRESS}))  # fmt: skip
    session.add(StripeEvent(id="evt_1", type="x", object_id="cus_x", root_id="cus_x", created_at=now, received_at=now,
                            raw=json.dumps({"email": ADDRESS}).encode(), state="ignored"))  # fmt: skip
    session.commit()
    sources = session.scalar(select(func.count()).where(CheckoutTouch.utm_source.is_not(None)))
    before = books(session)
    actions.erase(session, reader, at=now)
    session.commit()
    assert places(session, ADDRESS, NAME, "ada.old@example.org") <= EXCEPTION
    assert places(session, "Ben Other") >= {"gift.recipient_name", "gift.giver_name", "person.name"}  # others stay
    assert books(session) == before
    assert session.scalar(select(func.count()).where(CheckoutTouch.utm_source.is_not(None))) == sources
    assert session.scalars(select(Checkout.reader_id).where(Checkout.token == "i")).one() == reader
    assert session.scalars(select(Letter.state).where(Letter.kind == "x")).one() == "withdrawn"


def test_a_payment_that_still_comes_is_booked_and_makes_nobody_known(session, tier, stripe_side):
    stripe_side.pay(stripe_side.join(ADDRESS, tier="friend", amount="7"))
    stripe_side.pay(stripe_side.give(ADDRESS, amount="20"))
    reader = make.reader(session, ADDRESS, name=NAME).reader_id
    actions.erase(session, reader, at=clock.now())
    session.commit()
    for _ in range(2):  # the second time what follows from taking the payers away is told
        stripe_side.settle()
    session.expire_all()
    assert set(session.scalars(select(Payment.reader_id))) == {reader} and session.scalars(select(Person)).all() == []
    assert places(session, ADDRESS, NAME) == set()
    assert set(session.scalars(select(Receipt.payer))) == {""}
    assert session.scalars(select(Membership.status)).all() == ["canceled"]


def test_the_operator_erases_from_the_console_and_may_do_it_again(session, stripe_side, ada, app, monkeypatch):
    monkeypatch.setattr(cli, "_house", lambda: (None, app))
    done = CliRunner().invoke(cli.membership, ["reader", "erase", ADDRESS.upper()])
    assert done.exit_code == 0 and f"Reader {ada} is erased" in done.output, done.output
    session.expire_all()
    assert session.get(Person, ada) is None and places(session, ADDRESS, NAME) <= EXCEPTION
    assert session.scalars(select(Erasure)).one().payers_gone_at is not None
    again = CliRunner().invoke(cli.membership, ["reader", "erase", ADDRESS])
    assert again.exit_code == 1 and "Nobody is known" in again.output
