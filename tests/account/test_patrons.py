"""Staff's page about a reader: who gets there, how somebody is found, what it shows, that every look is noted."""

import re

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.account.models import PatronNote
from membership.ballots.models import BallotRoll
from membership.giving.models import LedgerEntry, Payment, StripeCustomer
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.mail.writing import Recipient, write
from membership.memberships.models import Membership
from membership.readers.trail import AuditEntry
from membership.web.access import ROLES
from tests import make
from tests.account.test_pages import paid
from tests.stripe_side import hidden_fields


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager", email="money@lantern.example", name="Mona Money")
    make.sign_in(session, client, person)
    return person


@pytest.fixture
def ada(session):
    person = make.patron(session, "ada@example.org", name="Ada Ünvented", tier_row=make.tier(session, "member"))
    paid(session, person, payment_intent_id="pi_ada", charge_id="ch_ada")
    session.add(StripeCustomer(customer_id="cus_ada", reader_id=person.reader_id))
    session.commit()
    return person


def acts(session):
    session.expire_all()
    return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()


@pytest.mark.parametrize("role", [None, "reader", *ROLES])
def test_only_managers_and_admins_get_to_readers(session, client, ada, role):
    make.staff(session, "admin")
    if role:
        make.sign_in(session, client, make.reader(session) if role == "reader" else make.staff(session, role))
    here = f"/staff/patrons/{ada.reader_id}"
    opens = role in ("manager", "admin")
    for path in ("/staff/patrons", here, f"{here}/payments/1/refund", f"{here}/memberships/1/ending"):
        status = client.get(path).status_code
        assert status in (200, 404) if opens else status == (303 if role is None else 403)
    for path in (f"{here}/notes", f"{here}/payments/1/refund", f"{here}/refunds/1", f"{here}/memberships/1/ending"):
        assert (client.post(path).status_code in (303, 403)) is not opens
    assert acts(session)[:2] == (["patrons:listed", "patron:looked"] if opens else [])


@pytest.mark.parametrize(
    "sought",
    ["ada", "ADA@Example", "ünv", "ÜNV", "2026-000001", "2026-1", "cus_ada", "pi_ada", "ch_ada"],
)
def test_a_reader_is_found(session, client, manager, ada, sought):
    other = make.patron(session, "ben@example.org", name="Ben Other")
    page = client.get("/staff/patrons", query_string={"q": sought}).text
    assert f'/staff/patrons/{ada.reader_id}"' in page and f'/staff/patrons/{other.reader_id}"' not in page


def test_a_reader_is_found_by_subscription(session, client, manager, ada):
    subscription = session.scalars(select(Membership.subscription_id)).one()
    assert f'/staff/patrons/{ada.reader_id}"' in client.get("/staff/patrons", query_string={"q": subscription}).text


@pytest.mark.parametrize("sought", ["%", "_", "nobody", "2026-999999", "sub_nothing", "9999-999999999"])
def test_signs_of_the_database_find_nobody(session, client, manager, ada, sought):
    assert "Nobody fits that" in client.get("/staff/patrons", query_string={"q": sought}).text


