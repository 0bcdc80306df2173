"""Rules about perks, as tables of cases."""

import pytest

from membership.perks import rules

EXAMPLE = "https://lantern.example/members"


def test_a_code_has_sixteen_signs_of_five_bits_each():
    assert rules.code_from(0) == "2222-2222-2222-2222"
    assert rules.code_from((1 << 80) - 1) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert len({rules.code_from(1 << bit) for bit in range(80)}) == 80


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("7KQM-2XPA-R9DH-WC4T", "7KQM-2XPA-R9DH-WC4T"),
        ("7kqm2xpar9dhwc4t", "7KQM-2XPA-R9DH-WC4T"),
        (" 7KQM 2XPA R9DH WC4T ", "7KQM-2XPA-R9DH-WC4T"),
        ("7KQM-2XPA-R9DH-WC4", None),
        ("0000-0000-0000-0000", None),
        ("", None),
        ("ß" * 16, None),
    ],
)
def test_a_code_is_recognised_however_it_is_typed(typed, code):
    assert rules.read_code(typed) == code


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        (EXAMPLE, EXAMPLE + "?code=AB&pass=x.y"),
        (EXAMPLE + "?page=2", EXAMPLE + "?page=2&code=AB&pass=x.y"),
        (EXAMPLE + "?code=other&x=&pass=forged", EXAMPLE + "?x=&code=AB&pass=x.y"),
        (EXAMPLE + "#top", EXAMPLE + "?code=AB&pass=x.y#top"),
    ],
)
def test_code_and_pass_are_carried_in_the_query(address, leads_to):
    assert rules.destination(address, "AB", "x.y") == leads_to


@pytest.mark.parametrize("address", [EXAMPLE, "http://127.0.0.1:8002/members", "http://localhost/x"])
def test_a_safe_address_is_taken(address):
    assert rules.checked_address(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://lantern.example/", "javascript:alert(1)", "//lantern.example", "lantern.example", "https://",
        "https://a b.example/", "https://user:word@lantern.example/", "https://lantern.example\\@other.example",
        "https://lantern.example:port/", "https://[::1/", "", "https://lantern.example/\nx",
    ],
)  # fmt: skip
def test_an_address_that_is_not_safe_is_refused(address):
    with pytest.raises(rules.NotAnAddress):
        rules.checked_address(address)


@pytest.mark.parametrize(("title", "slug"), [("The Notes!", "the-notes"), ("Über uns", "über-uns"), ("…", "perk")])
def test_a_title_becomes_a_short_name(title, slug):
    assert rules.slug_of(title) == slug
