"""Files of votes, ours and the standard ones: read into the same shape, and a broken one told by its line."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from membership.ballots.commands import ballot
from membership.ballots.counting.methods import METHODS
from membership.ballots.files.reading import READERS, read_text
from membership.ballots.files.shape import BrokenFile
from membership.ballots.published import ballot_file

BLT = """\
# a comment
4 2   [tie 3 1 2 4] [nick a b c d]
-4
(1) 3 1 2 0
4 2 1=3 4 0
2 - 3 - 2 0
1 3 3 1 0
5 0
0
"Ada" "Bo ""the"" B" # names
"Cy \\"C\\""
"Bo ""the"" B"
"Next year's story"
"""
SOI = """\
# FILE NAME: 00001.soi
# TITLE: A vote
# DATA TYPE: soi
# NUMBER ALTERNATIVES: 3
# NUMBER VOTERS: 6
# ALTERNATIVE NAME 1: Harbour
# ALTERNATIVE NAME 2: Schools: why
# ALTERNATIVE NAME 3: Trams
3: 1,2,3
2: 2,{1,3}
1: {1,2},3
"""
OLD_SOI = "2\n1,Harbour\n2,Schools, and more\n6,6,2\n4,1,2\n2,2\n"
CAT = """\
# TITLE: Ticks
# NUMBER ALTERNATIVES: 3
# NUMBER CATEGORIES: 2
# CATEGORY NAME 1: Yes
# CATEGORY NAME 2: No
# ALTERNATIVE NAME 1: A
# ALTERNATIVE NAME 2: B
# ALTERNATIVE NAME 3: C
5: {3,1},2
2: {},{1,2,3}
1: 2,{1,3}
"""
PB = """\
META
key;value
description;A small town
budget;100,50
vote_type;approval
rule;greedy
PROJECTS
project_id;cost;votes;name
p1;60;3;"A; quoted"
p2;50.5;2;B
p3;40;1;C
VOTES
voter_id;vote;age
1;p1,p3;30
2;p1,p2;
3;p2,p1;9
4;;1
"""
OURS = '# method: irv\n# lots: 3,1,2\ncode,content,1. Harbour,2. Schools,3. Trams\naa,"1,2",1,2,\nbb,3,,,1\ncc,"1,2",1,2,\n'
SAMPLES = {".blt": BLT, ".soi": SOI, ".toc": SOI, ".soc": OLD_SOI, ".cat": CAT, ".pb": PB, ".csv": OURS}


def groups(ending, text, method=""):
    return sorted(read_text(text.encode(), ending, method).groups)


def test_blt_has_weights_gaps_equal_ranks_withdrawn_options_and_lots():
    held = read_text(BLT.encode(), ".blt")
    assert sorted(held.groups) == [("", 5), ("1,2", 3), ("2", 4), ("3,1", 1), ("3,2", 2)]
    assert dict(held.options) == {1: "Ada", 2: 'Bo "the" B', 3: 'Cy "C"', 4: 'Bo "the" B (2)'}
    assert (held.title, held.seats, held.method) == ("Next year's story", 2, "stv")
    assert (held.lots, held.withdrawn) == ((3, 1, 2, 4), frozenset({4}))


def test_preflib_orders_close_at_options_of_one_rank():
    held = read_text(SOI.encode(), ".soi")
    assert sorted(held.groups) == [("", 1), ("1,2,3", 3), ("2", 2)]
    assert (held.title, held.options[2]) == ("A vote", "Schools: why")
    assert held.notes


def test_preflib_orders_of_the_old_kind():
    held = read_text(OLD_SOI.encode(), ".soi")
    assert sorted(held.groups) == [("1,2", 4), ("2", 2)]
    assert dict(held.options) == {1: "Harbour", 2: "Schools, and more"}


def test_the_first_category_counts_as_ticks():
    assert groups(".cat", CAT) == [("", 2), ("1,3", 5), ("2", 1)]


def test_pabulib_has_costs_and_a_budget_to_the_cent():
    held = read_text(PB.encode(), ".pb")
    assert sorted(held.groups) == [("", 1), ("1,2", 2), ("1,3", 1)]
    assert {place: str(cost) for place, cost in held.costs.items()} == {1: "60", 2: "101/2", 3: "40"}
    assert (str(held.budget), held.method) == ("201/2", "budget")


@pytest.mark.parametrize(
    ("kind", "more", "votes", "expected"),
    [
        ("cumulative", "", "voter_id;vote;points\n1;p1,p2;3,1\n2;p2;4\n", [("1", 3), ("2", 5)]),
        ("ordinal", "max_length;3\n", "voter_id;vote\n1;p2,p1\n2;p2\n", [("1", 2), ("2", 6)]),
    ],
)
def test_points_are_added_up(kind, more, votes, expected):
    text = f"META\nkey;value\nbudget;9\nvote_type;{kind}\n{more}PROJECTS\nproject_id;cost\np1;5\np2;6\nVOTES\n{votes}"
    assert groups(".pb", text) == expected


def test_our_own_file_names_its_options_and_its_method():
    held = read_text(OURS.encode(), ".csv")
    assert sorted(held.groups) == [("1,2", 2), ("3", 1)]
    assert (dict(held.options), held.method, list(held.lots)) == (
        {1: "Harbour", 2: "Schools", 3: "Trams"}, "irv", [3, 1, 2]
    )  # fmt: skip


def test_our_own_file_has_weights_and_lets_all_win_who_are_level():
    text = "# method: approval\n# level at the last place: all\ncode,content,weight,1. A,2. B\nx,1,2,1,\ny,2,1,,1\nz,2,1,,1\n"
    held = read_text(text.encode(), ".csv")
    assert sorted(held.groups) == [("1", 2), ("2", 2)]
    assert held.all_at_the_last_place


def test_what_is_published_of_a_ballot_is_counted_to_the_same_winners(tmp_path):
    result = {
        "ballot": "what-next", "method": "approval", "seats": 1, "budget": None, "last_place": "all", "costs": {},
        "lot_order": [2, 1, 3], "withdrawn": [3], "weights": {"1": 2}, "options": [[1, "A"], [2, "B"], [3, "C"]],
    }  # fmt: skip
    text = ballot_file(result, [("x", "1", 2), ("y", "2,3", 1), ("z", "2", 1)])
    plain = json.loads(count(tmp_path, ".csv", "--format", "json", text=text).output)
    assert plain["winners"] == ["B", "A"]
    assert plain["ties"] == [{"round": 1, "options": ["A", "B"], "step": "all win", "favoured": ["A", "B"]}]


def test_our_own_file_without_names_calls_options_by_position():
    assert dict(read_text(b'code,content\nx,"2,4"\n', ".csv").options) == {1: "1", 2: "2", 3: "3", 4: "4"}
    stars = read_text(b"code,content\nx,0503\ny,1111\n", ".csv", "star")
    assert (stars.kind, len(stars.options), sorted(stars.groups)) == ("stars", 4, [("0503", 1), ("1111", 1)])


@pytest.mark.parametrize(
    ("ending", "text", "words"),
    [
        (".blt", "", "Line 1: The file ends where the number of options should stand."),
        (".blt", "2 x", "Line 1: The number of seats should be a whole number above zero, not 'x'."),
        (".blt", "2 1\n3 1 7 0\n0\n", "Line 2: There is no option 7: the file begins with 2 options."),
        (".blt", "2 1\n3 1 2\n0\n\"A\"\n", "Line 4: A name"),
        (".blt", "2 1\n1.5 1 0\n0\n", "Line 2: A vote's number should be a whole number, not '1.5'."),
        (".blt", "2 1\n1 1 0\n0\n\"A\"\n", "Line 4: The file ends where the name of option 2 should stand."),
        (".blt", "2 1\n1 1 0\n0\n\"A\n\"B\"", "Line 4: This cannot be read"),
        (".soi", "", "The file is empty."),
        (".soi", "# TITLE: x\n1: 1", "does not say how many options"),
        (".soi", "# NUMBER ALTERNATIVES: 2\n1: 1,3", "Line 2: There is no option 3."),
        (".soi", "# NUMBER ALTERNATIVES: 2\n\n1 1,2", "Line 3: A vote should be"),
        (".toc", "# NUMBER ALTERNATIVES: 2\n1: 1,{2", "Line 2: This order cannot be read: '{2'."),
        (".cat", "3\n1,A\n", "Line 2: The file ends before"),
        (".pb", "key;value\n", "Line 1: The file should begin with META"),
        (".pb", PB.replace("p2,p1;9", "p2,p9;9"), "Line 16: There is no project 'p9'."),
        (".pb", PB.replace("50.5", "-1"), "Line 10: A cost should be an amount above zero, not '-1'."),
        (".pb", PB.replace("budget;100,50", "budget;"), "The budget should be an amount"),
        (".pb", PB.replace("p1;60", "p2;60"), "id of its own"),
        (".csv", "", "The file is empty."),
        (".csv", "code\nx\n", "Line 1: This file has codes alone"),
        (".csv", "code,content,weight\nx,1,0\n", "Line 2: A weight should be a whole number above zero, not '0'."),
        (".csv", "code,vote\nx\n", "Line 1: The first line should name a column content."),
        (".csv", "code,content\nx,1\ny,one\n", "Line 3: This is not what such a vote looks like: 'one'."),
        (".csv", "code,content,1. A\nx,1\ny,2\n", "Line 3: There is no option 2."),
        (".csv", "# method: star\ncode,content\nx,15\ny,1\n", "Line 4: This vote gives stars to 1 options; there are 2."),
        (".csv", "# method: dice\ncode,content\n", "Line 1: There is no method 'dice'."),
    ],
)  # fmt: skip
def test_a_broken_file_gets_a_clear_word_with_its_line(ending, text, words):
    with pytest.raises(BrokenFile) as broken:
        read_text(text.encode(), ending)
    assert words in str(broken.value)


def spoilt(text):
    """A sample with pieces cut out, doubled, swapped for others, or put in."""
    pieces = st.sampled_from(
        ["0", "-1", "9" * 40, '"', "{", "}", ",", ";", ":", "#", "\n", "\0", "٣", "1e9", "[", "=", "\r"]
    )
    edit = st.tuples(st.integers(0, len(text)), st.integers(0, 12), pieces | st.text(max_size=4))

    def done(edits):
        changed = text
        for place, cut, piece in edits:
            changed = changed[:place] + piece + changed[place + cut :]
        return changed

    return st.lists(edit, min_size=1, max_size=4).map(done)


@pytest.mark.parametrize("ending", [".csv", *READERS])
@pytest.mark.parametrize("repeats", [40, pytest.param(500, marks=pytest.mark.long)])
def test_no_file_however_spoilt_ends_in_a_traceback(ending, repeats, tmp_path_factory):
    path = tmp_path_factory.mktemp("spoilt") / f"votes{ending}"
    sample = SAMPLES.get(ending, SOI)
    quiet = [HealthCheck.function_scoped_fixture]

    @settings(max_examples=repeats, deadline=None, derandomize=True, database=None, suppress_health_check=quiet)
    @given(
        spoilt(sample).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=60),
        st.sampled_from(["", *METHODS]),
    )
    def told(content, method):
        path.write_bytes(content)
        run = CliRunner().invoke(ballot, ["count", str(path), *(["--method", method] if method else [])])
        assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
        assert "Traceback" not in run.output

    told()


def count(tmp_path, ending, *arguments, text=None):
    path = tmp_path / f"votes{ending}"
    path.write_text(SAMPLES[ending] if text is None else text)
    return CliRunner().invoke(ballot, ["count", str(path), *arguments])


def test_every_round_is_printed(tmp_path):
    run = count(tmp_path, ".blt")
    assert run.exit_code == 0
    assert run.output.splitlines()[0] == "Next year's story: stv, 2 to win, 4 options, 15 votes"
    assert "Quota: 4" in run.output
    assert "Round 1: first preferences" in run.output
    assert run.output.splitlines()[-1] == 'Winners: Bo "the" B, Cy "C"'


def test_the_json_has_names_and_exact_decimals(tmp_path):
    plain = json.loads(count(tmp_path, ".csv", "--format", "json").output)
    assert plain["winners"] == ["Harbour"]
    assert plain["rounds"][0]["tally"] == {"Harbour": "2", "Schools": "0", "Trams": "1"}
    assert plain["rounds"][0]["elected"] == ["Harbour"]
    assert plain["ties"] == []


def test_a_budget_says_what_it_spends(tmp_path):
    run = count(tmp_path, ".pb")
    assert "Spent: 100 of 100.50000" in run.output
    assert run.output.splitlines()[-1] == "Winners: p1, p3"


@pytest.mark.parametrize(
    ("ending", "arguments", "text", "words"),
    [
        (".csv", [], "code,content\nx,1\n", "please give --method"),
        (".blt", ["--method", "approval"], None, "This file holds ranks; approval counts ticks."),
        (".soi", ["--seats", "2"], None, "irv fills one seat; for several there is stv."),
        (".csv", ["--method", "budget"], None, "does not give a cost for each option"),
        (".csv", ["--method", "dice"], None, "'dice' is not one of"),
    ],
)
def test_what_cannot_be_counted_so_is_said(tmp_path, ending, arguments, text, words):
    run = count(tmp_path, ending, *arguments, text=text)
    assert run.exit_code == 2
    assert words in run.output


def test_a_broken_file_and_an_unknown_one_are_named(tmp_path):
    run = count(tmp_path, ".blt", text="2 1\n1 9 0\n")
    assert (run.exit_code, "votes.blt: Line 2: There is no option 9" in run.output) == (1, True)
    (tmp_path / "votes.txt").write_text("x")
    run = CliRunner().invoke(ballot, ["count", str(tmp_path / "votes.txt")])
    assert (run.exit_code, "Files that end in .txt are not known" in run.output) == (1, True)
