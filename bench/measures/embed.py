"""The appeal under an article, in pages a second, beside a Flask view that answers with the same bytes.

`embed_cached`: one article that everybody reads, answered from memory. `embed_uncached`: each request asks for an
article that nobody asked for before, so that no page is kept for it; what stands in the database is read twice a minute, as
always. `embed_cold`: nothing is kept at all, each request reads newsroom, sites, appeal, prices and ballots anew and renders.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import requests
from sqlalchemy.orm import Session

from bench.frame import Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.serving import OURS, serving
from membership.appeals import actions
from membership.appeals.rules import Words
from membership.db import engine_for
from tests import make

PAGES = 20_000
ASKED = "/embed/appeal?" + urlencode({"article": "http://localhost:8002/an-article", "lang": "en"})
WORDS = Words("You have read to the end.", "For {price} a month you carry this.\n\n" + "And so on. " * 40, "Join", "Else")


def measure(ground: Ground) -> Mapping[str, Figure]:
    with ground.fresh() as url:
        engine = engine_for(url)
        with Session(engine) as session:
            make.newsroom(session)
            for slug, monthly in (("reader", 500), ("friend", 1000), ("patron", 2500)):
                make.tier(session, slug, monthly=monthly)
            editor = make.staff(session, "manager")
            appeal = actions.draft(
                session, "Bench", {(n, "en"): WORDS for n in range(2)}, by=editor.reader_id, at=make.NOON
            )
            actions.begin(session, appeal.id, by=editor.reader_id, at=make.NOON)
            session.commit()
        engine.dispose()
        return {
            "embed_cached": _figure(ground, url, OURS, ground.size(PAGES)),
            "embed_uncached": _figure(ground, url, OURS, ground.size(PAGES) // 2, other_articles=True),
            "embed_cold": _figure(ground, url, "bench.uncached:app", ground.size(PAGES) // 10),
        }


def _figure(ground: Ground, url: str, target: str, count: int, *, other_articles: bool = False) -> Figure:
    environment = ground.environment(url)
    log = Path(ground.directory)
    with serving(target, environment, log / "embed.log") as ours_at:
        answer = requests.get(f"http://127.0.0.1:{ours_at}{ASKED}", headers={"Accept-Language": "en-GB"}, timeout=20)
        answer.raise_for_status()
        page = log / "embed.html"
        page.write_bytes(answer.content)
        environment["FLOOR_PAGE"] = str(page)
        with serving("bench.floors:app", environment, log / "embed-floor.log") as floor_at:

            def ours(number: int) -> float:
                paths = [ASKED.replace("an-article", f"an-{number}-{n}") if other_articles else ASKED for n in range(count)]
                return rate(ours_at, [request("GET", path, ours_at, Accept_Language="en-GB") for path in paths])

            def floor(_number: int) -> float:
                return rate(floor_at, [request("GET", "/page", floor_at)] * count)

            ours(-1), floor(-1)
            return Figure("pages/s", *turn_by_turn(ours, floor), said=f"{len(answer.content):,} bytes")