def test_the_list_goes_on_page_by_page(session, client, manager):
    people = [make.reader(session, name=f"Reader {n}") for n in range(30)]
    seen, address = [], "/staff/patrons?q=Reader"
    while address:
        page = client.get(address).text
        seen += re.findall(r'href="/staff/patrons/(\d+)"', page)
        older = re.search(r'href="([^"]+)">Older', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert seen == [str(person.reader_id) for person in reversed(people)]


def test_the_page_shows_what_is_held_and_every_look_is_noted(session, client, manager, ada):
    payment = session.scalars(select(Payment)).one()
    for kind, amount in (("gross", 500), ("fee", -33)):
        session.add(LedgerEntry(payment_id=payment.id, kind=kind, currency="EUR", amount=amount, at=clock.now(),
                                stripe_id="txn_1"))  # fmt: skip
    session.commit()
    page = client.get(f"/staff/patrons/{ada.reader_id}").text
    for words in ("Ada Ünvented", "ada@example.org", "cus_ada", "€5 a month", "2026-000001", "-€0.33", "€4.67",
                  "Visa card ending in 4242", "On no roll yet"):  # fmt: skip
        assert words in page, words
    assert page.count("<h1") == 1 and "style=" not in page
    assert acts(session) == ["patron:looked"]
    trail = session.scalars(select(AuditEntry)).one()
    assert trail.object == f"reader/{ada.reader_id}" and trail.actor_id == manager.reader_id and trail.detail == {}


def test_a_name_that_was_sought_is_not_kept(session, client, manager, ada):
    client.get("/staff/patrons", query_string={"q": "ada@example.org"})
    assert session.scalars(select(AuditEntry)).one().detail == {"which": "search", "found": 1}


def test_whether_somebody_voted_is_shown_and_never_for_what():
    shown = {"slug", "title", "voted"}
    from membership.ballots.queries import RollLine

    assert set(RollLine.__dataclass_fields__) == shown
    assert "choice" not in BallotRoll.__table__.columns


@pytest.mark.parametrize("number", ["0", "999999", str(2**70)])
def test_nobody_stands_at_another_number(session, client, manager, number):
    assert client.get(f"/staff/patrons/{number}").status_code == 404
    assert client.post(f"/staff/patrons/{number}/notes", data={"text": "x"}).status_code == 404
    assert acts(session) == []


def test_a_note_is_kept_once_with_its_author(session, client, manager, ada):
    here = f"/staff/patrons/{ada.reader_id}"
    fields = hidden_fields(client.get(here).text) | {"text": "Rang us <b>about</b> a change\nof address"}
    for _ in range(2):
        assert client.post(f"{here}/notes", data=fields).status_code == 303
    page = client.get(here).text
    assert "Rang us &lt;b&gt;about&lt;/b&gt; a change<br>of address" in page and "Mona Money" in page
    assert session.scalar(select(func.count()).select_from(PatronNote)) == 1
    assert acts(session).count("note:written") == 1
    assert client.post(f"{here}/notes", data={"text": "  "}).status_code == 422


def test_a_letter_is_read_and_sent_again_as_one_of_its_own(session, client, manager, ada):
    letter = session.scalars(select(Letter).where(Letter.kind == "receipt")).one()
    letter.state = "sent"
    session.execute(Job.__table__.delete())
    session.commit()
    here = f"/staff/patrons/{ada.reader_id}/letters/{letter.id}"
    page = client.get(here).text
    assert "receipt" in page.lower() and "Send it again" in page
    for _ in range(2):
        assert client.post(here, data=hidden_fields(page)).status_code == 303
    session.expire_all()
    first, second = session.scalars(select(Letter).order_by(Letter.id)).all()
    assert (second.text, second.subject, second.state) == (first.text, first.subject, "queued")
    assert session.scalars(select(Job.key).where(Job.name == "mail.send")).all() == [f"letter:{second.id}"]
    assert acts(session) == ["letter:read", "letter:resent"]


def test_a_letter_with_a_secret_is_shown_to_nobody(session, client, manager, ada):
    to = Recipient(ada.email, reader_id=ada.reader_id)
    write(session, "sign_in", to, key="s", at=clock.now(), fleeting=True, token="the-secret-token", code="123456")
    session.commit()
    letter = session.scalars(select(Letter).where(Letter.kind == "sign_in")).one()
    here = f"/staff/patrons/{ada.reader_id}/letters/{letter.id}"
    page = client.get(here).text
    assert "the-secret-token" not in page and "123456" not in page
    assert client.post(here).status_code == 409
    assert "the-secret-token" not in client.get(f"/staff/patrons/{ada.reader_id}").text


def test_somebody_elses_letter_is_not_read_here(session, client, manager, ada):
    other = make.reader(session)
    letter = session.scalars(select(Letter)).first()
    assert client.get(f"/staff/patrons/{other.reader_id}/letters/{letter.id}").status_code == 404
    assert acts(session) == []
