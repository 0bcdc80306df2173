"""What is let go of when its time is over, what staff may choose about it, and the protection of sources."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.desk.sweeping import sweep
from membership.gateway.looking import look_again
from membership.giving.guard_models import CheckoutOrigin, Suspension
from membership.giving.models import Checkout
from membership.giving.receipt_models import Receipt
from membership.mail.models import Letter
from membership.readers.actions import know, know_each
from membership.readers.models import LetterConsent, LetterRefusal, Reader, ReaderSession
from membership.readers.trail import AuditEntry
from membership.readers.wishes import ASKED_FIRST, SORT_WORDS, SORTS, wishes
from membership.web.keeping import OWN, TERMS
from membership.web.limits import ChosenFigure
from membership.webhooks.models import StripeEvent
from tests import make
from tests.account.test_pages import paid
from tests.privacy.test_erasure import places

DAY = timedelta(days=1)


@pytest.fixture
def admin(session, client):
    person = make.staff(session, "admin", email="chief@lantern.example")
    make.sign_in(session, client, person)
    return person


def checkout(session, token, *, begun_at, state="open"):
    row = Checkout(token=token, attempt=token, kind="donation", state=state, email=f"{token}@example.org", language="en",
                   currency="EUR", amount=500, browser_hash="b", session_url="https://x", begun_at=begun_at)  # fmt: skip
    session.add(row)
    session.flush()
    return row


def test_each_thing_goes_at_its_end_and_not_a_day_before(session, client):
    now = clock.now()
    for days, name in ((OWN["checkouts"] + 1, "old"), (OWN["checkouts"] - 1, "young")):
        checkout(session, name, begun_at=now - days * DAY)
        checkout(session, f"{name}-paid", begun_at=now - days * DAY, state="paid")
    for number, days in enumerate((OWN["events"] + 1, OWN["events"] - 1)):
        row = StripeEvent(id=f"evt_{number}", type="invoice.paid", object_id="in_1", root_id="sub_1", created_at=now,
                          received_at=now - days * DAY, raw=b'{"email": "x"}', state="applied")  # fmt: skip
        session.add(row)
    new = StripeEvent(id="evt_new", type="invoice.paid", object_id="in_1", root_id="sub_1", created_at=now,
                      received_at=now - 400 * DAY, raw=b"{}", state="new")  # fmt: skip
    session.add(new)
    lifted = {"kind": "network", "shown": "203.0.113.0/24", "tries": 9, "declines": 9, "suspended_at": now - 99 * DAY}
    session.add(Suspension(subject="a", lifted_at=now - 40 * DAY, **lifted))
    session.add(Suspension(subject="b", lifted_at=None, **lifted))
    session.commit()
    while sweep(session, at=now, width=1):
        session.commit()
    session.commit()
    session.expire_all()
    emails = {row.token: (row.email, row.session_url) for row in session.scalars(select(Checkout))}
    assert emails.pop("old") == ("", None) and all(email for email, _url in emails.values())
    bodies = {row.id: (row.raw != b"", row.raw_sha256) for row in session.scalars(select(StripeEvent))}
    assert not bodies["evt_0"][0] and len(bodies["evt_0"][1]) == 64
    assert bodies["evt_1"] == (True, None) and bodies["evt_new"] == (True, None)
    shown = {row.subject: row.shown for row in session.scalars(select(Suspension))}
    assert shown == {"a": "", "b": "203.0.113.0/24"}


def test_names_on_receipts_of_the_erased_go_when_the_law_lets_them(session):
    here, erased = make.patron(session, "ada@example.org", name="Ada"), make.patron(session, "ben@example.org", name="Ben")
    for person in (here, erased):
        paid(session, person)
    later = clock.now() + (OWN["receipts"] + 1) * DAY
    session.get_one(Reader, erased.reader_id).erased_at = clock.now()
    sweep(session, at=later - 2 * DAY)
    assert "Ben" in "".join(session.scalars(select(Receipt.payer)).all())
    sweep(session, at=later)
    session.commit()
    session.expire_all()
    payers = "".join(session.scalars(select(Receipt.payer)).all())
    assert "Ada" in payers and "Ben" not in payers


def test_an_event_whose_body_went_may_be_heard_again_all_the_same(session, client, stripe_side):
    stripe_side.pay(stripe_side.give("ada@example.org"))
    stripe_side.settle()
    session.query(StripeEvent).update({"raw": b"", "state": "new"})
    for root in set(session.scalars(select(StripeEvent.root_id))):
        look_again(session, root, at=clock.now())
    session.commit()
    stripe_side.work()
    session.expire_all()
    assert "new" not in session.scalars(select(StripeEvent.state)).all() and len(session.scalars(select(Receipt)).all()) == 1


def test_admins_choose_the_days_and_readers_see_them(session, client, admin):
    assert "Protection of sources" in client.get("/staff/settings/privacy").text
    days = {name: str(term.days) for name, term in TERMS.items()}
    answer = client.post("/staff/settings/privacy", data=days | {"events": "0"})
    assert answer.status_code == 422 and session.scalars(select(ChosenFigure)).all() == []
    assert client.post("/staff/settings/privacy", data=days | {"events": "45", "protect": "y"}).status_code == 303
    chosen = {row.name: row.value for row in session.scalars(select(ChosenFigure))}
    assert chosen == {"keep/events": 45, "source-protection": 1}
    assert "45 days" in client.get("/privacy").text
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "keeping:changed")).one()
    assert entry.detail["figures"] == {"keep/events": 45, "source-protection": 1}


@pytest.mark.parametrize("protect", [True, False])
def test_under_protection_no_row_says_where_somebody_was(session, client, stripe_side, protect):
    make.tier(session, "friend", monthly=500).stripe_product_id = None
    if protect:
        session.add(ChosenFigure(name="source-protection", value=1))
    session.commit()
    client.environ_base["REMOTE_ADDR"] = "203.0.113.77"
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
    stripe_side.join("ada@example.org", tier="friend")
    assert session.scalars(select(CheckoutOrigin.near)).one() == ("" if protect else "203.0.113.0/24")
    make.reader(session, "ben@example.org")
    client.post("/sign-in", data={"email": "ben@example.org"})
    code = re.search(r"\b\d{3} ?\d{3}\b", session.scalars(select(Letter.text).where(Letter.kind == "sign_in")).one())[0]
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303
    assert places(session, "203.0.113") == (set() if protect else {"checkout_origin.near"})
    assert session.scalars(select(ReaderSession.browser)).one() == ("" if protect else "Firefox, Linux")


def test_a_wish_about_letters_is_kept_with_when_where_and_which_words(session, client):
    ada = make.reader(session, "ada@example.org")
    make.sign_in(session, client, ada)
    wanted = {"name": "Ada", "language": "en", "asking": "y"}
    for data in (wanted, wanted, wanted | {"topics": "y"}):  # nothing changes the second time
        assert client.post("/account/preferences", data=data).status_code == 303
    proofs = session.scalars(select(LetterConsent).order_by(LetterConsent.id)).all()
    assert len(session.scalars(select(LetterRefusal)).all()) == 5 and len(proofs) == 7
    assert [proof.wanted for proof in proofs] == [False] * 6 + [True]
    last = proofs[-1]
    assert (last.sort, last.place) == ("topics", "/account/preferences")
    assert last.words == "Tell me what becomes of topics that I proposed or support"


@pytest.mark.parametrize("ask_first", [True, False])
def test_where_staff_chose_so_news_waits_for_a_yes_and_the_yes_is_kept(session, client, admin, ask_first):
    days = {name: str(term.days) for name, term in TERMS.items()}
    before = make.reader(session, "before@example.org")
    assert client.post("/staff/settings/privacy", data=days | ({"ask_first": "y"} if ask_first else {})).status_code == 303
    ada = know(session, "ada@example.org", at=clock.now())
    [(ben, _)] = know_each(session, [("ben@example.org", "")], at=clock.now()).values()
    session.commit()
    for reader_id in (ada.reader_id, ben):
        wanted = wishes(session, reader_id)
        assert {sort for sort in wanted if not wanted[sort]} == (set(ASKED_FIRST) if ask_first else set())
    assert all(wishes(session, before.reader_id).values())
    assert know(session, "ada@example.org", at=clock.now()).reader_id == ada.reader_id
    make.sign_in(session, client, ada)
    everything = dict.fromkeys(SORTS, "y") | {"name": "", "language": "en"}
    client.post("/account/preferences", data=everything)
    session.expire_all()
    assert all(wishes(session, ada.reader_id).values())
    proofs = session.scalars(select(LetterConsent).where(LetterConsent.reader_id == ada.reader_id)).all()
    said = {(one.sort, one.wanted, one.place, one.words) for one in proofs}
    words = {sort: str(SORT_WORDS[sort][0]) for sort in ASKED_FIRST}
    assert said == ({(sort, True, "/account/preferences", words[sort]) for sort in ASKED_FIRST} if ask_first else set())
