"""Small elections worked out by hand: ties, exhausted votes, empty urns, and what else a count must be ready for."""

from fractions import Fraction

import pytest

from membership.ballots.counting.methods import METHODS, ONE_SEAT, STARRED, tally
from membership.ballots.counting.outcome import Tie, decimal

A, B, C, D, E = 1, 2, 3, 4, 5
COSTS = {A: 4, B: 3, C: 2, D: 9}


def count(method, votes, *, options=(A, B, C), seats=1, lots=None, **more):
    if method == "budget":
        more = {"costs": COSTS, "budget": 5} | more
    return tally(method, options, list(votes.items()), seats, lots or list(options), **more)


def test_an_instant_runoff_moves_votes_on_until_there_is_a_majority_of_those_that_stand():
    outcome = count("irv", {"1": 4, "2,3": 3, "3,2": 2, "": 1})
    assert [dict(one.tally) for one in outcome.rounds] == [{A: 4, B: 3, C: 2}, {A: 4, B: 5}]
    assert [(one.eliminated, one.elected, one.exhausted) for one in outcome.rounds] == [((C,), (), 1), ((), (B,), 1)]
    assert dict(outcome.rounds[1].transfers) == {B: 2}
    assert outcome.rounds[1].threshold == 5


def test_truncated_votes_run_out_and_the_majority_is_of_the_others():
    outcome = count("irv", {"1": 4, "2": 3, "3": 3, "3,1": 1})
    assert [one.exhausted for one in outcome.rounds] == [0, 3]
    assert (outcome.winners, outcome.rounds[-1].tally) == ((A,), {A: 5, C: 4} | outcome.rounds[-1].tally)


def test_level_options_are_told_apart_by_the_latest_earlier_round_where_they_differ():
    outcome = count("irv", {"1": 6, "2,3": 4, "3,2": 3, "4,3": 1}, options=(A, B, C, D))
    assert dict(outcome.rounds[1].tally) == {A: 6, B: 4, C: 4}
    assert outcome.ties == (Tie(2, (B, C), "earlier rounds", (B,)),)
    assert outcome.winners == (B,)  # four and three of C's are more than six


def test_what_earlier_rounds_leave_level_the_lots_decide():
    votes = {"1": 4, "2": 2, "3": 2, "4": 1}
    for lots, loser in (([A, B, C, D], C), ([D, C, B, A], B)):
        outcome = count("irv", votes, options=(A, B, C, D), lots=lots)
        assert outcome.rounds[1].eliminated == (loser,)
        assert outcome.ties[0] == Tie(2, (B, C), "lot", (B + C - loser,))


def test_a_tie_of_three_narrowed_by_an_earlier_round_and_then_drawn_is_told_in_both_steps():
    votes = {"1": 9, "2": 9, "3": 3, "4": 3, "5,3": 1, "5,4": 1, "6": 9, "7": 4}
    outcome = count("irv", votes, options=range(1, 8), lots=[1, 2, 6, 7, 3, 4, 5])
    assert {3: 4, 4: 4, 7: 4}.items() <= dict(outcome.rounds[1].tally).items()
    assert [tie for tie in outcome.ties if tie.round == 2] == [
        Tie(2, (3, 4, 7), "earlier rounds", (7,)),
        Tie(2, (3, 4), "lot", (3,)),
    ]


def test_fifty_to_fifty_counted_a_hundred_times_gives_one_answer():
    found = {count("irv", votes, lots=[C, B, A]).winners for votes in [{"1": 50, "2": 50}, {"2": 50, "1": 50}] * 50}
    assert found == {(B,)}


def test_a_scottish_surplus_is_passed_on_to_the_fifth_decimal_and_what_is_cut_off_is_lost():
    outcome = count("stv", {"1,2": 5, "1,3": 2, "2": 1, "3": 1}, seats=2)  # quota 4, surplus 3 of 7: 0.42857 each
    assert outcome.quota == 4
    second = outcome.as_plain()["rounds"][1]
    assert second["tally"] == {"1": "4", "2": "3.14285", "3": "1.85714"}
    assert (second["exhausted"], second["action"], second["of"]) == ("0.00001", "surplus", A)
    assert second["transfers"] == {"2": "2.14285", "3": "0.85714"}
    assert outcome.winners == (A, B)


def test_papers_pass_over_one_who_reached_the_quota_at_the_same_stage():
    outcome = count("stv", {"1,2,3": 6, "2": 5, "3": 1, "4": 2}, options=(A, B, C, D), seats=3)  # quota 4
    assert outcome.rounds[0].elected == (A, B)
    assert dict(outcome.rounds[1].transfers) == {C: Fraction(6 * 33333, 100_000)}


