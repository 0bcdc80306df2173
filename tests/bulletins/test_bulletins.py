"""Bulletins from the draft to the last letter: whom they reach, when they go, and how they are held and stopped."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from membership import clock
from membership.app import all_tasks, connect_outside
from membership.bulletins import actions, queries, rules
from membership.bulletins.models import Bulletin
from membership.bulletins.rules import Segment
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail import many
from membership.mail.models import Bounce, Letter, Mailing, MailPace
from membership.mail.rules import MOST_PER_MINUTE
from membership.memberships.models import Membership
from membership.readers.trail import AuditEntry
from membership.readers.wishes import wish
from membership.topics import actions as topics
from tests import make
from tests.mail.post_office import post_office
from tests.topics.test_views import proposed

EVERYBODY = Segment("anyone")


def written(session, by, *, segment=EVERYBODY, sort="bulletins", subject="The quay", body="All **about** it."):
    """A draft that could be sent."""
    at = clock.now()
    number = actions.draft(
        session, attempt=f"attempt {session.scalar(select(func.count(Bulletin.id)))}", language="en", by=by, at=at
    )
    actions.write(session, number, "en", subject=subject, body=body, sort=sort, segment=segment, by=by, at=at)
    session.commit()
    return number


def scheduled(session, number, by, *, due_at=None):
    bulletin = session.get(Bulletin, number)
    found = queries.audience(session, rules.segment_of(bulletin.segment), bulletin.sort, clock.now())
    actions.schedule(session, number, confirmed=found.reached, due_at=due_at, by=by, at=clock.now())
    session.commit()


def work(session):
    while run_one(all_tasks()):
        pass
    session.expire_all()


def got(session, number):
    """Who has a letter, by reader number."""
    key = f"bulletin:{number}:%"
    rows = session.execute(
        select(Letter.reader_id, Letter.state).where(Letter.key.like(key), Letter.kind == "bulletin")
    )
    return dict(tuple(row) for row in rows)


@pytest.fixture
def manager(session):
    many.set_pace(session, MOST_PER_MINUTE)
    return make.staff(session, "manager").reader_id


def test_each_segment_reaches_whom_it_names(session, manager):
    reader_tier, friend_tier = make.tier(session, "reader"), make.tier(session, "friend")
    now = clock.now()
    patron = make.patron(session, tier_row=reader_tier)
    friend = make.patron(session, tier_row=friend_tier)
    late = make.patron(session, tier_row=friend_tier, paid_until=now - timedelta(days=2), status="past_due")
    former = make.lapsed_patron(session, tier_row=friend_tier)
    gifted = make.reader(session)
    make.given(session, gifted, tier_row=reader_tier, begins_at=now - timedelta(days=1))
    stranger = make.reader(session)
    stranger.language = "de"
    group = make.group(session, tier_row=friend_tier)
    seated = make.reader(session)
    make.seat(session, group, seated, taken_at=now - timedelta(days=1))
    topic = proposed(session)
    topics.support(session, topic.id, friend.reader_id, at=now)
    session.commit()
    payer, proposer = group.reader_id, topic.proposer_id

    def reached(segment):
        found = session.execute(queries.recipients(segment, "bulletins", clock.now(), after=0, most=99)).all()
        audience = queries.audience(session, segment, "bulletins", clock.now())
        assert audience.reached == audience.all == len(found)
        return {row.reader_id for row in found}

    r = {name: who.reader_id for name, who in locals().items() if hasattr(who, "email_key")}
    standing = {r["patron"], r["friend"], r["late"], r["gifted"], r["seated"], proposer}
    assert reached(EVERYBODY) == {*r.values(), payer, proposer, manager}
    assert reached(Segment("patrons")) == standing
    assert reached(Segment("patrons", tiers=(reader_tier.id,))) == {r["patron"], r["gifted"]}
    assert reached(Segment("patrons", tiers=(friend_tier.id,))) == {r["friend"], r["late"], r["seated"]}
    assert reached(Segment("grace")) == {r["late"]}
    assert reached(Segment("former")) == {r["former"]}
    assert reached(Segment("former", tiers=(reader_tier.id,))) == set()
    assert reached(Segment("never")) == {r["stranger"], payer, manager}
    assert reached(Segment("anyone", tiers=(friend_tier.id,))) == {r["friend"], r["late"], r["seated"], r["former"]}
    assert reached(Segment("anyone", languages=("de",))) == {r["stranger"]}
    assert reached(Segment("patrons", topic=topic.id)) == {r["friend"], proposer}
    assert reached(Segment("patrons", tiers=(reader_tier.id,), topic=topic.id)) == set()


def test_the_count_tells_who_is_left_out_and_why(session, manager):
    well, unwilling, gone, both = (make.reader(session) for _ in range(4))
    for who in (unwilling, both):
        wish(session, who.reader_id, "asking", wanted=False, at=clock.now())
    for who in (gone, both):
        letter = Letter(
            key=f"x{who.reader_id}", kind="x", reader_id=who.reader_id, address=who.email, language="en", subject="", text="",
            fleeting=False, state="failed", written_at=clock.now(), attempts=0,
        )  # fmt: skip
        session.add(letter)
        session.flush()
        session.add(
            Bounce(
                letter_id=letter.id, reader_id=who.reader_id, address=who.email, hard=True, status="5.1.1", words="",
                at=clock.now(),
            )
        )  # fmt: skip
    session.commit()
    assert queries.audience(session, EVERYBODY, "asking", clock.now()) == rules.Audience(5, 2, 1)
    assert queries.audience(session, EVERYBODY, "bulletins", clock.now()) == rules.Audience(5, 0, 2)
    number = written(session, manager, sort="asking")
    scheduled(session, number, manager)
    work(session)
    assert got(session, number) == {well.reader_id: "sent", manager: "sent"}


def test_many_recipients_are_gathered_in_pages_each_once_and_sent_behind_the_last(session, manager, monkeypatch):
    monkeypatch.setattr(actions, "RECIPIENTS_AT_ONCE", 3)
    people = {make.reader(session).reader_id for _ in range(10)} | {manager}
    number = written(session, manager)
    scheduled(session, number, manager)
    before = 0
    while session.scalar(select(func.count()).where(Job.name.in_(["bulletins.start", "bulletins.gather"]))):
        assert run_one(all_tasks())
        session.expire_all()
        letters = got(session, number)
        assert len(letters) - before <= 3 and set(letters.values()) <= {"queued"}
        before = len(letters)
    late = make.reader(session, at=clock.now() + timedelta(minutes=1))
    assert set(letters) == people
    work(session)
    assert set(got(session, number).values()) == {"sent"} and late.reader_id not in got(session, number)
    bulletin = session.get(Bulletin, number)
    actions.gather(session, number, at=clock.now())  # told once more, it has nothing to do
    session.commit()
    line = queries.line_of(session, bulletin, own="en")
    assert (line.state, line.progress.sent, line.progress.waiting) == ("sent", 11, 0)


def test_the_words_are_those_of_the_start(session, manager, config):
    other = make.reader(session)
    with post_office() as office:
        connect_outside(replace(config, smtp_url=office.url))
        number = written(session, manager, body="See [the list](/topics).")
        scheduled(session, number, manager)
        work(session)
        connect_outside(config)
    message = next(one.message for one in office.taken if one.address == other.email)
    plain, html = (part.get_content() for part in message.iter_parts())
    assert message["Subject"] == "The quay" and "See the list (http://127.0.0.1:8000/topics)." in plain
    assert (
        "Lantern Press, 1 Quay" in plain
        and "No more news from the newsroom: http://127.0.0.1:8000/letters/stop/" in plain
    )
    assert 'href="http://127.0.0.1:8000/topics"' in html and "Lantern Press" in html
    stop = re.search(r"<(http://127.0.0.1:8000/letters/stop/[^>]+)>", message["List-Unsubscribe"])[1]
    assert stop in plain and f'href="{stop}"' in html
    with pytest.raises(rules.NotADraft):
        actions.write(
            session, number, "en", subject="Other", body="x", sort="asking", segment=EVERYBODY, by=manager, at=clock.now()
        )  # fmt: skip


def test_one_press_stops_the_kind_without_signing_in_and_a_look_does_not(session, client, manager):
    reader = make.reader(session)
    number = written(session, manager)
    scheduled(session, number, manager)
    work(session)
    address = session.scalars(select(Letter.stop_address).where(Letter.reader_id == reader.reader_id)).one()
    path = address.removeprefix("http://127.0.0.1:8000")
    assert "They bring news from the newsroom." in client.get(path).text
    assert queries.audience(session, EVERYBODY, "bulletins", clock.now()).unwilling == 0
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert queries.audience(session, EVERYBODY, "bulletins", clock.now()).unwilling == 1
    assert queries.audience(session, EVERYBODY, "asking", clock.now()).unwilling == 0


def test_a_time_in_the_future_is_waited_for_and_can_be_taken_back(session, manager):
    make.reader(session)
    number, later = written(session, manager), clock.now() + timedelta(hours=2)
    with pytest.raises(rules.InThePast):
        actions.schedule(
            session, number, confirmed=2, due_at=clock.now() - timedelta(minutes=1), by=manager, at=clock.now()
        )
    scheduled(session, number, manager, due_at=later)
    work(session)
    assert got(session, number) == {} and session.get(Bulletin, number).state == "scheduled"
    actions.take_back(session, number, by=manager, at=clock.now())
    session.commit()
    session.execute(update(Job).where(Job.name == "bulletins.start").values(due_at=clock.now()))
    session.commit()
    work(session)
    assert got(session, number) == {} and session.get(Bulletin, number).state == "draft"
    scheduled(session, number, manager, due_at=later)
    actions.start(session, number, at=later)
    session.execute(update(Job).where(Job.name == "bulletins.gather").values(due_at=clock.now()))
    session.commit()
    work(session)
    assert set(got(session, number).values()) == {"sent"}


def test_a_bulletin_is_paused_goes_on_and_is_stopped_for_good(session, manager, monkeypatch):
    monkeypatch.setattr(actions, "WITHDRAWN_AT_ONCE", 2)
    for _ in range(8):
        make.reader(session)
    many.set_pace(session, 120)
    number = written(session, manager)
    scheduled(session, number, manager)
    work(session)
    sent = sum(state == "sent" for state in got(session, number).values())
    assert 0 < sent < 9
    actions.pause(session, number, paused=True, by=manager, at=clock.now())
    session.commit()
    hurry(session)
    work(session)
    assert sum(state == "sent" for state in got(session, number).values()) == sent
    line = queries.line_of(session, session.get(Bulletin, number), own="en")
    assert (line.state, line.progress.sent, line.progress.waiting) == ("paused", sent, 9 - sent)
    actions.pause(session, number, paused=False, by=manager, at=clock.now())
    session.commit()
    hurry(session)
    work(session)
    more = sum(state == "sent" for state in got(session, number).values())
    assert sent < more < 9
    actions.stop(session, number, by=manager, at=clock.now())
    session.commit()
    hurry(session)
    work(session)
    states = list(got(session, number).values())
    assert states.count("sent") == more and states.count("withdrawn") == 9 - more
    assert queries.line_of(session, session.get(Bulletin, number), own="en").state == "stopped"
    with pytest.raises(rules.NotOnItsWay):
        actions.pause(session, number, paused=False, by=manager, at=clock.now())
    acts = [
        act for act in session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)) if act.startswith("bulletin")
    ]
    assert acts == [f"bulletin:{deed}" for deed in ("drafted", "written", "scheduled", "paused", "resumed", "stopped")]


def hurry(session):
    """As if the pace had caught up."""
    session.execute(update(MailPace).values(free_at=None))
    session.execute(update(Job).where(Job.key == many.KEY).values(due_at=clock.now()))
    session.commit()


def test_nothing_is_sent_without_words_or_to_nobody(session, manager):
    empty = written(session, manager, body=" ")
    with pytest.raises(rules.NothingSaid):
        scheduled(session, empty, manager)
    nobody = written(session, manager, segment=Segment("former"))
    with pytest.raises(rules.NobodyThere):
        scheduled(session, nobody, manager)


def test_each_gets_it_in_their_own_language(session, manager):
    german, french = make.reader(session), make.reader(session)
    german.language, french.language = "de", "fr"
    session.commit()
    number = written(session, manager)
    actions.add_language(session, number, "de")
    session.commit()
    with pytest.raises(rules.NothingSaid):
        scheduled(session, number, manager)
    session.rollback()
    actions.write(
        session, number, "de", subject="Der Kai", body="Alles.", sort="asking", segment=EVERYBODY, by=manager, at=clock.now()
    )  # fmt: skip
    scheduled(session, number, manager)
    work(session)
    rows = session.execute(
        select(Letter.reader_id, Letter.subject, Letter.language).where(Letter.kind == "bulletin")
    ).all()
    assert {row.reader_id: (row.subject, row.language) for row in rows} == {
        german.reader_id: ("Der Kai", "de"), french.reader_id: ("The quay", "en"), manager: ("The quay", "en"),
    }  # fmt: skip


# The pages.


FORM = {"subject": "The quay", "body": "All **about** it.", "sort": "bulletins", "standing": "anyone", "topic": "0"}


@pytest.fixture
def desk(session, client):
    """A manager's browser."""
    many.set_pace(session, MOST_PER_MINUTE)
    who = make.staff(session, "manager", name="Mo Sample")
    make.sign_in(session, client, who)
    return client


