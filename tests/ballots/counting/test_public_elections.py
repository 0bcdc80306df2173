"""Real elections come out exactly, round by round, as their official or reference counts tell."""

from fractions import Fraction

import pytest

from membership.ballots.counting.methods import tally
from tests.ballots.counting.public import FOLDER, election, entries, exact, rankings, ticks

EXACT = {"irv", "stv-scottish-wigm", "approval", "star", "pb-greedy-approval", "pb-mes-approval"}

pytestmark = pytest.mark.skipif(not FOLDER, reason="PUBLIC_ELECTIONS names no folder of public elections")

SPECIAL = {
    "rctab_duplicate_test": "a repeated rank ends a ballot there; ours counts its first mention",
    "rctab_excluded_test": "options are struck out before the count by that contest's own setting",
    "rctab_skip_to_next_test": "an overvoted rank is skipped there; ours ends the ballot",
}
"""Contests counted by a rule of their own, and which: no cases of ours."""
ANOTHER_METHOD = {
    "condorcet-schulze": "compares options in pairs; nobody is asked that way here",
    "pb-greedy-no-skip-approval": "stops at the first project that does not fit; ours goes on to the next that does",
    "star and proportional score methods": "a file of many small cases of another library, most of them for methods not ours",
}
"""What is counted by a method that we do not have, and why it is none of ours."""
COUNTED_TOO = {"approval-multiwinner", "stv-wigm"}


def cases(*methods):
    meant = [one for one in entries() if one["method"] in methods and one["id"] not in SPECIAL]
    return [pytest.param(one, id=one["id"]) for one in meant]


def lots_as_recorded(held, options):
    """A tie by lot is recorded by those contests as the order of the candidates."""
    order = held["rules"].get("tie_order")
    return [held["candidates"].index(name) for name in order] if order else list(options)


@pytest.mark.parametrize("entry", cases("irv"))
def test_an_instant_runoff_comes_out_round_by_round(entry):
    held = election(entry)
    options = range(len(held["candidates"]))
    outcome = tally("irv", options, rankings(held["ballots"]), 1, lots_as_recorded(held, options))
    plain = outcome.as_plain(dict(enumerate(held["candidates"])))
    assert plain["winners"] == held["expected"]["winners"]
    assert len(plain["rounds"]) == len(held["expected"]["rounds"])
    for ours, theirs in zip(plain["rounds"], held["expected"]["rounds"], strict=True):
        assert exact(ours["tally"]) == exact(theirs["tally"])
        assert ours["elected"] == theirs.get("elected", [])
        assert ours["eliminated"] == theirs.get("eliminated", [])
        inactive = theirs["inactive"]
        assert int(ours["exhausted"]) == (sum(map(int, inactive.values())) if isinstance(inactive, dict) else inactive)


@pytest.mark.parametrize("entry", cases("stv-scottish-wigm"))
def test_a_scottish_count_comes_out_stage_by_stage(entry):
    held = election(entry)
    names = dict(enumerate(held["candidates"]))
    special = entry["id"].startswith("droop_")
    lots = sorted(names, reverse=special)  # that reference excludes the first of those level
    plain = tally("stv", names, rankings(held["ballots"]), held["seats"], lots).as_plain(names)
    stages = [one for one in in_our_words(held["expected"]["stages"]) if not special or not one["idle"]]
    assert Fraction(plain["quota"]) == Fraction(str(held["expected"]["quota"]))
    assert set(plain["winners"]) == set(held["expected"]["winners"])
    assert len(plain["rounds"]) == len(stages)
    for ours, theirs in zip(plain["rounds"], stages, strict=True):
        assert exact(ours["tally"]) == exact(theirs["tally"])
        lost = Fraction(ours["exhausted"]) - Fraction(str(theirs["nontransferable"]))
        assert 0 <= lost < special * Fraction("0.01") or lost == 0  # that reference forgets what cutting off loses
        if special:  # it names everybody elected so far again, in the order of the ballot
            assert set(ours["elected"]) == theirs["new"]
            assert ours["action"] == theirs["action"]
        else:
            assert ours["elected"] == theirs["elected"]
            assert theirs["action"] in ("first preferences", [ours["action"], ours.get("of")])


def in_our_words(stages):
    """Their stages, each with who is newly elected and whether it only passes on a surplus of nothing."""
    known, before = set(), None
    for one in stages:
        idle = one["action"] == "surplus" and one["tally"] == before
        yield one | {"new": set(one["elected"]) - known, "idle": idle}
        known |= set(one["elected"])
        before = one["tally"]


