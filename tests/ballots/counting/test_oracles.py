"""Each method beside an independent library, on random small elections. Where a tie was broken by lot, the library is told
the lots, or, when it cannot be told, the election says nothing and is passed over.
"""

from collections import Counter

import pyrankvote
import pytest
import starvote
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.rules import greedy_utilitarian_welfare, method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule
from stvpoll.scottish_stv import calculate_scottish_stv

from membership.ballots.counting.methods import tally

REPEATS = [60, pytest.param(1000, marks=pytest.mark.long)]


def on_random_elections(test, elections, repeats):
    settings(max_examples=repeats, deadline=None, derandomize=True, database=None)(given(elections)(test))()


@st.composite
def ticked(draw):
    """Options, sets of ticks, lots, and costs."""
    options = list(range(1, draw(st.integers(1, 6)) + 1))
    votes = draw(st.lists(st.sets(st.sampled_from(options), min_size=1), min_size=1, max_size=15))
    costs = {option: draw(st.integers(1, 400)) for option in options}
    return options, votes, draw(st.permutations(options)), costs


@st.composite
def often_ticked(draw):
    """Options, and sets of ticks with how often each came."""
    options = list(range(1, draw(st.integers(3, 6)) + 1))
    ticks = st.sets(st.sampled_from(options), min_size=1, max_size=4).map(frozenset)
    return options, draw(st.dictionaries(ticks, st.integers(1, 40), min_size=4, max_size=9))


@st.composite
def ranked(draw):
    """Options and rankings."""
    options = list(range(1, draw(st.integers(2, 6)) + 1))
    ranking = st.lists(st.sampled_from(options), unique=True, min_size=1).map(tuple)
    kinds = draw(st.lists(ranking, min_size=1, max_size=7))
    return options, draw(st.lists(st.tuples(st.sampled_from(kinds), st.integers(1, 30)), min_size=1, max_size=9))


@st.composite
def starred(draw):
    """Options and votes of one star number each."""
    options = list(range(1, draw(st.integers(2, 5)) + 1))
    stars = st.lists(st.integers(0, 5), min_size=len(options), max_size=len(options))
    return options, draw(st.lists(stars, min_size=1, max_size=9)), draw(st.permutations(options))


def contents(votes):
    return list(Counter(",".join(map(str, sorted(vote))) for vote in votes).items())


def shared(options, votes, costs, budget):
    """The same election for pabutools: its instance, its profile and its projects by option."""
    projects = {option: Project(str(option), costs[option]) for option in options}
    instance = Instance(projects.values(), budget_limit=budget)
    profile = ApprovalProfile([ApprovalBallot(projects[option] for option in vote) for vote in votes])
    return instance, profile


def by_lots(lots, *first):
    """pabutools' ties by lot, after what comes first: the cost, the ticks."""

    def key(_instance, profile, project):
        steps = {"cost": project.cost, "ticks": -profile.approval_score(project)}
        return (*(steps[step] for step in first), lots.index(int(project.name)))

    return TieBreakingRule(key)


