"""Signing in elsewhere: Authlib's own client against the running app, what it is told, and how the access ends."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from werkzeug.serving import make_server

from membership import clock
from membership.perks import community, keys, queries
from membership.perks.community_models import CommunityToken, SigningKey
from membership.perks.models import PerkGrant
from tests import make
from tests.perks.test_ledger import membership_of, perk, settle, states

BACK = "https://forum.example/callback"


@pytest.fixture
def base(app, session):
    """The app on a socket, as a forum's server meets it; its requests share the test's own transaction."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(session):
    """A forum that staff registered: its client id and secret."""
    made = perk(session, "community", title="The forum")
    staff = make.staff(session)
    row, secret = community.register(
        session, made.id, name="The Forum", redirect_uris=[BACK], by=staff.reader_id, at=clock.now()
    )
    session.commit()
    return row.id, secret


def forum(site, scope="openid profile email"):
    """The forum's side: a standard client library."""
    return OAuth2Session(
        *site, scope=scope, redirect_uri=BACK, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip


def here(address):
    """An address on the site itself, for a browser without its name."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def sign_in(client, oauth, base, verifier, answer="yes", **more):
    """The browser's way: to us, perhaps a question, and back; returns the address it comes back to."""
    address, _state = oauth.create_authorization_url(f"{base}/oauth/authorize", code_verifier=verifier, nonce="n-1", **more)
    page = client.get(here(address))
    if page.status_code == 200:
        assert "form-action 'self' https://forum.example" in page.headers["Content-Security-Policy"]
        page = client.post(here(address), data={"answer": answer})
    return page


def test_a_standard_client_signs_a_patron_in_and_learns_standing_and_tier(session, client, base, site):
    ada = make.patron(session, "ada@example.org", name="Ada Invented", tier_row=make.tier(session, "gold"))
    settle(session, ada)
    make.sign_in(session, client, ada)
    found = requests.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
    assert found["issuer"] == "http://127.0.0.1:8000" and found["code_challenge_methods_supported"] == ["S256"]
    oauth, verifier = forum(site), "v" * 48
    page = client.get(here(oauth.create_authorization_url(f"{base}/oauth/authorize", code_verifier=verifier)[0]))
    assert "Go on to The Forum?" in page.text and "ada@example.org" in page.text

    back = sign_in(client, oauth, base, verifier)
    assert back.status_code == 302 and back.location.startswith(BACK)
    token = oauth.fetch_token(f"{base}/oauth/token", authorization_response=back.location, code_verifier=verifier)
    public = KeySet.import_key_set(requests.get(f"{base}/oauth/jwks.json", timeout=10).json())
    assert all("d" not in key for key in public.as_dict(private=False)["keys"])
    told = jwt.decode(token["id_token"], public, ["RS256"]).claims
    assert (told["iss"], told["aud"], told["nonce"]) == (found["issuer"], site[0], "n-1")
    assert told["exp"] - told["iat"] == 600
    assert (told["standing"], told["tier"], told["name"], told["email"]) == (
        "good", "gold", "Ada Invented", "ada@example.org"
    )  # fmt: skip
    asked = oauth.get(f"{base}/oauth/userinfo").json()
    assert asked["sub"] == told["sub"] != str(ada.reader_id) and asked["tier_name"] == "Gold"
    session.expire_all()
    assert states(session, ada) == [["issued", "redeemed"]]

    again = sign_in(client, forum(site), base, "w" * 48)  # who agreed before is not asked again
    assert again.status_code == 302 and "code=" in again.location

    membership_of(session, ada).frozen = True
    session.commit()
    assert oauth.get(f"{base}/oauth/userinfo").status_code == 401
    later = forum(site)
    refused = client.get(here(later.create_authorization_url(f"{base}/oauth/authorize", code_verifier="x" * 48)[0]))
    assert refused.status_code == 403 and "does not open this community" in refused.text
    code = parse_qs(urlsplit(again.location).query)["code"][0]
    with pytest.raises(Exception, match="invalid_grant"):  # a code that was made before is worth nothing now
        forum(site).fetch_token(f"{base}/oauth/token", code=code, code_verifier="w" * 48)


def test_a_code_is_used_once_and_used_twice_it_ends_its_token(session, client, base, site):
    ada = make.patron(session)
    settle(session, ada)
    make.sign_in(session, client, ada)
    oauth, verifier = forum(site), "v" * 48
    back = sign_in(client, oauth, base, verifier).location
    oauth.fetch_token(f"{base}/oauth/token", authorization_response=back, code_verifier=verifier)
    assert oauth.get(f"{base}/oauth/userinfo").status_code == 200
    with pytest.raises(Exception, match="invalid_grant"):
        forum(site).fetch_token(f"{base}/oauth/token", authorization_response=back, code_verifier=verifier)
    session.expire_all()
    assert session.scalars(select(CommunityToken)).one().revoked_at is not None
    assert oauth.get(f"{base}/oauth/userinfo").status_code == 401


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"code_verifier": "w" * 48}, "invalid_grant"), ({"code_verifier": None}, "invalid_request"),
     ({"client_secret": "guessed"}, "invalid_client"), ({"redirect_uri": "https://evil.example/"}, "invalid_grant"),
     ({"code": "guessed"}, "invalid_grant"), ({"grant_type": "password"}, "unsupported_grant_type")],
)  # fmt: skip
def test_what_does_not_fit_gets_no_token(session, client, base, site, wrong, error):
    ada = make.patron(session)
    settle(session, ada)
    make.sign_in(session, client, ada)
    back = sign_in(client, forum(site), base, "v" * 48).location
    fields = {
        "grant_type": "authorization_code", "code": parse_qs(urlsplit(back).query)["code"][0], "redirect_uri": BACK,
        "client_id": site[0], "client_secret": site[1], "code_verifier": "v" * 48,
    } | wrong  # fmt: skip
    answer = requests.post(f"{base}/oauth/token", data={k: v for k, v in fields.items() if v}, timeout=10)
    assert answer.json()["error"] == error and answer.status_code in (400, 401)
    assert session.scalars(select(CommunityToken)).all() == []


