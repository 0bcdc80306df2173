"""Signing in by a letter with a link and a code, and signing out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask_babel import get_locale
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading, transaction
from membership.readers import actions, signing_in
from membership.readers.entering import enter, leave
from membership.readers.forms import CodeForm, SignInForm
from membership.readers.queries import challenge_by_token
from membership.readers.rules import LinkSpent, WrongCode, code_of, email_key, is_open
from membership.refusals import Refused
from membership.web.access import Who, allow, own_path
from membership.web.browser import browser_hash, browser_name, client_address, client_network
from membership.web.forms import Form
from membership.web.keeping import protects_sources
from membership.web.limits import (
    CODES_PER_CLIENT,
    SIGN_IN_PER_ADDRESS,
    SIGN_IN_PER_ADDRESS_DAY,
    SIGN_IN_PER_CLIENT,
    SIGN_IN_PER_NETWORK,
    count_against,
    give_back,
)

blueprint = Blueprint("readers", __name__)

Answer = Response | str | tuple[str, int]


@blueprint.after_request
def keep_the_address_private(response: Response) -> Response:
    """Addresses here may carry a token: no page that is opened from here learns where the reader came from."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/sign-in")
@allow(Who.ANYONE)
def sign_in() -> Answer:
    """Ask for the address. Whoever is signed in goes straight on."""
    if current_user.is_authenticated:
        return redirect(own_path(request.args.get("next")), 303)  # type: ignore[return-value]
    browser_hash()  # the mark is made with the form, so that two clicks at once carry the same one
    return render_template("readers/sign_in.html", form=SignInForm(next=request.args.get("next", "")))


@blueprint.post("/sign-in")
@allow(Who.ANYONE)
def ask() -> Answer:
    """Write the letter, and go where its code is typed: the same for every address."""
    form = SignInForm()
    if not form.validate():
        return render_template("readers/sign_in.html", form=form), 422
    try:
        _write(str(form.email.data), own_path(form.next.data))
    except Refused as refused:
        form.show(refused, "email")
        return render_template("readers/sign_in.html", form=form), refused.status
    return redirect("/sign-in/code", 303)  # type: ignore[return-value]


def write_again() -> Answer:
    """The same to somebody who is signed in and wants to do what asks for a fresh proof (`/sign-in/again`)."""
    form = Form()
    onward = own_path(request.form.get("next"))
    try:
        _write(current_user.email, onward)
    except Refused as refused:
        form.show(refused, "next")
        return render_template("readers/again.html", form=form, onward=onward), refused.status
    return redirect("/sign-in/code?again=1", 303)  # type: ignore[return-value]


def _write(email: str, onward: str) -> None:
    """Count the try, and write the letter. Raises `TooOften`."""
    at, browser = clock.now(), browser_hash()
    count_against(
        (SIGN_IN_PER_CLIENT, client_address()),
        (SIGN_IN_PER_NETWORK, client_network()),
        (SIGN_IN_PER_ADDRESS, email_key(email)),
        (SIGN_IN_PER_ADDRESS_DAY, email_key(email)),
        at=at,
    )
    with transaction() as session:
        signing_in.ask_for_letter(
            session, email, browser_hash=browser, next_path=onward, language=str(get_locale()), at=at
        )


@blueprint.get("/sign-in/code")
@allow(Who.ANYONE)
def code() -> Answer:
    """Where the browser that asked waits for the letter."""
    if current_user.is_authenticated and "again" not in request.args:
        return redirect("/account", 303)  # type: ignore[return-value]
    return render_template("readers/code.html", form=CodeForm())


@blueprint.post("/sign-in/code")
@allow(Who.ANYONE)
def type_code() -> Answer:
    """Sign in by the code."""
    form = CodeForm()
    if not form.validate():
        return render_template("readers/code.html", form=form), 422
    at = clock.now()
    browser = _browser()
    try:
        count_against((CODES_PER_CLIENT, client_address()), at=at)
        with transaction() as session:
            signed_in = signing_in.sign_in_by_code(
                session, code_of(str(form.code.data)), browser_hash=browser_hash(), browser=browser, at=at
            )
        if signed_in is None:
            raise WrongCode()
    except Refused as refused:
        form.show(refused, "code")
        return render_template("readers/code.html", form=form), refused.status
    return _go_in(signed_in)


@blueprint.get("/sign-in/<token>")
@allow(Who.ANYONE)
def link(token: str) -> Answer:
    """A button. Opening a link signs nobody in: mail programs open links by themselves."""
    at = clock.now()
    with reading() as session:
        found = challenge_by_token(session, token)
    if found is None or not is_open(
        used_at=found.used_at, expires_at=found.expires_at, wrong_codes=found.wrong_codes, at=at
    ):
        return _spent()
    if found.browser_hash != browser_hash():
        return render_template("readers/other_browser.html")
    return render_template("readers/link.html", token=token)


@blueprint.post("/sign-in/<token>")
@allow(Who.ANYONE)
def press(token: str) -> Answer:
    """Sign in by the link."""
    browser = _browser()
    try:
        with transaction() as session:
            signed_in = signing_in.sign_in_by_link(
                session, token, browser_hash=browser_hash(), browser=browser, at=clock.now()
            )
    except LinkSpent:
        return _spent()
    return _go_in(signed_in)


@blueprint.post("/sign-out")
@allow(Who.ANYONE)
def sign_out() -> Answer:
    """End the session on our side, so that a copy of its cookie opens nothing any more."""
    if current_user.is_authenticated:
        with transaction() as session:
            actions.end_session(session, current_user.token, clock.now())
    leave()
    return redirect("/", 303)  # type: ignore[return-value]


def _spent() -> tuple[str, int]:
    return render_template("readers/spent.html"), LinkSpent.status


def _go_in(signed_in: signing_in.SignedIn) -> Response:
    """A new session in a new cookie; the one that this browser held before is ended. Who got in counts no longer, so that
    a family or a class behind one address is not stopped."""
    with transaction() as session:
        if current_user.is_authenticated:
            actions.end_session(session, current_user.token, clock.now())
        give_back(session, SIGN_IN_PER_CLIENT, client_address(), counted_at=signed_in.asked_at)
        give_back(session, SIGN_IN_PER_NETWORK, client_network(), counted_at=signed_in.asked_at)
    enter(signed_in.token)
    return redirect(signed_in.next_path, 303)  # type: ignore[return-value]


def _browser() -> str:
    """What this browser calls itself; nothing where sources are protected."""
    with reading() as session:
        return "" if protects_sources(session) else browser_name()
