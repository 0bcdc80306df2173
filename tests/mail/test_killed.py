"""The worker dies by SIGKILL while a bulletin is on its way, and the mail server fails in between: refuses connections, puts
letters off, and breaks off after the last line. Nobody gets it twice but for the letters in doubt; nobody is missed."""

import json
from pathlib import Path

import pytest

from membership.db import engine_for
from tests.databases import Databases
from tests.mail.killing import Killing
from tests.mail.post_office import post_office


def told(store: Databases, directory: Path, *, number: int, kills: int, lease: float, patience: float) -> Killing:
    with store.fresh() as url, post_office() as office:
        office.keep_content = False
        engine = engine_for(url)
        try:
            killing = Killing.prepared(url, engine, office, directory, number, lease)
            killing.run(kills, patience=patience)
            killing.assert_each_has_one()
        finally:
            if killing._worker is not None:
                killing._worker.stop()
            engine.dispose()
    return killing


def test_a_bulletin_survives_two_deaths(store, tmp_path):
    killing = told(store, tmp_path, number=300, kills=2, lease=1, patience=30)
    assert killing.doubts["killed"] == 2


@pytest.mark.long
def test_a_hundred_thousand_letters_survive_ten_deaths(store, tmp_path):
    killing = told(store, tmp_path, number=100_000, kills=10, lease=5, patience=1800)
    twice = len(killing.office.taken) - killing.number
    figures = {
        "letters": killing.number, "twice": twice, "in doubt": dict(killing.doubts), "seconds": round(killing.seconds),
        "connections": killing.office.connections, "worker MB": killing.most_memory // 1024,
    }  # fmt: skip
    print(json.dumps(figures))
    assert killing.doubts["killed"] == 10 and killing.most_memory < 400 * 1024
