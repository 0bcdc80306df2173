"""`report_articles`, `report_stories`, `report_topics`, `report_perks`: each report's page with five years behind it, beside
a bare page on the same server that reads the same rows of the sums and answers with the same bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import requests
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from bench import ways
from bench.frame import Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.serving import OURS, serving
from membership import db
from membership.app import connect_outside, create_app
from membership.db import engine_for
from membership.giving.models import Payment
from membership.readers.models import Person
from membership.reports import tasks
from membership.reports.rules import begin_of, month_later
from membership.reports.way_models import TouchMonth
from tests import make

MEMBERS = 1_000_000
PAGES = 20
SUMS = "SUM(patrons), SUM(begun), SUM(payments), SUM(begun_gross), SUM(gross)"
READS = {
    "articles": (
        f"SELECT way, article_id, name, currency, {SUMS} FROM touch_month WHERE month BETWEEN '{{since}}' AND '{{until}}'"
        " GROUP BY way, article_id, name, currency",
        "SELECT article_id, appeal_id, variant, language, SUM(seen), SUM(clicked) FROM appeal_count"
        " GROUP BY article_id, appeal_id, variant, language",
        "SELECT id, title, address FROM article",
    ),
    "stories": (
        f"SELECT way, article_id, currency, {SUMS} FROM touch_month WHERE way IN ('last', 'first') AND article_id <= 12"
        " GROUP BY way, article_id, currency",
        "SELECT * FROM promise", "SELECT * FROM ballot", "SELECT * FROM promise_step WHERE kind = 'dated'",
        "SELECT topic_id, COUNT(*) FROM topic_support GROUP BY topic_id",
    ),
    "topics": ("SELECT * FROM ballot", "SELECT * FROM promise", "SELECT * FROM stay"),
    "perks": ("SELECT * FROM perk", "SELECT * FROM perk_month"),
}  # fmt: skip


def measure(ground: Ground) -> Mapping[str, Figure]:
    members, now = ground.size(MEMBERS), datetime.now(UTC)
    with ground.fresh() as url:
        engine = engine_for(url)
        cookie, took = _rolled(ground, url, engine, ways.write(engine, members, now))
        obvious = _obvious(engine, now)
        engine.dispose()
        until = f"{now:%Y-%m}"
        since = month_later(until, -11)
        found = {}
        environment = ground.environment(url)
        with serving(OURS, environment, ground.directory / "reports.log") as ours_at:
            for name, reads in READS.items():
                found[f"report_{name}"] = _beside(
                    ground, environment, ours_at, cookie, name, [one.format(since=since, until=until) for one in reads],
                    f"{members:,} members; sums in {took:.0f} s; obvious SQL {obvious:.2f} s" if name == "articles" else "",
                )  # fmt: skip
        return found


def _rolled(ground: Ground, url: str, engine: Engine, staff: Person) -> tuple[str, float]:
    """The sums made, and the cookie of somebody who may read reports; how long the sums took."""
    config = ground.config(url)
    db.bind(engine)
    connect_outside(config)
    app = create_app(config)
    began = time.perf_counter()
    with app.app_context():
        for _ in tasks.rebuild():
            pass
        took = time.perf_counter() - began
        with Session(engine, expire_on_commit=False) as session:
            client = app.test_client()
            make.sign_in(session, client, staff)
    held = client.get_cookie("session")
    assert held is not None
    return f"session={held.value}", took


def _obvious(engine: Engine, now: datetime) -> float:
    """The obvious SQL over all payments of the twelve months, timed; its sums must be those of the report."""
    until = f"{now:%Y-%m}"
    since = month_later(until, -11)
    within = (Payment.paid_at >= begin_of(since, "UTC"), Payment.paid_at < begin_of(month_later(until, 1), "UTC"))
    slow = select(Payment.article_id, func.count(), func.sum(Payment.amount)).where(*within).group_by(Payment.article_id)
    sums = (
        select(TouchMonth.article_id, func.sum(TouchMonth.payments), func.sum(TouchMonth.gross))
        .where(TouchMonth.way == "last", TouchMonth.month >= since, TouchMonth.month <= until)
        .where(TouchMonth.payments > 0)
        .group_by(TouchMonth.article_id)
    )
    with engine.connect() as books:
        if engine.dialect.name == "postgresql":
            books.execute(text("SET max_parallel_workers_per_gather = 0"))
        began = time.perf_counter()
        theirs = {tuple(map(int, row)) for row in books.execute(slow)}
        took = time.perf_counter() - began
        ours = {tuple(map(int, row)) for row in books.execute(sums)}
    assert theirs == ours, "the report's sums are not those of the obvious SQL"
    return took


def _beside(
    ground: Ground, environment: dict[str, str], ours_at: int, cookie: str, name: str, reads: list[str], said: str
) -> Figure:
    path = f"/staff/reports/{name}"
    answer = requests.get(f"http://127.0.0.1:{ours_at}{path}", headers={"Cookie": cookie}, timeout=600)
    answer.raise_for_status()
    page = ground.directory / f"{name}.html"
    page.write_bytes(answer.content)
    more = {"FLOOR_PAGE": str(page), "FLOOR_READS": json.dumps(reads)}
    with serving("bench.floors:app", environment | more, ground.directory / f"{name}-floor.log") as floor_at:

        def ours(_number: int) -> float:
            return rate(ours_at, [request("GET", path, ours_at, Cookie=cookie)] * PAGES)

        def floor(_number: int) -> float:
            return rate(floor_at, [request("GET", "/rows", floor_at)] * PAGES)

        ours(-1), floor(-1)
        return Figure("pages/s", *turn_by_turn(ours, floor), said=f"{len(answer.content):,} bytes; {said}".rstrip("; "))

