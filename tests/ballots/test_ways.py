"""What voters send, as tables of cases: written down in one way, or refused by name."""

import pytest

from membership.ballots import ways
from membership.ballots.ways import Question, canonical, chosen


def question(method="approval", **changed):
    values = {"method": method, "costs": dict.fromkeys([1, 2, 3, 10, 11, 12], 4), "max_rank": 5, "budget": 9}
    return Question(**(values | changed))


@pytest.mark.parametrize(
    ("method", "sent", "content"),
    [
        ("approval", ["2"], "2"),
        ("approval", ["10", "2"], "2,10"),
        ("fair", ["1", "1", "3"], "1,3"),
        ("budget", [3, 1], "1,3"),
        ("irv", {"3": "1", "10": "2", "1": ""}, "3,10"),
        ("stv", {"3": " 5 ", "10": "2"}, "10,3"),
        ("irv", [10, 3, 1], "10,3,1"),
        ("star", {"1": "5", "10": "0", "12": "3"}, "500003"),
        ("star", {1: 1}, "100000"),
    ],
)
def test_what_is_sent_is_written_down_in_one_way(method, sent, content):
    assert canonical(sent, question(method)) == content


@pytest.mark.parametrize(
    ("method", "sent", "refusal"),
    [
        ("approval", [], ways.NothingChosen),
        ("irv", {"1": "", "2": " "}, ways.NothingChosen),
        ("star", {"1": "0"}, ways.NothingChosen),
        ("irv", {"1": "1", "2": "1"}, ways.SameRank),
        ("irv", {"1": "1", "2": "6"}, ways.NotARank),
        ("stv", {"1": "0"}, ways.NotARank),
        ("stv", {"1": "first"}, ways.NotARank),
        ("stv", {"1": "1.5"}, ways.NotARank),
        ("stv", {"1": "-1"}, ways.NotARank),
        ("stv", [1, 2, 3, 10, 11, 12], ways.NotARank),
        ("irv", {"9": "1"}, ways.NotAnOption),
        ("irv", {"1": "1", "x": "2"}, ways.NotAnOption),
        ("star", {"9": "3"}, ways.NotAnOption),
        ("star", {"1": "6"}, ways.NotStars),
        ("star", {"1": "٣"}, ways.NotStars),
        ("budget", [1, 2, 3], ways.OverBudget),
        ("equal-shares", [1, 2, 3], ways.OverBudget),
    ],
)
def test_what_the_method_does_not_allow_is_refused_by_name(method, sent, refusal):
    with pytest.raises(refusal) as refused:
        canonical(sent, question(method))
    assert refused.value.field == "choice"


@pytest.mark.parametrize("choice", ["0", "4", "-1", "1.0", "1,2", "01", "١", "２", " 1", "x", "", "1" * 99])
def test_only_what_stands_on_the_ballot_can_be_ticked(choice):
    with pytest.raises(ways.NotAnOption):
        canonical(["1", choice], question())


@pytest.mark.parametrize("method", ["approval", "irv", "star"])
def test_a_withdrawn_option_can_no_longer_be_chosen(method):
    with pytest.raises(ways.NotAnOption):
        canonical({2: 1} if method != "approval" else [2], question(method, withdrawn=frozenset({2})))


def test_ranks_are_at_most_as_many_as_there_are_options():
    assert canonical({1: 1, 2: 2}, question("irv", costs={1: None, 2: None})) == "1,2"
    with pytest.raises(ways.NotARank):
        canonical({1: 3}, question("irv", costs={1: None, 2: None}))


def test_a_vote_is_shown_to_its_voter_as_it_was_meant():
    def pairs(content, method):
        return [(one.position, one.number) for one in chosen(content, method, [1, 2, 10])]

    assert pairs("2,10", "fair") == [(2, None), (10, None)]
    assert pairs("10,2", "stv") == [(10, 1), (2, 2)]
    assert pairs("305", "star") == [(10, 5), (1, 3)]


@pytest.mark.parametrize(("way", "seats", "method"), [("ranks", 1, "irv"), ("ranks", 2, "stv"), ("ticks", 2, "approval"),
                                                      ("days", 1, "budget"), ("fair-days", 1, "equal-shares")])  # fmt: skip
def test_a_way_to_ask_and_the_places_say_how_it_is_counted(way, seats, method):
    assert ways.method_of(way, seats) == method
