"""Covering the fee: exact in integers, never ticked beforehand, shown before it is charged, and off until staff say so."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from membership.giving.fees import replace_fee_rates
from membership.giving.models import Checkout, LedgerEntry, Payment
from membership.giving.rules import MOST_OF_IT, FeeRate, NotAPart, covering, fee_of, read_part, typed_part
from membership.memberships.models import Membership
from membership.money import CURRENCIES, Money
from membership.readers.trail import AuditEntry
from tests import make
from tests.stripe_side import hidden_fields

BOX = 'name="cover"'
CODES = sorted(CURRENCIES)


@some.composite
def amounts_and_rates(draw):
    code = draw(some.sampled_from(CODES))
    step = CURRENCIES[code].step
    net = Money(draw(some.integers(1, 99_999_999 // step)) * step, code)
    fixed = Money(draw(some.integers(0, 5_000)), code)
    return net, FeeRate(draw(some.integers(0, MOST_OF_IT)), fixed)


@given(amounts_and_rates())
def test_what_is_left_after_the_fee_is_what_was_meant_and_not_a_step_more_was_asked(given_):
    net, rate = given_
    gross = covering(net, rate)
    step = CURRENCIES[net.currency].step
    assert gross.minor % step == 0
    kept = Fraction(gross.minor * rate.basis_points, 10_000) + rate.fixed.minor
    assert gross.minor - kept >= net.minor
    one_less = gross.minor - step
    assert one_less - Fraction(one_less * rate.basis_points, 10_000) - rate.fixed.minor < net.minor
    if step == 1:
        assert (
            gross - fee_of(gross, rate)
        ).minor >= net.minor  # also when the fee itself is rounded up to a whole unit


@given(amounts_and_rates(), some.integers(2, 500))
def test_a_sum_in_parts_divides_by_them_and_covers_no_less(given_, parts):
    (net, rate), step = given_, CURRENCIES[given_[0].currency].step
    gross = covering(net * parts, rate, parts=parts)
    assert gross.minor % (step * parts) == 0
    assert covering(net * parts, rate) <= gross < covering(net * parts, rate) + Money(step * parts, net.currency)


@given(some.integers(0, MOST_OF_IT))
def test_a_percentage_is_read_as_it_is_written(points):
    assert read_part(typed_part(points)) == points
    assert read_part(typed_part(points).replace(".", ",") + " %") == points


@pytest.mark.parametrize("typed", ["", "-1", "1.234", "31", "1e1", "NaN", "١", "100", "."])
def test_what_is_no_percentage_is_refused(typed):
    with pytest.raises(NotAPart):
        read_part(typed)


@pytest.fixture
def rates(session):
    replace_fee_rates(session, {"EUR": FeeRate(150, Money(25, "EUR"))})
    session.commit()


@pytest.fixture
def tier(session):
    row = make.tier(session, "friend", monthly=500)
    row.stripe_product_id = None  # Stripe does not know it yet
    session.commit()
    return row


def test_until_staff_say_what_a_payment_costs_nobody_is_asked(session, tier, client):
    assert BOX not in client.get("/join").text and BOX not in client.get("/give").text
    fields = hidden_fields(client.get("/give").text) | {"email": "a@example.org", "amount": "20", "cover": "1"}
    assert client.post("/give", data=fields).status_code == 503  # straight on to Stripe, where nobody listens here
    assert session.scalars(select(Checkout)).one().amount == 2000


def test_the_box_is_not_ticked_and_says_what_it_comes_to(session, tier, rates, client):
    offered = {
        "/join": "€0.33 on €5", "/give": "€0.40 on €9",
        "/give/membership": "€1.02 on €50", "/group": "€0.65 on €25",  # a year, five seats
    }  # fmt: skip
    for path, words in offered.items():
        page = client.get(path).text
        assert BOX in page and words in page
        assert "checked" not in page[page.index(BOX) : page.index(">", page.index(BOX))]
    assert BOX not in client.get("/give?currency=USD").text  # no rate in dollars, no offer


def test_the_exact_sum_is_seen_before_it_is_charged(session, tier, rates, stripe_side, client):
    fields = hidden_fields(client.get("/join").text) | {
        "tier": "friend", "interval": "month", "email": "ada@example.org", "cover": "1",
    }  # fmt: skip
    seen = client.post("/join", data=fields)
    assert seen.status_code == 200 and "€5.33" in seen.text and "€0.33" in seen.text
    assert session.scalars(select(Checkout)).all() == []
    forged = client.post("/join", data=fields | {"gross_seen": "501"})
    assert forged.status_code == 200 and session.scalars(select(Checkout)).all() == []
    onward = {name: value for name, value in hidden_fields(seen.text).items() if name != "csrf_token"}
    assert onward["email"] == "ada@example.org"
    answer = client.post("/join", data=onward | {"cover": "1", "gross_seen": "533"})
    assert answer.status_code == 303
    stripe_side.pay(answer.location)
    stripe_side.settle()
    payment, membership = session.scalars(select(Payment)).one(), session.scalars(select(Membership)).one()
    assert payment.amount == membership.amount == 533
    lines = {line.kind: line.amount for line in session.scalars(select(LedgerEntry))}
    assert lines == {"gross": 533, "fee": -33}  # the true fee, as Stripe's booking says; here it fits to the cent
    checkout = session.scalars(select(Checkout)).one()
    assert checkout.fee_cover == 33
    assert "€0.33 of it" in client.get("/welcome", query_string={"session_id": checkout.session_id}).text


def onward(client, path, fields):
    """Ask for it to be covered, look at the sum, and go on."""
    seen = client.post(path, data=hidden_fields(client.get(path).text) | fields | {"cover": "1"})
    assert seen.status_code == 200, seen.text
    carried = hidden_fields(seen.text[: seen.text.index("Go on and pay")])
    return seen.text, client.post(path, data=carried)


def test_a_group_covers_it_in_one_price_for_every_seat(session, tier, rates, stripe_side, client):
    asked = {"tier": "friend", "interval": "month", "email": "ada@example.org", "seats": "3"}
    seen, answer = onward(client, "/group", asked)
    assert "€15.51" in seen and "€0.51" in seen
    stripe_side.pay(answer.location)
    stripe_side.settle()
    membership, checkout = session.scalars(select(Membership)).one(), session.scalars(select(Checkout)).one()
    assert (membership.amount, membership.seats, checkout.fee_cover) == (1551, 3, 51)
    assert session.scalars(select(Payment.amount)).one() == 1551


def test_a_membership_given_away_with_the_fee_on_top(session, tier, rates, stripe_side, client):
    asked = {"tier": "friend", "months": "3", "delivery": "link", "giver_name": "Gina Sample", "email": "g@example.org"}
    seen, answer = onward(client, "/give/membership", asked)
    assert "€15.49" in seen
    stripe_side.pay(answer.location)
    stripe_side.settle()
    payment = session.scalars(select(Payment)).one()
    assert (payment.kind, payment.amount, session.scalars(select(Checkout.fee_cover)).one()) == ("gift", 1549, 49)


def test_without_it_after_all(session, rates, client):
    fields = hidden_fields(client.get("/give").text) | {"email": "a@example.org", "amount": "20", "cover": "1"}
    page = client.post("/give", data=fields).text
    assert "Pay €20 without it" in page
    second = page[page.index("<form", page.index("Go on and pay")) :]
    assert client.post("/give", data=hidden_fields(second)).status_code == 503
    assert session.scalars(select(Checkout.fee_cover)).one() is None


def test_a_membership_is_changed_with_the_fee_on_top(session, tier, rates, stripe_side, client):
    stripe_side.pay(stripe_side.join(tier="friend"))
    stripe_side.settle()
    person = session.get(make.Person, session.scalars(select(Membership)).one().reader_id)
    make.sign_in(session, client, person)
    form = client.get("/account/membership/amount")
    assert BOX in form.text
    asked = {"tier": "friend", "interval": "month", "amount": "9", "cover": "1"}
    page = client.post("/account/membership/amount", data=hidden_fields(form.text) | asked)
    assert "€9.40" in page.text and "€0.40" in page.text
    client.post("/account/membership/amount/confirmation", data=hidden_fields(page.text))
    stripe_side.settle()
    session.expire_all()
    assert session.scalars(select(Membership)).one().amount == 940


def test_staff_switch_it_on_and_off_by_currency(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))
    address = "/staff/settings/payments/fees"
    wrong = client.post(address, data={"part_EUR": "45", "fixed_EUR": "0.25"})
    assert wrong.status_code == 422 and "percentage" in wrong.text
    assert client.post(address, data={"part_EUR": "1.5", "fixed_EUR": "0.25", "part_JPY": "3.6"}).status_code == 303
    page = client.get("/staff/settings/payments").text
    assert 'value="1.5"' in page and 'value="0.25"' in page and 'value="3.6"' in page
    assert "€0.40 on €9" in client.get("/give").text and BOX in client.get("/give?currency=JPY").text
    client.post(address, data={"part_EUR": "", "fixed_EUR": "", "part_JPY": "", "fixed_JPY": ""})
    assert BOX not in client.get("/give").text
    noted = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.detail["rates"] for entry in noted] == [
        {"EUR": [150, 25], "JPY": [360, 0]},
        {"EUR": None, "JPY": None},
    ]
