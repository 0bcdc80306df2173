"""Signing in at other sites: discovery, keys, the question whether a patron agrees, tokens; and the badge for a site."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Response as FlaskResponse
from flask import flash, jsonify, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.perks import badges, community, keys, provider
from membership.perks.forms import ClientForm
from membership.perks.own_pages import key
from membership.perks.room import blueprint
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.limits import Limit, count_against
from membership.web.security import posts_to

TOKENS_PER_CLIENT = Limit("oauth/client", 600, community.TOKEN_LASTS)


@blueprint.get(provider.DISCOVERY)
@allow(Who.ANYONE)
def discovery() -> Response:
    """Where everything is."""
    return _public(jsonify(provider.discovery()))


@blueprint.get("/oauth/jwks.json")
@allow(Who.ANYONE)
def jwks() -> Response:
    """The public keys of ID tokens and badges."""
    with reading() as rows:
        found = keys.published(rows, provider.secret(), at=clock.wall())
    return _public(jsonify(found))


def _public(answer: FlaskResponse) -> Response:
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


@blueprint.get("/oauth/authorize")
@allow(Who.READERS)
def authorize() -> Response | str:
    """Ask whether they agree; who agreed before to as much goes straight on."""
    with transaction() as rows:
        provider.begin(rows, request, at=clock.now(), wall=clock.wall())
        try:
            grant = provider.server.get_consent_grant(request, end_user=current_user.reader_id)
        except OAuth2Error as error:
            return _refused(error)
        site = grant.client.row
        community.access(rows, site, current_user.reader_id, at=clock.now())
        scope = grant.client.get_allowed_scope(grant.request.payload.scope)
        agreed = community.consent(rows, site.id, current_user.reader_id)
        if agreed and set(scope.split()) <= set(agreed.scope.split()) and "consent" not in request.args.get("prompt", ""):
            return _answer(grant, current_user.reader_id)
        if request.args.get("prompt") == "none":
            return _answer(grant, None)
    posts_to(grant.request.payload.redirect_uri or grant.client.get_default_redirect_uri())
    return render_template("perks/consent.html", site=site, scopes=scope.split(), query=request.query_string.decode())


@blueprint.post("/oauth/authorize")
@allow(Who.READERS)
def decide() -> Response | str:
    """They agree, or not; the address carries what was asked, and is checked once more."""
    with transaction() as rows:
        provider.begin(rows, request, at=clock.now(), wall=clock.wall())
        try:
            grant = provider.server.get_consent_grant(request, end_user=current_user.reader_id)
        except OAuth2Error as error:
            return _refused(error)
        if request.form.get("answer") != "yes":
            return _answer(grant, None)
        scope = grant.client.get_allowed_scope(grant.request.payload.scope)
        community.agree(rows, grant.client.row, current_user.reader_id, scope, at=clock.now())
        return _answer(grant, current_user.reader_id)


def _answer(grant: Any, reader_id: int | None) -> Response:
    return provider.server.create_authorization_response(grant.request, reader_id, grant)  # type: ignore[no-any-return]


def _refused(error: OAuth2Error) -> Response | str:
    """Back to the site with its reason, if the address to return to is its own; else a page: nobody is sent anywhere."""
    if getattr(error, "redirect_uri", None):
        return provider.server.handle_error_response(None, error)  # type: ignore[no-any-return]
    raise WrongRequest()


class WrongRequest(Refused):
    """A site asked for a sign-in in a way that we do not answer."""

    status = 400


@blueprint.post("/oauth/token")
@allow(Who.ANYONE)
def token() -> Response:
    """A code becomes tokens. The site proves itself by its secret, so no form's token is asked for."""
    count_against((TOKENS_PER_CLIENT, request.remote_addr or ""), at=clock.now())
    with transaction() as rows:
        provider.begin(rows, request, at=clock.now(), wall=clock.wall())
        return provider.server.create_token_response(request)  # type: ignore[no-any-return]


@blueprint.get("/oauth/userinfo")
@allow(Who.ANYONE)
def userinfo() -> Response:
    """What a token's site may know at this moment; nothing once the perk is gone."""
    with reading() as rows:
        provider.begin(rows, request, at=clock.now(), wall=clock.wall())
        with provider.protector.acquire("openid") as bearer:
            row = bearer.row
            told = community.claims_of(rows, bearer.client.row, row.reader_id, row.scope, at=clock.now())
    return jsonify(told)


@blueprint.get("/perks/badges/<code>.json")
@allow(Who.ANYONE)
def badge(code: str) -> Response:
    """A patron's badge for the site that was given its code: signed, good for an hour."""
    with transaction() as rows:
        signed = badges.badge(
            rows, code, secret=provider.secret(), issuer=provider.issuer(), at=clock.now(), wall=clock.wall()
        )
    return jsonify(signed)


@blueprint.post("/staff/perks/<int:perk_id>/clients")
@allow(Who.staff("manager", fresh=True))
def register_client(perk_id: int) -> Response:
    """A site that may sign patrons in. Its secret is shown once, on the page that follows."""
    form = ClientForm()
    uris = [line.strip() for line in (form.redirect_uris.data or "").splitlines() if line.strip()]
    try:
        if not form.validate():
            raise WrongRequest(gettext("Please write a name and at least one address."))
        with transaction() as rows:
            made, secret = community.register(
                rows, key(perk_id), name=form.name.data or "", redirect_uris=uris, by=current_user.reader_id,
                at=clock.now(),
            )  # fmt: skip
            keys.turn_over(rows, provider.secret(), at=clock.wall())
    except Refused as refused:
        flash(words_of(refused), "bad")
        return redirect(f"/staff/perks/{perk_id}", 303)
    flash(gettext("Client id %(id)s, secret %(secret)s. It is shown only now.", id=made.id, secret=secret))
    return redirect(f"/staff/perks/{perk_id}", 303)


@blueprint.post("/staff/perks/<int:perk_id>/clients/<client_id>/retirement")
@allow(Who.staff("manager"))
def retire_client(perk_id: int, client_id: str) -> Response:
    """A site signs nobody in any more."""
    with transaction() as rows:
        community.retire_client(rows, key(perk_id), client_id, by=current_user.reader_id, at=clock.now())
    flash(gettext("The site signs nobody in any more."))
    return redirect(f"/staff/perks/{perk_id}", 303)