@pytest.mark.parametrize("repeats", REPEATS)
def test_approval_elects_as_pabutools_with_one_unit_each(repeats):
    def test(election):
        options, votes, lots, _costs = election
        seats = min(2, len(options))
        instance, profile = shared(options, votes, dict.fromkeys(options, 1), seats)
        theirs = greedy_utilitarian_welfare(instance, profile, sat_class=Cost_Sat, tie_breaking=by_lots(lots))
        ours = tally("approval", options, contents(votes), seats, lots)
        ticks = ours.rounds[0].tally
        assert set(ours.winners) == {int(one.name) for one in theirs if ticks[int(one.name)]}

    on_random_elections(test, ticked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_a_greedy_budget_is_spent_as_by_pabutools(repeats):
    def test(election):
        options, votes, lots, costs = election
        budget = max(costs.values()) + 100
        instance, profile = shared(options, votes, costs, budget)
        theirs = greedy_utilitarian_welfare(instance, profile, sat_class=Cost_Sat, tie_breaking=by_lots(lots))
        ours = tally("budget", options, contents(votes), 1, lots, costs=costs, budget=budget)
        ticks = ours.rounds[0].tally
        assert set(ours.winners) == {int(one.name) for one in theirs if ticks[int(one.name)]}

    on_random_elections(test, ticked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_equal_shares_of_a_budget_are_pabutools_with_add_one(repeats):
    def test(election):
        options, votes, lots, costs = election
        budget = len(votes) * (10 + max(costs.values()) // len(votes))  # whole shares, as theirs begin
        instance, profile = shared(options, votes, costs, budget)
        theirs = method_of_equal_shares(
            instance, profile, sat_class=Cost_Sat, voter_budget_increment=1, tie_breaking=by_lots(lots, "cost", "ticks")
        )
        ours = tally("equal-shares", options, contents(votes), 1, lots, costs=costs, budget=budget)
        assert set(ours.winners) == {int(one.name) for one in theirs}

    on_random_elections(test, ticked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_equal_shares_of_seats_are_pabutools_before_they_are_completed(repeats):
    def test(election):
        options, votes, lots, _costs = election
        seats = min(3, len(options))
        instance, profile = shared(options, votes, dict.fromkeys(options, 1), seats)
        theirs = method_of_equal_shares(instance, profile, sat_class=Cost_Sat, tie_breaking=by_lots(lots, "ticks"))
        ours = tally("equal-shares", options, contents(votes), seats, lots)
        bought = {option for one in ours.rounds if one.action != "completion" for option in one.elected}
        assert bought == {int(one.name) for one in theirs}

    on_random_elections(test, ticked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_fair_shares_are_starvotes_reweighted_range_voting_of_all_or_nothing(repeats):
    def test(election):
        options, votes = election
        groups = [(",".join(map(str, sorted(vote))), number) for vote, number in votes.items()]
        seats = min(3, len(options) - 1)
        ours = tally("fair", options, groups, seats, options)
        assume(not ours.ties and len(ours.winners) == seats)
        scores = [{str(o): 5 * (o in vote) for o in options} for vote, number in votes.items() for _ in range(number)]
        theirs = starvote.election(starvote.rrv, scores, seats=seats)
        assert {int(name) for name in theirs} == set(ours.winners)

    on_random_elections(test, often_ticked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_star_elects_as_starvote(repeats):
    def test(election):
        options, votes, lots = election
        ours = tally("star", options, list(Counter("".join(map(str, vote)) for vote in votes).items()), 1, lots)
        # among three level it adds up who is preferred on each vote, where the protocol counts the meetings lost
        assume(ours.winners and not any(tie.step == "lot" or (tie.round == 1 and len(tie.options) > 2) for tie in ours.ties))
        scores = [{str(option): stars for option, stars in zip(options, vote, strict=True)} for vote in votes]
        assert [int(name) for name in starvote.election(starvote.star, scores)] == list(ours.winners)

    on_random_elections(test, starred(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_an_instant_runoff_elects_as_pyrankvote(repeats):
    def test(election):
        options, votes = election
        ours = tally("irv", options, [(",".join(map(str, ranks)), number) for ranks, number in votes], 1, options)
        assume(not ours.ties)
        people = {option: pyrankvote.Candidate(str(option)) for option in options}
        ballots = [
            pyrankvote.Ballot(ranked_candidates=[people[option] for option in ranks])
            for ranks, number in votes for _ in range(number)
        ]  # fmt: skip
        theirs = pyrankvote.instant_runoff_voting(list(people.values()), ballots).get_winners()
        assert [int(one.name) for one in theirs] == list(ours.winners)

    on_random_elections(test, ranked(), repeats)


@pytest.mark.parametrize("repeats", REPEATS)
def test_a_scottish_count_elects_as_stvpoll(repeats):
    def test(election):
        options, votes = election
        seats = min(2, len(options))
        ours = tally("stv", options, [(",".join(map(str, ranks)), number) for ranks, number in votes], seats, options)
        assume(not ours.ties)
        theirs = calculate_scottish_stv(options, votes, seats, allow_random=False)
        assume(theirs.complete)
        assert set(theirs.elected_as_tuple()) == set(ours.winners)

    on_random_elections(test, ranked(), repeats)
