"""create_app: the one place where the house is put together.

It hands the lower floors what they may not ask for themselves: who is asking, in which language, for which newsroom.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, has_request_context, redirect, request
from flask import session as cookie
from flask_babel import get_locale
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from membership import clock, db, mishaps
from membership.account import tasks as account_tasks
from membership.account import views as account
from membership.appeals import shelf
from membership.appeals import views as appeals
from membership.ballots import tasks as ballot_tasks
from membership.ballots import views as ballots
from membership.bulletins import tasks as bulletin_tasks
from membership.bulletins import views as bulletins
from membership.campaigns import tasks as campaign_tasks
from membership.campaigns import views as campaigns
from membership.config import Config
from membership.desk import tasks as desk_tasks
from membership.desk import views as desk
from membership.dunning import tasks as dunning_tasks
from membership.dunning import views as dunning
from membership.funding import views as funding
from membership.gateway import client as gateway
from membership.giving import tasks as giving_tasks
from membership.giving import views as giving
from membership.imports import tasks as import_tasks
from membership.imports import views as imports
from membership.jobs.worker import Task
from membership.mail import post as mail
from membership.mail import tasks as mail_tasks
from membership.memberships import standing as memberships_standing
from membership.memberships import tasks as membership_tasks
from membership.memberships import views as memberships
from membership.newsroom import queries as newsroom_queries
from membership.newsroom import views as newsroom
from membership.perks import community_pages
from membership.perks import tasks as perk_tasks
from membership.perks import views as perks
from membership.privacy import tasks as privacy_tasks
from membership.privacy import views as privacy
from membership.promises import tasks as promise_tasks
from membership.promises import views as promises
from membership.readers import actions as readers_actions
from membership.readers import language_pages, session_pages, step_pages, stop_pages
from membership.readers import queries as readers_queries
from membership.readers import views as readers
from membership.readers.proving import ask_again
from membership.reports import tasks as report_tasks
from membership.reports import views as reports
from membership.topics import tasks as topic_tasks
from membership.topics import views as topics
from membership.web import errors, lines, locale, security
from membership.web.access import Visitor, Who, allow, audience, guard
from membership.web.cookies import Cookies
from membership.web.text import markdown
from membership.web.uploads import make_room
from membership.webhooks import pages as webhook_pages
from membership.webhooks import reconciling
from membership.webhooks import tasks as webhook_tasks
from membership.webhooks import views as webhooks
from membership.webhooks.door import FrontDoor

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    newsroom, readers, stop_pages, step_pages, session_pages, language_pages, giving, memberships, topics, ballots, perks,
    promises, dunning, account, campaigns, funding, appeals, bulletins, webhooks, webhook_pages, imports, reports, privacy,
    desk,
)  # fmt: skip
WORK = (
    mail_tasks, topic_tasks, membership_tasks, perk_tasks, ballot_tasks, promise_tasks, dunning_tasks, account_tasks,
    bulletin_tasks, webhook_tasks, reconciling, giving_tasks, campaign_tasks, import_tasks, report_tasks,
    privacy_tasks, desk_tasks,
)  # fmt: skip
BODY_LIMIT = 512 * 1024
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
"""Besides BASE_URL's own name the site answers only to these, for health checks on the machine itself."""
TOUCH_EVERY = timedelta(minutes=2)
OPEN_BEFORE_SET_UP = frozenset(
    {
        "static", "desk.setup", "desk.set_up", "language.ask", "language.choose", "newsroom.theme", "desk.healthz",
        "desk.readyz", "desk.metrics", "newsroom.security", "webhooks.receive",
        "appeals.appeal", "appeals.ballot", "appeals.goal", "appeals.on", "appeals.seen", "appeals.script",
        "appeals.frame_js", "appeals.frame_css",
    }
)  # fmt: skip
"""What answers before there is a newsroom. The webhook door and the embeds, being hot paths, never ask for it like this."""


