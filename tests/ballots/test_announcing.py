"""What is announced can be changed until it opens, in public; and the roll says who was let in, and how late."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.app import all_tasks
from membership.ballots import actions, befallen, changes, queries, rules, seals, verifying
from membership.ballots.eligibility import RollRule
from membership.ballots.models import BallotRoll
from membership.ballots.rules import MayVote
from membership.ballots.urn import BallotLog, BallotSeal
from membership.jobs.worker import run_one
from membership.topics import actions as topics
from tests import make
from tests.ballots.helpers import HOUR, SECRET, accepted_topics, ballot, close, patrons
from tests.ballots.test_life import asked, events, evidence

DAY = timedelta(days=1)


def announced(session, *, opens_in=DAY, **what):
    at, editor = clock.now(), make.staff(session, "editor")
    ids = accepted_topics(session, 4, by=editor.reader_id, proposer=editor.reader_id, at=at)
    values = {
        "title": "What next?", "question": "What should we look into next?", "topic_ids": ids[:3],
        "opens_at": at + opens_in, "closes_at": at + opens_in + DAY,
    } | what  # fmt: skip
    made = actions.draft(session, by=editor.reader_id, at=at, attempt="announced", secret=SECRET, **values)
    session.commit()
    return made, ids, values


def test_the_seal_of_the_lots_stands_on_the_page_from_the_announcement_on(session, client):
    made, _ids, _values = announced(session)
    assert made.lot_commitment in client.get(f"/ballots/{made.slug}").text
    assert [event for event, _ in events(session, made)] == ["announced"]
    seal = made.lot_commitment
    actions.open_ballot(session, made.id, secret=SECRET, at=clock.now())
    close(session, made)
    assert made.lot_commitment == seal == seals.Lots(made.lot_salt, made.lot_order).commitment
    assert all(one.ok is not False for one in verifying.verify(evidence(session, made)))


def test_an_announcement_is_changed_in_public_and_opens_at_its_new_time(session, client):
    made, ids, values = announced(session, opens_in=HOUR)
    editor, first, address = made.made_by, made.lot_commitment, made.slug
    again = {"secret": SECRET, "by": editor, "at": clock.now()}
    assert not actions.change(session, made.id, **values, **again)
    later = values | {"title": "What then?", "opens_at": clock.now() + DAY, "closes_at": clock.now() + 3 * DAY}
    assert actions.change(session, made.id, **later, **again)
    assert made.lot_commitment == first and made.slug == address
    assert actions.change(session, made.id, **later | {"topic_ids": [ids[0], ids[3]], "way": "ranks"}, **again)
    session.commit()
    assert made.lot_commitment != first and made.method == "irv"
    assert [option.title for option in queries.options_of(session, made.id)] == [
        "Harbour question 1",
        "Harbour question 4",
    ]
    lines = events(session, made)
    assert [event for event, _ in lines] == ["announced", "changed", "settled", "changed", "settled"]
    assert (
        "title: “What next?” → “What then?”; opens: " in lines[1][1] and f"lots={made.lot_commitment}" in lines[-1][1]
    )
    page = client.get(f"/ballots/{made.slug}").text
    assert "Changed before the opening." in page and "out: “Harbour question 2”, “Harbour question 3”" in page
    assert actions.cancel(session, made.id, by=editor, reason="to=be or not", at=clock.now()) is None
    session.commit()
    assert "to=be or not" in client.get(f"/ballots/{made.slug}").text


def test_a_job_posted_for_an_earlier_opening_waits_for_the_new_one(session):
    made, _ids, values = announced(session, opens_in=-HOUR, closes_at=clock.now() + 2 * DAY)
    later = values | {"opens_at": clock.now() + DAY}
    actions.change(session, made.id, secret=SECRET, by=made.made_by, at=clock.now(), **later)
    session.commit()
    while run_one(all_tasks()):
        pass
    session.expire_all()
    assert made.status == "draft"


def test_nothing_is_changed_after_the_opening(session, client):
    made, ids, values = announced(session)
    actions.open_ballot(session, made.id, secret=SECRET, at=clock.now())
    session.commit()
    with pytest.raises(rules.CannotChange):
        actions.change(session, made.id, secret=SECRET, by=made.made_by, at=clock.now(), **values | {"title": "Other"})
    make.sign_in(session, client, make.staff(session, "editor"))
    path = f"/staff/ballots/{made.id}/announcement"
    assert client.get(path).status_code == 409
    form = {"title": "Another title", "question": "What should we do?", "topics": ids[:2], "seats": "1", "quorum": "0",
            "opens": "later", "opens_at": "2099-01-01T10:00", "closes_at": "2099-01-02T10:00", "way": "ticks"}  # fmt: skip
    assert client.post(path, data=form).status_code == 409 and made.title == "What next?"


def test_a_topic_stands_on_one_ballot_at_a_time_and_not_again_while_it_is_promised(session, client):
    made, ids, values = announced(session)
    again = {"secret": SECRET, "by": made.made_by, "at": clock.now()}
    with pytest.raises(rules.OnAnotherBallot):
        actions.draft(session, attempt="other", **again, **values | {"topic_ids": ids[2:]})
    session.rollback()
    make.sign_in(session, client, make.staff(session, "editor"))
    assert f'id="topic-{ids[0]}"' not in client.get("/staff/ballots").text
    assert f'id="topic-{ids[0]}"' in client.get(f"/staff/ballots/{made.id}/announcement").text
    actions.cancel(session, made.id, by=made.made_by, reason="Put wrongly.", at=clock.now())
    topics.note_step(session, ids[3], "promised", title="x", address="/promises#promise-1", at=clock.now())
    session.commit()
    with pytest.raises(rules.AlreadyPromised):
        actions.draft(session, attempt="other", **again, **values | {"topic_ids": ids[2:]})
    session.rollback()
    assert actions.draft(session, attempt="other", **again, **values).status == "draft"


def test_an_editor_changes_it_on_a_form_that_says_what_was_announced(session, client):
    rule = RollRule(("membership",), (), 2, 5, given_days=3)
    made, ids, _values = announced(session, rule=rule, way="ranks", quorum=7)
    make.sign_in(session, client, make.staff(session, "editor"))
    path = f"/staff/ballots/{made.id}/announcement"
    assert path in client.get(f"/staff/ballots/{made.id}").text
    page = client.get(path).text
    boxes = re.findall(r"<input[^>]* checked[^>]*>", page)
    ticked = {value for box in boxes for value in re.findall(r'value="([^"]+)"', box)}
    assert 'value="What next?"' in page and ticked == {"ranks", "lot", "membership", *map(str, ids[:3])}
    assert f'value="{made.opens_at:%Y-%m-%dT%H:%M}"' in page and 'name="quorum"' in page
    form = {
        "title": "What next?", "question": "What should we look into next?", "topics": ids[:3], "seats": "1",
        "quorum": "9", "opens": "later", "opens_at": f"{made.opens_at:%Y-%m-%dT%H:%M}", "way": "ranks",
        "closes_at": f"{made.closes_at:%Y-%m-%dT%H:%M}", "last_place": "lot", "sources_shown": "1",
        "sources": ["membership"], "months": "2", "late_hours": "5", "given_days": "3",
    }  # fmt: skip
    assert client.post(path, data=form | {"topics": ids[:1]}).status_code == 422
    assert client.post(path, data=form).status_code == 303
    session.refresh(made)
    assert made.quorum == 9 and made.rule == rule.as_plain()
    assert "quorum: 7 → 9" in events(session, made)[-2][1]


def test_a_complimentary_membership_given_for_one_vote_is_not_on_the_roll_unless_the_rule_says_so(session, client):
    at = clock.now()
    early, late = make.given(session, begins_at=at - 8 * DAY), make.given(session, begins_at=at - timedelta(minutes=1))
    [paying] = patrons(session, 1)
    make.given(session, paying, begins_at=at - timedelta(minutes=1), ends_at=at + 999 * DAY)
    made = asked(session)
    on_roll = dict(session.execute(select(BallotRoll.reader_id, BallotRoll.reason)).all())
    assert on_roll == {early.reader_id: "complimentary", paying.reader_id: "membership"}
    assert queries.may_vote(session, made, late.reader_id, at) is MayVote.RULED_OUT
    page = client.get(f"/ballots/{made.slug}").text
    assert "Complimentary memberships count if they were given at least 7 days before the opening." in page
    make.sign_in(session, client, make.reader(session))
    open_to_all = asked(session, rule=RollRule(given_days=0))
    assert queries.roll_line(session, open_to_all.id, late.reader_id) is not None
    assert "however late they were given" in client.get(f"/ballots/{open_to_all.slug}").text


def test_late_joiners_bring_no_complimentary_membership_that_was_given_since(session):
    made = asked(session, at=clock.now() - 9 * DAY, open_for=20 * DAY, rule=RollRule(late_hours=6))
    given = make.given(session, begins_at=clock.now() - 8 * DAY)  # eight days ago, and a day after the opening
    late = made.closes_at - 5 * HOUR
    session.get(type(given), given.id).ends_at = late + DAY
    session.commit()
    assert actions.add_late_joiners(session, made.id, at=late) == 0


def test_everybody_reads_how_many_of_the_roll_came_by_which_source_in_tens(session, client):
    at = clock.now()
    patrons(session, 13)
    make.given(session, begins_at=at - 8 * DAY)
    made = asked(session)
    assert made.roll_by == {"membership": 13, "complimentary": 1}
    for path in (f"/ballots/{made.slug}", f"/ballots/{made.slug}/results"):
        page = " ".join(client.get(path).text.split())
        assert "paid memberships: 10 or more, complimentary memberships: fewer than 10" in page, page
        close(session, made)


@pytest.mark.parametrize(
    ("roll_by", "shares"),
    [({}, []), ({"gift": 9, "membership": 127, "seat": 0}, [("membership", 120), ("gift", 0)]),
     ({"seat": 10, "complimentary": 10}, [("complimentary", 10), ("seat", 10)])],
)  # fmt: skip
def test_shares_of_a_roll_are_told_in_tens(roll_by, shares):
    assert rules.shares_of_roll(roll_by) == shares


def test_what_befell_is_read_back_from_the_log_and_an_editors_words_are_only_words():
    noon = "2026-11-25T12:00:00+00:00"
    line = befallen.read("extended", f"{noon} to=2026-11-26T12:00:00+00:00 to=morrow, we hope")
    assert (line.to.day, line.words) == (26, "to=morrow, we hope")
    assert befallen.read("opened", f"{noon} roll=12 options=ab lots=cd").number == 12
    assert befallen.read("cancelled", noon).words == ""


def test_changed_parts_are_told_with_what_they_were():
    before, after = dict.fromkeys(changes.NAMES, 1), dict.fromkeys(changes.NAMES, 1) | {"seats": 2}
    assert changes.told(changes.parts_changed(before, after), before, after) == ["places: 1 → 2"]
    assert changes.topics_told(["A"], []) == ["out: “A”"]


def test_a_cancelled_announcement_leaves_no_secret(session):
    made = ballot(session, opened=False)
    actions.cancel(session, made.id, by=made.made_by, reason="Put wrongly.", at=clock.now())
    assert session.scalar(select(func.count()).select_from(BallotSeal)) == 0
    assert [event for event, _ in session.execute(select(BallotLog.event, BallotLog.code))] == [
        "announced",
        "cancelled",
    ]
