"""Publishing reads the story's page; who paid in the round is told; the feed and the embed say what is public."""

from datetime import timedelta

import feedparser
import pytest
from sqlalchemy import select

from membership import clock
from membership.ballots.models import Ballot, BallotRoll
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import Payment
from membership.mail.models import Letter
from membership.promises import actions, queries
from membership.promises.models import Promise, PromisePicture
from membership.readers.wishes import wish
from tests import make
from tests.ballots.helpers import HOUR, ballot, cast, patrons
from tests.promises.test_promises import counted, work
from tests.promises.test_reading import site  # noqa: F401 - a fixture


@pytest.fixture
def promise(session):
    counted(session, patrons(session, 1))
    return session.scalars(select(Promise)).one()


def paid(session, who, at, number=1, kind="donation"):
    payment = Payment(
        stripe_id=f"pi_{who.reader_id}_{number}", reader_id=who.reader_id, kind=kind, currency="EUR", amount=500, paid_at=at,
        method="card",
    )  # fmt: skip
    session.add(payment)
    session.commit()
    return payment


def test_publishing_with_an_address_alone_reads_title_and_picture(session, client, promise, site):  # noqa: F811
    make.sign_in(session, client, make.staff(session, "editor"))
    answer = client.post(f"/staff/promises/{promise.id}/story", data={"url": site.url_for("/story"), "title": ""})
    assert answer.status_code == 303
    session.refresh(promise)
    assert promise.story_title == 'Who owns the "harbour"?'
    assert session.get(PromisePicture, promise.id).jpeg.startswith(b"\xff\xd8")
    page = client.get("/promises").text
    assert f'src="/promises/{promise.id}/picture.jpg"' in page
    shown = client.get(f"/promises/{promise.id}/picture.jpg")
    assert shown.content_type == "image/jpeg" and "Set-Cookie" not in shown.headers
    assert client.get("/promises/999/picture.jpg").status_code == 404


def test_a_typed_title_stands_and_an_unreachable_page_asks_for_one(session, client, promise, site):  # noqa: F811
    make.sign_in(session, client, make.staff(session, "editor"))
    path = f"/staff/promises/{promise.id}/story"
    answer = client.post(path, data={"url": "http://127.0.0.1:9/x", "title": ""})
    assert answer.status_code == 422 and "title" in answer.text and "http://127.0.0.1:9/x" in answer.text
    assert client.post(path, data={"url": site.url_for("/story"), "title": "Typed by hand"}).status_code == 303
    session.refresh(promise)
    assert promise.story_title == "Typed by hand"


def test_whoever_paid_while_the_vote_ran_is_told_and_reads_how_they_helped(session, client, promise):
    ran = session.get(Ballot, promise.ballot_id)
    within, before, after = (make.reader(session) for _ in range(3))
    paid(session, within, ran.opens_at + timedelta(minutes=1))
    paid(session, within, ran.closes_at, number=2)
    paid(session, before, ran.opens_at - timedelta(minutes=1))
    paid(session, after, ran.closes_at + timedelta(minutes=1))
    actions.publish(
        session, promise.id, url="https://lantern.example/x", title="The story", by=within.reader_id, at=clock.now()
    )
    session.commit()
    work()
    told = session.scalars(select(Letter.reader_id).where(Letter.kind == "story_is_out")).all()
    assert told.count(within.reader_id) == 1 and not {before.reader_id, after.reader_id} & set(told)
    [line] = queries.stories_for(session, within.reader_id)
    assert (line.proposed, line.supported, line.voted, line.paid) == (False, False, False, True)
    voter = session.scalars(select(BallotRoll.reader_id)).first()
    [line] = queries.stories_for(session, voter)
    assert (line.proposed, line.supported, line.voted, line.paid) == (False, False, True, False)
    make.sign_in(session, client, within)
    assert "you paid while the vote ran" in client.get("/account").text
    year = clock.now().year
    statement = client.get(f"/account/statements/{year}").text
    assert "The story" in statement and "you paid while the vote ran" in statement
    assert client.get(f"/account/statements/{year}.pdf").data.startswith(b"%PDF")


def told_of(session, promise, by):
    actions.publish(session, promise.id, url="https://lantern.example/x", title="The story", by=by, at=clock.now())
    session.commit()
    work()
    return set(session.scalars(select(Letter.reader_id).where(Letter.kind == "story_is_out")))


def test_who_gave_a_membership_away_in_the_round_is_told_and_who_holds_it_only_for_their_own_part(session, promise):
    ran = session.get(Ballot, promise.ballot_id)
    giver, unwilling, holder = (make.reader(session) for _ in range(3))
    for who in (giver, unwilling):
        paid(session, who, ran.opens_at + timedelta(minutes=1), kind="gift")
    make.given(session, holder, kind="gift", begins_at=ran.opens_at + timedelta(minutes=2))
    wish(session, unwilling.reader_id, "stories", wanted=False, at=clock.now())
    told = told_of(session, promise, giver.reader_id)
    assert giver.reader_id in told and not {unwilling.reader_id, holder.reader_id} & told
    assert [line.paid for line in queries.stories_for(session, giver.reader_id)] == [True]
    assert queries.stories_for(session, holder.reader_id) == []