def open_house(config: Config) -> None:
    """Bind this process to its database, clock, post office and Stripe. Web, worker and command line all begin here."""
    if config.database_url.startswith("sqlite:///") and ":memory:" not in config.database_url:
        Path(config.database_url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    db.bind(db.engine_for(config.database_url))
    connect_outside(config)


def connect_outside(config: Config) -> None:
    """The part of `open_house` that is not the database."""
    clock.follow(config.clock_file)
    mishaps.begin(config.sentry_dsn)
    gateway.bind(config)
    mail.bind(config)


def create_app(config: Config) -> Flask:
    """The web application. The house must have been opened (`open_house`) before the first request."""
    app = Flask("membership", root_path=str(ROOT / "membership"), template_folder=str(ROOT / "templates"))
    app.config.update(
        MEMBERSHIP=config,
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=BODY_LIMIT,
        SESSION_COOKIE_NAME="__Host-session" if config.secure else "session",
        SESSION_COOKIE_SECURE=config.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=180),
        SESSION_REFRESH_EACH_REQUEST=False,
        # Pages whose address carries a token send no Referer, so it cannot be asked for; the token and SameSite stay.
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=None,  # a ballot may lie open for as long as a reader thinks about it
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "membership" / "translations"),
        BABEL_DEFAULT_TIMEZONE="UTC",
    )
    app.session_interface = Cookies()
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    lines.install(app, config)
    _install_visitors(app)
    _install_newsroom(app)
    app.before_request(make_room)  # before the form's token is looked for, which reads the whole body
    csrf = CSRFProtect(app)
    csrf.exempt(webhooks.receive)
    csrf.exempt(community_pages.token)  # another site's server posts to it, with its own secret
    csrf.exempt(stop_pages.stop)  # its address is signed, and mail programs post to it by themselves (RFC 8058)
    app.before_request(_asked_by_name)
    app.before_request(_no_such_text)
    app.before_request(guard)
    app.before_request(ask_again)
    security.install(app, config)
    errors.install(app)
    allow(Who.ANYONE)(app.view_functions["static"])
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    shelf.install(app)
    app.wsgi_app = FrontDoor(app, config, _names(config))  # type: ignore[assignment, method-assign]
    return app


def _names(config: Config) -> tuple[str | None, ...]:
    return (urlsplit(config.base_url).hostname, *LOOPBACK_NAMES)


def _asked_by_name() -> Response | None:
    """Answer to the site's own name only: redirects and links are made of it (ASVS 4.1). Health checks may use any."""
    names = _names(current_app.config["MEMBERSHIP"])
    if request.host.rpartition(":")[0] in names or request.host in names:
        return None
    if request.endpoint in {"desk.healthz", "desk.readyz", "desk.metrics"}:
        return None
    return Response("This is not the name of this site.\n", 400, content_type="text/plain; charset=utf-8")


def _no_such_text() -> None:
    """No address of ours has a NUL in it, and PostgreSQL would stumble over one."""
    if "\0" in request.path or any("\0" in value for value in request.args.values()):
        abort(404)


def all_tasks() -> Mapping[str, Task]:
    """Every task the worker knows, by name."""
    return {name: task for room in WORK for name, task in room.TASKS.items()}


def _install_visitors(app: Flask) -> None:
    login = LoginManager(app)
    # No remember cookie is used; its hook would touch the session of every answer, embeds and the stylesheet included.
    app.after_request_funcs[None].remove(login._update_remember_cookie)

    @login.user_loader
    def load(token: str) -> Visitor | None:
        at = clock.now()
        asked, holder = g.pop("holder", ("", None))
        if asked != token:
            with db.asking() as books:
                holder = readers_queries.session_holder(books, token, at)
        if holder is None:
            return None
        if at - holder.seen_at > TOUCH_EVERY:
            with db.transaction() as session:
                readers_actions.touch_session(session, token, at)

        def standing(reader_id: int) -> bool:
            with db.reading() as session:
                return memberships_standing.has_standing(session, reader_id, at)

        return Visitor(
            reader_id=holder.reader_id,
            name=holder.name,
            email=holder.email,
            language=holder.language,
            role=holder.role if holder.stepped else None,
            token=token,
            standing=standing,
            held_role=holder.role,
            fresh_until=holder.fresh_until,
        )


def _install_newsroom(app: Flask) -> None:
    def current() -> Any:
        if "newsroom" not in g:
            # Where the guard is about to ask who this is, both are asked at once; on no page for everybody.
            known = has_request_context() and audience(app, request.endpoint) not in {None, Who.ANYONE}
            token = str(cookie.get("_user_id", "")) if known else ""
            with db.asking() as books:
                if token:
                    facts = newsroom_queries.FACTS
                    g.newsroom, holder = readers_queries.session_holder_beside(books, facts, token, clock.now())
                    g.holder = token, holder
                else:
                    g.newsroom = newsroom_queries.facts(books)
        return g.newsroom

    @app.before_request
    def set_up_first() -> Response | None:
        """Until the newsroom is set up, every page leads to the operator's first form."""
        return None if request.endpoint in OPEN_BEFORE_SET_UP or current() else redirect("/setup", 303)

    def language() -> str:
        newsroom = current()
        return str(newsroom.language) if newsroom else "en"

    def zone() -> str:
        newsroom = current()
        return str(newsroom.time_zone) if newsroom else "UTC"

    locale.install(app, language, zone)
    app.jinja_env.filters["markdown"] = markdown

    @app.context_processor
    def everywhere() -> dict[str, object]:
        return {"newsroom": current(), "get_locale": get_locale, "base_url": app.config["MEMBERSHIP"].base_url}

    app.jinja_env.globals["languages"] = locale.in_their_own_words()
