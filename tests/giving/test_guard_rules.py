"""The rules against card testing, as tables of cases."""

import hashlib
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from membership.giving.guard_rules import (
    NOT_COUNTS,
    Demand,
    Figures,
    Signals,
    Tally,
    demand,
    figures_of,
    is_to_be_suspended,
    is_wave,
    proves,
)

HOUSE = Figures()
CALM = Signals(seconds=9, client=1, network=1, person=1, browser=1, everywhere=1, people=1)


@pytest.mark.parametrize(
    ("signals", "asked"),
    [
        ({}, Demand.NOTHING),
        ({"seconds": 2}, Demand.PROOF),
        ({"seconds": None}, Demand.PROOF),
        ({"client": 5}, Demand.NOTHING),
        ({"client": 6}, Demand.PROOF),
        ({"client": 60}, Demand.PROOF),
        ({"client": 61}, Demand.LETTER),
        ({"network": 21}, Demand.PROOF),
        ({"person": 4}, Demand.PROOF),
        ({"browser": 11}, Demand.PROOF),
        ({"everywhere": 61}, Demand.PROOF),
        ({"people": 11}, Demand.PROOF),
        ({"wave": True}, Demand.PROOF),
        ({"own": (Tally(2, 2),)}, Demand.NOTHING),
        ({"own": (Tally(9, 3),)}, Demand.NOTHING),
        ({"own": (Tally(0, 0), Tally(5, 3))}, Demand.PROOF),
    ],
)
def test_what_is_asked_for(signals, asked):
    assert demand(replace(CALM, **signals), HOUSE, unconfirmed=False) is asked


def test_an_unconfirmed_address_needs_a_letter_whatever_else_there_is():
    for signals in (CALM, replace(CALM, wave=True)):
        assert demand(signals, HOUSE, unconfirmed=True) is Demand.LETTER


@given(some.builds(
    Signals,
    seconds=some.none() | some.integers(0, 10**6),
    **{name: some.integers(0, 10**5) for name in ("client", "network", "person", "browser", "everywhere", "people")},
    own=some.tuples(some.builds(Tally, some.integers(0, 99), some.integers(0, 99))),
    wave=some.booleans(),
))  # fmt: skip
def test_suspicion_alone_never_asks_for_more_than_arithmetic(signals):
    asked = demand(signals, HOUSE, unconfirmed=False)
    assert (asked is Demand.LETTER) == (signals.client > HOUSE.proofs_per_client)


@pytest.mark.parametrize(
    ("tally", "wave"),
    [((4, 4), False), ((5, 5), True), ((10, 5), True), ((11, 5), False), ((0, 0), False), ((300, 149), False)],
)
def test_a_wave_is_many_declines_and_half_of_the_tries(tally, wave):
    assert is_wave(Tally(*tally), HOUSE) is wave


@pytest.mark.parametrize(
    ("tally", "suspended"), [((9, 9), False), ((10, 8), True), ((10, 7), False), ((100, 80), True), ((100, 79), False)]
)
def test_ten_tries_of_which_eight_in_ten_failed_suspend(tally, suspended):
    assert is_to_be_suspended(Tally(*tally), HOUSE) is suspended


def test_the_demo_is_wide_in_counts_and_in_nothing_else():
    wide = figures_of({"free_per_client": 7, "wave_percent": 40}, wide=1000)
    for field in fields(Figures):
        house = {"free_per_client": 7, "wave_percent": 40, "fast_seconds": 0}.get(field.name, getattr(HOUSE, field.name))
        assert getattr(wide, field.name) == house * (1 if field.name in NOT_COUNTS else 1000), field.name


@given(some.text(max_size=40), some.integers(0, 24))
def test_a_proof_is_so_many_zero_bits(solution, bits):
    digest = "".join(f"{byte:08b}" for byte in hashlib.sha256(solution.encode("utf-8", "surrogatepass")).digest())
    if solution.isascii():
        assert proves(solution, bits) == digest.startswith("0" * bits)
