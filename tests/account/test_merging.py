"""Two readers who are one: rows move, the tombstone stays, both addresses are told, nothing is counted twice or lost."""

import pytest
import stripe
from sqlalchemy import func, select

from membership import clock
from membership.account.merging import STAYS, naming_a_reader
from membership.account.models import PatronNote
from membership.appeals.telling import bringer_of, brought_by, end_code, tell_bringer
from membership.appeals.telling_models import ThanksCode
from membership.giving.guard_models import CheckoutOrigin
from membership.giving.guarding import person_key
from membership.giving.models import Checkout, Payment, StripeCustomer
from membership.giving.queries import customer_of
from membership.giving.touch_models import CheckoutTouch
from membership.mail.models import Letter
from membership.memberships.models import Membership, Movement
from membership.memberships.standing import has_standing
from membership.perks import actions as perks
from membership.perks.models import PerkGrant
from membership.readers import actions as readers
from membership.readers.models import Person, Reader
from membership.readers.trail import AuditEntry
from membership.topics.models import Topic, TopicSupport
from tests import make
from tests.account.test_pages import paid


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager", email="money@lantern.example")
    make.sign_in(session, client, person)
    return person


@pytest.fixture
def two(session):
    stays = make.reader(session, "ada@example.org")
    goes = make.patron(session, "ada@work.example", name="Ada Invented")
    paid(session, goes)
    session.add(StripeCustomer(customer_id="cus_ada", reader_id=goes.reader_id))
    session.commit()
    return stays.reader_id, goes.reader_id


def merge(client, stays, goes):
    return client.post(f"/staff/patrons/{stays}/merging", data={"other": str(goes)})


def count(session, model, reader_id):
    session.expire_all()
    return session.scalar(select(func.count()).select_from(model).where(model.reader_id == reader_id))


def test_everything_goes_over_and_the_tombstone_stays(session, client, manager, two):
    stays, goes = two
    page = client.get(f"/staff/patrons/{stays}/merging", query_string={"other": "Ada@work.example"}).text
    assert "cannot be undone" in page and "ada@work.example" in page
    assert merge(client, stays, goes).status_code == 303
    for model in (Payment, Membership, StripeCustomer):
        assert (count(session, model, stays), count(session, model, goes)) == (1, 0), model
    assert has_standing(session, stays, clock.now()) and not has_standing(session, goes, clock.now())
    tombstone = session.get_one(Reader, goes)
    assert tombstone.merged_into_id == stays and session.get(Person, goes) is None
    assert session.get_one(Person, stays).name == "Ada Invented"
    assert count(session, Movement, goes) == 1  # append-only
    told = session.scalars(select(Letter.address).where(Letter.kind == "merged")).all()
    assert sorted(told) == ["ada@example.org", "ada@work.example"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reader:merged")).one()
    assert entry.object == f"reader/{goes}" and entry.detail["into"] == stays
    assert "ada" not in str(entry.detail)
    assert f"Merged into reader {stays}" in client.get(f"/staff/patrons/{goes}").text
    assert "2026-000001" in client.get(f"/staff/patrons/{stays}").text


def test_their_payers_at_stripe_become_one(session, client, manager, stripe_side):
    api = stripe.StripeClient("sk_test_x", base_addresses={"api": stripe_side.url}).v1
    people = [make.reader(session, address) for address in ("ada@example.org", "ada@work.example")]
    payers = [api.customers.create({"email": person.email}).id for person in people]
    for person, payer in zip(people, payers, strict=True):
        session.add(StripeCustomer(customer_id=payer, reader_id=person.reader_id))
    session.commit()
    merge(client, *(person.reader_id for person in people))
    stripe_side.work()
    session.expire_all()
    rows = session.scalars(select(StripeCustomer)).all()
    assert {row.reader_id for row in rows} == {people[0].reader_id} and {row.customer_id for row in rows} == set(payers)
    (rests,) = [row.customer_id for row in rows if row.rests_since]
    stays = customer_of(session, people[0].reader_id)
    assert {rests, stays} == set(payers) and api.customers.retrieve(rests).metadata["pays_as"] == stays


def checkout(session, token, email, reader=None, *, state="open", thanks=None):
    row = Checkout(token=token, attempt=token, kind="donation", state=state, email=email, language="en", currency="EUR",
                   amount=500, browser_hash="b", begun_at=clock.now(), reader_id=reader)  # fmt: skip
    session.add(row)
    session.flush()
    session.add(CheckoutOrigin(checkout_id=row.id, client="c", network="n", near="n",
                               person=person_key(email), begun_at=clock.now()))  # fmt: skip
    session.add(CheckoutTouch(checkout_id=row.id, thanks=thanks))
    session.commit()
    return row


def test_what_is_paid_later_on_a_page_of_the_old_address_is_theirs(session, client, manager, two):
    stays, goes = two
    theirs, other = checkout(session, "t", "ada@work.example"), checkout(session, "u", "ben@example.org")
    merge(client, stays, goes)
    session.expire_all()
    assert (theirs.reader_id, other.reader_id) == (stays, None)


def test_both_thank_you_codes_go_on_thanking_whoever_stays(session, client, manager, two):
    stays, goes = two
    for reader, code in ((stays, "STAYS"), (goes, "GOES")):
        session.add(ThanksCode(reader_id=reader, code=code, made_at=clock.now()))
    by_themselves = checkout(session, "a", "ada@example.org", stays, state="paid", thanks="GOES")
    tell_bringer(session, by_themselves, "Ada", at=clock.now())  # not known to be one person yet
    for token, code in (("b", "STAYS"), ("c", "GOES")):
        tell_bringer(session, checkout(session, token, "x@example.org", manager.reader_id, state="paid", thanks=code),
                     token, at=clock.now())  # fmt: skip
    session.commit()
    assert len(brought_by(session, goes)) == 2
    merge(client, stays, goes)
    session.expire_all()
    assert {row.name for row in brought_by(session, stays)} == {"b", "c"}  # nobody brings themselves
    late = checkout(session, "d", "y@example.org", manager.reader_id, state="paid", thanks="GOES")
    assert bringer_of(session, late) == stays
    third = make.reader(session, "ada@third.example").reader_id
    merge(client, third, stays)
    session.expire_all()
    assert bringer_of(session, late) == third
    end_code(session, third)
    assert bringer_of(session, late) is None and session.scalars(select(ThanksCode)).all() == []


def test_a_second_press_finds_nobody(session, client, manager, two):
    merge(client, *two)
    assert merge(client, *two).status_code == 422
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "merged")) == 2


