"""`/sign-in/second-step`, `/sign-in/again` and `/account/second-step`: the team's second step, and the ways to take it."""

from __future__ import annotations

from urllib.parse import urlencode

import pyotp
import segno
from flask import Blueprint, current_app, g, redirect, render_template, request
from flask_babel import lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from membership import clock
from membership.db import transaction
from membership.readers import second_step
from membership.readers.entering import enter
from membership.readers.proving import LONGEST_ANSWER, ProofForm, ask_page, my_ways, prove, require_fresh, site
from membership.readers.views import write_again
from membership.refusals import Forbidden, Refused
from membership.web.access import Who, allow, own_path
from membership.web.forms import Form

blueprint = Blueprint("second_step", __name__)

Answer = Response | str | tuple[str, int]


class AppForm(Form):
    """The first digits that an app shows, for the seed that the page offered (`sealed`)."""

    sealed = HiddenField(validators=[DataRequired(), Length(max=500)])
    digits = StringField(
        lazy_gettext("The six digits that it shows now"),
        validators=[DataRequired(lazy_gettext("Please write the six digits.")), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "short"},
    )


class PasskeyForm(Form):
    """What a device made, which a script puts in, and what its owner calls the device."""

    made = HiddenField(validators=[DataRequired(lazy_gettext("Your device made no passkey.")), Length(max=LONGEST_ANSWER)])
    made_challenge = HiddenField(validators=[DataRequired(), Length(max=500)])
    device = StringField(
        lazy_gettext("What you call this device"), validators=[Length(max=60)], render_kw={"autocomplete": "off"}
    )


@blueprint.get("/sign-in/second-step")
@allow(Who.READERS)
def ask() -> Answer:
    """Ask for the second step; who has no way to take it yet begins with one."""
    onward = own_path(request.args.get("next"), "/staff/")
    if current_user.role is not None or current_user.held_role is None:
        return redirect(onward, 303)  # type: ignore[return-value]
    if not my_ways():
        return redirect("/account/second-step", 303)  # type: ignore[return-value]
    return ask_page(ProofForm(), "/sign-in/second-step", onward=onward)


@blueprint.post("/sign-in/second-step")
@allow(Who.READERS)
def take() -> Answer:
    """Take the second step: the session goes on under a new token, and the role opens its pages."""
    onward = own_path(request.form.get("next"), "/staff/")
    return _proven("/sign-in/second-step", onward) or _step_up(onward)


@blueprint.get("/sign-in/again")
@allow(Who.READERS)
def ask_once_more() -> Answer:
    """Ask for a fresh proof before a page that wants one."""
    if current_user.held_role is None:
        return render_template("readers/again.html", form=Form(), onward=own_path(request.args.get("next")))
    onward = own_path(request.args.get("next"), "/staff/")
    if current_user.role is None:
        return redirect("/sign-in/second-step?" + urlencode({"next": onward}), 303)  # type: ignore[return-value]
    return ask_page(ProofForm(), "/sign-in/again", onward=onward)


@blueprint.post("/sign-in/again")
@allow(Who.READERS)
def prove_once_more() -> Answer:
    """Take it, and go on; who is not of the team gets a letter like the one for signing in."""
    if current_user.held_role is None:
        return write_again()
    onward = own_path(request.form.get("next"), "/staff/")
    return _proven("/sign-in/again", onward) or _step_up(onward)


@blueprint.get("/account/second-step")
@allow(Who.READERS)
def show() -> Answer:
    """One's own ways: what there is, and adding another one."""
    return _closed() or _page()


@blueprint.post("/account/second-step/app")
@allow(Who.READERS)
def add_app() -> Answer:
    """Take an app, once it shows the right digits."""
    form = AppForm()
    return _closed() or _unproven() or _add_app(form)


@blueprint.post("/account/second-step/passkeys")
@allow(Who.READERS)
def add_passkey() -> Answer:
    """Keep the passkey that a device made."""
    form = PasskeyForm()
    return _closed() or _unproven() or _add_passkey(form)


@blueprint.post("/account/second-step/app/removal")
@allow(Who.READERS)
def remove_app() -> Answer:
    """Stop taking the app."""
    return _closed() or _unproven() or _remove(None)


@blueprint.post("/account/second-step/passkeys/<int:passkey_id>/removal")
@allow(Who.READERS)
def remove_passkey(passkey_id: int) -> Answer:
    """Stop taking a device's passkey."""
    return _closed() or _unproven() or _remove(passkey_id)


