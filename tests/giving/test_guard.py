"""Card testing: what is asked for before a payment, by whom it is counted, and that a real crowd passes."""

import hashlib
import re
from dataclasses import replace

import pytest
import stripe
from sqlalchemy import func, select

from membership import clock
from membership.giving.guard_models import CheckoutOrigin, DeclineWave, PaymentTry, SpentProof, Suspension
from membership.giving.models import Checkout, Payment
from membership.mail.models import Letter
from membership.readers.trail import AuditEntry
from membership.web import forms
from membership.web.limits import ChosenFigure
from tests import make
from tests.stripe_side import hidden_fields

DECLINES = "4000 0000 0000 0002"
WORDS_OF_A_LIMIT = "tried too often"


@pytest.fixture
def narrow(session, app, config, stripe_side, monkeypatch):
    """The house's own figures, but for a form filled in by a machine, and arithmetic that takes no time."""
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(config, wide_limits=False))
    if clock.now().minute >= 45:
        stripe_side.advance("20m")  # counts are an hour's: no test runs over its end

    def choose(**figures):
        for name, value in ({"fast_seconds": 0, "proof_bits": 4} | figures).items():
            session.merge(ChosenFigure(name=name, value=value))
        session.commit()

    choose()
    return choose


def give(client, email="a@example.org", *, at="192.0.2.7", form=None, **fields):
    """Send /give from a network address; `form` carries on what a page asked for."""
    where = {"REMOTE_ADDR": at}
    form = form or hidden_fields(client.get("/give", environ_base=where).text) | {"email": email, "amount": "20"}
    return client.post("/give", data=form | fields, environ_base=where)


def solve(page):
    """What proof.js does."""
    challenge = re.search(r'data-challenge="([^"]+)"', page)[1]
    bits = int(re.search(r'data-bits="(\d+)"', page)[1])
    number = 0
    while int.from_bytes(hashlib.sha256(f"{challenge}.{number}".encode()).digest(), "big") >> (256 - bits):
        number += 1
    return f"{challenge}.{number}"


def count(session, model):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model))


def sixth(app, **where):
    """A reader at whose address five others have just begun a payment; the page they are shown."""
    for n in range(5):
        assert give(app.test_client(), f"r{n}@example.org", **where).status_code == 303  # on to Stripe
    client = app.test_client()
    asked = give(client, "late@example.org", **where)
    assert asked.status_code == 200 and "small piece of arithmetic" in asked.text
    return client, asked.text


def test_after_five_from_one_address_a_proof_is_asked_and_it_works_once(session, narrow, app):
    client, page = sixth(app)
    carried = hidden_fields(page)
    assert count(session, Checkout) == 5
    for forged in ("", "x", "a.b.c.d.1", solve(page) + "0" * 13, solve(page).replace(".", "-"), "é.1.1.1.1"):
        assert "small piece of arithmetic" in give(client, form=carried, proof=forged).text
    proof = solve(page)
    elsewhere = app.test_client()
    elsewhere.get("/give")
    assert give(elsewhere, form=carried, proof=proof).status_code == 200  # another browser cannot use it
    assert give(client, form=carried | {"email": "else@example.org"}, proof=proof).status_code == 200
    assert give(client, form=carried, proof=proof).status_code == 303  # on to Stripe
    assert count(session, Checkout) == 6 and count(session, SpentProof) == 1
    assert give(client, form=carried | {"amount": "30"}, proof=proof).status_code == 200  # spent
    assert count(session, Checkout) == 6


def test_a_challenge_grows_old(session, narrow, app, monkeypatch):
    client, page = sixth(app)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + make.timedelta(minutes=11))
    assert give(client, form=hidden_fields(page), proof=solve(page)).status_code == 200
    assert count(session, Checkout) == 5


def test_without_script_a_code_by_letter_does_the_same(session, narrow, app):
    client, page = sixth(app)
    written = give(client, form=hidden_fields(page), by_letter="1")
    assert "We have written to you" in written.text and count(session, Checkout) == 5
    letter = session.scalars(select(Letter)).one()
    assert letter.address == "late@example.org" and letter.fleeting
    code = re.search(r"^(\d{6})$", letter.text, re.M)[1]
    assert give(client, form=hidden_fields(written.text), code=code).status_code == 303  # on to Stripe
    assert count(session, Checkout) == 6


