"""Topics: proposing, supporting and screening, on pages and in rows."""

import re

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.readers.trail import AuditEntry
from membership.topics import actions, queries, rules
from membership.topics.models import Topic, TopicDecision, TopicLink, TopicSupport
from membership.web import limits
from tests import make

FORM = {
    "title": "Who owns the harbour?", "why": "The quays were sold last spring and nobody says to whom.",
    "links": "https://register.example/quay\nhttps://council.example/minutes", "attempt": "an-attempt-of-its-own",
}  # fmt: skip


def proposed(session, proposer=None, *, attempt="an-attempt", title="Who owns the harbour?"):
    proposer = proposer or make.patron(session)
    topic = actions.propose(
        session, reader_id=proposer.reader_id, title=title, why=FORM["why"], attempt=attempt, at=clock.now()
    )
    session.commit()
    return topic


def test_the_list_is_empty_with_a_word(client):
    assert "Nobody has asked for anything yet" in client.get("/topics").text


def test_a_patron_proposes_a_topic_and_a_double_click_is_one(session, client):
    patron = make.patron(session)
    make.sign_in(session, client, patron)
    assert re.search(r'name="attempt"[^>]*value="[\w.-]{16,}"', client.get("/topics").text)
    answers = [client.post("/topics", data=FORM) for _ in range(2)]
    assert [answer.location for answer in answers] == ["/topics/who-owns-the-harbour"] * 2
    topic = session.scalars(select(Topic)).one()
    assert (topic.state, topic.proposer_id) == ("proposed", patron.reader_id)
    assert session.scalar(select(func.count()).select_from(TopicLink)) == 2
    page = client.get("/topics/who-owns-the-harbour").text
    assert "1 patron stands behind this" in page and "https://register.example/quay" in page
    assert patron.email not in page


def test_two_topics_of_the_same_title_have_two_addresses(session):
    first, second = proposed(session), proposed(session, attempt="another")
    assert first.slug == "who-owns-the-harbour" and re.fullmatch(r"who-owns-the-harbour-\d{6}", second.slug)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"title": "No"}, "in a few words"),
        ({"title": "x" * 141}, "below 140"),
        ({"why": ""}, "why this matters"),
        ({"links": "javascript:alert(1)"}, "as a web address"),
        ({"links": "\n".join(f"https://example.org/{n}" for n in range(6))}, "at most 5"),
    ],
)
def test_a_wrong_proposal_is_shown_again_with_a_word_and_what_was_typed(session, client, changed, words):
    make.sign_in(session, client, make.patron(session))
    answer = client.post("/topics", data=FORM | changed)
    assert answer.status_code == 422 and words in answer.text and 'role="alert"' in answer.text
    kept = (FORM | changed)["links"].splitlines()[0]
    assert kept in answer.text
    assert session.scalars(select(Topic)).all() == []


def test_only_patrons_propose_and_support(session, client):
    topic = proposed(session)
    for path, form in (("/topics", FORM), (f"/topics/{topic.slug}/support", {})):
        assert client.post(path, data=form).location.startswith("/sign-in")
    make.sign_in(session, client, make.lapsed_patron(session))
    for path, form in (("/topics", FORM), (f"/topics/{topic.slug}/support", {})):
        answer = client.post(path, data=form)
        assert answer.status_code == 403 and "for patrons" in answer.text
    assert "no membership in good standing" in client.get("/topics").text
    assert session.scalar(select(func.count()).select_from(Topic)) == 1


def test_too_many_proposals_in_a_day_are_refused(session, client, monkeypatch):
    monkeypatch.setattr(limits, "WIDE", 1)
    make.sign_in(session, client, make.patron(session))
    found = [
        client.post("/topics", data=FORM | {"attempt": f"attempt-number-{n:04}", "anyway": "1"}) for n in range(11)
    ]
    assert [answer.status_code for answer in found] == [303] * 10 + [429]
    assert FORM["why"] in found[-1].text and "nothing was lost" in found[-1].text


def test_each_patron_counts_once_and_may_withdraw(session, client):
    topic = proposed(session)
    make.sign_in(session, client, make.patron(session))
    for _ in range(3):
        assert client.post(f"/topics/{topic.slug}/support").status_code == 303
    assert "2 patrons stand behind this" in client.get(f"/topics/{topic.slug}").text
    for _ in range(2):
        assert client.post(f"/topics/{topic.slug}/support/withdrawal").status_code == 303
    assert "1 patron stands behind this" in client.get(f"/topics/{topic.slug}").text
    assert client.post("/topics/nothing-here/support").status_code == 404