def test_money_that_went_back_was_not_paid_and_money_that_went_back_in_part_was(session, promise):
    ran = session.get(Ballot, promise.ballot_id)
    at = ran.opens_at + timedelta(minutes=1)
    whole, part, failed, disputed, inquired = people = [make.reader(session) for _ in range(5)]
    payments = {who: paid(session, who, at) for who in people}
    for who, amount, state in ((whole, 300, "pending"), (part, 499, "succeeded"), (failed, 500, "failed")):
        refund(session, payments[who], amount, state)
    refund(session, payments[whole], 200, "succeeded")
    for who, status in ((disputed, "needs_response"), (inquired, "warning_needs_response")):
        session.add(
            Dispute(
                stripe_id=f"dp_{who.reader_id}", payment_id=payments[who].id, currency="EUR", amount=500, status=status,
                reason="fraudulent", opened_at=at,
            )
        )  # fmt: skip
    session.commit()
    told = told_of(session, promise, part.reader_id)
    assert told & {who.reader_id for who in people} == {who.reader_id for who in (part, failed, inquired)}
    assert queries.stories_for(session, whole.reader_id) == queries.stories_for(session, disputed.reader_id) == []


def refund(session, payment, amount, state):
    name = f"re_{payment.id}_{amount}"
    session.add(
        Refund(
            token=name, stripe_id=name, payment_id=payment.id, currency="EUR", amount=amount, state=state, reason="",
            asked_at=payment.paid_at,
        )
    )  # fmt: skip
    session.commit()


def test_the_feed_is_read_by_a_reader_of_feeds(session, client, promise):
    editor = make.staff(session, "editor").reader_id
    due = clock.now().date() + timedelta(days=9)
    actions.set_date(session, promise.id, editor_id=editor, due_on=due, by=editor, at=clock.now())
    actions.publish(
        session,
        promise.id,
        url="https://lantern.example/x?a=1&b=2",
        title="A <story> & more",
        by=editor,
        at=clock.now(),
    )
    session.commit()
    answer = client.get("/promises.atom")
    assert answer.content_type.startswith("application/atom+xml") and "Set-Cookie" not in answer.headers
    feed = feedparser.parse(answer.data)
    assert not feed.bozo and feed.version == "atom10" and feed.feed.title == "Promises and results · The Test Lantern"
    titles = [entry.title for entry in feed.entries]
    assert any("A &lt;story&gt; &amp; more" in title or "A <story> & more" in title for title in titles)
    assert any(title.startswith("Counted: ") for title in titles) and len(titles) == 4
    assert len({entry.id for entry in feed.entries}) == 4 and all(entry.updated_parsed for entry in feed.entries)
    assert feed.entries[0].link == "https://lantern.example/x?a=1&b=2"
    again = client.get("/promises.atom", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_an_empty_feed_is_a_feed(client):
    feed = feedparser.parse(client.get("/promises.atom").data)
    assert not feed.bozo and feed.entries == [] and feed.feed.updated_parsed


def test_the_embed_shows_an_open_ballot_and_no_result(session, client):
    made = ballot(session, at=clock.now() - HOUR, closes_at=clock.now() + HOUR)
    voter = make.patron(session)
    answer = client.get(f"/embed/ballot/{made.slug}")
    assert "3 topics to choose from." in answer.text and "It closes on" in answer.text
    assert "What should we look into next?" in answer.text and "Harbour question" not in answer.text
    assert f'href="http://127.0.0.1:8000/ballots/{made.slug}" target="_top"' in answer.text
    assert "frame-ancestors http://localhost:8002" in answer.headers["Content-Security-Policy"]
    assert "public" in answer.headers["Cache-Control"] and "Cookie" not in answer.headers.get("Vary", "")
    make.sign_in(session, client, voter)
    mine = client.get(f"/embed/ballot/{made.slug}")
    assert mine.data == answer.data and "Set-Cookie" not in mine.headers
    assert client.get("/embed/ballot/nothing-here").status_code == 404


def test_the_embed_of_a_counted_ballot_leads_to_its_results(session, client):
    voters = patrons(session, 2)
    made = ballot(session, at=clock.now() - 2 * HOUR, closes_at=clock.now() - HOUR)
    for who in voters:
        cast(session, made, who, 1, at=clock.now() - 2 * HOUR)
    assert "being counted" in client.get(f"/embed/ballot/{made.slug}").text
    work()
    page = client.get(f"/embed/ballot/{made.slug}").text
    assert "2 patrons took part." in page and f"/ballots/{made.slug}/results" in page