@pytest.mark.parametrize(
    ("figure", "others"),
    [
        ("free_per_network", [{"at": f"192.0.2.{n}"} for n in range(20)]),
        ("people_per_network", [{"at": f"192.0.2.{n}"} for n in range(20)]),
        ("free_per_person", [{"at": f"198.51.{n}.1", "email": "late@example.org"} for n in range(20)]),
        ("free_everywhere", [{"at": f"198.51.{n}.1"} for n in range(20)]),
    ],
)
def test_each_count_asks_for_a_proof_by_itself(session, narrow, app, figure, others):
    narrow(**dict.fromkeys(("free_per_network", "people_per_network", "free_per_person"), 1000) | {figure: 3})
    asked = []
    for n, who in enumerate(others[:5]):
        answer = give(app.test_client(), **({"email": f"r{n}@example.org"} | who))
        asked.append("arithmetic" in answer.text)
    assert asked == [False] * 3 + [True] * 2 if figure != "people_per_network" else [False] * 4 + [True]


def test_one_browser_is_counted_wherever_it_goes(session, narrow, app):
    narrow(free_per_browser=2)
    client = app.test_client()
    asked = ["arithmetic" in give(client, f"r{n}@example.org", at=f"198.51.{n}.1").text for n in range(4)]
    assert asked == [False, False, True, True]


def test_a_form_filled_in_faster_than_a_hand_can_is_asked_and_a_slow_one_is_not(session, narrow, client, monkeypatch):
    narrow(fast_seconds=3)
    assert "arithmetic" in give(client).text
    wall = clock.wall()
    form = hidden_fields(client.get("/give").text) | {"email": "a@example.org", "amount": "20"}
    assert forms.shown_at(form["attempt"]) is not None
    monkeypatch.setattr(clock, "wall", lambda: wall + make.timedelta(seconds=9))
    assert give(client, form=form).status_code == 303
    made_up = form | {"attempt": "a" * 24, "email": "b@example.org"}
    assert "arithmetic" in give(client, form=made_up).text  # a form that we never showed


def test_a_hit_limit_says_nothing_and_a_double_click_counts_once(session, narrow, client, app):
    narrow(posts_per_client=4)
    form = hidden_fields(client.get("/give").text) | {"email": "a@example.org", "amount": "20"}
    assert [give(client, form=form).status_code for _ in range(9)] == [303] * 9  # one attempt, counted once
    others = [give(app.test_client(), f"r{n}@example.org") for n in range(4)]
    assert [answer.status_code for answer in others] == [303, 303, 303, 429]
    assert WORDS_OF_A_LIMIT in others[-1].text and "client" not in others[-1].text


def declined(stripe_side, client, email, *, at="192.0.2.7", times=1):
    """Somebody whose card the bank declines, on one hosted page, again and again."""
    page = give(client, email, at=at)
    if page.status_code == 200:
        page = give(client, at=at, form=hidden_fields(page.text), proof=solve(page.text))
    assert page.status_code == 303
    for _ in range(times):
        assert stripe_side.pay(page.location, card=DECLINES).status_code != 303
    stripe_side.settle()


def test_a_wave_of_declines_has_everybody_proven_tells_managers_once_and_ends_by_itself(
    session, narrow, stripe_side, app
):
    make.staff(session, "manager", email="manager@lantern.example")
    make.staff(session, "editor", email="editor@lantern.example")
    declined(stripe_side, app.test_client(), "thief@example.org", times=4)
    assert count(session, PaymentTry) == 4 and count(session, DeclineWave) == 0
    declined(stripe_side, app.test_client(), "thief2@example.org", at="198.51.100.1", times=2)
    stranger = app.test_client()
    asked = give(stranger, "reader@example.org", at="203.0.113.5")
    assert "arithmetic" in asked.text
    passed = give(stranger, at="203.0.113.5", form=hidden_fields(asked.text), proof=solve(asked.text))
    assert passed.status_code == 303
    letters = session.scalars(select(Letter).where(Letter.kind == "decline_wave")).all()
    assert [letter.address for letter in letters] == ["manager@lantern.example"] and "5 of 5" in letters[0].text
    manager = app.test_client()
    make.sign_in(session, manager, session.scalars(select(make.Person).where(make.Person.email == letters[0].address)).one())
    assert "Many payments are being declined" in manager.get("/staff/").text
    stripe_side.advance("11m")
    stripe_side.settle()
    session.expire_all()
    wave = session.scalars(select(DeclineWave)).one()
    assert not wave.is_open and wave.closed_at is not None
    assert give(app.test_client(), "later@example.org", at="203.0.113.9").status_code == 303
    assert len(session.scalars(select(Letter).where(Letter.kind == "decline_wave")).all()) == 1


