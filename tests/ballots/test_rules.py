"""Rules of a ballot as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import InvalidToken

from membership.ballots import rules, seals
from membership.ballots.counting.methods import tally
from membership.ballots.results import Count, counted
from membership.ballots.rules import MayVote, Phase

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "at", "expected"),
    [
        ("draft", NOON, Phase.COMING),
        ("open", NOON - SECOND, Phase.OPEN),
        ("open", NOON, Phase.COUNTING),
        ("open", NOON + timedelta(days=3), Phase.COUNTING),
        ("final", NOON, Phase.FINAL),
        ("void", NOON - SECOND, Phase.VOID),
    ],
)
def test_the_clock_decides_where_a_ballot_stands(status, at, expected):
    assert rules.phase(status=status, closes_at=NOON, at=at) is expected


@pytest.mark.parametrize(
    ("status", "at", "refusal"),
    [
        ("draft", NOON - SECOND, rules.NotOpenYet),
        ("open", NOON, rules.Closed),
        ("open", NOON + SECOND, rules.Closed),
        ("final", NOON - SECOND, rules.Closed),
        ("void", NOON - SECOND, rules.Cancelled),
    ],
)
def test_a_vote_outside_the_time_is_refused_by_name(status, at, refusal):
    with pytest.raises(refusal):
        rules.check_open(status=status, closes_at=NOON, at=at)


def test_a_vote_in_the_closing_second_is_taken():
    rules.check_open(status="open", closes_at=NOON, at=NOON - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("now", "on_roll", "voted", "why", "expected"),
    [
        (Phase.COMING, False, False, "on", MayVote.WILL_BE_ON_ROLL),
        (Phase.COMING, False, False, "no_standing", MayVote.WILL_NOT_BE_ON_ROLL),
        (Phase.COMING, False, False, "months", MayVote.WILL_BE_RULED_OUT),
        (Phase.OPEN, True, False, "on", MayVote.MAY),
        (Phase.OPEN, True, False, "no_standing", MayVote.MAY),
        (Phase.OPEN, True, True, "on", MayVote.VOTED),
        (Phase.OPEN, False, False, "on", MayVote.JOINED_LATER),
        (Phase.OPEN, False, False, "tier", MayVote.RULED_OUT),
        (Phase.OPEN, False, False, "no_standing", MayVote.NO_STANDING),
        (Phase.FINAL, True, True, "on", MayVote.TOOK_PART),
        (Phase.FINAL, True, False, "on", MayVote.DID_NOT_TAKE_PART),
        (Phase.COUNTING, False, False, "on", MayVote.WAS_NOT_ON_ROLL),
    ],
)
def test_everybody_is_told_why_they_may_vote_or_not(now, on_roll, voted, why, expected):
    assert rules.may_vote(now=now, on_roll=on_roll, voted=voted, why=why) is expected


def test_late_joiners_and_money_that_went_back_have_words_of_their_own():
    open_now = {"now": Phase.OPEN, "voted": True, "why": "on"}
    assert rules.may_vote(on_roll=False, takes_late=True, **open_now) is MayVote.JOINS_LATE
    assert rules.may_vote(on_roll=True, money_back=True, **open_now) is MayVote.WITHDRAWN_MONEY


DRAFT = {
    "title": "What next?", "question": "What should we report?", "options": 3, "way": "ticks", "seats": 1,
    "quorum": 0, "costs": [None, None, None], "budget": None,
    "opens_at": NOON, "closes_at": NOON + timedelta(days=1), "at": NOON,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"title": "No"}, rules.TitleMissing),
        ({"title": "x" * 141}, rules.TitleMissing),
        ({"question": ""}, rules.QuestionMissing),
        ({"options": 1}, rules.TooFewOptions),
        ({"options": 41}, rules.TooManyOptions),
        ({"seats": 0}, rules.SeatsDoNotFit),
        ({"seats": 3}, rules.SeatsDoNotFit),
        ({"way": "fair"}, rules.OnePlaceIsNotShared),
        ({"way": "equal"}, rules.OnePlaceIsNotShared),
        ({"way": "stars", "seats": 2}, rules.StarsFillOnePlace),
        ({"way": "days", "budget": 4, "costs": [1, None, 4]}, rules.CostMissing),
        ({"way": "days", "budget": 4, "costs": [1, 0, 4]}, rules.CostMissing),
        ({"way": "days", "budget": None, "costs": [1, 2, 4]}, rules.BudgetDoesNotFit),
        ({"way": "fair-days", "budget": 7, "costs": [1, 2, 4]}, rules.BudgetDoesNotFit),
        ({"way": "days", "budget": 1, "costs": [2, 2, 4]}, rules.BudgetDoesNotFit),
        ({"quorum": -1}, rules.QuorumDoesNotFit),
        ({"closes_at": NOON}, rules.ClosesTooEarly),
        ({"opens_at": NOON - timedelta(days=2), "closes_at": NOON - timedelta(days=1)}, rules.ClosesTooEarly),
    ],
)
def test_a_ballot_that_cannot_be_held_is_refused_beside_its_field(wrong, refusal):
    rules.check_draft(**DRAFT)
    with pytest.raises(refusal) as refused:
        rules.check_draft(**(DRAFT | wrong))
    assert refused.value.field


@pytest.mark.parametrize(("voted", "shown"), [(0, 0), (9, 0), (10, 10), (19, 10), (1234, 1230)])
def test_turnout_is_shown_in_tens(voted, shown):
    assert rules.rounded(voted) == shown


def test_local_times_follow_the_newsrooms_clock_and_skipped_hours_are_refused():
    summer, skipped = datetime.fromisoformat("2026-07-01T18:00"), datetime.fromisoformat("2026-03-29T02:30")
    assert rules.local_moment(summer, "Europe/Berlin", field="closes_at") == datetime(2026, 7, 1, 16, tzinfo=UTC)
    with pytest.raises(rules.NoSuchHour):
        rules.local_moment(skipped, "Europe/Berlin", field="closes_at")


@pytest.mark.parametrize(
    ("groups", "seats", "lots", "winners", "ties"),
    [
        ([("1", 3), ("2", 2), ("1,3", 1)], 1, [3, 2, 1], (1,), []),
        ([("1", 50), ("2", 50)], 1, [2, 1, 3], (2,), [((1, 2), (2,))]),
        ([("1", 50), ("2", 50)], 1, [1, 2, 3], (1,), [((1, 2), (1,))]),
        ([("1", 50), ("2", 50)], 2, [2, 1, 3], (2, 1), []),
        ([("1,2,3", 4)], 2, [3, 1, 2], (3, 1), [((1, 2, 3), (3, 1))]),
        ([("3", 5), ("1,2", 4)], 2, [2, 3, 1], (3, 2), [((1, 2), (2,))]),
        ([], 1, [1, 2, 3], (), []),
        ([("2", 1)], 2, [1, 2, 3], (2,), []),
        ([("9", 5), ("1", 1)], 1, [1, 2, 3], (1,), []),
    ],
)
def test_approval_counts_ticks_and_reports_each_tie_that_mattered(groups, seats, lots, winners, ties):
    outcome = tally("approval", [1, 2, 3], groups, seats, lots)
    assert outcome.winners == winners
    assert [(tie.options, tie.favoured) for tie in outcome.ties] == ties
    assert all(tie.step == "lot" for tie in outcome.ties)


def test_a_withdrawn_option_is_skipped_and_one_option_alone_can_win():
    struck = tally("approval", [1, 2], [("1,2", 3), ("1", 9)], 1, [2, 1], withdrawn=[1])
    assert struck.winners == (2,)


def test_a_recount_gives_the_same_bytes_whatever_the_order_of_the_groups():
    given = {
        "ballot": "what-next", "method": "approval", "seats": 1, "quorum": 0, "options": [(1, "A"), (2, "B")],
        "lot_order": [2, 1], "roll": 40, "voted": 30,
    }  # fmt: skip
    one = counted(Count(groups=[(["1"], 1, 15), (["2"], 1, 10), (["1,2"], 1, 5)], **given))
    other = [(["1,2"], 1, 5), (["2"], 1, 10), (["1"], 1, 15)]
    assert all(counted(Count(groups=other, **given)) == one for _ in range(100))


def test_the_lots_fit_their_commitment_and_a_seal_opens_only_under_its_secret():
    lots = seals.draw_lots(range(1, 9))
    assert sorted(lots.positions()) == list(range(1, 9))
    assert lots.commitment != seals.Lots(lots.salt, "1,2,3,4,5,6,7,8,9").commitment
    sealed = seals.seal("secret one", b"key")
    assert seals.unseal("secret one", sealed) == b"key"
    with pytest.raises(InvalidToken):
        seals.unseal("secret two", sealed)


def test_a_receipt_code_is_sixteen_letters_and_can_be_typed_as_people_do():
    code = seals.receipt_code("what-next", "1,2", "00ff")
    assert len(code) == 16 and code.isalnum()
    assert seals.read_code(seals.written_code(code).lower().replace("-", " ")) == code


def test_one_altered_log_line_is_found():
    lines, prev = [], ""
    for seq, (event, code) in enumerate([("opened", "x"), ("cast", "A"), ("cast", "B"), ("closed", "y")], start=1):
        own = seals.chained(prev, seq, event, code)
        lines.append((seq, event, code, prev, own))
        prev = own
    assert seals.first_break(lines, prev) is None
    for index in range(4):
        altered = [*lines]
        seq, event, code, before, own = altered[index]
        altered[index] = (seq, event, code + "!", before, own)
        assert seals.first_break(altered, prev) == index + 1
    assert seals.first_break(lines[:-1], prev) == 0
    assert seals.first_break([lines[0], *lines[2:]], prev) == 2
