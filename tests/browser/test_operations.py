"""What operators and strangers look for, in a real browser: alarms, who reads reports, the statement, and the fresh proof."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from membership import clock
from membership.desk.alarm_models import Alarm
from membership.readers.models import ReaderSession
from tests import make, second_step
from tests.browser.test_privacy import judge
from tests.browser.test_the_walk import sign_in

BOSS, READER = "operates@example.org", "moves@example.org"


@pytest.mark.only_on("sqlite")
def test_the_pages_of_operators_and_the_statement_fit_and_are_accessible(house, visitor):
    now = clock.now()
    with house.session() as session:
        make.staff(session, "admin", email=BOSS)
        make.reader(session, READER, name="Mo Moves")
        for name, over in (("drift", now), ("letters", None)):
            began = now - timedelta(hours=2)
            session.add(Alarm(name=name, figure=99, raised_at=began, seen_at=now, told_at=now, over_at=over))
        session.commit()
    boss, reader = visitor(width=320, dark=True), visitor(width=320)
    judge(house, reader, "/accessibility")
    sign_in(house, reader, READER)
    with house.session() as session:
        session.execute(update(ReaderSession).values(fresh_until=None))
        session.commit()
    judge(house, reader, "/account/address")
    assert reader.url.endswith("/sign-in/again?next=%2Faccount%2Faddress")
    sign_in(house, boss, BOSS)
    others = second_step._codes.get(house.url)  # of whoever works in the other walks of this house
    second_step.click_in(boss, house.url)
    if others:
        second_step._codes[house.url] = others
    for address in ("/staff/settings/alarms", "/staff/settings/reports", "/staff/settings/privacy", "/staff/"):
        judge(house, boss, address)