def drafted(desk):
    return desk.post("/staff/bulletins", data={"attempt": "an-attempt-of-mine-0123"}).headers["Location"]


def test_a_bulletin_is_written_tried_looked_over_and_sent(session, desk, letters):
    reader = make.reader(session)
    assert "None has been written yet" in desk.get("/staff/bulletins").text
    here = drafted(desk)
    assert drafted(desk) == here, "a double click is one draft"
    page = desk.post(here, data=FORM | {"look": "1"}).text
    assert "<strong>about</strong>" in page and "2 readers would get it." in page and "Not saved yet" in page
    assert desk.post(here, data=FORM | {"send": "1"}).headers["Location"] == f"{here}/sending"
    assert desk.post(f"{here}/test", data={"attempt": "another-attempt-0123"}).status_code == 303
    desk.post(f"{here}/test", data={"attempt": "another-attempt-0123"})
    work(session)
    [test] = session.scalars(select(Letter)).all()
    assert (test.kind, test.subject, test.state) == ("bulletin_test", "The quay", "sent")
    assert "[Test] The quay" in (letters / f"{test.id:08d}.eml").read_text()
    page = desk.get(f"{here}/sending").text
    assert "Send it to 2 readers" in page
    answer = desk.post(f"{here}/sending", data={"when": "later", "number": "2"})
    assert answer.status_code == 422 and "say when it is to be sent" in answer.text
    for _ in range(30):
        make.reader(session)
    answer = desk.post(f"{here}/sending", data={"when": "now", "number": "2"})
    assert answer.status_code == 409 and "it is 32 now" in answer.text and "Send it to 32 readers" in answer.text
    assert desk.post(f"{here}/sending", data={"when": "now", "number": "32"}).headers["Location"] == f"{here}/progress"
    work(session)
    page = desk.get(f"{here}/progress").text
    assert "32 of 32 are done" in page and "sent" in page and "All <strong>about</strong> it." in page
    assert desk.get(here).headers["Location"] == f"{here}/progress"
    assert desk.post(here, data=FORM).status_code == 409
    make.sign_in(session, desk, make.staff(session, "manager"))
    letter = session.scalars(select(Letter).where(Letter.reader_id == reader.reader_id)).one()
    shown = desk.get(f"/staff/patrons/{reader.reader_id}/letters/{letter.id}").text
    assert "All about it." in shown and "The quay" in shown