@pytest.mark.parametrize(
    ("query", "status"),
    [({"redirect_uri": "https://evil.example/"}, 400), ({"redirect_uri": f"{BACK}/more"}, 400), ({"client_id": "x"}, 400),
     ({"code_challenge_method": "plain"}, 302), ({"code_challenge": ""}, 302), ({"response_type": "token"}, 302)],
)  # fmt: skip
def test_nobody_is_sent_to_an_address_that_staff_did_not_write(session, client, site, query, status):
    make.sign_in(session, client, make.patron(session))
    asked = {
        "response_type": "code", "client_id": site[0], "redirect_uri": BACK, "scope": "openid", "state": "s",
        "code_challenge": "c" * 43, "code_challenge_method": "S256",
    } | query  # fmt: skip
    answer = client.get("/oauth/authorize", query_string=asked)
    assert answer.status_code == status
    if status == 302:
        assert answer.location.startswith(BACK) and "error=" in answer.location and "state=s" in answer.location


def test_who_says_no_goes_back_without_a_code_and_a_stranger_signs_in_first(session, client, base, site):
    ada = make.patron(session)
    settle(session, ada)
    address = here(forum(site).create_authorization_url(f"{base}/oauth/authorize", code_verifier="v" * 48)[0])
    assert client.get(address).location.startswith("/sign-in?next=%2Foauth%2Fauthorize")
    make.sign_in(session, client, ada)
    back = sign_in(client, forum(site), base, "v" * 48, answer="no")
    assert back.location.startswith(BACK) and "access_denied" in back.location
    assert session.scalars(select(PerkGrant.state)).one() == "issued"


def test_a_site_that_was_retired_signs_nobody_in(session, client, site):
    make.sign_in(session, client, make.staff(session, "manager"))
    row = session.scalars(select(community.CommunityClient)).one()
    assert client.post(f"/staff/perks/{row.perk_id}/clients/{row.id}/retirement").status_code == 303
    session.expire_all()
    assert community.client(session, site[0]) is None


def test_staff_register_a_site_and_see_its_secret_once(session, client):
    made = perk(session, "community", title="The wiki")
    make.sign_in(session, client, make.staff(session, "manager"))
    page = f"/staff/perks/{made.id}"
    wrong = {"name": "Wiki", "redirect_uris": "http://wiki.example/"}
    assert "begins with https://" in client.post(f"{page}/clients", data=wrong, follow_redirects=True).text
    fields = {"name": "Wiki", "redirect_uris": "https://wiki.example/a\nhttps://wiki.example/b"}
    assert "It is shown only now." in client.post(f"{page}/clients", data=fields, follow_redirects=True).text
    again = client.get(page).text
    assert "shown only now" not in again and "https://wiki.example/a, https://wiki.example/b" in again


def test_keys_turn_over_and_old_signatures_are_still_verified_for_a_while(session):
    start, day = clock.wall(), timedelta(days=1)
    first = keys.turn_over(session, "s", at=start)
    assert keys.turn_over(session, "s", at=start + 89 * day) is None
    second = keys.turn_over(session, "s", at=start + 90 * day)
    signs = [keys.signing(session, "s", at=start + days * day).kid for days in (1, 90, 92)]
    assert signs == [first.kid, first.kid, second.kid]
    kept = [{key["kid"] for key in keys.published(session, "s", at=start + days * day)["keys"]} for days in (90, 91.5, 93)]
    assert kept == [{first.kid, second.kid}, {first.kid, second.kid}, {second.kid}]
    sealed = session.scalars(select(SigningKey.sealed)).first()
    assert b"RSA" not in sealed and b'"d"' not in sealed


def test_a_badge_is_signed_short_lived_and_dies_with_the_standing(session, client):
    perk(session, "badge", title="Supporter")
    ada = make.patron(session, name="Ada Secret", tier_row=make.tier(session, "gold"))
    settle(session, ada)
    [grant] = queries.every_grant_of(session, ada.reader_id)
    path = f"/perks/badges/{grant.code}.json"
    shown = client.get(path).json
    public = KeySet.import_key_set(client.get("/oauth/jwks.json").json)
    told = jwt.decode(shown["badge"], public, ["RS256"]).claims
    assert (told["standing"], told["tier"], told["exp"] - told["iat"]) == ("good", "gold", 3600)
    assert "Secret" not in str(told) and client.get(path).headers["Cache-Control"] == "no-store"
    membership_of(session, ada).frozen = True
    session.commit()
    assert client.get(path).status_code == 403
    assert client.get("/perks/badges/AAAA-AAAA-AAAA-AAAA.json").status_code == 404
