"""Other ways to give: configured by staff, shown to readers; a gift that came that way counts and has its receipt."""

import re

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.giving.models import LedgerEntry, Payment
from membership.giving.receipt_models import Receipt
from membership.giving.statements import years_of
from membership.giving.way_models import OtherGift, OtherWays
from membership.giving.way_rules import (
    NotABic,
    NotALink,
    NotAnIban,
    epc_payload,
    grouped,
    read_bic,
    read_iban,
    read_link,
)
from membership.mail.models import Letter
from membership.readers.models import Person, Reader
from membership.readers.trail import AuditEntry
from tests import make
from tests.stripe_side import hidden_fields

WAYS = {"holder": "Lantern Press", "iban": "de89 3704 0044 0532 0130 00", "bic": "cobadeffxxx",
        "paypal": "https://www.paypal.com/paypalme/lantern", "cheque": "Lantern Press\r\n1 Quay",
        "crypto_name": "Examplecoin", "crypto_address": "ex1qqq", "in_kind": "Paper <b>and</b> pens"}  # fmt: skip
GIFT = {"way": "bank_transfer", "amount": "25.50", "currency": "EUR", "paid_on": "2026-11-02", "name": "Cleo Invented",
        "email": "cleo@example.org", "reference": "For the river story"}  # fmt: skip


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager")
    make.sign_in(session, client, person)
    return person


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def record(client, **change):
    fields = hidden_fields(client.get("/staff/ways/gifts/new").text)
    return client.post("/staff/ways/gifts/new", data=fields | GIFT | change)


def count(session, model):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", ""),
        ("DE89370400440532013000", "DE89370400440532013000"),
        ("gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"),
    ],
)
def test_an_iban_is_read(typed, read):
    assert read_iban(typed) == read


@pytest.mark.parametrize(
    "typed", ["DE88370400440532013000", "DE8937040044053201300", "XX", "DE89 3704-0044", "DE8٩370400440532013000"]
)
def test_a_mistyped_iban_is_not(typed):
    with pytest.raises(NotAnIban):
        read_iban(typed)


def test_bic_and_link():
    assert read_bic("cobadeff") == "COBADEFF" and read_bic("") == ""
    assert read_link(" https://paypal.me/x ") == "https://paypal.me/x"
    assert grouped("DE89370400440532013000") == "DE89 3704 0044 0532 0130 00"
    for typed in ("COBADEF", "COBADEFFXX", "1OBADEFF"):
        with pytest.raises(NotABic):
            read_bic(typed)
    for typed in (
        "http://paypal.me/x",
        "javascript:alert(1)",
        "https://x",
        "https://a b.c/",
        "//paypal.me",
        "https://[x",
    ):
        with pytest.raises(NotALink):
            read_link(typed)


def test_a_banks_app_reads_the_transfer():
    read = epc_payload(holder="Lantern Press", iban="DE89370400440532013000", bic="COBADEFFXXX").split("\n")
    assert read == ["BCD", "002", "1", "SCT", "COBADEFFXXX", "Lantern Press", "DE89370400440532013000"]


def test_what_staff_configure_is_what_readers_see(session, client, manager):
    assert "By bank transfer" not in client.get("/ways").text
    assert client.post("/staff/ways", data=WAYS).status_code == 303
    page = client.get("/ways").text
    for said in ("DE89 3704 0044 0532 0130 00", "COBADEFFXXX", 'href="https://www.paypal.com/paypalme/lantern"',
                 "Lantern Press<br>1 Quay", "Examplecoin", "ex1qqq", "Paper &lt;b&gt;and&lt;/b&gt; pens"):  # fmt: skip
        assert said in page, said
    assert page.count("<h1") == 1 and "style=" not in page
    assert "<svg" in page and "QR code for a bank transfer" in page
    client.post("/staff/ways", data=WAYS | {"paypal": ""})
    assert "PayPal" not in words(client.get("/ways"))
    session.expire_all()
    details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "ways:changed")).all()
    assert details[1] == {"fields": ["paypal"]} and "DE89" not in str(details)


@pytest.mark.parametrize("change", [{"iban": "DE00"}, {"bic": "x"}, {"paypal": "javascript:alert(1)"}])
def test_money_is_not_sent_to_a_mistyped_place(session, client, manager, change):
    page = client.post("/staff/ways", data=WAYS | change)
    assert page.status_code == 422 and "aria-invalid" in page.text
    assert session.scalars(select(OtherWays)).all() == []


