"""From the form to the receipt, over real sockets."""

from membership.giving.models import Payment
from membership.memberships.models import Membership
from tests.house_on_sockets import House


def test_a_reader_joins_pays_and_gets_a_receipt(house: House):
    with house.walker() as ada:
        ada.get("/join?article=http://localhost:8002/articles/harbour")
        page = ada.send("/join", email="ada@example.org", tier="friend", interval="month")
        assert page.url.startswith(house.sandbox.url)
        page = ada.send(card="4242 4242 4242 4242")
        assert page.path == "/welcome"
        house.settle()
        assert "Friend" in ada.get(page.url).text
    assert house.count(Membership) == 1
    assert house.count(Payment, Payment.amount == 1000, Payment.currency == "EUR") == 1
    letters = house.letters("ada@example.org")
    assert len(letters) == 1 and "€10" in letters[0]["text"]
