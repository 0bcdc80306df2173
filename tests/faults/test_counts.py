"""What was seen is written when the site ends in order; killed, it loses what it had not written, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from membership.appeals.models import AppealCount
from membership.newsroom.models import Article
from tests.databases import Databases
from tests.house_on_sockets import House, living_house, wait_until


def look(house: House, article: str) -> None:
    """Say what a frame says that was on the screen."""
    day = house.now().date()
    carried = f"http://localhost:8002/{article}#embed=appeal&appeal=0&day={day}&lang=en"
    requests.get(f"{house.url}/embed/seen.gif", params={"article": carried}, timeout=20).raise_for_status()


def seen(house: House) -> dict[str, int]:
    with house.session() as session:
        counted = select(Article.address, func.sum(AppealCount.seen)).join(
            Article, Article.id == AppealCount.article_id
        )
        return {
            address.rpartition("/")[2]: int(number)
            for address, number in session.execute(counted.group_by(Article.address))
        }


@pytest.mark.only_on("sqlite")  # how a process ends is the same whatever it writes into
def test_what_was_seen_survives_an_orderly_end_and_a_kill_takes_its_last_seconds(store: Databases, tmp_path: Path):
    with living_house(store, tmp_path) as house:
        house.start_web()
        look(house, "a")
        house.web.stop()
        assert seen(house) == {"a": 1}

        house.start_web()
        look(house, "a")
        wait_until(lambda: seen(house) == {"a": 2}, "the timer to write")
        look(house, "b")
        house.web.kill()
        assert seen(house) == {"a": 2}
