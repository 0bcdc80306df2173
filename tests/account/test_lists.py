"""Staff's lists of gifts and of complimentary memberships: page after page, and by a name."""

import re
from datetime import timedelta

import pytest

from membership import clock
from membership.giving.models import Checkout, Payment
from membership.memberships.gift_models import Gift
from membership.memberships.given_queries import PAGE
from tests import make

MANY = PAGE + 3


@pytest.fixture
def manager(session, client):
    row = make.staff(session, "manager")
    make.sign_in(session, client, row)
    return row


def next_page(page):
    found = re.search(r'href="([^"]+beyond=[^"]+)">Next page', page)
    return found and found[1].replace("&amp;", "&")


def named(page):
    return re.findall(r"<tr>\s*<th scope=\"row\"><a [^>]+>([^<]+)</a>", page)


def give(session, number, *, claimed=False):
    """A gift from a giver of its own, paid; the odd ones are in no order of time."""
    giver, tier = make.reader(session, name=f"Giver {number:03d}"), make.tier(session)
    asked = {"token": f"t{number}", "attempt": f"a{number}", "kind": "gift", "state": "paid", "email": giver.email}
    checkout = Checkout(
        **asked, language="en", currency="EUR", amount=1500, browser_hash="b", begun_at=make.NOON
    )
    payment = Payment(
        stripe_id=f"pi_{number}", reader_id=giver.reader_id, kind="gift", currency="EUR", amount=1500, paid_at=make.NOON,
        method="card",
    )  # fmt: skip
    session.add_all([checkout, payment])
    session.flush()
    got = make.given(session, make.reader(session, name=f"Friend {number:03d}"), kind="gift") if claimed else None
    session.add(
        Gift(
            checkout_id=checkout.id, token=f"g{number}", tier_id=tier.id, months=3, giver_name="", message="",
            recipient_name="", language="en", payment_id=payment.id, giver_id=giver.reader_id, bought_at=make.NOON,
            given_id=got.id if got else None,
        )
    )
    session.commit()


def test_gifts_are_listed_page_after_page_and_found_by_name(session, client, manager):
    for number in range(MANY):
        give(session, number)
    give(session, MANY, claimed=True)
    first = client.get("/staff/gifts").text
    assert named(first) == [f"Giver {number:03d}" for number in range(MANY - 1, MANY - 1 - PAGE, -1)]
    second = client.get(next_page(first)).text
    assert named(second) == ["Giver 002", "Giver 001", "Giver 000"] and next_page(second) is None
    assert named(client.get("/staff/gifts?all=1").text)[0] == f"Giver {MANY:03d}"
    assert named(client.get("/staff/gifts?q=GIVER+00").text) == [f"Giver {number:03d}" for number in range(9, -1, -1)]
    assert named(client.get(f"/staff/gifts?all=1&q=friend+{MANY:03d}").text) == [f"Giver {MANY:03d}"]
    assert "No gift fits that." in client.get("/staff/gifts?q=nobody").text
    assert client.get("/staff/gifts?beyond=x&all=2").status_code == 200


def test_complimentary_memberships_are_listed_by_their_end_and_found_by_name(session, client, manager):
    tier, today = make.tier(session), clock.now()
    for number in range(MANY):
        # Two end at the same moment each, across the pages' border too.
        ends_at = today + timedelta(days=1 + number // 2)
        make.given(session, make.reader(session, name=f"Guest {number:03d}"), tier_row=tier, ends_at=ends_at)
    for name, days in [("Gone Long", 9), ("Gone Lately", 1)]:
        begun, over = today - timedelta(days=20), today - timedelta(days=days)
        make.given(session, make.reader(session, name=name), tier_row=tier, begins_at=begun, ends_at=over)
    first = client.get("/staff/complimentary").text
    second = client.get(next_page(first)).text
    assert named(first) + named(second) == [f"Guest {number:03d}" for number in range(MANY)]
    assert next_page(second) is None and "Give one to an address" in second
    assert named(client.get("/staff/complimentary?all=1").text) == ["Gone Lately", "Gone Long"]
    assert named(client.get("/staff/complimentary?q=guest+01").text) == [f"Guest {number:03d}" for number in range(10, 20)]
