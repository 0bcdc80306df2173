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
    ("now", "on_roll", "voted", "standing", "expected"),
    [
        (Phase.COMING, False, False, True, MayVote.WILL_BE_ON_ROLL),
        (Phase.COMING, False, False, False, MayVote.WILL_NOT_BE_ON_ROLL),
        (Phase.OPEN, True, False, True, MayVote.MAY),
        (Phase.OPEN, True, False, False, MayVote.MAY),
        (Phase.OPEN, True, True, True, MayVote.VOTED),
        (Phase.OPEN, False, False, True, MayVote.JOINED_LATER),
        (Phase.OPEN, False, False, False, MayVote.NO_STANDING),
        (Phase.FINAL, True, True, True, MayVote.TOOK_PART),
        (Phase.FINAL, True, False, True, MayVote.DID_NOT_TAKE_PART),
        (Phase.COUNTING, False, False, True, MayVote.WAS_NOT_ON_ROLL),
    ],
)
def test_everybody_is_told_why_they_may_vote_or_not(now, on_roll, voted, standing, expected):
    assert rules.may_vote(now=now, on_roll=on_roll, voted=voted, standing=standing) is expected


@pytest.mark.parametrize(
    ("choices", "content"), [(["2"], "2"), (["10", "2"], "2,10"), (["1", "1", "3"], "1,3"), ([3, 1], "1,3")]
)
def test_ticks_are_written_down_in_one_way(choices, content):
    assert rules.canonical(choices, {1, 2, 3, 10}) == content


@pytest.mark.parametrize("choice", ["0", "4", "-1", "1.0", "1,2", "01", "١", "２", " 1", "x", "", "1" * 99])
def test_only_what_stands_on_the_ballot_can_be_ticked(choice):
    with pytest.raises(rules.NotAnOption):
        rules.canonical(["1", choice], {1, 2, 3})


def test_a_vote_for_nothing_is_no_vote():
    with pytest.raises(rules.NothingChosen):
        rules.canonical([], {1, 2})


DRAFT = {
    "title": "What next?", "question": "What should we report?", "options": 3, "seats": 1, "quorum": 0,
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
    one = counted(Count(groups=[("1", 15), ("2", 10), ("1,2", 5)], **given))
    assert all(counted(Count(groups=[("1,2", 5), ("2", 10), ("1", 15)], **given)) == one for _ in range(100))


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
