"""Proving oneself: the app's digits, a recovery code or a passkey, at sign-in and again where a fresh proof is asked for.

The page that asks for a fresh proof carries everything along that was posted, so that nothing is typed twice.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode, urlsplit

from flask import current_app, redirect, render_template, request
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from membership import clock
from membership.db import reading, transaction
from membership.readers import actions, second_step
from membership.readers.entering import leave
from membership.readers.passkeys import Asked, Site
from membership.readers.step_rules import PasskeyRefused
from membership.refusals import Refused
from membership.web.access import audience, own_path
from membership.web.browser import client_address
from membership.web.forms import Form
from membership.web.limits import (
    CODES_PER_CLIENT,
    STEPS_PER_READER,
    WRONG_STEPS_PER_SESSION,
    TooOften,
    count_against,
    give_back,
)
from membership.web.tokens import hashed

LONGEST_ANSWER = 8_000


class ProofForm(Form):
    """The app's digits or a recovery code as typed; or what a device answered, which a script puts in."""

    proof_step = StringField(
        lazy_gettext("The six digits, or a recovery code"),
        validators=[Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false", "class": "short"},
    )
    proof_answer = HiddenField(validators=[Length(max=LONGEST_ANSWER)])
    proof_challenge = HiddenField(validators=[Length(max=500)])


def site() -> Site:
    """Where this session's passkeys are good for."""
    config = current_app.config["MEMBERSHIP"]
    return Site(config.base_url, config.secret_key, hashed(current_user.token))


def asked(mine: second_step.Ways) -> Asked | None:
    """What a device is asked for, if the reader has passkeys and this site can have any."""
    here = site()
    return here.ask_to_use(mine.passkeys) if mine.passkeys and here.can else None


def my_ways() -> second_step.Ways:
    """The signed-in reader's ways of taking the second step."""
    with reading() as session:
        return second_step.ways(session, current_user.reader_id)


def prove(form: ProofForm) -> None:
    """Take what was typed or answered. Raises `WrongStep`, `PasskeyRefused`, `TooOften`; the last wrong one that a session
    may have ends it."""
    at = clock.now()
    of_reader, of_client = (STEPS_PER_READER, str(current_user.reader_id)), (CODES_PER_CLIENT, client_address())
    count_against(of_client, of_reader, at=at)
    try:
        with transaction() as session:
            _check(session, form)
            give_back(session, *of_reader, counted_at=at)
            give_back(session, *of_client, counted_at=at)
    except Refused:
        try:
            count_against((WRONG_STEPS_PER_SESSION, hashed(current_user.token)), at=at)
        except TooOften as over:
            with transaction() as session:
                actions.end_session(session, current_user.token, at)
            leave()
            raise over from None
        raise


def _check(session: Session, form: ProofForm) -> None:
    reader_id, at = current_user.reader_id, clock.now()
    if form.proof_answer.data:
        answer = str(form.proof_answer.data)
        second_step.prove_by_passkey(
            session, reader_id, answer, str(form.proof_challenge.data), credential_of(answer), site(), at=at
        )
    else:
        secret, wall = current_app.config["MEMBERSHIP"].secret_key, clock.wall()
        second_step.prove_by_code(session, reader_id, str(form.proof_step.data or ""), secret=secret, wall=wall, at=at)


def credential_of(answer: str) -> str:
    """Which credential a device answered with. Raises `PasskeyRefused`."""
    try:
        return str(json.loads(answer)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused() from error


def ask_again() -> Response | tuple[str, int] | None:
    """Before each request that wants a fresh proof: let in who gave one minutes ago or gives it now; ask everybody else."""
    who = audience(current_app, request.endpoint)  # type: ignore[arg-type]
    return require_fresh() if who is not None and who.fresh else None


def require_fresh() -> Response | tuple[str, int] | None:
    """None when a fresh proof was given; else the page that asks for it."""
    if current_user.is_fresh(clock.now()):
        return None
    if request.method == "GET":
        return redirect("/sign-in/again?" + urlencode({"next": request.full_path.rstrip("?")}), 303)  # type: ignore[return-value]
    form = ProofForm()
    if not (form.proof_step.data or form.proof_answer.data):
        return ask_page(form, request.full_path.rstrip("?")), 403
    try:
        if not form.validate():
            raise PasskeyRefused()
        prove(form)
    except Refused as refused:
        form.show(refused, "proof_step")
        return ask_page(form, request.full_path.rstrip("?")), refused.status
    with transaction() as session:
        second_step.freshen(session, current_user.token, at=clock.now())
    return None


def require_recent() -> Response | tuple[str, int] | None:
    """The same on a reader's own pages: who belongs to the team proves it by the second step, everybody else by having signed
    in a quarter of an hour ago at most, or doing so again by a letter."""
    if current_user.is_fresh(clock.now()):
        return None
    if current_user.role is not None:
        return require_fresh()
    here = request.full_path.rstrip("?")
    return redirect("/sign-in/again?" + urlencode({"next": here}), 303)  # type: ignore[return-value]


def ask_page(form: ProofForm, action: str, **values: object) -> str:
    """The page that asks for a proof, with what was posted carried along."""
    mine = my_ways() if current_user.is_authenticated else second_step.Ways((), None, 0)
    carried = [(name, value) for name, value in request.form.items(multi=True) if not _is_ours(name)]
    if request.files and any(file.filename for file in request.files.values()):
        form.notice = gettext("The file that you chose has to be chosen again after this step.")
        action, carried = "/sign-in/again", [("next", own_path(_came_from(), "/staff/"))]
    return render_template(
        "readers/prove.html", form=form, ways=mine, asked=asked(mine) if mine else None, action=action, carried=carried,
        **values,
    )  # fmt: skip


def _is_ours(name: str) -> bool:
    return name == "csrf_token" or name.startswith("proof_")


def _came_from() -> str:
    try:
        return urlsplit(request.referrer or "").path
    except ValueError:  # anything may be sent as where one came from
        return ""