def test_a_recorded_gift_counts_and_its_giver_gets_a_receipt(session, client, app, manager):
    assert record(client).status_code == 303
    session.expire_all()
    payment = session.scalars(select(Payment)).one()
    assert (payment.kind, payment.amount, payment.currency, payment.method) == (
        "donation",
        2550,
        "EUR",
        "bank_transfer",
    )
    assert payment.payment_intent_id is None and payment.paid_at.date().isoformat() == "2026-11-02"
    line = session.scalars(select(LedgerEntry)).one()
    assert (line.kind, line.amount, line.payment_id) == ("gross", 2550, payment.id)
    person = session.scalars(select(Person).where(Person.email == "cleo@example.org")).one()
    assert person.reader_id == payment.reader_id and person.name == "Cleo Invented"
    letter = session.scalars(select(Letter)).one()
    assert letter.address == "cleo@example.org" and "€25.50" in letter.text
    assert years_of(session, person.reader_id, "UTC") == [2026]
    theirs = app.test_client()
    make.sign_in(session, theirs, person)
    page = words(theirs.get(f"/account/receipts/{session.scalars(select(Receipt)).one().number}"))
    assert "Bank transfer" in page and "Cleo Invented" in page
    page = client.get(f"/staff/patrons/{person.reader_id}").text
    assert "€25.50" in page and "Refund, in full" not in page
    assert "gift:recorded" in session.scalars(select(AuditEntry.action)).all()
    assert "For the river story" in client.get("/staff/ways").text


def test_the_same_form_twice_is_one_gift(session, client, manager):
    fields = hidden_fields(client.get("/staff/ways/gifts/new").text) | GIFT
    for _ in range(3):
        assert client.post("/staff/ways/gifts/new", data=fields).status_code == 303
    assert count(session, Payment) == count(session, LedgerEntry) == count(session, Receipt) == 1
    record(client)
    assert count(session, Payment) == 2


def test_somebody_without_an_address_gets_a_receipt_by_name(session, client, manager):
    readers = count(session, Reader)
    record(client, email="", way="cash")
    assert count(session, Reader) == readers + 1 and session.scalars(select(Letter)).all() == []
    assert session.scalars(select(Receipt)).one().payer == "Cleo Invented"


def test_the_giver_who_is_known_stays_one_reader(session, client, manager):
    ada = make.patron(session, "cleo@example.org", name="Cleo")
    record(client, email="CLEO@example.org")
    assert session.scalars(select(Payment.reader_id)).one() == ada.reader_id


@pytest.mark.parametrize(
    "change",
    [{"amount": "0"}, {"amount": "x"}, {"currency": "XXX"}, {"paid_on": "2999-01-01"}, {"paid_on": "soon"}, {"name": ""},
     {"email": "nonsense"}, {"way": "stripe"}],
)  # fmt: skip
def test_what_does_not_fit_is_not_booked(session, client, manager, change):
    assert record(client, **change).status_code == 422
    assert count(session, Payment) == 0 and count(session, AuditEntry) == 0


def test_a_gift_taken_out_again_leaves_both_lines_and_a_void_receipt(session, client, manager):
    record(client)
    payment = session.scalars(select(Payment.id)).one()
    assert client.post(f"/staff/ways/gifts/{payment}/undoing").status_code == 303
    session.expire_all()
    assert session.scalar(select(func.sum(LedgerEntry.amount))) == 0 and count(session, LedgerEntry) == 2
    assert session.scalars(select(Receipt)).one().voided_at is not None
    assert session.scalars(select(OtherGift)).one().undone_at is not None
    assert client.post(f"/staff/ways/gifts/{payment}/undoing").status_code == 409
    assert client.post("/staff/ways/gifts/999999/undoing").status_code == 404
    assert count(session, LedgerEntry) == 2 and clock.now()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_do_not_get_there(session, client, role):
    make.sign_in(session, client, make.staff(session, role))
    assert client.get("/staff/ways").status_code == 403
    for path in ("/staff/ways", "/staff/ways/gifts/new", "/staff/ways/gifts/1/undoing"):
        assert client.post(path, data=WAYS | GIFT).status_code == 403
    assert session.scalars(select(OtherWays)).all() == []


def test_links_of_the_staffs_choosing_stand_among_the_ways(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))
    links = "Proofread with us   https://help.lantern.example/a?b=1\n\nhttps://only.lantern.example/"
    data = {"volunteer": links, "shop": "Mugs https://shop.lantern.example"}
    assert client.post("/staff/ways", data=data).status_code == 303
    page = client.get("/ways").text
    assert '<a href="https://help.lantern.example/a?b=1" rel="noopener noreferrer">Proofread with us</a>' in page
    assert ">only.lantern.example</a>" in page and "By buying something" in page and "By passing us on" not in page
    for wrong in ("Mugs javascript:alert(1)", "no address at all", "http://shop.lantern.example", "x https://[::1"):
        answer = client.post("/staff/ways", data={"shop": wrong})
        assert answer.status_code == 422 and "shop-error" in answer.text
