"""`page`: the support page, beside a Flask view that answers with the same bytes."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from sqlalchemy.orm import Session

from bench.frame import Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.serving import OURS, serving
from membership.db import engine_for
from tests import make

PAGES = 2_000


def measure(ground: Ground) -> Mapping[str, Figure]:
    count = ground.size(PAGES)
    with ground.fresh() as url:
        engine = engine_for(url)
        with Session(engine) as session:
            make.newsroom(session)
            for slug, monthly in (("reader", 500), ("friend", 1000), ("patron", 2500)):
                make.tier(session, slug, monthly=monthly)
        engine.dispose()
        environment = ground.environment(url)
        with serving(OURS, environment, ground.directory / "page.log") as ours_at:
            answer = requests.get(f"http://127.0.0.1:{ours_at}/", timeout=20)
            answer.raise_for_status()
            page = ground.directory / "page.html"
            page.write_bytes(answer.content)
            environment["FLOOR_PAGE"] = str(page)
            with serving("bench.floors:app", environment, ground.directory / "page-floor.log") as floor_at:

                def ours(_number: int) -> float:
                    return rate(ours_at, [request("GET", "/", ours_at)] * count)

                def floor(_number: int) -> float:
                    return rate(floor_at, [request("GET", "/page", floor_at)] * count)

                ours(-1), floor(-1)
                return {"page": Figure("pages/s", *turn_by_turn(ours, floor), said=f"{len(answer.content):,} bytes")}