def test_a_declined_topic_takes_no_support(session, client):
    topic, editor = proposed(session), make.staff(session, "editor")
    actions.decline(session, topic.id, by=editor.reader_id, reason="It was reported last week.", at=clock.now())
    session.commit()
    make.sign_in(session, client, make.patron(session))
    answer = client.post(f"/topics/{topic.slug}/support")
    assert answer.status_code == 409 and session.scalar(select(func.count()).select_from(TopicSupport)) == 1


@pytest.mark.parametrize(
    ("decision", "reason", "words"),
    [
        ("accepted", "", "Accepted by our editors"),
        ("declined", "It would name a minor.", "It would name a minor."),
        ("needs_facts", "Which quay is meant?", "Which quay is meant?"),
    ],
)
def test_an_editors_decision_is_a_row_with_a_public_reason(session, client, decision, reason, words):
    topic, editor = proposed(session), make.staff(session, "editor", name="Edda Sample")
    make.sign_in(session, client, editor)
    answer = client.post(f"/staff/topics/{topic.id}/decision", data={"decision": decision, "reason": reason})
    assert answer.status_code == 303
    row = session.scalars(select(TopicDecision)).one()
    assert (row.kind, row.reason, row.decided_by) == (decision, reason, editor.reader_id)
    session.expire_all()
    assert topic.state == decision
    page = client.get(f"/topics/{topic.slug}").text
    assert words in page and "Edda Sample" not in page
    assert session.scalars(select(AuditEntry.action)).all()[-1] == f"topic:{decision}"


@pytest.mark.parametrize("decision", ["declined", "needs_facts"])
def test_turning_a_topic_away_needs_a_reason(session, client, decision):
    topic = proposed(session)
    make.sign_in(session, client, make.staff(session, "editor"))
    answer = client.post(f"/staff/topics/{topic.id}/decision", data={"decision": decision, "reason": "  "})
    assert answer.status_code == 422 and "give the reason" in answer.text
    assert session.scalars(select(TopicDecision)).all() == []


def test_accepting_twice_is_one_decision_and_unknown_ones_are_refused(session, client):
    topic = proposed(session)
    make.sign_in(session, client, make.staff(session, "editor"))
    for _ in range(2):
        client.post(f"/staff/topics/{topic.id}/decision", data={"decision": "accepted"})
    assert session.scalar(select(func.count()).select_from(TopicDecision)) == 1
    assert client.post(f"/staff/topics/{topic.id}/decision", data={"decision": "merged"}).status_code == 404
    assert client.post("/staff/topics/999/decision", data={"decision": "accepted"}).status_code == 404


def test_only_editors_screen(session, client):
    topic = proposed(session)
    for person in (make.patron(session), make.staff(session, "viewer")):
        make.sign_in(session, client, person)
        assert client.get("/staff/topics").status_code == 403
        assert client.post(f"/staff/topics/{topic.id}/decision", data={"decision": "accepted"}).status_code == 403


def test_a_reader_finds_what_they_proposed_or_support(session):
    one, two = make.patron(session), make.patron(session)
    mine, other = proposed(session, one), proposed(session, two, attempt="b", title="Where do the buses go?")
    actions.support(session, other.id, one.reader_id, at=clock.now())
    session.commit()
    assert [line.id for line in queries.topics_of(session, one.reader_id)] == [other.id, mine.id]
    assert [line.supporters for line in queries.topics_of(session, two.reader_id)] == [2]


def test_a_decision_pressed_twice_is_one_and_another_reason_is_another(session):
    topic, editor = proposed(session), make.staff(session, "editor").reader_id
    for reason in ("It was reported last week.", "It was reported last week.", "It was reported on Monday."):
        actions.decline(session, topic.id, by=editor, reason=reason, at=clock.now())
    kept = session.scalars(select(TopicDecision.reason).where(TopicDecision.topic_id == topic.id).order_by(TopicDecision.id))
    assert kept.all() == ["It was reported last week.", "It was reported on Monday."]


def test_a_merged_topic_is_not_decided_about(session):
    topic, into, editor = proposed(session), proposed(session, attempt="b"), make.staff(session, "editor")
    topic.state, topic.merged_into_id = "merged", into.id
    session.commit()
    with pytest.raises(rules.AlreadyDecided):
        actions.accept(session, topic.id, by=editor.reader_id, at=clock.now())


def test_a_topic_promised_anew_after_it_was_given_up_need_not_stand_again(session):
    topic = proposed(session)
    actions.accept(session, topic.id, by=topic.proposer_id, at=clock.now())
    seen = []
    for kind, number in (("promised", 1), ("given_up", 1), ("promised", 2), ("given_up", 2)):
        actions.note_step(session, topic.id, kind, title="", address=f"/promises#promise-{number}", at=clock.now())
        seen.append((queries.promised_ids(session) == {topic.id}, queries.on_ballot_choices(session) == []))
    assert seen == [(True, True), (False, False)] * 2
