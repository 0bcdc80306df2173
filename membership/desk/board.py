"""The start page (what needs a person), the jobs, the audit trail."""

from __future__ import annotations

from flask import redirect, render_template, request
from flask_babel import lazy_gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from membership import clock
from membership.campaigns.queries import progress_of, running
from membership.db import reading, transaction
from membership.desk import actions, queries
from membership.desk.alarms import open_alarms, place, said
from membership.desk.doctor import worker_is_alive
from membership.desk.room import blueprint
from membership.giving.guard_queries import guarded
from membership.giving.queries import undecided_disputes
from membership.mail.bounces import bouncing, bouncing_count
from membership.mail.many import server_away
from membership.memberships.queries import pledged_twice
from membership.money import Money
from membership.readers.models import Person
from membership.reports.frame import HIDDEN
from membership.reports.held import held
from membership.reports.pages import shown
from membership.reports.today import today
from membership.web.access import Who, allow
from membership.web.locale import get_locale
from membership.webhooks.drift import open_count

PLACES = (
    ("/staff/patrons", lazy_gettext("Patrons and readers"), lazy_gettext("Memberships, payments, letters."), "manager"),
    ("/staff/complimentary", lazy_gettext("Complimentary memberships"), lazy_gettext("Given until a day."), "manager"),
    ("/staff/gifts", lazy_gettext("Memberships as gifts"), lazy_gettext("Who gave one, and who claimed it."), "manager"),
    ("/staff/tiers", lazy_gettext("Memberships on offer"), lazy_gettext("Their words, order and prices."), "manager"),
    ("/staff/ways", lazy_gettext("Other ways to give"), lazy_gettext("Transfer, cheque, PayPal; record a gift."), "manager"),
    ("/staff/imports", lazy_gettext("Bringing people along"), lazy_gettext("Patrons from another system."), "manager"),
    ("/staff/reports", lazy_gettext("Reports"), lazy_gettext("Patrons, money, and which article brought it."), "viewer"),
    ("/staff/appeals", lazy_gettext("Appeal"), lazy_gettext("What is asked under articles, what it brought."), "viewer"),
    ("/staff/campaigns", lazy_gettext("Campaigns"), lazy_gettext("A goal, its dates, how far it is."), "viewer"),
    ("/staff/bulletins", lazy_gettext("Bulletins"), lazy_gettext("Letters to many, and how far they have come."), "viewer"),
    ("/staff/funding", lazy_gettext("How we are paid for"), lazy_gettext("From which sum on givers are named."), "manager"),
    ("/staff/topics", lazy_gettext("Topics"), lazy_gettext("What readers ask for."), "editor"),
    ("/staff/ballots", lazy_gettext("Ballots"), lazy_gettext("Questions put to patrons, and what became of them."), "editor"),
    ("/staff/promises", lazy_gettext("Promises"), lazy_gettext("Stories owed to those who voted."), "editor"),
    ("/staff/perks", lazy_gettext("Perks"), lazy_gettext("Thanks that patrons may claim."), "manager"),
    ("/staff/jobs", lazy_gettext("Jobs"), lazy_gettext("What the worker does, and what went wrong."), "manager"),
    ("/staff/card-testing", lazy_gettext("Card testing"), lazy_gettext("Declined payments, who is suspended."), "manager"),
    ("/staff/drift", lazy_gettext("Drift"), lazy_gettext("Where our books and Stripe's differ."), "manager"),
    ("/staff/settings", lazy_gettext("Settings"), lazy_gettext("Name, colour, texts, sites, currencies."), "manager"),
    ("/staff/team", lazy_gettext("Team"), lazy_gettext("Who works here, and what they may do."), "admin"),
    ("/staff/audit", lazy_gettext("Audit trail"), lazy_gettext("Who did what, and when."), "admin"),
)  # fmt: skip
"""Where staff find things: address, name, hint, and the least role that it opens for."""

SHOWN_ANYWAY = {"parked", "drift"}
"""Alarms whose matter has a line of its own on the start page."""


@blueprint.get("/staff/")
@allow(Who.staff("viewer"))
def start() -> str:
    """How the newsroom stands, what needs a person, and where everything is."""
    at, full = clock.now(), bool(current_user.may("manager"))
    with reading() as session:
        campaigns = running(session, at)
        return render_template(
            "desk/start.html",
            today=held().told(("desk", full, str(get_locale())), lambda: today(session, at=at, full=full)),
            shown=shown,
            few=HIDDEN,
            campaigns=campaigns,
            far=progress_of(session, campaigns),
            events=queries.late_events(session, at),
            parked=queries.parked_jobs(session),
            failed=queries.failed_letters_count(session),
            bouncing=bouncing_count(session, Person),
            mail_away=server_away(session),
            drift=open_count(session),
            alarms=[one for one in open_alarms(session) if one.name not in SHOWN_ANYWAY],
            said=said,
            place=place,
            worker=worker_is_alive(session),
            guarded=guarded(session, at),
            promises=queries.waiting_promises(session, at),
            disputes=undecided_disputes(session) if current_user.may("manager") else [],
            money=Money,
            pledged_twice=held().told("pledged twice", lambda: pledged_twice(session)) if full else [],
            places=PLACES,
        )


@blueprint.get("/staff/jobs")
@allow(Who.staff("manager"))
def jobs() -> str:
    """The work that is waiting, and what went wrong with it."""
    with reading() as session:
        return render_template(
            "desk/jobs.html",
            jobs=queries.jobs(session),
            events=queries.waiting_events(session),
            letters=queries.failed_letters(session),
            bouncing=bouncing(session, Person, most=queries.JOBS_SHOWN),
            worker=worker_is_alive(session),
            shown=queries.JOBS_SHOWN,
        )


@blueprint.post("/staff/jobs/<int:job_id>/retry")
@allow(Who.staff("manager"))
def retry(job_id: int) -> Response:
    """Let the worker try a parked job again."""
    with transaction() as session:
        actions.retry_job(session, job_id, by=current_user.reader_id, at=clock.now())
    return redirect("/staff/jobs", 303)  # type: ignore[return-value]


@blueprint.post("/staff/letters/<int:letter_id>/retry")
@allow(Who.staff("manager"))
def send_again(letter_id: int) -> Response:
    """Try a letter again that was refused."""
    with transaction() as session:
        actions.send_letter_again(session, letter_id, by=current_user.reader_id, at=clock.now())
    return redirect("/staff/jobs", 303)  # type: ignore[return-value]


@blueprint.get("/staff/audit")
@allow(Who.staff("admin"))
def audit() -> str:
    """Who did what, the newest first."""
    before = request.args.get("before", type=int)
    with reading() as session:
        lines, older = queries.trail_page(session, before=before)
    return render_template("desk/audit.html", lines=lines, older=older, before=before)