def test_the_declines_of_a_membership_are_counted_too_and_those_of_a_renewal_are_not(session, narrow, stripe_side, client):
    make.tier(session, "friend", monthly=500).stripe_product_id = None
    session.commit()
    page = stripe_side.join("ada@example.org", tier="friend")
    stripe_side.pay(page, card=DECLINES)
    stripe_side.settle()
    assert [row.paid for row in session.scalars(select(PaymentTry))] == [False]
    stripe_side.pay(page, card="4000 0000 0000 0341")
    stripe_side.settle()
    assert sorted(row.paid for row in session.scalars(select(PaymentTry))) == [False, True]
    stripe_side.advance("32d")
    stripe_side.settle()
    assert count(session, PaymentTry) == 2 and count(session, Payment) == 1


def test_a_renewal_that_is_paid_is_no_try_of_the_checkout_that_began_it(session, narrow, stripe_side):
    make.tier(session, "friend", monthly=500).stripe_product_id = None
    session.commit()
    stripe_side.pay(stripe_side.join("ada@example.org", tier="friend"))
    stripe_side.settle()
    stripe_side.advance("32d")
    stripe_side.settle()
    assert count(session, Payment) == 2 and count(session, PaymentTry) == 1


def test_ten_declines_suspend_and_staff_lift(session, narrow, stripe_side, app):
    narrow(wave_declines=1000)
    thief = app.test_client()
    declined(stripe_side, thief, "thief@example.org", times=10)
    held = {row.kind: row.shown for row in session.scalars(select(Suspension))}
    assert held == {
        "client": "192.0.2.0/24", "network": "192.0.2.0/24", "person": "thief@example.org",
        "card": "thief@example.org",
    }  # fmt: skip
    for refused in (give(thief, "other@example.org"), give(app.test_client(), "thief@example.org", at="203.0.113.1")):
        assert refused.status_code == 429 and WORDS_OF_A_LIMIT in refused.text
    assert give(app.test_client(), "reader@example.org", at="203.0.113.2").status_code == 303
    manager = app.test_client()
    make.sign_in(session, manager, make.staff(session, "manager"))
    assert "4 suspensions wait" in manager.get("/staff/").text
    page = manager.get("/staff/card-testing").text
    assert "192.0.2.0/24" in page and "10 / 10" in page
    for row in session.scalars(select(Suspension)).all():
        assert manager.post(f"/staff/card-testing/suspensions/{row.id}/lifting").status_code == 303
    assert manager.post(f"/staff/card-testing/suspensions/{row.id}/lifting").status_code == 409
    session.expire_all()
    assert "4 suspensions" not in manager.get("/staff/").text
    assert [entry.action for entry in session.scalars(select(AuditEntry))] == ["suspension:lifted"] * 4
    declined(stripe_side, app.test_client(), "thief@example.org", times=2)  # old tries count no more
    assert count(session, Suspension) == 4


def pay_as(stripe_side, app, number, *, at):
    """One of a crowd: begins, is perhaps asked for a proof, and has the hosted page."""
    client = app.test_client()
    page = give(client, f"crowd{number}@example.org", at=at)
    if "arithmetic" in page.text:
        page = give(client, at=at, form=hidden_fields(page.text), proof=solve(page.text))
    if "We have written to you" in page.text:
        return None
    assert page.status_code == 303, page.text
    return page.location


@pytest.mark.parametrize("people", [24, pytest.param(300, marks=pytest.mark.long)])
def test_a_crowd_behind_one_address_that_pays_is_never_refused(session, narrow, stripe_side, app, people):
    """A carrier's NAT: far more than any address may begin, in groups that begin at once, and everybody pays."""
    narrow(free_per_client=2, proofs_per_client=8, free_per_network=4, people_per_network=5, free_everywhere=6)
    for first in range(0, people, 8):
        pages = [pay_as(stripe_side, app, n, at="192.0.2.7") for n in range(first, min(first + 8, people))]
        assert None not in pages  # by arithmetic alone: who has paid counts no longer
        for page in pages:
            assert stripe_side.pay(page).status_code == 303
        stripe_side.settle()
    assert count(session, Payment) == people and count(session, Suspension) == count(session, DeclineWave) == 0


