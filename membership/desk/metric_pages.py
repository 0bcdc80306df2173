"""`/metrics`, in Prometheus' text format, for who holds the token that the operator set.

The figures are read from the database at each scrape: several web processes cannot contradict each other, and none of them
counts anything of its own. No figure says anything about a person, or about money beyond when it last came.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime

from flask import current_app, request
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.wrappers import Response

from membership import clock
from membership.db import reading
from membership.desk.alarms import OPEN_NAMES
from membership.desk.room import blueprint
from membership.desk.rules import ALARMS
from membership.desk.vitals import Vitals, vitals
from membership.refusals import NotFound
from membership.web.access import Who, allow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@blueprint.get("/metrics")
@allow(Who.ANYONE)
def metrics() -> Response:
    """How the house is. Without a token in the settings there is no such page."""
    token = current_app.config["MEMBERSHIP"].metrics_token
    if token is None:
        raise NotFound()
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        wanted = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return Response("The token is missing or wrong.\n", 401, wanted, content_type="text/plain; charset=utf-8")
    at, wall = clock.now(), clock.wall()
    with reading() as session:
        told = _Told(vitals(session, at=at, wall=wall), set(session.execute(OPEN_NAMES).scalars()), at, wall)
    registry = CollectorRegistry()
    registry.register(told)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE)


class _Told(Collector):
    """One scrape's figures. What never happened yet has no figure."""

    def __init__(self, now: Vitals, alarms: set[str], at: datetime, wall: datetime) -> None:
        self._now, self._alarms, self._at, self._wall = now, alarms, at, wall

    def describe(self) -> list[Metric]:
        """Nothing beforehand: each registry lives for one scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        now, at = self._now, self._at
        yield _by("jobs", "Jobs there are, by state; parked ones gave up and wait for a person.", "state", now.jobs)
        yield _one("job_wait_seconds", "Since when the oldest job is due that nobody has tried.", now.queue_seconds)
        yield from _since("worker_beat", "Since a worker was last seen alive.", now.beat_at, self._wall)
        yield _one("letter_wait_seconds", "Since when a letter to one person waits.", now.letter_seconds)
        yield _one("letters_failed", "Letters to one person that were refused for good.", now.letters_failed)
        yield _one("letters_to_many_waiting", "Letters to many that wait for their turn.", now.letters_waiting)
        yield _one("stripe_failed_tries", "How often in a row Stripe did not answer the worker.", now.stripe_tries)
        yield _one("stripe_events_waiting", "Events of Stripe's that are not taken in.", now.events_waiting)
        yield from _since("stripe_event_wait", "Since the oldest of them came.", now.oldest_event_at, at, none=0)
        yield _one("stripe_events_missed", "Events the last reconciliation found that never came here.", now.missed)
        yield from _since("reconciliation", "Since a reconciliation came to its end.", now.reconciled_at, at)
        yield _one("drift_open", "Places in which our books and Stripe's differ.", now.drift_open)
        yield from _since("drift_wait", "Since the oldest of them was found.", now.oldest_drift_at, at, none=0)
        yield from _since("payment", "Since the last payment.", now.paid_at, at)
        yield from _since("backup", "Since the last backup by this program.", now.backup_at, at)
        raised = {name: int(name in self._alarms) for name in ALARMS}
        yield _by("alarm", "Whether an alarm stands that staff were written to about.", "name", raised)


def _one(name: str, words: str, value: int) -> Metric:
    return GaugeMetricFamily(f"membership_{name}", words, value=value)


def _by(name: str, words: str, label: str, values: Mapping[str, int]) -> Metric:
    metric = GaugeMetricFamily(f"membership_{name}", words, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], value)
    return metric


def _since(name: str, words: str, moment: datetime | None, at: datetime, none: int | None = None) -> Iterator[Metric]:
    """Seconds since then; where it never was, `none`, or nothing at all."""
    seconds = none if moment is None else max(0, int((at - moment).total_seconds()))
    if seconds is not None:
        yield _one(f"{name}_age_seconds", words, seconds)
