"""What befalls an open ballot, whom its rule lets vote, and each way to ask from the form to the result."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from membership import clock
from membership.app import all_tasks
from membership.ballots import actions, life, published, queries, rules, seals, telling, verifying, ways
from membership.ballots.commands import ballot as commands
from membership.ballots.counting.methods import RULE_VERSION
from membership.ballots.eligibility import RollRule
from membership.ballots.models import Ballot, BallotBegun, BallotRoll
from membership.ballots.pages import RECOUNT
from membership.ballots.rules import MayVote
from membership.ballots.urn import BallotLog, Vote
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships.models import Membership
from tests import make
from tests.ballots.helpers import HOUR, SECRET, accepted_topics, cast, close, patrons

DAY = timedelta(days=1)


def asked(session, *, options=4, at=None, open_for=3 * DAY, **what):
    """An open ballot of some way."""
    at = at or clock.now()
    editor = make.staff(session, "editor")
    topic_ids = accepted_topics(session, options, by=editor.reader_id, proposer=editor.reader_id, at=at)
    if "costs" in what:
        what["costs"] = dict(zip(topic_ids, what["costs"], strict=True))
    made = actions.draft(
        session, title="What next?", question="What should we look into next?", topic_ids=topic_ids, opens_at=at,
        closes_at=at + open_for, by=editor.reader_id, at=at, attempt=f"asked-{editor.reader_id}", secret=SECRET, **what,
    )  # fmt: skip
    actions.open_ballot(session, made.id, secret=SECRET, at=at)
    session.commit()
    return made


def events(session, made):
    lines = select(BallotLog.event, BallotLog.code).where(BallotLog.ballot_id == made.id).order_by(BallotLog.seq)
    return [tuple(row) for row in session.execute(lines)]


def evidence(session, made):
    return json.loads(
        published.evidence(made, queries.published_votes(session, made), queries.published_log(session, made))
    )


WAYS = [
    ({"way": "ticks", "seats": 2}, [[1, 2], [1], [3]]),
    ({"way": "fair", "seats": 2}, [[1, 2], [1, 2], [3]]),
    ({"way": "equal", "seats": 2}, [[1, 2], [1, 2], [3]]),
    ({"way": "equal", "seats": 2, "options": 6}, [[1, 2], [3, 4], [5]]),
    ({"way": "ranks"}, [[1, 2], [2, 3, 1], [3, 2]]),
    ({"way": "ranks", "seats": 2}, [[1, 2], [2, 3, 1], [4, 2]]),
    ({"way": "stars"}, [{1: 5, 2: 4}, {2: 5, 3: 1}, {1: 5, 2: 3}]),
    ({"way": "days", "costs": [6, 5, 4, 2], "budget": 10}, [[1, 3], [1], [2]]),
    ({"way": "fair-days", "costs": [6, 5, 4, 2], "budget": 10}, [[1, 3], [1], [2]]),
]


@pytest.mark.parametrize(("what", "choices"), WAYS)
def test_each_way_is_counted_told_published_and_verified(session, client, tmp_path, what, choices):
    voters = patrons(session, 24)
    made = asked(session, **what)
    for number, who in enumerate(voters):
        sent = choices[number % 3]
        actions.cast(session, made.id, who.reader_id, sent, secret=SECRET, attempt="a", at=clock.now())
    session.commit()
    close(session, made)
    result = queries.result_of(made)
    assert result.votes == result.voted == 24 and result.winners
    told = telling.told(result.plain)
    assert told.winners and all(0 <= bar.width <= 100 for one in told.rounds for bar in one.bars)
    page = client.get(f"/ballots/{made.slug}/results")
    assert page.status_code == 200 and "Why this won" in page.text and told.winners[0] in page.text
    if what["way"] in {"ticks", "fair", "equal", "days", "fair-days"}:
        ticks = {n: sum(8 for sent in choices if n in sent) for n in range(1, what.get("options", 4) + 1)}
        assert {one.position: one.votes for one in result.options} == ticks
    paths = {}
    for name in ("ballots.csv", "result.json", "evidence.json"):
        paths[name] = tmp_path / name
        paths[name].write_bytes(client.get(f"/ballots/{made.slug}/{name}").data)
    findings = verifying.verify(verifying.read(paths["evidence.json"].read_text()))
    assert [one.ok for one in findings] == [True] * 6
    recount = subprocess.run(
        [sys.executable, RECOUNT, paths["ballots.csv"], paths["result.json"]], capture_output=True, text=True
    )
    assert "agrees" in recount.stdout and recount.returncode == 0, recount.stdout + recount.stderr
    assert CliRunner().invoke(commands, ["verify", str(paths["evidence.json"])]).exit_code == 0
    counted = CliRunner().invoke(commands, ["count", str(paths["ballots.csv"]), "--format", "json"])
    titles = dict(result.plain["options"])
    assert json.loads(counted.output)["winners"] == [titles[one] for one in result.winners]


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (lambda e: e["log"][3].__setitem__(2, "AAAAAAAAAAAAAAAA"), {"log", "votes"}),
        (lambda e: e["votes"].pop(), {"votes", "turnout", "recount"}),
        (lambda e: e["votes"][0].__setitem__(1, "4"), {"recount"}),
        (lambda e: e.__setitem__("result", e["result"].replace('"binding":true', '"binding":false')), {"result", "recount"}),
        (lambda e: e["lots"].__setitem__("salt", "other"), {"lots"}),
    ],
)  # fmt: skip
def test_what_was_altered_is_found(session, harm, found):
    voters = patrons(session, 21)
    made = asked(session)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    told = evidence(session, made)
    harm(told)
    assert {one.name for one in verifying.verify(told) if one.ok is False} == found
    with pytest.raises(verifying.NoEvidence):
        verifying.read('{"format": 1}')


def test_a_result_by_earlier_rules_is_recounted_or_left_to_a_program_of_its_time(session):
    voters = patrons(session, 21)
    made = asked(session)
    for who in voters:
        cast(session, made, who, 1)
    close(session, made)
    told = evidence(session, made)
    told["result"] = told["result"].replace(f'"rule_version":{RULE_VERSION}', '"rule_version":1')
    recount = verifying.verify(told)[-1]
    assert recount.ok is True and "version 1" in recount.words
    told["result"] = told["result"].replace('"winners":[1]', '"winners":[2]')
    recount = verifying.verify(told)[-1]
    assert recount.ok is None and "take one of that time" in recount.words


def test_all_of_those_level_at_the_last_place_win_if_that_was_settled(session):
    voters = patrons(session, 4)
    made = asked(session, last_place="all")
    for number, who in enumerate(voters):
        cast(session, made, who, 1 + number % 2)
    close(session, made)
    result = queries.result_of(made)
    assert sorted(result.winners) == [1, 2] and result.ties[0].step == "all win"


def test_a_withdrawn_vote_leaves_urn_and_roll_and_another_may_be_cast(session):
    one, two = patrons(session, 2)
    made = asked(session)
    first = cast(session, made, one, 1)
    cast(session, made, two, 2)
    assert actions.withdraw_and_confirm(session, made.id, one.reader_id, secret=SECRET, at=clock.now())
    assert not actions.withdraw_and_confirm(session, made.id, one.reader_id, secret=SECRET, at=clock.now())
    session.commit()
    assert session.scalars(select(Vote.content)).all() == ["2"]
    assert queries.may_vote(session, made, one.reader_id, clock.now()) is MayVote.MAY
    assert queries.receipt(session, made, first.code).state == "withdrawn"
    [letter] = session.scalars(select(Letter).where(Letter.kind == "vote_withdrawn"))
    assert first.code not in letter.text and "Harbour question" not in letter.text
    cast(session, made, one, 3, attempt="again")
    close(session, made)
    assert queries.result_of(made).votes == queries.result_of(made).voted == 2
    assert all(one.ok is not False for one in verifying.verify(evidence(session, made)))


@pytest.mark.parametrize("harm", [{"paid_until": "earlier"}, {"frozen": True}])
def test_a_vote_whose_payment_went_back_before_the_close_is_taken_out_and_counted_in_the_log(session, client, harm):
    one, two = patrons(session, 2)
    made = asked(session)
    first = cast(session, made, one, 1)
    cast(session, made, two, 2)
    values = {"paid_until": clock.now() - 40 * DAY} if "paid_until" in harm else harm
    session.execute(update(Membership).where(Membership.reader_id == one.reader_id).values(**values))
    session.commit()
    assert queries.may_vote(session, made, one.reader_id, clock.now()) is MayVote.WITHDRAWN_MONEY
    make.sign_in(session, client, one)
    assert "Your vote will not count." in client.get(f"/ballots/{made.slug}").text
    close(session, made)
    result = queries.result_of(made)
    assert (result.votes, result.voted, result.roll, result.winners) == (1, 1, 1, [2])
    assert ("struck", first.code) in events(session, made) and "struck=1" in events(session, made)[-1][1]
    assert queries.receipt(session, made, first.code).state == "struck"
    assert all(one.ok is not False for one in verifying.verify(evidence(session, made)))


def test_a_rule_keeps_newcomers_and_other_tiers_off_the_roll_and_each_reads_why(session, client):
    tier, other = make.tier(session), make.tier(session)
    long = make.patron(session, tier_row=tier, since=clock.now() - 100 * DAY)
    new, elsewhere = make.patron(session, tier_row=tier), make.patron(session, tier_row=other)
    made = asked(session, rule=RollRule(tiers=(tier.id,), months=3))
    assert session.scalars(select(BallotRoll.reader_id)).all() == [long.reader_id]
    for who, words in ((new, "at least 3 months"), (elsewhere, "this ballot is for others"), (long, "You may vote.")):
        make.sign_in(session, client, who)
        assert words in client.get(f"/ballots/{made.slug}").text


def test_late_joiners_come_onto_the_roll_once_at_the_cut_off_and_it_is_told(session):
    patrons(session, 1)
    made = asked(session, at=clock.now() - DAY, open_for=2 * DAY, rule=RollRule(late_hours=6))
    late = make.patron(session)
    assert queries.may_vote(session, made, late.reader_id, clock.now()) is MayVote.JOINS_LATE
    assert actions.add_late_joiners(session, made.id, at=clock.now()) is None
    cut_off = life.late_from(made)
    later = make.patron(session, since=cut_off + HOUR)
    assert actions.add_late_joiners(session, made.id, at=cut_off + 2 * HOUR) == 1
    assert actions.add_late_joiners(session, made.id, at=cut_off + 2 * HOUR) is None
    assert queries.may_vote(session, made, late.reader_id, clock.now()) is MayVote.MAY
    assert queries.roll_line(session, made.id, later.reader_id) is None
    assert events(session, made)[-1] == ("late joiners", f"{cut_off.isoformat()} added=1")


def test_weights_are_published_with_both_results_and_contents_need_twenty_of_each(session):
    light, heavy = make.tier(session), make.tier(session)
    made_of = [(light, 22, 1), (heavy, 20, 2)]
    voters = [(make.patron(session, tier_row=tier), choice) for tier, number, choice in made_of for _ in range(number)]
    made = asked(session, rule=RollRule(weights={heavy.id: 2}))
    for who, choice in voters[:-1]:
        cast(session, made, who, choice)
    close(session, made)
    result = queries.result_of(made)
    assert result.winners == [2] and result.plain["one_vote_each"]["winners"] == [1]
    assert result.plain["by_weight"] == {"1": 22, "2": 19} and not queries.shows_contents(result)
    assert telling.told(result.plain).plain_winners == ["Harbour question 1"]
    assert all(one.ok is not False for one in verifying.verify(evidence(session, made)))


def test_extending_is_free_before_any_vote_and_needs_a_notice_afterwards(session, client):
    [who] = patrons(session, 1)
    made = asked(session)
    editor, first = made.made_by, made.closes_at
    with pytest.raises(rules.ClosesTooEarly):
        actions.extend(session, made.id, to=first, notice="", by=editor, at=clock.now())
    actions.extend(session, made.id, to=first + HOUR, notice="", by=editor, at=clock.now())
    cast(session, made, who, 1)
    with pytest.raises(rules.NoticeMissing):
        actions.extend(session, made.id, to=first + DAY, notice="", by=editor, at=clock.now())
    notice = "The site was down for a day."
    actions.extend(session, made.id, to=first + DAY, notice=notice, by=editor, at=clock.now())
    session.commit()
    assert [event for event, _ in events(session, made)] == ["announced", "opened", "extended", "extended"]
    assert notice in client.get(f"/ballots/{made.slug}").text
    with pytest.raises(rules.CannotExtend):
        actions.extend(session, made.id, to=first + 9 * DAY, notice=notice, by=editor, at=first + DAY)


def test_the_closing_job_comes_back_to_a_ballot_that_was_extended(session):
    [who] = patrons(session, 1)
    made = asked(session, at=clock.now() - 2 * DAY, open_for=2 * DAY + HOUR)
    cast(session, made, who, 1)
    actions.extend(session, made.id, to=made.closes_at + HOUR, notice="An hour more.", by=made.made_by, at=clock.now())
    job = session.scalars(select(Job).where(Job.name == "ballots.close")).one()
    job.due_at = clock.now()
    session.commit()
    while run_one(all_tasks()):
        pass
    session.expire_all()
    due_at = session.scalars(select(Job.due_at).where(Job.name == "ballots.close")).one()
    assert made.status == "open" and due_at == made.closes_at


def test_a_withdrawn_topic_is_struck_out_logged_and_skipped_in_the_count(session, client):
    voters = patrons(session, 21)
    made = asked(session, way="ranks")
    for who in voters:
        cast(session, made, who, 1, 2)
    actions.withdraw_option(session, made.id, 1, reason="It was reported elsewhere.", by=made.made_by, at=clock.now())
    session.commit()
    with pytest.raises(ways.NotAnOption):
        cast(session, made, voters[0], 1, attempt="after")
    make.sign_in(session, client, voters[0])
    page = client.get(f"/ballots/{made.slug}").text
    assert "<s>Harbour question 1</s>" in page and 'name="rank-1"' not in page and "reported elsewhere" in page
    close(session, made)
    result = queries.result_of(made)
    assert result.winners == [2] and result.plain["withdrawn"] == [1]
    assert "option withdrawn" in [event for event, _ in events(session, made)]
    assert [one.ok for one in verifying.verify(evidence(session, made))] == [True] * 6


def test_a_topic_cannot_be_withdrawn_if_no_choice_is_left(session):
    made = asked(session, options=2)
    with pytest.raises(rules.CannotWithdraw):
        actions.withdraw_option(session, made.id, 1, reason="It was reported.", by=made.made_by, at=clock.now())


def test_who_began_and_has_not_cast_is_reminded_once_with_what_is_known(session, client):
    began, done, _other = patrons(session, 3)
    made = asked(session)
    for who in (began, done):
        make.sign_in(session, client, who)
        assert client.post(f"/ballots/{made.slug}/beginning").status_code == 204
    make.sign_in(session, client, make.reader(session))
    client.post(f"/ballots/{made.slug}/beginning")
    cast(session, made, done, 1)
    for _ in "ab":
        actions.remind(session, made.id, at=clock.now())
    letters = session.scalars(select(Letter).where(Letter.kind == "vote_not_cast")).all()
    assert [letter.reader_id for letter in letters] == [began.reader_id]
    assert "stayed in your browser" in letters[0].text and "only reminder" in letters[0].text
    close(session, made)
    assert session.scalar(select(func.count()).select_from(BallotBegun)) == 0


@pytest.mark.parametrize(
    ("what", "sent", "words", "kept"),
    [
        ({"way": "ranks"}, {"rank-1": "1", "rank-2": "1"}, "number 1 twice", ['name="rank-2" value="1"']),
        ({"way": "ranks"}, {"rank-1": "7", "rank-2": "1"}, "whole numbers from 1", ['value="7"']),
        ({"way": "stars"}, {"score-1": "9", "score-2": "4"}, "between 0 and 5", ['name="score-2" value="4" checked']),
        ({"way": "days", "costs": [6, 5, 4, 2], "budget": 10}, {"choice": ["1", "2"]}, "come to 11 days",
         ['value="1" checked', 'value="2" checked']),
    ],
)  # fmt: skip
def test_a_vote_that_the_method_does_not_allow_comes_back_with_a_word_and_all_that_was_typed(
    session, client, what, sent, words, kept
):
    [who] = patrons(session, 1)
    made = asked(session, **what)
    make.sign_in(session, client, who)
    for path in ("vote", "draft"):
        answer = client.post(f"/ballots/{made.slug}/{path}", data=sent)
        assert answer.status_code == 422 and words in answer.text and 'role="alert"' in answer.text
        assert all(text in answer.text for text in kept)
    assert session.scalars(select(Vote)).all() == []


def test_a_vote_is_looked_over_mended_and_cast_without_script_and_nothing_is_kept_before(session, client):
    [who] = patrons(session, 1)
    made = asked(session, way="ranks")
    make.sign_in(session, client, who)
    sent = {"rank-3": "1", "rank-1": "3"}
    page = client.post(f"/ballots/{made.slug}/draft", data=sent)
    assert "Not yet cast" in page.text and 'name="rank-3" value="1"' in page.text
    assert page.text.index("<li>Harbour question 3") < page.text.index("<li>Harbour question 1")
    assert session.scalars(select(Vote)).all() == []
    assert session.scalars(select(BallotBegun.signal)).all() == ["looked_over"]
    again = client.post(f"/ballots/{made.slug}/draft", data=sent | {"again": "1"})
    assert 'name="rank-3" value="1"' in again.text and 'name="rank-1" value="3"' in again.text
    cast_page = client.post(f"/ballots/{made.slug}/vote", data=sent)
    assert cast_page.status_code == 200
    assert "<ol><li>Harbour question 3</li><li>Harbour question 1</li></ol>" in cast_page.text
    assert session.scalars(select(Vote.content)).all() == ["3,1"]
    assert client.post(f"/ballots/{made.slug}/withdrawal").status_code == 303
    assert session.scalars(select(Vote)).all() == []


def test_an_editor_asks_for_shared_days_with_a_rule_and_manages_the_ballot(session, client):
    patrons(session, 2)
    editor = make.staff(session, "editor")
    ids = accepted_topics(session, 3, by=editor.reader_id, proposer=editor.reader_id, at=clock.now())
    session.commit()
    make.sign_in(session, client, editor)
    closes = (clock.now() + 2 * DAY).strftime("%Y-%m-%dT%H:%M")
    form = {
        "title": "Ten days", "question": "How should we spend them?", "topics": ids, "seats": "1", "quorum": "0",
        "opens": "now", "closes_at": closes, "attempt": "a-fine-attempt-0001", "way": "days", "budget": "10",
        "last_place": "lot", "sources_shown": "1", "sources": ["membership", "gift"], "months": "0", "late_hours": "12",
        **{f"cost-{one}": cost for one, cost in zip(ids, ("6", "5", "4"), strict=True)},
    }  # fmt: skip
    wrong = client.post("/staff/ballots", data=form | {f"cost-{ids[1]}": "many"})
    assert wrong.status_code == 422 and "how many days it takes" in wrong.text
    assert f'name="cost-{ids[0]}" value="6"' in wrong.text
    assert client.post("/staff/ballots", data=form | {"sources": []}).status_code == 422
    assert client.post("/staff/ballots", data=form).status_code == 303
    made = session.scalars(select(Ballot)).one()
    assert (made.method, made.budget, made.rule["late_hours"]) == ("budget", 10, 12)
    assert [option.cost for option in queries.options_of(session, made.id)] == [6, 5, 4]
    path = f"/staff/ballots/{made.id}"
    later = (clock.now() + 3 * DAY).strftime("%Y-%m-%dT%H:%M")
    refused = client.post(f"{path}/extension", data={"to-closes_at": closes})
    assert refused.status_code == 422 and refused.text.count('name="to-public_notice"') == 1
    assert client.post(f"{path}/extension", data={"to-closes_at": later, "to-public_notice": ""}).status_code == 303
    assert client.post(f"{path}/withdrawal", data={"out-position": "2", "out-reason": ""}).status_code == 422
    assert (
        client.post(f"{path}/withdrawal", data={"out-position": "2", "out-reason": "Done already."}).status_code == 303
    )
    page = client.get(path).text
    assert "Done already." in page and "Extended" in page
    public = client.get(f"/ballots/{made.slug}").text
    assert "12 hours before the close" in public and "memberships that were a gift" in public


def test_the_frozen_words_stand_in_the_logs_first_line(session):
    made = asked(session, way="days", costs=[6, 5, 4, 2], budget=10)
    text = seals.frozen_text("budget", [(o.position, o.title, o.cost) for o in queries.options_of(session, made.id)])
    assert text.startswith("budget\n1\tHarbour question 1\t6\n") and seals.digest(text) in events(session, made)[0][1]
    assert f"lots={made.lot_commitment}" in events(session, made)[0][1]