def test_eight_against_eight_after_four_surpluses_of_eleven_is_a_true_tie():
    first = {"1,5": 10, "1": 42, "2,5": 5, "2": 47, "3,6": 19, "3": 33, "4,5": 4, "4": 48}
    outcome = count("stv", first | {"5": 8, "6": 8, "7": 17}, options=range(1, 8), seats=5)
    assert outcome.quota == 41
    assert [one.action for one in outcome.rounds][:6] == ["first preferences", *["surplus"] * 4, "exclusion"]
    level = outcome.rounds[4].tally
    assert level[5] == level[6] == 8 + 19 * Fraction(11 * 100_000 // 52, 100_000)
    assert [(tie.options, tie.step) for tie in outcome.ties if tie.round == 6] == [((5, 6), "earlier rounds")]


def test_fair_shares_give_a_smaller_group_its_turn_where_most_ticks_would_not():
    votes = {"1,2": 6, "3": 4}
    assert count("approval", votes, seats=2).winners == (A, B)
    outcome = count("fair", votes, seats=2)
    assert outcome.winners == (A, C)
    assert outcome.as_plain()["rounds"][1]["tally"] == {"2": "3", "3": "4"}


def test_equal_shares_pay_together_and_the_rest_is_filled_by_phragmen():
    votes = {"1,2": 6, "3": 4}
    outcome = count("equal-shares", votes, seats=2)  # 0.2 each: six pay for A, C's four have 0.8
    assert [(one.elected, one.action) for one in outcome.rounds] == [((A,), ""), ((C,), "completion")]
    assert outcome.completion == "sequential Phragmén"


def test_where_nobody_can_pay_every_place_goes_to_whose_supporters_owe_least():
    votes = {"1": 4, "2": 3, "3": 3}  # 0.2 each: none has a whole place
    outcome = count("equal-shares", votes, seats=2, lots=[C, B, A])
    assert [(one.elected, one.action) for one in outcome.rounds] == [
        ((), "ticks"), ((A,), "completion"), ((C,), "completion")
    ]  # fmt: skip
    assert outcome.rounds[0].tally == {A: 4, B: 3, C: 3}
    assert outcome.rounds[1].tally == {A: Fraction("0.05"), B: Fraction("0.13333"), C: Fraction("0.13333")}
    assert outcome.ties == (Tie(3, (B, C), "lot", (C,)),)


def test_the_books_of_equal_shares_list_who_could_not_be_paid_for_at_all():
    outcome = tally("equal-shares", [A, B, C], [("1", 6), ("2", 4)], 1, [A, B, C], costs={A: 5, B: 9, C: 1}, budget=10)
    assert (outcome.winners, outcome.rounds[0].tally) == ((A,), {A: 6, B: 4, C: 0})


def test_a_greedy_budget_passes_over_what_does_not_fit():
    outcome = count("budget", {"1": 3, "2": 2, "3": 1})  # A for 4 of 5, then nothing for 3 or 2
    assert (outcome.winners, outcome.spent) == ((A,), 4)
    assert (count("budget", {"1": 3, "2": 2, "3": 1}, budget=6).winners) == (A, C)


def test_a_tie_in_a_budget_counts_only_when_both_do_not_fit():
    assert count("budget", {"2": 1, "3": 1}).ties == ()
    outcome = count("budget", {"1": 1, "2": 1}, lots=[B, A, C])
    assert (outcome.winners, outcome.ties) == ((B,), (Tie(1, (A, B), "lot", (B,)),))


def test_equal_shares_of_a_budget_raise_everybodys_share_while_it_helps():
    outcome = tally("equal-shares", [A, B], [("1", 2), ("2", 1)], 1, [A, B], costs={A: 20, B: 20}, budget=45)
    assert (outcome.winners, outcome.spent, outcome.completion) == ((A, B), 40, "add-one")


@pytest.mark.parametrize(
    ("votes", "lots", "winner", "ties"),
    [
        ({"500": 3, "042": 2, "430": 1}, None, A, ()),
        ({"50": 1, "05": 1}, [B, A], B, (Tie(2, (A, B), "lot", (B,)),)),
        ({"50": 2, "12": 3}, None, B, ()),
        ({"44": 1, "53": 1, "35": 1}, None, A, (Tie(2, (A, B), "lot", (A,)),)),
        ({"51": 1, "12": 1}, None, A, (Tie(2, (A, B), "score", (A,)),)),
        ({"53": 1, "24": 1}, None, A, (Tie(2, (A, B), "fives", (A,)),)),
    ],
)
def test_star_and_its_ties(votes, lots, winner, ties):
    options = (A, B, C)[: len(next(iter(votes)))]
    outcome = count("star", votes, options=options, lots=lots)
    assert outcome.winners == (winner,)
    assert outcome.ties == ties


def test_a_level_second_place_goes_to_who_wins_the_meetings():
    outcome = count("star", {"532": 1, "541": 1, "505": 1, "510": 1})  # B and C: 8 and 8; B ahead on three
    assert outcome.ties == (Tie(1, (B, C), "head-to-head", (B,)),)
    assert set(outcome.rounds[1].tally) == {A, B}


@pytest.mark.parametrize(
    ("votes", "winner", "ties"),
    [
        (  # A loses to B, the others to nobody: A is out, though it has most fives and B wins most meetings
            ("002", "005", "010", "020", "050", "501", "522"), C,
            [((A, B, C), "head-to-head", (B, C)), ((B, C), "lot", (C,))],
        ),
        (  # B and C each lose once: A is in, and they meet for the other place
            ("551", "201", "025"), A,
            [((A, B, C), "head-to-head", (A,)), ((B, C), "head-to-head", (C,))],
        ),
        (  # A beats B, B beats C, C beats A, with a five each: the lots take C, and A beats B for the other place
            ("153", "530", "205"), C,
            [((A, B, C), "lot", (C,)), ((A, B), "head-to-head", (A,))],
        ),
        (("553", "113"), B, [((A, B, C), "fives", (A, B)), ((A, B), "lot", (B,))]),
    ],
)  # fmt: skip
def test_of_three_level_whoever_lost_most_meetings_is_out(votes, winner, ties):
    options = range(1, len(votes[0]) + 1)
    outcome = tally("star", options, [(vote, votes.count(vote)) for vote in dict.fromkeys(votes)], 1, [C, B, A])
    assert [(tie.options, tie.step, tie.favoured) for tie in outcome.ties] == ties
    assert outcome.winners == (winner,)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_urn_elects_nobody(method):
    outcome = count(method, {})
    assert (outcome.winners, outcome.ties, len(outcome.rounds)) == ((), (), 1)
    assert set(outcome.rounds[0].tally.values()) == {0}


@pytest.mark.parametrize("method", METHODS)
def test_votes_that_support_nobody_elect_nobody(method):
    assert count(method, {"000" if method in STARRED else "": 7}).winners == ()


@pytest.mark.parametrize("method", METHODS)
def test_one_option_alone_wins_with_one_vote(method):
    outcome = count(method, {"1": 1}, options=(A,))
    assert outcome.winners == (A,)


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ONE_SEAT])
def test_more_seats_than_options_elect_each_option_once(method):
    more = {"budget": 99} if method == "budget" else {}
    outcome = count(method, {"1": 2, "2": 1, "3": 1}, seats=9, **more)
    assert sorted(outcome.winners) == [A, B, C]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lots", [[A, B, C], [C, A, B], [B, C, A]])
