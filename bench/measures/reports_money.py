"""`report_<name>`: what a report's page costs, in ms, beside a bare page that reads the same rows of sums and answers with
the same bytes; in words, what it costs to make it anew. At full size over 1,000,000 members of five years."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import median

import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.frame import Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.newsroom import MEMBERS, fill
from bench.serving import OURS, serving
from membership import clock, db
from membership.app import create_app
from membership.db import engine_for
from membership.newsroom.models import Newsroom
from membership.reports import tasks
from tests import make

PAGES = 30
_SPELLS = (
    "SELECT began, month, currency, {0}, sum(begun), sum(chosen), sum(failed), sum(yearly) FROM spell_month "
    "GROUP BY began, month, currency, {0}"
)  # fmt: skip
_LEDGER = "SELECT month, currency, paid_for, method, kind, number, amount FROM ledger_month WHERE month >= '{since}'"
_MOVEMENTS = (
    "SELECT month, currency, kind, sum(number), sum(paying), sum(members), sum(yearly) FROM movement_month "
    "GROUP BY month, currency, kind"
)  # fmt: skip
READS: Mapping[str, tuple[str, ...]] = {
    "revenue": (_LEDGER,),
    "recovery": (
        "SELECT month, currency, state, reason, step, how, sum(payments), sum(amount) FROM recovery_month "
        "WHERE month >= '{since}' GROUP BY month, currency, state, reason, step, how",
    ),
    "lapsed": (
        "SELECT month, kind, reason, tier_id, currency, sum(people), sum(writable), sum(yearly), sum(paid) FROM lapsed_month "
        "WHERE month >= '{since}' GROUP BY month, kind, reason, tier_id, currency",
    ),
    "payouts": (
        "SELECT p.stripe_id, p.created_at, p.arrives_at, p.status, p.currency, p.amount, s.payments, s.gross, s.fees, "
        "s.refunds, s.disputes, s.other FROM payout p JOIN payout_sum s ON s.payout_id = p.id "
        "WHERE p.created_at >= '{since}-01'",
    ),
    "lifetime": (_SPELLS.format("tier_id"), _SPELLS.format("source"), _LEDGER),
    "forecast": (_SPELLS.format("source"), _MOVEMENTS, _LEDGER),
    "desk": (_MOVEMENTS,),
}  # fmt: skip


def measure(ground: Ground) -> Mapping[str, Figure]:
    with ground.fresh() as url:
        engine = engine_for(url)
        fill(engine, ground.size(MEMBERS))
        engine.dispose()
        cookie, since = _rolled_up(ground, url)
        with _serving(ground, url, "bench.uncached:app") as anew_at:
            anew = {name: _anew(anew_at, name, cookie) for name in READS}
        with _serving(ground, url, OURS) as ours_at:
            return {f"report_{name}": _figure(ground, url, name, since, ours_at, cookie, anew[name]) for name in READS}


def _path(name: str) -> str:
    return "/staff/" if name == "desk" else f"/staff/reports/{name}"


def _anew(port: int, name: str, cookie: str) -> float:
    """One page after the other, each made anew: the median, in ms."""
    took = []
    for _ in range(7):
        began = time.perf_counter()
        requests.get(f"http://127.0.0.1:{port}{_path(name)}", headers={"Cookie": cookie}, timeout=60).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return median(took)


def _rolled_up(ground: Ground, url: str) -> tuple[str, str]:
    """The sums are made; the cookie of a manager, and the month with which reports begin."""
    app = create_app(ground.config(url))
    engine = engine_for(url)
    db.bind(engine)
    with app.app_context():
        began = time.perf_counter()
        portions = sum(1 for _ in tasks.rebuild())
        print(f"  sums made in {time.perf_counter() - began:.0f} s, {portions} portions", file=sys.stderr, flush=True)
        with Session(engine) as session:
            zone = session.execute(select(Newsroom.time_zone)).scalar_one()
            assert zone == "UTC"
            client = app.test_client()
            make.sign_in(session, client, make.staff(session, "manager"))
            cookie = client.get_cookie("session")
    engine.dispose()
    assert cookie is not None
    now = clock.now()
    months = now.year * 12 + now.month - 1 - 11
    return f"session={cookie.value}", f"{months // 12:04d}-{months % 12 + 1:02d}"


@contextmanager
def _serving(ground: Ground, url: str, target: str) -> Iterator[int]:
    with serving(target, ground.environment(url), ground.directory / "reports.log") as port:
        yield port


def _figure(ground: Ground, url: str, name: str, since: str, ours_at: int, cookie: str, anew: float) -> Figure:
    path = _path(name)
    answer = requests.get(f"http://127.0.0.1:{ours_at}{path}", headers={"Cookie": cookie}, timeout=60, allow_redirects=False)
    assert answer.status_code == 200, (name, answer.status_code)
    page = ground.directory / "report.html"
    page.write_bytes(answer.content)
    environment = ground.environment(url) | {"FLOOR_PAGE": str(page)}
    environment["FLOOR_READS"] = json.dumps([one.format(since=since) for one in READS[name]])
    with serving("bench.floors:app", environment, ground.directory / "reports-floor.log") as floor_at:

        def ours(_number: int) -> float:
            return 1000 / rate(ours_at, [request("GET", path, ours_at, Cookie=cookie)] * PAGES)

        def floor(_number: int) -> float:
            return 1000 / rate(floor_at, [request("GET", "/rows", floor_at)] * PAGES)

        ours(-1), floor(-1)
        said = f"{len(answer.content):,} bytes; anew {anew:.0f} ms"
        return Figure("ms", *turn_by_turn(ours, floor), better="lower", said=said)