def test_what_both_have_is_had_once(session, client, manager, two):
    stays, goes = two
    perks.make_perk(session, kind="link", title="Notebook", blurb="", address="https://lantern.example/m", tier_ids=[],
                    by=manager.reader_id, at=clock.now())  # fmt: skip
    perks.grant_perks(session, goes, at=clock.now())
    grant = session.scalars(select(PerkGrant)).one()
    session.add(PerkGrant(perk_id=grant.perk_id, reader_id=stays, code="ANOTHER", issued_at=clock.now()))
    topics = [Topic(slug=f"t{n}", attempt=f"a{n}", title="T", why="", state="accepted", proposer_id=goes,
                    proposed_at=clock.now())
              for n in range(2)]  # fmt: skip
    session.add_all(topics)
    session.flush()
    for topic, reader in ((topics[0], goes), (topics[0], stays), (topics[1], goes)):
        session.add(TopicSupport(topic_id=topic.id, reader_id=reader, supported_at=clock.now()))
    session.commit()
    assert merge(client, stays, goes).status_code == 303
    assert count(session, PerkGrant, stays) == 1 and count(session, PerkGrant, goes) == 1
    assert (count(session, TopicSupport, stays), count(session, TopicSupport, goes)) == (2, 0)
    assert set(session.scalars(select(Topic.proposer_id))) == {stays}


def test_notes_and_letters_go_along(session, client, manager, two):
    stays, goes = two
    session.add(
        PatronNote(reader_id=goes, author_id=manager.reader_id, attempt="a", text="Rang.", written_at=clock.now())
    )
    session.commit()
    before = count(session, Letter, goes)
    merge(client, stays, goes)
    assert count(session, PatronNote, stays) == 1
    assert count(session, Letter, goes) == 0 and count(session, Letter, stays) == before + 2


def test_nobody_signs_in_to_a_tombstone(session, client, app, manager, two):
    stays, goes = two
    theirs = app.test_client()
    make.sign_in(session, theirs, session.get_one(Person, goes))
    assert theirs.get("/account").status_code == 200
    merge(client, stays, goes)
    assert theirs.get("/account").status_code == 303


@pytest.mark.parametrize("other", ["", "0", "999999", str(10**30), "nobody@example.org", "x"])
def test_nobody_else_is_merged(session, client, manager, two, other):
    stays, _goes = two
    status = client.get(f"/staff/patrons/{stays}/merging", query_string={"other": other}).status_code
    assert status == (422 if other else 200)
    assert client.post(f"/staff/patrons/{stays}/merging", data={"other": other}).status_code == 422
    assert client.post(f"/staff/patrons/{stays}/merging", data={"other": str(stays)}).status_code == 422


def test_somebody_in_the_team_is_not_merged_away(session, client, manager, two):
    stays, _goes = two
    colleague = make.staff(session, "viewer")
    assert merge(client, stays, colleague.reader_id).status_code == 422
    assert session.get(Person, colleague.reader_id) is not None


def test_every_column_that_names_a_reader_is_moved_or_named_as_staying():
    tables = {table.name for table, _column in naming_a_reader()}
    assert tables >= STAYS and {"payment", "membership", "patron_note", "topic_support"} <= tables - STAYS


def test_the_old_address_begins_anew(session, client, manager, two):
    stays, goes = two
    merge(client, stays, goes)
    assert readers.know(session, "ada@work.example", at=clock.now()).reader_id not in (stays, goes)