@pytest.mark.parametrize("people", [70, pytest.param(2000, marks=pytest.mark.long)])
def test_a_real_spike_from_everywhere_passes(session, narrow, app, people):
    """Different people from different networks within a minute: beyond the free ones each solves its proof and passes."""
    asked = 0
    for n in range(people):
        client, at = app.test_client(), f"10.{n // 250}.{n % 250}.1"
        answer = give(client, f"spike{n}@example.org", at=at)
        if answer.status_code == 200:
            asked += 1
            answer = give(client, at=at, form=hidden_fields(answer.text), proof=solve(answer.text))
        assert answer.status_code == 303, answer.text  # on to Stripe
    assert count(session, Checkout) == people and asked == people - 60
    make.sign_in(session, client := app.test_client(), make.staff(session, "manager"))
    assert "more than usual" in client.get("/staff/").text


@pytest.mark.parametrize("tries", [80, pytest.param(18_000, marks=pytest.mark.long)])
def test_a_flood_from_one_address_hardly_reaches_stripe_and_others_get_through(
    session, narrow, stripe_side, app, tries, monkeypatch
):
    """Every other try even does the arithmetic. What reaches Stripe is bounded by the figures, not by the tries."""
    narrow(proofs_per_client=12, posts_per_client=max(tries // 2, 60))
    reached, really = [], stripe.RequestsClient.request
    monkeypatch.setattr(
        stripe.RequestsClient, "request", lambda own, *asked, **more: reached.append(asked) or really(own, *asked, **more)
    )
    opened, statuses = 0, set()
    for n in range(tries):
        thief = app.test_client()
        answer = give(thief, f"thief{n}@example.org")
        if answer.status_code == 200 and n % 2:
            more = {"proof": solve(answer.text)} if "data-bits" in answer.text else {}
            answer = give(thief, form=hidden_fields(answer.text), **more)
        opened += answer.status_code == 303
        statuses.add(answer.status_code)
    assert statuses == {200, 303, 429}
    assert opened == count(session, Checkout) == 12
    assert len(reached) == 12
    reader = app.test_client()
    assert give(reader, "reader@example.org", at="203.0.113.77").status_code == 303
    near = app.test_client()  # the same network, another address: a proof, and through
    asked = give(near, "near@example.org", at="192.0.2.200")
    assert give(near, at="192.0.2.200", form=hidden_fields(asked.text), proof=solve(asked.text)).status_code == 303
    assert count(session, CheckoutOrigin) == 14


def test_staff_change_the_numbers_and_they_hold(session, app, config, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(config, wide_limits=False))
    manager = app.test_client()
    make.sign_in(session, manager, make.staff(session, "manager"))
    page = manager.get("/staff/settings/payments").text
    names = re.findall(r'<input [^>]*name="([a-z_-]+)"[^>]*value="(\d+)"', page)
    numbers = {name: value for name, value in names if name not in {"csrf_token"}}
    assert numbers["free_per_client"] == "5" and numbers["sign-in-client"] == "5" and numbers["wave_percent"] == "50"
    address = "/staff/settings/payments/figures"
    for wrong in ({"wave_percent": "101"}, {"free_per_client": "0"}, {"proof_bits": "40"}, {"free_per_client": "x"}):
        assert manager.post(address, data=numbers | wrong).status_code == 422, wrong
    changed = numbers | {"fast_seconds": "1", "free_per_client": "1", "proof_bits": "3", "sign-in-client": "2"}
    assert manager.post(address, data=changed).status_code == 303
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry.detail["figures"] == {"fast_seconds": 1, "free_per_client": 1, "proof_bits": 3, "sign-in/client": 2}
    kept = {row.name: row.value for row in session.scalars(select(ChosenFigure))}
    assert kept == entry.detail["figures"]
    asked = [app.test_client().post("/sign-in", data={"email": f"s{n}@example.org"}).status_code for n in range(3)]
    assert asked == [303, 303, 429]
    assert manager.post(address, data=numbers).status_code == 303
    session.expire_all()
    assert session.scalars(select(ChosenFigure)).all() == []  # the house's own again
