"""Mailings over a real connection: one for many letters, refusals told apart, nobody twice, nobody forgotten."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.app import all_tasks, connect_outside
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail import bounces, many, rules, tasks
from membership.mail.models import Bounce, Letter, Mailing, MailingText
from membership.mail.writing import Recipient, write
from membership.readers.wishes import wish
from tests import make
from tests.mail.post_office import post_office

STOP = "https://members.lantern.example/letters/stop/" + "x" * 60
SHARED = {"subject": "The quay", "text": "All about it.\n", "html": "<p>All about it.</p>", "stop_words": "No more:"}


@pytest.fixture
def office(session, config):
    """A mail server, and the house speaking to it."""
    with post_office() as made:
        connect_outside(replace(config, smtp_url=made.url))
        many.set_pace(session, rules.MOST_PER_MINUTE)
        session.commit()
        yield made
    connect_outside(config)


def written(session, people, *, name="bulletin:1", lane=many.LANE_BULLETIN, sort="bulletins"):
    """A mailing to these people, in one language."""
    of = many.mailing(session, name, sort=sort, lane=lane)
    session.add(MailingText(mailing_id=of, language="en", **SHARED))
    session.flush()
    those = [
        many.One(Recipient(who.email, who.name, "en", who.reader_id), f"{name}:{who.reader_id}", STOP) for who in people
    ]
    many.address_each(session, of, "bulletin", [(one, "en", "The quay") for one in those], at=clock.now())
    many.wake(session, name, at=clock.now())
    session.commit()
    return of


def work(session):
    while run_one(all_tasks()):
        pass
    session.expire_all()


def states(session, of):
    rows = session.execute(select(Letter.address, Letter.state).where(Letter.mailing_id == of).order_by(Letter.id))
    return {address.partition("@")[0]: state for address, state in rows}


def people(session, *names):
    return [make.reader(session, f"{name}@example.org") for name in names]


def bring_forward(session):
    """As if its time had come: the next try of all that waits."""
    session.execute(update(Job).values(due_at=clock.now()))
    session.execute(update(Letter).where(Letter.state == "queued").values(due_at=clock.now()))
    session.commit()


def test_many_letters_go_over_one_connection_each_to_one_person_with_its_own_way_out(session, office):
    of = written(session, people(session, *(f"r{number}" for number in range(12))))
    work(session)
    assert office.connections == 1 and set(states(session, of).values()) == {"sent"}
    assert len({letter.message_id for letter in office.taken}) == len({letter.address for letter in office.taken}) == 12
    message = office.taken[0].message
    assert f"List-Unsubscribe: <{STOP}>\r\n".encode() in office.taken[0].content, (
        "whole, or mail programs do not find it"
    )
    assert message["To"] == office.taken[0].address and message["Subject"] == "The quay"
    assert message["List-Unsubscribe"] == f"<{STOP}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = (part.get_content() for part in message.iter_parts())
    assert "All about it." in plain and f"No more: {STOP}" in plain and "<p>All about it.</p>\r\n<p style" in html
    assert session.scalars(select(Mailing.open)).all() == [False]
    assert session.scalars(select(Job.key).where(Job.key.like("mail:%"))).all() == []


def test_a_refusal_stops_nobody_else_and_a_hard_one_marks_the_address(session, office):
    gone, full, filtered, well = people(session, "gone", "full", "filtered", "well")
    office.answers["gone@example.org"] = "550 5.1.1 <gone@example.org> is nobody here"
    office.answers["full@example.org"] = "452 4.2.2 mailbox full"
    office.after_data["filtered@example.org"] = "554 5.7.1 we do not like this"
    of = written(session, [gone, full, filtered, well])
    waiting = written(session, [gone], name="bulletin:2")
    work(session)
    assert states(session, of) == {"gone": "failed", "full": "queued", "filtered": "failed", "well": "sent"}
    assert states(session, waiting) == {"gone": "withdrawn"}, "what waits for a dead address is not tried"
    kept = session.execute(select(Bounce.reader_id, Bounce.hard, Bounce.status, Bounce.words)).all()
    assert [tuple(row)[:3] for row in kept] == [(gone.reader_id, True, "5.1.1"), (filtered.reader_id, False, "5.7.1")]
    assert "gone@" not in kept[0].words
    reached = [who.reader_id for who in (gone, full, filtered, well) if _takes(session, who)]
    assert reached == [full.reader_id, filtered.reader_id, well.reader_id]
    gone.email, gone.email_key = "back@example.org", "back@example.org"
    session.commit()
    assert _takes(session, gone), "another address is another matter"


def _takes(session, who):
    from membership.readers.models import Person

    asked = select(Person.reader_id).where(
        Person.reader_id == who.reader_id, bounces.takes_letters(Person.reader_id, Person.email)
    )
    return session.scalar(asked) is not None


def test_what_is_put_off_is_tried_again_at_growing_pauses_and_given_up_in_the_end(session, office):
    [full] = people(session, "full")
    office.answers["full@example.org"] = "452 4.2.2 mailbox full"
    of = written(session, [full])
    work(session)
    letter = session.scalars(select(Letter).where(Letter.mailing_id == of)).one()
    job_due = session.scalars(select(Job.due_at).where(Job.key == many.KEY)).one()
    assert letter.attempts == 1 and letter.due_at == job_due and letter.due_at - clock.now() > timedelta(minutes=4)
    bring_forward(session)
    work(session)
    assert (letter.state, letter.attempts) == ("queued", 2) and letter.due_at - clock.now() > timedelta(minutes=9)
    letter.written_at = clock.now() - rules.GIVEN_UP_AFTER
    bring_forward(session)
    work(session)
    assert letter.state == "failed" and letter.last_error.startswith("452") and _takes(session, full)
    assert session.execute(select(Bounce.hard, Bounce.status)).all() == [(False, "4.2.2")]


def test_while_the_server_is_away_nothing_is_counted_against_anybody(session, office):
    of = written(session, people(session, "a", "b", "c"))
    office.shut()
    for tries in (1, 2):
        work(session)
        assert set(states(session, of).values()) == {"queued"}
        job = session.scalars(select(Job).where(Job.key == many.KEY)).one()
        assert job.payload["away"] == tries and "example.org" not in many.server_away(session)
        assert job.due_at > clock.now()
        bring_forward(session)
    office.open()
    work(session)
    assert set(states(session, of).values()) == {"sent"} and many.server_away(session) is None
    assert session.scalars(select(Letter.attempts).distinct()).all() == [0] and len(office.taken) == 3


def test_a_letter_whose_answer_was_lost_goes_out_again_under_the_same_message_id(session, office):
    of = written(session, people(session, "a", "b", "c"))
    office.dropping = 1
    work(session)
    bring_forward(session)
    work(session)
    assert set(states(session, of).values()) == {"sent"}
    ids = [letter.message_id for letter in office.taken]
    assert len(ids) == 4 and len(set(ids)) == 3 and ids[0] == ids[1], "the one in doubt, and no other"


def test_a_letter_is_not_written_twice_for_a_reader_or_an_address(session, office):
    ada, ben = people(session, "ada", "ben")
    of = written(session, [ada, ben])
    one = many.One(Recipient("ADA@example.org", "", "en", ada.reader_id), f"bulletin:1:{ada.reader_id}", "x")
    other = many.One(Recipient(ben.email, "", "en", 4711), "bulletin:1:4711", "x")
    many.address_each(session, of, "bulletin", [(one, "en", "Q"), (other, "en", "Q")], at=clock.now())
    session.commit()
    work(session)
    assert sorted(letter.address for letter in office.taken) == ["ada@example.org", "ben@example.org"]


def test_the_pace_is_kept_across_turns(session, office, monkeypatch):
    many.set_pace(session, 180)
    written(session, people(session, *(f"r{number}" for number in range(7))))
    at, turns = clock.now(), []
    monkeypatch.setattr(clock, "now", lambda: at)
    for _ in range(4):
        work(session)
        turns.append(len(office.taken))
        many.wake(session, f"somebody {len(turns)}", at=at)
        session.commit()
        work(session)
        assert len(office.taken) == turns[-1], "waking does not hurry"
        at += timedelta(seconds=1)
    assert turns == [3, 6, 7, 7]


def test_news_goes_first_and_what_is_held_waits(session, office):
    ada, ben = people(session, "ada", "ben")
    slow = written(session, [ada, ben])
    news = written(session, [ben, ada], name="story:1", lane=many.LANE_NEWS, sort="stories")
    held = written(session, [ada], name="bulletin:2")
    many.hold(session, held, held=True, at=clock.now())
    session.commit()
    work(session)
    order = [letter.mailing_id for letter in session.scalars(select(Letter).order_by(Letter.sent_at)) if letter.sent_at]
    assert order == [news, news, slow, slow] and states(session, held) == {"ada": "queued"}
    many.hold(session, held, held=False, at=clock.now())
    session.commit()
    work(session)
    assert states(session, held) == {"ada": "sent"}


def test_who_stops_a_sort_of_letters_gets_none_that_waits(session, office):
    ada, ben = people(session, "ada", "ben")
    of = written(session, [ada, ben])
    wish(session, ada.reader_id, "stories", wanted=False, at=clock.now())
    wish(session, ben.reader_id, "bulletins", wanted=False, at=clock.now())
    session.commit()
    work(session)
    assert states(session, of) == {"ada": "sent", "ben": "withdrawn"}
    assert [letter.address for letter in office.taken] == ["ada@example.org"]


def test_what_waits_follows_a_reader_to_another_address_but_never_to_one_that_has_it(session, office):
    ada, ben = people(session, "ada", "ben")
    of = written(session, [ada, ben])
    bounces.readdress(session, ada.reader_id, "new@example.org")
    bounces.readdress(session, ben.reader_id, "new@example.org")
    session.commit()
    work(session)
    assert states(session, of) == {"new": "sent", "ben": "withdrawn"}


def test_a_letter_to_one_alone_is_told_apart_in_the_same_way(session, office):
    office.after_data["gone@example.org"] = "550 5.1.1 nobody"
    office.answers["later@example.org"] = "451 4.3.0 later"
    for name in ("gone", "later", "well"):
        to = Recipient(f"{name}@example.org", "", "en", make.reader(session).reader_id)
        write(
            session, "vote_withdrawn", to, key=name, at=clock.now(), title="Quays", slug="quays", closes_at=clock.now()
        )
    session.commit()
    work(session)
    found = {row.key: row.state for row in session.scalars(select(Letter))}
    assert found == {"gone": "failed", "later": "queued", "well": "sent"} and office.connections == 1
    assert session.scalars(select(Bounce.hard)).all() == [True]


def test_a_lost_lease_writes_nothing_more(session, office, monkeypatch):
    of = written(session, people(session, "a", "b", "c"))
    assert run_one(all_tasks())  # the waking
    sent = tasks.line().hand_over

    def and_lose(*what):
        came = sent(*what)
        session.execute(update(Job).where(Job.key == many.KEY).values(lease="somebody else's"))
        session.commit()
        return came

    monkeypatch.setattr(type(tasks.line()), "hand_over", lambda self, *what: and_lose(*what))
    assert run_one(all_tasks())
    session.expire_all()
    assert list(states(session, of).values()) == ["queued"] * 3 and len(office.taken) == 1
