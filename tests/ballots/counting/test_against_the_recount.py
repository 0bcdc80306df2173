"""What the site counts and what the published script counts are the same, on random small elections of every method."""

import csv
import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from membership.ballots import recount
from membership.ballots.counting.methods import METHODS, ONE_SEAT, RANKED, STARRED, tally

REPEATS = 40
REPEATS_LONG = 500


@st.composite
def elections(draw, method):
    """A published result without its winners, and the contents of the votes."""
    options = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5, unique=True))
    if method in STARRED:
        vote = st.text("0123455", min_size=len(options), max_size=len(options))
    elif method in RANKED:
        vote = st.lists(st.sampled_from(options), unique=True).map(lambda ranks: ",".join(map(str, ranks)))
    else:
        vote = st.sets(st.sampled_from(options)).map(lambda ticked: ",".join(map(str, sorted(ticked))))
    kinds = draw(st.lists(vote, min_size=1, max_size=6))
    shared = method in {"budget", "equal-shares"} and (method == "budget" or draw(st.booleans()))
    result = {
        "method": method,
        "seats": 1 if method in ONE_SEAT else draw(st.integers(1, 4)),
        "lot_order": draw(st.permutations(options)),
        "options": [[option, f"Option {option}"] for option in options],
        "withdrawn": draw(st.lists(st.sampled_from(options), max_size=1)),
        "costs": {str(option): str(draw(st.integers(1, 40))) for option in options} if shared else None,
        "budget": str(draw(st.integers(1, 120))) if shared else None,
    }
    return draw(st.lists(st.sampled_from(kinds), max_size=14)), result


def counted(contents, result):
    shares = {}
    if result["budget"]:
        shares = {"costs": {int(o): int(c) for o, c in result["costs"].items()}, "budget": int(result["budget"])}
    listed = [option for option, _title in result["options"]]
    groups = list(Counter(contents).items())
    return tally(
        result["method"], listed, groups, result["seats"], result["lot_order"], withdrawn=result["withdrawn"], **shares
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("repeats", [REPEATS, pytest.param(REPEATS_LONG, marks=pytest.mark.long)])
def test_the_published_script_finds_the_same_winners(method, repeats):
    @settings(max_examples=repeats, deadline=None, derandomize=True, database=None)
    @given(elections(method))
    def agree(election):
        contents, result = election
        outcome = counted(contents, result)
        winners = recount.recount(contents, result)
        if method == "stv":  # level at one stage they are elected together
            assert set(winners) == set(outcome.winners)
        else:
            assert tuple(winners) == outcome.winners

    agree()


@pytest.mark.parametrize(("winners", "said"), [([2], "agrees"), ([1], "SOMETHING ELSE")])
def test_anybody_can_run_the_script_with_nothing_but_python(tmp_path, winners, said):
    result = {
        "method": "irv", "seats": 1, "lot_order": [1, 2, 3], "votes": 5, "winners": winners,
        "options": [[1, "Harbour"], [2, "Schools"], [3, "Trams"]],
    }  # fmt: skip
    with (tmp_path / "ballots.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("code", "content"), *zip("abcde", ["1", "1", "2,1", "2", "3,2"], strict=True)])
    (tmp_path / "result.json").write_text(json.dumps(result))
    command = [sys.executable, "-I", "-S", recount.__file__, "ballots.csv", "result.json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "5 votes; winners: Schools" in run.stdout
    assert said in run.stdout
    assert run.returncode == (0 if winners == [2] else 1)
    assert not run.stderr
