"""The last look before a bulletin goes: how many get it, when, and a button that names the number."""

from __future__ import annotations

from flask import flash, redirect, render_template
from flask_babel import gettext, ngettext
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from membership import clock
from membership.bulletins import actions, queries
from membership.bulletins.forms import SORT_CHOICES, STANDING_CHOICES, SendingForm
from membership.bulletins.models import Bulletin
from membership.bulletins.room import blueprint
from membership.bulletins.rules import NotADraft, segment_of
from membership.bulletins.writing_pages import names_of
from membership.db import reading, transaction
from membership.mail import many
from membership.memberships.queries import open_tiers
from membership.newsroom import queries as newsroom
from membership.refusals import Refused
from membership.topics.queries import topic_by_id
from membership.web.access import Who, allow
from membership.web.text import markdown

Answer = Response | str | tuple[str, int]


@blueprint.get("/staff/bulletins/<int:bulletin_id>/sending")
@allow(Who.staff("manager"))
def sending(bulletin_id: int) -> Answer:
    """What will be sent, and to how many."""
    with reading() as session:
        bulletin = queries.bulletin_by_id(session, bulletin_id)
    if bulletin.state != "draft":
        return redirect(f"/staff/bulletins/{bulletin_id}/progress", 303)  # type: ignore[return-value]
    return _page(bulletin, SendingForm(formdata=None))


@blueprint.post("/staff/bulletins/<int:bulletin_id>/sending")
@allow(Who.staff("manager", fresh=True))
def send(bulletin_id: int) -> Answer:
    """Send it to so many, now or at a time."""
    form = SendingForm()
    with reading() as session:
        bulletin, us = queries.bulletin_by_id(session, bulletin_id), newsroom.current(session)
    if bulletin.state != "draft":
        raise NotADraft()
    if not form.validate():
        return _page(bulletin, form), 422
    due_at = form.due(us.time_zone if us else "UTC")
    try:
        with transaction() as session:
            number = actions.schedule(
                session,
                bulletin_id,
                confirmed=form.confirmed(),
                due_at=due_at,
                by=current_user.reader_id,
                at=clock.now(),
            )
    except Refused as refused:
        form.show(refused, "due_at")
        return _page(bulletin, form), refused.status
    if due_at is None:
        flash(ngettext("It is on its way to %(num)s reader.", "It is on its way to %(num)s readers.", number))
    else:
        flash(gettext("It will be sent at that time, to whoever belongs to these readers then."))
    return redirect(f"/staff/bulletins/{bulletin_id}/progress", 303)  # type: ignore[return-value]


def _page(bulletin: Bulletin, form: SendingForm) -> str:
    segment = segment_of(bulletin.segment)
    with reading() as session:
        audience = queries.audience(session, segment, bulletin.sort, clock.now())
        texts = queries.texts_of(session, bulletin.id)
        tiers = [tier.name for tier in open_tiers(session) if tier.id in segment.tiers]
        topic = topic_by_id(session, segment.topic) if segment.topic is not None else None
        pace = many.pace(session)
    form.number.data = str(audience.reached)
    languages = names_of(texts)
    return render_template(
        "bulletins/sending.html", bulletin=bulletin, form=form, audience=audience, tiers=tiers, topic=topic,
        sort=SORT_CHOICES[bulletin.sort], standing=STANDING_CHOICES[segment.standing],
        readers_of=list(names_of(segment.languages).values()), minutes=-(-audience.reached // pace),
        said=[(languages[one], texts[one].subject, Markup(markdown(texts[one].body)), one) for one in languages],  # noqa: S704
    )  # fmt: skip