def test_the_live_preview_counts_and_keeps_nothing(session, desk):
    here = drafted(desk)
    make.patron(session)
    page = desk.post(f"{here}/preview", data=FORM | {"standing": "patrons", "body": "<script>x</script> *so*"}).text
    assert "1 reader would get it." in page and "<em>so</em>" in page and "<script>" not in page and "<html" not in page
    assert session.scalars(select(Letter)).all() == []


def test_what_is_on_its_way_is_paused_and_stopped_from_its_page_and_copied(session, desk):
    for _ in range(5):
        make.reader(session)
    many.set_pace(session, 60)
    here = drafted(desk)
    desk.post(here, data=FORM)
    desk.post(f"{here}/sending", data={"when": "now", "number": "6"})
    work(session)
    for deed, words in (("pause", "paused"), ("resume", "on its way"), ("stop", "stopped")):
        assert desk.post(f"{here}/{deed}").status_code == 303
        assert words in desk.get(f"{here}/progress").text
        assert desk.post(f"{here}/{deed}").status_code == 409, "told twice it is not done twice"
    copied = desk.post(f"{here}/copy", data={"attempt": "a-third-attempt-0123"}).headers["Location"]
    assert copied != here and "All **about** it." in desk.get(copied).text
    assert desk.post(f"{copied}/discard").headers["Location"] == "/staff/bulletins"
    assert desk.get(copied).status_code == 404


