"""Many of one roll by one card: managers are told once, editors see the number, and nobody is shut out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.app import all_tasks
from membership.ballots import crowding
from membership.ballots.models import BallotRoll
from membership.giving.guard_models import CheckoutOrigin, PaymentTry
from membership.giving.models import Checkout
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from tests import make
from tests.ballots.helpers import patrons
from tests.ballots.test_life import asked


def paid_with(session, who, card, *, network="net", kind="membership", paid=True):
    at, name = clock.now() - timedelta(days=1), f"{who.reader_id}-{card}-{kind}"
    checkout = Checkout(
        token=name, attempt=name, kind=kind, state="paid", reader_id=who.reader_id, email=who.email, language="en",
        currency="EUR", amount=500, browser_hash="b", begun_at=at,
    )  # fmt: skip
    session.add(checkout)
    session.flush()
    origin = {"client": "c", "network": network, "person": name, "near": "10.0.0.0/24", "begun_at": at}
    session.add(CheckoutOrigin(checkout_id=checkout.id, **origin))
    session.add(PaymentTry(charge_id=f"ch_{name}", checkout_id=checkout.id, paid=paid, card=card, at=at))
    session.commit()


@pytest.fixture
def crowded(session):
    """Three by one card; two by another; three by a third, of whom one declined, one gave, and one is not on the roll."""
    people = patrons(session, 8)
    for number, who in enumerate(people[:5]):
        paid_with(session, who, "one" if number < 3 else "two", network=f"net {number}")
    paid_with(session, people[0], "one", kind="donation", network="net 0")
    paid_with(session, people[5], "three", network="net 5")
    paid_with(session, people[6], "three", paid=False, network="net 6")
    paid_with(session, people[7], "three", kind="donation", network="net 7")
    paid_with(session, make.reader(session), "three", network="net 8")
    return people[:3]


def test_three_members_by_one_card_are_told_to_managers_once_with_where_to_look(session, client, crowded):
    manager, editor = make.staff(session, "manager"), make.staff(session, "editor")
    made = asked(session)
    while run_one(all_tasks()):
        pass
    crowding.tell_of_crowds(session, made.id, at=clock.now())
    letters = session.scalars(select(Letter).where(Letter.kind == "ballot_crowd")).all()
    assert [letter.reader_id for letter in letters] == [manager.reader_id]
    assert all(f"/staff/patrons/{who.reader_id}\n" in letters[0].text for who in crowded)
    assert letters[0].text.count("/staff/patrons/") == 3 and letters[0].subject.startswith("3 votes paid with one card")
    assert {who.reader_id for who in crowded} <= set(session.scalars(select(BallotRoll.reader_id)))
    path = f"/staff/ballots/{made.id}"
    make.sign_in(session, client, editor)
    page = client.get(path).text
    assert "3 of the roll paid for their memberships with one card" in page and "/staff/patrons/" not in page
    make.sign_in(session, client, manager)
    assert f'href="/staff/patrons/{crowded[0].reader_id}"' in client.get(path).text


def test_a_network_is_a_crowd_only_from_ten_on(session):
    people = patrons(session, 10)
    for number, who in enumerate(people[:9]):
        paid_with(session, who, f"card {number}")
    made = asked(session)
    assert crowding.crowds(session, made.id) == []
    paid_with(session, people[9], "card 9")
    [crowd] = crowding.crowds(session, made.id)
    assert (crowd.kind, crowd.readers) == ("network", tuple(sorted(who.reader_id for who in people)))
