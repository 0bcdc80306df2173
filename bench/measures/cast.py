"""`cast`: votes per second under the server, each by a patron of its own, beside two bare inserts and the same page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from bench.floor_tables import make_tables
from bench.frame import ROUNDS, SECRET_KEY, Figure, Ground, turn_by_turn
from bench.load import rate, request
from bench.serving import OURS, serving
from membership import clock, db
from membership.app import connect_outside, create_app
from membership.ballots import actions
from membership.db import engine_for
from tests import make
from tests.ballots.helpers import accepted_topics

VOTES = 1_000
PATH = "/ballots/what-next/vote"
HIDDEN = re.compile(r'name="(csrf_token|attempt)"[^>]*value="([^"]+)"')


def measure(ground: Ground) -> Mapping[str, Figure]:
    count = ground.size(VOTES)
    with ground.fresh() as url:
        make_tables(url)
        votes, page = electorate(ground, url, count * ROUNDS + 20)
        environment = ground.environment(url)
        (ground.directory / "cast.html").write_text(page)
        environment["FLOOR_PAGE"] = str(ground.directory / "cast.html")
        with (
            serving(OURS, environment, ground.directory / "cast.log") as ours_at,
            serving("bench.floors:app", environment, ground.directory / "cast-floor.log") as floor_at,
        ):

            def send(some: list[tuple[str, bytes]]) -> float:
                form = {"Content_Type": "application/x-www-form-urlencoded"}
                made = [request("POST", PATH, ours_at, body, Cookie=cookie, **form) for cookie, body in some]
                return rate(ours_at, made)

            def ours(number: int) -> float:
                return send(votes[number * count : (number + 1) * count])

            def floor(_number: int) -> float:
                return rate(floor_at, [request("POST", "/two", floor_at, votes[0][1])] * count)

            send(votes[-20:]), floor(-1)
            return {"cast": Figure("votes/s", *turn_by_turn(ours, floor))}


def electorate(ground: Ground, url: str, voters: int) -> tuple[list[tuple[str, bytes]], str]:
    """An open ballot and everybody's filled-in form, with the cookie it belongs to; and a page to answer with."""
    config = ground.config(url)
    engine = engine_for(url)
    db.bind(engine)
    connect_outside(config)
    app = create_app(config)
    found, page = [], ""
    with Session(engine, expire_on_commit=False) as session, app.app_context():
        make.newsroom(session)
        tier, editor, at = make.tier(session), make.staff(session, "editor"), clock.now()
        people = [make.patron(session, tier_row=tier) for _ in range(voters)]
        topics = accepted_topics(session, 4, by=editor.reader_id, proposer=editor.reader_id, at=at)
        ballot = actions.draft(
            session, title="What next?", question="What should we look into next?", topic_ids=topics, opens_at=at,
            closes_at=at + timedelta(hours=8), by=editor.reader_id, at=at, attempt="bench", secret=SECRET_KEY,
        )  # fmt: skip
        actions.open_ballot(session, ballot.id, secret=SECRET_KEY, at=at)
        session.commit()
    for person in people:
        with app.app_context(), Session(engine, expire_on_commit=False) as session:
            client = app.test_client()
            make.sign_in(session, client, person)
        with app.app_context():
            page = client.get("/ballots/what-next").text
        fields = dict(HIDDEN.findall(page)) | {"choice": "1"}
        cookie = client.get_cookie("session")
        assert cookie is not None and "csrf_token" in fields
        found.append((f"session={cookie.value}", urlencode(fields).encode()))
    engine.dispose()
    return found, page