@pytest.mark.parametrize("entry", cases("stv-wigm"))
def test_more_seats_than_options_elects_everybody_at_once(entry):
    held = election(entry)
    names = dict(enumerate(held["candidates"]))
    plain = tally("stv", names, rankings(held["ballots"]), held["seats"], list(names)).as_plain(names)
    assert sorted(plain["winners"]) == sorted(held["expected"]["winners"])
    assert [exact(one["tally"]) for one in plain["rounds"]] == [exact(o["tally"]) for o in held["expected"]["rounds"]]


@pytest.mark.parametrize("entry", cases("approval"))
def test_an_approval_count_comes_out(entry):
    held = election(entry)
    names = dict(enumerate(held["candidates"]))
    groups = ticks(held["ballots"], {place: place for place in names})
    plain = tally("approval", names, groups, 1, list(names)).as_plain(names)
    assert plain["winners"] == held["expected"]["winners"]
    assert exact(plain["rounds"][0]["tally"]) == exact(held["expected"]["approvals"])
    top = tally("approval", names, groups, 3, list(names)).as_plain(names)["winners"]
    assert top == held["expected"]["top3_by_approval"]
    fair = tally("fair", names, groups, 3, list(names)).as_plain(names)["winners"]
    assert sorted(fair) in [sorted(committee) for committee in held["expected"]["seqpav_3_committees"]]


@pytest.mark.parametrize("entry", cases("approval-multiwinner"))
def test_the_books_running_example_of_committees_comes_out(entry):
    held = election(entry)
    names = dict(enumerate(held["candidates"]))
    groups = ticks(held["ballots"], {place: place for place in names})
    by_rule = {one["rule"]: one["committees"] for one in held["expected"]["committees_by_rule"]}
    for method, rule in (("approval", "av"), ("fair", "seqpav"), ("equal-shares", "equal-shares")):
        winners = tally(method, names, groups, held["seats"], list(names)).as_plain(names)["winners"]
        assert "".join(sorted(winners)) in by_rule[rule], method


@pytest.mark.parametrize("entry", cases("star"))
def test_a_star_count_comes_out(entry):
    held = election(entry)
    names = dict(enumerate(held["candidates"]))
    groups = [("".join(map(str, stars)), number) for number, stars in held["ballots"]]
    plain = tally("star", names, groups, 1, list(names)).as_plain(names)
    assert plain["winners"] == held["expected"]["winners"]
    assert exact(plain["rounds"][0]["tally"]) == exact(held["expected"]["points"])
    runoff = dict(held["expected"]["runoff"])
    assert int(plain["rounds"][1]["exhausted"]) == runoff.pop("no preference")
    assert exact(plain["rounds"][1]["tally"]) == exact(runoff)


@pytest.mark.parametrize("entry", cases("pb-greedy-approval", "pb-mes-approval"))
def test_a_shared_budget_comes_out(entry):
    held = election(entry)
    names = {place: one["id"] for place, one in enumerate(held["candidates"])}
    costs = {place: Fraction(one["cost"]) for place, one in enumerate(held["candidates"])}
    groups = ticks(held["ballots"], {name: place for place, name in names.items()})
    method = "budget" if entry["method"] == "pb-greedy-approval" else "equal-shares"
    budget = Fraction(held["meta"]["budget"])
    outcome = tally(method, names, groups, 1, list(names), costs=costs, budget=budget)
    plain = outcome.as_plain(names)
    assert set(plain["winners"]) == set(held["expected"]["winners"])
    assert Fraction(plain["spent"]) == Fraction(held["expected"]["total_cost"])
    if method == "budget":
        assert exact(plain["rounds"][0]["tally"]) == exact(held["expected"]["scores"])


def test_every_election_is_counted_here_or_left_out_by_name():
    by_method = {}
    for one in entries():
        by_method.setdefault(one["method"], set()).add(one["id"])
    assert by_method.keys() >= EXACT, "a method without a single public election"
    assert set(SPECIAL) <= {one["id"] for one in entries()}
    strange = by_method.keys() - EXACT - COUNTED_TOO - ANOTHER_METHOD.keys()
    if strange:
        pytest.skip(f"methods that nobody here has looked at: {', '.join(sorted(strange))}")
