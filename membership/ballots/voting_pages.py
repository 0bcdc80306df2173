"""The ballot itself: the question, whether this visitor may vote, casting, looking over, withdrawing, the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock, db
from membership.ballots import actions, eligibility, observing, queries, rules, ways
from membership.ballots.cast_page import cast_page, private
from membership.ballots.life import late_from
from membership.ballots.models import Ballot, BallotOption
from membership.ballots.pages import ballot_at, blueprint, secret
from membership.ballots.seals import draft_name, in_display_order, read_code, written_code
from membership.ballots.voting_form import VoteForm, as_sent, choices_in
from membership.memberships.queries import open_tiers
from membership.refusals import Refused
from membership.web.access import Who, allow
from membership.web.errors import words_of
from membership.web.forms import sent_attempt
from membership.web.limits import VOTES_PER_READER, TooOften, count_against


@blueprint.get("/ballots/<slug>")
@allow(Who.ANYONE)
def show(slug: str) -> str:
    """One ballot: the question, the options, the rules, and whether this visitor may vote."""
    with db.reading() as session:
        return _page(session, ballot_at(session, slug), VoteForm(formdata=None), at=clock.now())


def _page(
    session: Session,
    ballot: Ballot,
    form: VoteForm,
    *,
    at: datetime,
    sent: Mapping[int, str] | None = None,
    error: str = "",
) -> str:
    """`sent`: what was chosen already, by position, to be shown again: a rank, stars, or anything for a tick."""
    options = queries.options_of(session, ballot.id)
    right, draft = None, ""
    if current_user.is_authenticated:
        reader_id = current_user.reader_id
        right = queries.right_of(session, ballot, reader_id, at)
        options = in_display_order(options, secret=secret(), ballot_id=ballot.id, reader_id=reader_id)
        draft = draft_name(secret(), ballot.id, reader_id)
    rule = eligibility.rule_of(ballot.rule)
    return render_template(
        "ballots/ballot.html", ballot=ballot, phase=queries.phase_of(ballot, at), options=options, right=right,
        mine=right.may if right else None, turnout=queries.turnout(ballot), late_from=late_from(ballot),
        topics=queries.topic_addresses(session, ballot.id), form=form, sent=sent or {}, error=error, rule=rule,
        asked=ways.asked_for(ballot.method, ballot.budget), tiers={tier.id: tier.name for tier in open_tiers(session)},
        befell=queries.what_befell(session, ballot.id), heads=observing.heads_told(session, ballot.id), draft=draft,
        shares=rules.shares_of_roll(ballot.roll_by or {}),
    )  # fmt: skip


def _in_words(content: str, ballot: Ballot, options: list[BallotOption]) -> list[tuple[str, int | None]]:
    titles = {option.position: option.title for option in options}
    return [(titles[one.position], one.number) for one in ways.chosen(content, ballot.method, titles)]


@blueprint.post("/ballots/<slug>/vote")
@allow(Who.READERS)
def vote(slug: str) -> Any:
    """Cast a vote. The answer itself shows the code, once; sending the same form again is the same vote."""
    choices: ways.Choices = []
    attempt = sent_attempt()
    counted = (VOTES_PER_READER, str(current_user.reader_id))
    try:
        with db.writing() as books:
            held = actions.hold_and_count(books, slug, *counted, at=clock.now())
            choices = choices_in(request.form, held.method)
            cast = actions.cast_and_confirm(
                books, held, current_user.reader_id, choices, secret=secret(), attempt=attempt, at=clock.now()
            )
    except TooOften:
        raise
    except Refused as refused:
        count_against(counted, at=clock.now())  # the rollback took the count of this try with it
        return _once_more(slug, VoteForm(), choices, refused)
    return private(cast_page(cast, draft_name(secret(), cast.ballot_id, current_user.reader_id)))


def _once_more(slug: str, form: VoteForm, choices: ways.Choices, refused: Refused) -> Any:
    """The form again with a word, if it is the form that can be mended."""
    if refused.field != "choice":
        raise refused
    with db.reading() as session:
        page = _page(
            session, ballot_at(session, slug), form, at=clock.now(), sent=as_sent(choices), error=words_of(refused)
        )
    return private(page, 422)


@blueprint.post("/ballots/<slug>/draft")
@allow(Who.READERS)
def look_over(slug: str) -> Any:
    """A vote that is not cast yet: checked and read back, or opened again. It is kept in the page's hidden fields alone;
    the house remembers that it was begun."""
    form, at = VoteForm(), clock.now()
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        options = queries.options_of(session, ballot.id)
    choices = choices_in(request.form, ballot.method)
    if "again" in request.form:
        with db.reading() as session:
            return private(_page(session, ballot, form, at=at, sent=as_sent(choices)))
    try:
        with db.transaction() as session:
            content = actions.look_over(session, ballot.id, choices, at=at)
            actions.begin(session, ballot.id, current_user.reader_id, signal="looked_over", at=at)
            right = queries.right_of(session, ballot, current_user.reader_id, at)
    except Refused as refused:
        return _once_more(slug, form, choices, refused)
    if right.line is None:
        raise rules.NotOnRoll()
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in {"csrf_token", "attempt"}]
    return private(
        render_template(
            "ballots/look_over.html",
            ballot=ballot,
            chosen=_in_words(content, ballot, options),
            fields=fields,
            form=form,
            asked=ways.asked_for(ballot.method, ballot.budget),
        )
    )


@blueprint.post("/ballots/<slug>/beginning")
@allow(Who.READERS)
def begin(slug: str) -> Any:
    """The page's script tells that the form was touched: nothing of what is in it."""
    with db.transaction() as session:
        ballot = ballot_at(session, slug)
        actions.begin(session, ballot.id, current_user.reader_id, signal="touched", at=clock.now())
    return "", 204


@blueprint.post("/ballots/<slug>/withdrawal")
@allow(Who.READERS)
def withdraw(slug: str) -> Any:
    """Take one's vote out of the urn again."""
    count_against((VOTES_PER_READER, str(current_user.reader_id)), at=clock.now())
    with db.transaction() as session:
        held = actions.hold(session, slug)
        taken = actions.withdraw_and_confirm(session, held, current_user.reader_id, secret=secret(), at=clock.now())
    flash(
        _("Your vote is withdrawn. You can cast another until the close.")
        if taken
        else _("There was no vote of yours.")
    )
    return redirect(f"/ballots/{slug}", 303)


@blueprint.get("/ballots/<slug>/receipt/<code>")
@allow(Who.ANYONE)
def receipt(slug: str, code: str) -> Response:
    """What became of the vote with this code, for whoever holds it."""
    code = read_code(code)
    with db.reading() as session:
        ballot = ballot_at(session, slug)
        found = queries.receipt(session, ballot, code)
    page = render_template(
        "ballots/receipt.html", ballot=ballot, found=found, code=written_code(code),
        asked=ways.asked_for(ballot.method, ballot.budget),
    )  # fmt: skip
    return private(page, 404 if found.state == "unknown" else 200)
