"""A forum's question as Discourse asks it, and its answer as Discourse reads it (its own algorithm, written out here)."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from membership.perks.community_models import CommunityClient, CommunityConsent
from tests import make
from tests.perks.test_ledger import membership_of, perk, settle

FORUM = "https://forum.example/talk"
BACK = f"{FORUM}/session/sso_login"


def signature(secret, payload):
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def question(secret, back=BACK, nonce="n-1", **more):
    payload = base64.b64encode(urlencode({"nonce": nonce, "return_sso_url": back, **more}).encode()).decode()
    return {"sso": payload, "sig": signature(secret, payload)}


@pytest.fixture
def forum(session, client):
    """A forum that staff registered: its path here and its secret, as they are shown once."""
    made = perk(session, "community", title="The forum")
    make.sign_in(session, client, make.staff(session, "manager"))
    answer = client.post(f"/staff/perks/{made.id}/forums", data={"forum": "The Forum", "address": FORUM + "/"})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    [row] = session.scalars(select(CommunityClient))
    secret = page.split("discourse_connect_secret is ")[1].split(".")[0].strip()
    assert secret.encode() not in row.sealed and secret not in client.get(answer.location).text, "shown once, kept sealed"
    return f"/community/discourse/{row.id}", secret


@pytest.fixture
def ada(session, client, forum):
    person = make.patron(session, "ada@example.org")
    settle(session, person)
    make.sign_in(session, client, person)
    return person


def test_a_patron_agrees_once_and_the_forum_learns_who_it_is(session, client, forum, ada):
    path, secret = forum
    page = client.get(path, query_string=question(secret))
    assert page.status_code == 200 and "ada@example.org" in page.text
    assert "form-action 'self' https://forum.example" in page.headers["Content-Security-Policy"]
    answer = client.post(path, query_string=question(secret), data={"answer": "yes"})
    back = urlsplit(answer.location)
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    told = parse_qs(back.query)
    assert told["sig"] == [signature(secret, told["sso"][0])]
    words = dict(parse_qsl(base64.b64decode(told["sso"][0]).decode(), keep_blank_values=True))
    consent = session.scalars(select(CommunityConsent)).one()
    assert (words["nonce"], words["email"], words["external_id"]) == ("n-1", "ada@example.org", consent.subject)
    assert words["require_activation"] == "false" and words["add_groups"]
    assert client.get(path, query_string=question(secret, nonce="n-2")).location.startswith(BACK)
    membership_of(session, ada).frozen = True
    settle(session, ada)
    assert client.get(path, query_string=question(secret)).status_code == 403


def test_who_says_no_is_not_signed_in_there(session, client, forum, ada):
    path, secret = forum
    assert client.post(path, query_string=question(secret), data={"answer": "no"}).location == "/account/perks"
    assert session.scalars(select(CommunityConsent)).all() == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda secret: question("another secret"),
        lambda secret: question(secret, back="https://evil.example/session/sso_login"),
        lambda secret: question(secret, back=BACK + "/../x"),
        lambda secret: question(secret) | {"sig": ""},
        lambda secret: question(secret) | {"sig": "é"},
        lambda secret: {"sso": "%%%", "sig": signature(secret, "%%%")},
        lambda secret: {},
        lambda secret: question(secret, nonce="n" * 5000),
    ],
)
def test_what_the_forum_did_not_ask_is_not_answered(session, client, forum, ada, wrong):
    path, secret = forum
    for answer in (client.get(path, query_string=wrong(secret)),
                   client.post(path, query_string=wrong(secret), data={"answer": "yes"})):  # fmt: skip
        assert answer.status_code == 400 and "location" not in answer.headers
    assert session.scalars(select(CommunityConsent)).all() == []


def test_a_forums_id_opens_no_other_way_and_a_retired_one_none(session, client, forum, ada):
    path, secret = forum
    asked = {"response_type": "code", "client_id": path.rpartition("/")[2], "redirect_uri": BACK, "scope": "openid",
             "code_challenge": "x" * 43, "code_challenge_method": "S256"}  # fmt: skip
    assert client.get("/oauth/authorize", query_string=asked).status_code == 400
    row = session.scalars(select(CommunityClient)).one()
    row.retired_at = row.made_at
    session.commit()
    assert client.get(path, query_string=question(secret)).status_code == 404