@blueprint.post("/account/second-step/codes")
@allow(Who.READERS)
def new_codes() -> Answer:
    """Ten new recovery codes, shown once."""
    closed = _closed() or _unproven()
    if closed:
        return closed
    with transaction() as session:
        codes = second_step.new_recovery_codes(session, current_user.reader_id, at=clock.now())
    return render_template("readers/codes.html", codes=codes)


def _closed() -> Answer | None:
    """Only for the team; and who has a way must have taken it."""
    if current_user.held_role is None:
        raise Forbidden()
    if current_user.role is None and my_ways():
        return redirect("/sign-in/second-step?next=/account/second-step", 303)  # type: ignore[return-value]
    return None


def _unproven() -> Answer | None:
    """A change wants a fresh proof, unless there is nothing yet to prove it by."""
    return require_fresh() if my_ways() else None


def _proven(action: str, onward: str) -> Answer | None:
    """None when the proof holds; else the page that asks for it again."""
    form = ProofForm()
    try:
        if not form.validate():
            return ask_page(form, action, onward=onward), 422
        prove(form)
    except Refused as refused:
        form.show(refused, "proof_step")
        return ask_page(form, action, onward=onward), refused.status
    return None


def _step_up(onward: str) -> Answer:
    with transaction() as session:
        token = second_step.step_up(session, current_user.token, at=clock.now())
    enter(token)
    return redirect(onward, 303)  # type: ignore[return-value]


def _add_app(form: AppForm) -> Answer:
    if not form.validate():
        return _page(app=form), 422
    at, secret = clock.now(), current_app.config["MEMBERSHIP"].secret_key
    try:
        with transaction() as session:
            codes = second_step.add_authenticator(
                session, current_user.reader_id, str(form.sealed.data), str(form.digits.data),
                secret=secret, wall=clock.wall(), at=at,
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "digits")
        return _page(app=form), refused.status
    return _added(codes)


def _add_passkey(form: PasskeyForm) -> Answer:
    if not form.validate():
        return _page(passkey=form), 422
    here, challenge = site(), str(form.made_challenge.data)
    try:
        made = here.made(str(form.made.data), challenge)
        with transaction() as session:
            codes = second_step.add_passkey(
                session, current_user.reader_id, made, here.token(challenge, "make"), str(form.device.data or ""),
                at=clock.now(),
            )  # fmt: skip
    except Refused as refused:
        form.show(refused, "device")
        return _page(passkey=form), refused.status
    return _added(codes)


def _added(codes: list[str]) -> Answer:
    """The first way is the second step itself: the role opens its pages from now on."""
    with transaction() as session:
        token = second_step.step_up(session, current_user.token, at=clock.now())
    enter(token)
    if not codes:
        return redirect("/account/second-step", 303)  # type: ignore[return-value]
    return render_template("readers/codes.html", codes=codes)


def _remove(passkey_id: int | None) -> Answer:
    with transaction() as session:
        if passkey_id is None:
            second_step.remove_authenticator(session, current_user.reader_id, at=clock.now())
        else:
            second_step.remove_passkey(session, current_user.reader_id, passkey_id, at=clock.now())
    return redirect("/account/second-step", 303)  # type: ignore[return-value]


def _page(app: AppForm | None = None, passkey: PasskeyForm | None = None) -> str:
    mine, here, secret = my_ways(), site(), current_app.config["MEMBERSHIP"].secret_key
    form = app or AppForm(formdata=None)
    form.sealed.data = form.sealed.data or second_step.sealed_seed(secret)
    seed = _seed(form, secret)
    newsroom = g.newsroom.name
    address = pyotp.TOTP(seed).provisioning_uri(name=current_user.email, issuer_name=newsroom)
    asked = here.ask_to_make(current_user.reader_id, current_user.email, current_user.name, newsroom, mine.passkeys)
    return render_template(
        "readers/second_step.html", ways=mine, app_form=form, passkey_form=passkey or PasskeyForm(formdata=None),
        asked=asked if here.can else None, seed=seed,
        picture=segno.make_qr(address, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
    )  # fmt: skip


def _seed(form: AppForm, secret: str) -> str:
    """The seed that the form carries; a new one in the place of one that is too old."""
    try:
        return second_step.seed_of(str(form.sealed.data), secret)
    except Refused:
        form.sealed.data = second_step.sealed_seed(secret)
        return second_step.seed_of(form.sealed.data, secret)
