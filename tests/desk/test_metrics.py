"""/metrics: closed without a token, readable by Prometheus, and the same from every process."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from membership import clock
from membership.desk.alarm_models import Alarm
from membership.desk.rules import ALARMS
from membership.jobs.queue import post
from tests import make
from tests.desk.test_views import beat

TOKEN = "a token for one scraper"


@pytest.fixture
def scraped(app, client, config, monkeypatch):
    monkeypatch.setitem(app.config, "MEMBERSHIP", replace(config, metrics_token=TOKEN))
    return lambda token=TOKEN, **more: client.get("/metrics", headers={"Authorization": f"Bearer {token}"}, **more)


def test_without_a_token_in_the_settings_there_is_no_such_page(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "naïve"])
def test_another_token_opens_nothing(scraped, token):
    answer = scraped(token)
    assert answer.status_code == 401 and "membership_" not in answer.text and TOKEN not in answer.text


def test_neither_the_sign_in_of_an_admin_nor_the_tokens_place_in_the_address_opens_it(session, client, scraped):
    make.sign_in(session, client, make.staff(session, "admin"))
    assert client.get("/metrics").status_code == 401 and client.get(f"/metrics?token={TOKEN}").status_code == 401


def test_prometheus_reads_the_figures_as_they_stand_in_the_database(session, client, scraped):
    before = _figures(scraped().text)
    assert before["membership_jobs", "parked"] == 0 and ("membership_payment_age_seconds", "") not in before
    post(session, "desk.sweep", "x", due_at=clock.now())
    session.add(Alarm(name="drift", figure=61, raised_at=clock.now(), seen_at=clock.now(), told_at=clock.now()))
    session.commit()
    answer = scraped(base_url="http://10.0.0.7:8000")  # the machine's own name, as a scraper in the same network uses it
    after = _figures(answer.text)
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert after["membership_jobs", "ready"] == before["membership_jobs", "ready"] + 1
    assert {name: after["membership_alarm", name] for name in ALARMS} == {name: name == "drift" for name in ALARMS}


def test_readiness_tells_how_far_behind_the_work_is(session, client):
    beat(session, 1)
    assert "worker: ok - was seen in the last minute; nothing waits for it" in client.get("/readyz").text
    post(session, "desk.sweep", "x", due_at=clock.now() - timedelta(minutes=20))
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 200 and re.search(r"the oldest work that nobody has begun waits for 120\d s", answer.text)


def _figures(text):
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