def test_when_everybody_ties_the_lots_decide_and_it_is_told(method, lots):
    votes = {"500": 2, "050": 2, "005": 2} if method in STARRED else {"1": 2, "2": 2, "3": 2}
    outcome = count(method, votes, lots=lots, **({"costs": dict.fromkeys(COSTS, 4)} if method == "budget" else {}))
    assert outcome.winners == (lots[0],)
    assert outcome.ties
    assert outcome.ties[-1].step == "lot"
    assert lots[0] in outcome.ties[-1].favoured


@pytest.mark.parametrize("method", METHODS)
def test_who_withdrew_is_skipped_and_votes_move_on(method):
    votes = {"550": 2, "005": 1} if method in STARRED else {"1,2": 2, "3": 1}
    outcome = count(method, votes, withdrawn=[A])
    assert outcome.winners[0] == B
    assert A not in outcome.rounds[0].tally


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_groups_plays_no_part(method):
    votes = {"530": 3, "053": 2, "305": 2} if method in STARRED else {"1,2": 3, "2,3": 2, "1,3": 2}
    turned = dict(reversed(votes.items()))
    assert count(method, votes) == count(method, turned)


@pytest.mark.parametrize(("method", "seats"), [("irv", 2), ("star", 2), ("approval", 0), ("dice", 1)])
def test_what_cannot_be_counted_is_refused(method, seats):
    with pytest.raises(ValueError, match=r"seats|no such method"):
        count(method, {"1": 1}, seats=seats)


@pytest.mark.parametrize("more", [{"costs": None}, {"budget": None}, {"costs": {A: 1, B: 0, C: 1}}])
def test_a_budget_needs_costs(more):
    with pytest.raises(ValueError, match="cost"):
        count("budget", {"1": 1}, **more)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (0, "0"), (12, "12"), (Fraction(4, 2), "2"), (Fraction(1, 2), "0.50000"), (Fraction(-1, 4), "-0.25000"),
        (Fraction(1, 3), "1/3"), (Fraction(1, 10**7), "0.0000001"), (Fraction(13040863, 100000), "130.40863"),
    ],
)  # fmt: skip
def test_figures_are_exact_decimals(figure, text):
    assert decimal(figure) == text
    assert Fraction(text) == figure