def test_the_pace_is_the_managers_to_set(session, desk):
    assert desk.post("/staff/bulletins/pace", data={"per_minute": "0"}).status_code == 422
    assert desk.post("/staff/bulletins/pace", data={"per_minute": "90"}).status_code == 303
    assert many.pace(session) == 90 and 'value="90"' in desk.get("/staff/bulletins").text
    make.sign_in(session, desk, make.staff(session, "editor"))
    page = desk.get("/staff/bulletins").text
    assert "Write a bulletin" in page and "Letters a minute" not in page
    here = drafted(desk)
    desk.post(here, data=FORM)
    assert (
        desk.get(f"{here}/sending").status_code == desk.post(f"{here}/sending", data={"number": "1"}).status_code == 403
    )
    make.sign_in(session, desk, make.staff(session, "viewer"))
    assert "The quay" in desk.get("/staff/bulletins").text and desk.get(here).status_code == 403


def test_an_address_that_takes_no_letters_is_shown_and_trusted_again(session, desk, config):
    gone = make.patron(session, "gone@example.org", name="Gone Sample")
    with post_office() as office:
        office.answers["gone@example.org"] = "550 5.1.1 <gone@example.org>: nobody here"
        connect_outside(replace(config, smtp_url=office.url))
        here = drafted(desk)
        desk.post(here, data=FORM | {"standing": "patrons"})
        desk.post(f"{here}/sending", data={"when": "now", "number": "1"})
        work(session)
        connect_outside(config)
    assert "Letters to 1 reader come back" in desk.get("/staff/").text
    assert "Gone Sample" in desk.get("/staff/jobs").text
    page = desk.get(f"/staff/patrons/{gone.reader_id}").text
    assert "Letters to this address come back" in page and "5.1.1" in page
    assert (
        "Nobody would get this"
        in desk.get(desk.post(f"{here}/copy", data={"attempt": "copying-once-0123"}).headers["Location"] + "/sending").text
    )
    make.sign_in(session, desk, gone)
    assert "have come back to us" in desk.get("/account").text
    assert desk.post("/account/address/works").status_code == 303
    assert "have come back to us" not in desk.get("/account").text
    session.execute(update(Bounce).values(lifted_at=None))
    session.commit()
    make.sign_in(session, desk, make.staff(session, "manager"))
    assert desk.post(f"/staff/patrons/{gone.reader_id}/address").status_code == 303
    assert "come back" not in desk.get("/staff/").text
    assert session.scalars(select(Mailing.open).where(Mailing.name.like("bulletin:%"))).all() == [False]
    assert session.scalars(select(Membership.id)).all()
