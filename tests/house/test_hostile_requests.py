"""What no honest browser sends gets a clear no, and never an accident."""

import io
from dataclasses import replace

import pytest
from flask import Flask

from membership.web import limits
from membership.web.browser import client_address, client_network
from membership.web.limits import Limit, TooOften, count_against
from membership.webhooks.rules import signed_at
from tests import make


@pytest.mark.parametrize("path", ["/topics/%00", "/ballots/%00", "/ballots/%00/results", "/welcome?session_id=%00"])
def test_a_nul_in_an_address_is_nothing_of_ours(client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/give", "/join", "/sign-in", "/sign-in/code"])
def test_a_file_in_the_place_of_a_text_is_bad_input(client, path):
    data = {name: (io.BytesIO(b"x"), "x.txt") for name in ("email", "amount", "code", "article", "attempt")}
    assert client.post(path, data=data, content_type="multipart/form-data").status_code == 422


def test_numbers_beyond_every_column_are_refused(session, client):
    make.sign_in(session, client, make.reader(session))
    for number in ("12345678901-1", "1-99999999999", "2026-99999999999999"):
        assert client.get(f"/account/receipts/{number}").status_code == 404
    make.sign_in(session, client, make.staff(session))
    for room in ("topics", "ballots", "promises"):
        assert client.get(f"/staff/{room}/9223372036854775808").status_code in {400, 404}


@pytest.mark.parametrize(
    "address", ["grüße@b.example", "a\x00b@example.org", "a@exa\u202emple.org\r\nBcc: x@y.example"]
)
def test_an_address_that_no_letter_reaches_is_refused_beside_its_field(client, address):
    answer = client.post("/sign-in", data={"email": address})
    assert answer.status_code in {303, 422}
    assert (answer.status_code == 303) == (address == "a\x00b@example.org")  # a control character is nothing typed


def test_a_foreign_host_is_not_answered(client):
    assert client.get("/staff", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("header", "found"),
    [("t=5,v1=x", 5), ("a=1, t=5,t=7,v1=x", 7), ("t=5,t=7,v1=x", None), ("t=x", None), ("", None), ("t=-5", None)],
)
def test_the_time_of_a_signature_is_read_as_stripe_reads_it(header, found):
    assert signed_at(header) == found


@pytest.mark.parametrize(
    ("remote", "address", "network"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64", "2001:db8::/48"),
        ("nonsense", "unknown", "unknown"),
    ],
)
def test_who_asks_is_counted_by_household(remote, address, network):
    with Flask("x").test_request_context(environ_base={"REMOTE_ADDR": remote}):
        assert (client_address(), client_network()) == (address, network)


def test_a_refused_try_uses_up_nobody_elses_limit(session, app, config, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(config, wide_limits=False))
    own = Limit("test/client", 2, limits.CHECKOUTS_PER_CLIENT.window)
    victim = Limit("test/victim", 3, limits.CHECKOUTS_PER_CLIENT.window)
    for _ in range(2):
        count_against((own, "attacker"), (victim, "ada"), at=make.NOON)
    for _ in range(9):
        with pytest.raises(TooOften):
            count_against((own, "attacker"), (victim, "ada"), at=make.NOON)
    count_against((own, "somebody"), (victim, "ada"), at=make.NOON)
    with pytest.raises(TooOften):
        count_against((own, "another"), (victim, "ada"), at=make.NOON)


def test_two_clicks_at_once_come_from_one_browser(client):
    """The mark is there before the form is sent, so that whichever answer comes last, the cookie is the same."""
    for path in ("/join", "/give", "/sign-in"):
        client.get(path)
        with client.session_transaction() as cookie:
            mark = cookie["browser"]
        client.get(path)
        with client.session_transaction() as cookie:
            assert cookie.pop("browser") == mark
