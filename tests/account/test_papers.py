"""A reader's papers: receipts as issued, void ones, the year's statement, and to whom receipts are made out."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Payment
from membership.giving.receipt_models import Receipt, ReceiptDetails
from membership.giving.receipts import post_receipt
from membership.giving.statements import statement, years_of
from membership.newsroom.models import Newsroom
from membership.readers.models import Person
from tests import make


@pytest.fixture
def ada(session, client):
    person = make.reader(session, "ada@example.org", name="Ada Invented")
    make.sign_in(session, client, person)
    return person


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def payment(session, person, at, minor, *, number, currency="EUR", kind="donation"):
    return paid(session, person, number=number, amount=minor, currency=currency, kind=kind, paid_at=at)


def refund(session, receipt, minor, at, state="succeeded"):
    row = session.get_one(Payment, receipt.payment_id)
    session.add(Refund(token=f"t{receipt.id}{minor}{state}", payment_id=row.id, currency=row.currency, amount=minor,
                       state=state, reason="", asked_at=at))  # fmt: skip
    session.commit()


def paid(session, person, *, kind="membership", number=1, **values):
    """A payment of 5 euros, unless `values` say otherwise, with its receipt."""
    defaults = {"currency": "EUR", "amount": 500, "method": "card", "paid_at": clock.now()}
    stripe_id = f"in_{person.reader_id}_{number}"
    row = Payment(stripe_id=stripe_id, reader_id=person.reader_id, kind=kind, **(defaults | values))
    session.add(row)
    session.flush()
    receipt = post_receipt(session, row, at=clock.now())
    session.commit()
    return receipt


def test_a_receipt_is_kept_as_it_was_issued(session, client, ada):
    receipt = paid(session, ada)
    session.execute(update(Person).where(Person.reader_id == ada.reader_id).values(name="Ada Renamed"))
    session.execute(update(Newsroom).values(legal_name="Another Press", legal_address="2 Other Street"))
    session.commit()
    page = words(client.get(f"/account/receipts/{receipt.number}"))
    assert "Ada Invented ada@example.org" in page and "Lantern Press" in page and "1 Quay, Port Example" in page
    newer = words(client.get(f"/account/receipts/{paid(session, ada, number=2).number}"))
    assert "Ada Renamed" in newer and "Another Press" in newer


def test_a_receipt_without_its_own_lines_shows_the_present_ones(session, client, ada):
    receipt = paid(session, ada)
    session.execute(update(Receipt).values(payer=None, issuer=None))
    session.commit()
    page = words(client.get(f"/account/receipts/{receipt.number}"))
    assert "Ada Invented ada@example.org" in page and "Lantern Press" in page


@pytest.mark.parametrize(("reason", "said"), [("refund", "was refunded"), ("dispute", "bank has taken")])
def test_a_void_receipt_says_so_everywhere(session, client, ada, reason, said):
    receipt = paid(session, ada)
    assert "VOID" not in words(client.get(f"/account/receipts/{receipt.number}"))
    session.execute(update(Receipt).values(voided_at=clock.now(), void_reason=reason))
    session.commit()
    page = words(client.get(f"/account/receipts/{receipt.number}"))
    assert "VOID" in page and said in page and "Thank you. This is what" not in page
    assert f"{receipt.number} void" in words(client.get("/account/payments"))


def test_details_stand_on_receipts_from_then_on(session, client, ada):
    before = paid(session, ada)
    answer = client.post(
        "/account/receipts/details", data={"name": "Ada & Sons", "address": "1 Pier\r\n\r\nPort Example\r\n"}
    )
    assert answer.status_code == 303
    after = paid(session, ada, number=2)
    assert session.get_one(Receipt, after.id).payer == "Ada & Sons\n1 Pier\nPort Example"
    assert session.get_one(Receipt, before.id).payer == "Ada Invented\nada@example.org"
    assert 'value="Ada &amp; Sons"' in client.get("/account/receipts/details").text
    client.post("/account/receipts/details", data={"name": "", "address": ""})
    session.expire_all()
    assert session.scalars(select(ReceiptDetails)).all() == []


@pytest.mark.parametrize("address", ["a\r\nb\r\nc\r\nd\r\ne\r\nf", "x" * 301])
def test_details_that_cannot_be_printed_are_refused(session, client, ada, address):
    assert client.post("/account/receipts/details", data={"name": "A", "address": address}).status_code == 422
    assert session.scalars(select(ReceiptDetails)).all() == []


def test_a_years_statement_adds_up_in_each_currency(session, client, ada):
    first = payment(session, ada, datetime(2026, 1, 31, 12, tzinfo=UTC), 2000, number=1)
    payment(session, ada, datetime(2026, 5, 1, 12, tzinfo=UTC), 700, number=2, currency="JPY")
    old = payment(session, ada, datetime(2025, 12, 31, 12, tzinfo=UTC), 900, number=3)
    disputed = payment(session, ada, datetime(2026, 6, 1, tzinfo=UTC), 300, number=4)
    refund(session, first, 500, datetime(2026, 2, 3, tzinfo=UTC))
    refund(session, first, 100, datetime(2026, 2, 4, tzinfo=UTC), state="failed")
    refund(session, old, 900, datetime(2026, 1, 2, tzinfo=UTC))
    session.add(Dispute(stripe_id="dp_1", payment_id=disputed.payment_id, currency="EUR", amount=300, status="lost",
                        reason="fraudulent", opened_at=datetime(2026, 6, 5, tzinfo=UTC)))  # fmt: skip
    session.commit()
    year = statement(session, ada.reader_id, 2026, "UTC")
    assert [(str(s.paid), str(s.returned), str(s.kept)) for s in year.sums] == [
        ("23 EUR", "17 EUR", "6 EUR"),
        ("700 JPY", "0 JPY", "700 JPY"),
    ]
    assert [line.kind for line in year.lines] == ["refunded", "paid", "refunded", "paid", "paid", "disputed"]
    assert years_of(session, ada.reader_id, "UTC") == [2026, 2025]
    page = words(client.get("/account/statements/2026"))
    assert "Statement for 2026" in page and "-€9" in page and "Taken back by your bank" in page and "€23" in page
    assert 'href="/account/statements/2025"' in client.get("/account/payments").text


def test_the_year_is_the_newsrooms(session, ada):
    payment(session, ada, datetime(2025, 12, 31, 23, 30, tzinfo=UTC), 100, number=1)
    assert years_of(session, ada.reader_id, "Europe/Prague") == [2026]
    assert years_of(session, ada.reader_id, "America/New_York") == [2025]


@pytest.mark.parametrize("year", ["2024", "0", "999999999999999999999"])
def test_there_is_no_statement_of_an_empty_year_or_of_somebody_else(session, client, ada, year):
    other = make.reader(session)
    payment(session, other, datetime(2024, 5, 1, tzinfo=UTC), 100, number=1)
    assert client.get(f"/account/statements/{year}").status_code == 404
