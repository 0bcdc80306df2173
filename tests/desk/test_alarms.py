"""Alarms: seen twice before anybody is written to, told once, told again when over; thresholds are the staff's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from membership import clock
from membership.app import all_tasks
from membership.desk.alarm_models import Alarm, BackupMade
from membership.desk.alarms import OWN, figures, open_alarms, said, thresholds, todo, watch
from membership.desk.rules import ALARMS, QUIET, breaches, unusual_quiet
from membership.desk.tasks import WATCH, ask_to_watch
from membership.desk.vitals import Vitals, vitals
from membership.jobs.models import Job
from membership.jobs.queue import claim_key, post
from membership.mail.models import Letter
from membership.readers.trail import AuditEntry
from membership.webhooks.drift_models import Drift, Reconciliation
from membership.webhooks.models import StripeEvent
from tests import make
from tests.account.test_pages import paid

NOW = make.NOON
MINUTE = timedelta(minutes=1)
WELL = Vitals(
    jobs={"ready": 3, "running": 1, "parked": 0}, beat_at=NOW, queue_seconds=0, letter_seconds=0, letters_failed=0,
    letters_waiting=0, stripe_tries=0, events_waiting=0, oldest_event_at=None, missed=0, reconciled_at=NOW, drift_open=0,
    oldest_drift_at=None, paid_at=NOW, pause_seconds=60, backup_at=None,
)  # fmt: skip
ILL = {
    "payments": {"paid_at": NOW - timedelta(hours=24)},
    "events": {"oldest_event_at": NOW - 5 * MINUTE},
    "missed": {"missed": 3},
    "stripe": {"stripe_tries": 5},
    "queue": {"queue_seconds": 900},
    "letters": {"letter_seconds": 900},
    "parked": {"jobs": {"ready": 0, "running": 0, "parked": 1}},
    "drift": {"oldest_drift_at": NOW - 60 * MINUTE},
    "backup": {"backup_at": NOW - timedelta(hours=48)},
}


def letters(session):
    session.commit()
    return [(one.kind, one.address) for one in session.scalars(select(Letter).order_by(Letter.id))]


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_is_raised_by_its_own_figure_and_not_one_below(name):
    assert breaches(figures(WELL, at=NOW), OWN) == {}
    ill = figures(replace(WELL, **ILL[name]), at=NOW)
    assert breaches(ill, OWN) == {name: OWN[name]}
    assert breaches({**ill, name: OWN[name] - 1}, OWN) == {} == breaches(ill, {**OWN, name: 0})


def test_a_quiet_time_is_no_alarm_where_payments_are_rare():
    assert unusual_quiet(3600, 60) == 3600 and unusual_quiet(30 * 3600, 8 * 3600) is None
    assert unusual_quiet(65 * 3600, 8 * 3600) == 65 * 3600 and unusual_quiet(99, None) == 99
    assert figures(replace(WELL, paid_at=None, pause_seconds=None), at=NOW)["payments"] is None


def test_staff_are_written_to_once_and_once_more_when_it_is_over(session):
    make.staff(session, "manager", email="money@lantern.example")
    make.staff(session, "editor", email="desk@lantern.example")
    ill = replace(WELL, stripe_tries=7)
    for minute in range(30):
        watch(session, replace(ill, stripe_tries=7 + minute), at=NOW + minute * MINUTE)
    assert letters(session) == [("alarm", "money@lantern.example")]
    for minute in range(30, 60):
        watch(session, WELL, at=NOW + minute * MINUTE)
    assert letters(session) == [("alarm", "money@lantern.example"), ("alarm_over", "money@lantern.example")]
    one = session.scalars(select(Alarm)).one()
    assert one.over_at == NOW + 29 * MINUTE + QUIET and one.figure == 36
    text = session.scalars(select(Letter.text).where(Letter.kind == "alarm")).one()
    assert "Stripe did not answer 8 times in a row." in text and "/staff/jobs" in text and "status page" in text


def test_what_comes_and_goes_is_one_alarm_and_what_comes_again_later_is_another(session):
    make.staff(session, "admin")
    ill = replace(WELL, queue_seconds=3600)
    for minute in range(40):
        watch(session, ill if minute % 8 < 3 else WELL, at=NOW + minute * MINUTE)
    assert letters(session) == [("alarm", letters(session)[0][1])]
    for minute in (60, 120, 121):
        watch(session, WELL if minute == 60 else ill, at=NOW + minute * MINUTE)
    assert [kind for kind, _ in letters(session)] == ["alarm", "alarm_over", "alarm"]


def test_what_is_seen_at_one_look_only_is_told_to_nobody(session):
    make.staff(session, "admin")
    watch(session, replace(WELL, queue_seconds=3600), at=NOW)
    assert open_alarms(session) == [] and len(open_alarms(session, told=False)) == 1
    watch(session, WELL, at=NOW + MINUTE)
    assert letters(session) == [] and session.scalars(select(Alarm)).all() == []


def test_the_figures_are_read_from_the_books(session):
    now = clock.now()
    empty = vitals(session, at=now, wall=clock.wall())
    assert breaches(figures(empty, at=now), OWN) == {} and empty.paid_at is None and empty.backup_at is None
    ada = make.patron(session, "ada@example.org")
    paid(session, ada)
    post(session, "desk.sweep", "late", due_at=now - 20 * MINUTE)
    post(session, "desk.sweep", "later", due_at=now + 20 * MINUTE)
    post(session, "mail.send", "letter:1", due_at=now)
    post(session, "webhooks.look", "stripe:a", due_at=now - 90 * MINUTE)
    session.query(Job).filter_by(key="stripe:a").update({"attempts": 6, "last_error": "StripeUnreachable: away"})
    session.query(Job).filter_by(key="letter:1").update({"posted_at": clock.wall() - 16 * MINUTE})
    for number, state in enumerate(("new", "new", "applied")):
        session.add(StripeEvent(id=f"evt_{number}", type="invoice.paid", object_id="in_1", root_id="sub_1", created_at=now,
                                received_at=now - (9 - number) * MINUTE, raw=b"{}", state=state))  # fmt: skip
    for number, settled in enumerate((now, None)):
        found_at = now - (99 - number) * MINUTE
        session.add(Drift(kind="k", object=str(number), ours="", theirs="", found_at=found_at, settled_at=settled))
    for missed, ended in ((9, now), (4, now), (50, None)):
        session.add(Reconciliation(since=now, began_at=now, ended_at=ended, looked=9, missed=missed, found=0))
        session.flush()
    session.add(BackupMade(made_at=now, rows=1, bytes=1))
    session.flush()
    found = vitals(session, at=now, wall=clock.wall())
    assert found.jobs["ready"] >= 4 and found.queue_seconds == 1200 and 960 <= found.letter_seconds < 965
    assert (found.stripe_tries, found.events_waiting, found.missed, found.drift_open) == (6, 2, 4, 1)
    assert found.oldest_event_at == now - 9 * MINUTE and found.oldest_drift_at == now - 98 * MINUTE
    assert found.paid_at is not None and found.backup_at == now
    assert set(breaches(figures(found, at=now), OWN)) == {"events", "missed", "stripe", "queue", "letters", "drift"}


def test_the_worker_looks_every_minute(app, session):
    with app.app_context():
        ask_to_watch(session, at=clock.now())
        session.commit()
        all_tasks()[WATCH](claim_key(WATCH))
    session.expire_all()
    due = session.scalars(select(Job.due_at).where(Job.key == WATCH)).one()
    assert timedelta(seconds=50) < due - clock.now() <= MINUTE


def test_admins_set_the_figures_and_see_what_was_told(session, client):
    admin = make.staff(session, "admin", email="chief@lantern.example")
    make.sign_in(session, client, admin)
    form = {name: str(threshold.own) for name, threshold in ALARMS.items()}
    assert "There was no alarm yet." in client.get("/staff/settings/alarms").text
    refused = client.post("/staff/settings/alarms", data=form | {"stripe": "10"})
    assert refused.status_code == 422 and thresholds(session) == OWN
    assert client.post("/staff/settings/alarms", data=form | {"parked": "0", "payments": "72"}).status_code == 303
    session.expire_all()
    assert thresholds(session) == OWN | {"parked": 0, "payments": 72}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alarms:changed")).one()
    assert entry.detail["figures"] == {"alarm/parked": 0, "alarm/payments": 72}
    for minute in range(3):
        watch(session, replace(WELL, queue_seconds=3600), at=NOW + minute * MINUTE)
    session.commit()
    assert "Work waited for 60 minutes without being begun." in client.get("/staff/settings/alarms").text
    assert "Work waited for 60 minutes without being begun." in client.get("/staff/").text


def test_each_alarm_has_words_of_its_own(app, session):
    with app.test_request_context():
        told = [Alarm(name=name, figure=2) for name in ALARMS]
        assert len({said(one) for one in told}) == len({todo(one) for one in told}) == len(ALARMS)
