"""Prepared statements: types both ways, the driver's errors as SQLAlchemy's, and nothing that goes by unseen."""

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from membership import db
from membership.giving.way_models import OtherWays
from membership.memberships.models import Membership
from membership.readers.models import Person
from tests import make

_STANDING = select(
    Membership.subscription_id, Membership.amount, Membership.paid_until, Membership.frozen, Membership.ends_at
).where(Membership.reader_id == bindparam("reader"), Membership.status == "active")
_WHOLE = select(Membership).where(Membership.reader_id == bindparam("reader"))
_KNOW = insert(Person)


def test_values_go_in_and_come_out_as_their_types_say(session):
    ada = make.patron(session, "ada@example.org", paid_until=make.NOON + timedelta(days=3))
    row = db.run(session, _STANDING, {"reader": ada.reader_id}).one()
    assert (row.amount, row.frozen, row.ends_at) == (500, False, None)
    assert row.paid_until == make.NOON + timedelta(days=3) and row.paid_until.tzinfo is not None


def test_what_the_session_has_not_written_yet_is_seen(session):
    ada = make.patron(session, "ada@example.org")
    session.scalars(select(Membership)).one().amount = 700
    assert db.run(session, _STANDING, {"reader": ada.reader_id}).one().amount == 700


def test_a_row_found_is_the_one_that_the_session_knows(session):
    reader = make.patron(session, "ada@example.org").reader_id
    session.expunge_all()
    found = db.find(session, Membership, _WHOLE, {"reader": reader})
    assert found.amount == 500 and found.started_at.tzinfo is not None and session.get(Membership, found.id) is found
    found.amount = 700
    assert db.find(session, Membership, _WHOLE, {"reader": reader}) is found
    session.expire_all()
    assert found.amount == 700
    assert db.find(session, Membership, _WHOLE, {"reader": 0}) is None


def test_a_row_is_altered_at_once_and_only_where_it_differs(session):
    ada = make.patron(session, "ada@example.org")
    row = session.scalars(select(Membership).where(Membership.reader_id == ada.reader_id)).one()
    seen = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda _c, _u, sql, *_: seen.append(sql))
    db.alter(session, row, amount=700, currency=row.currency, paid_until=make.NOON)
    db.alter(session, row, amount=700)
    session.flush()
    assert len(seen) == 1 and "currency" not in seen[0]
    session.expire_all()
    assert (row.amount, row.paid_until) == (700, make.NOON)


def test_a_column_that_is_not_named_gets_its_default(session):
    assert db.insert_once(session, OtherWays, id=1, iban="DE02")
    row = session.scalars(select(OtherWays)).one()
    assert (row.iban, row.holder) == ("DE02", "")
    assert not db.insert_once(session, OtherWays, id=1, iban="DE03")


def test_what_a_constraint_refuses_is_an_integrity_error_that_tells_no_values(session):
    ada = make.reader(session, "ada@example.org")
    row = {"reader_id": ada.reader_id, "email": "secret@example.org", "email_key": "k", "name": "", "language": "en"}
    with pytest.raises(IntegrityError) as refused, session.begin_nested():
        db.run(session, _KNOW, row)
    assert "secret@" not in str(refused.value).split("[SQL")[1]


def test_each_statement_is_told_to_whoever_listens(session):
    seen = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda _c, _u, sql, values, *_: seen.append((sql, values)))
    db.run(session, _STANDING, {"reader": 7})
    sql, values = seen[-1]
    assert "FROM membership" in sql and 7 in (values.values() if isinstance(values, dict) else values)


@pytest.mark.only_on("postgresql")
def test_a_connection_that_the_server_closed_is_not_used_again(store):
    with store.fresh() as url:
        engine = db.engine_for(url)
        number, ask = text("SELECT pg_backend_pid() AS id"), text("SELECT CAST(:one AS int) AS one")
        with engine.connect() as connection, engine.connect() as other:
            gone = connection.execute(number).scalar_one()
            other.execute(text("SELECT pg_terminate_backend(:id)"), {"id": gone})
            with pytest.raises(DBAPIError) as lost:
                db.run(connection, ask, {"one": 1})
            assert lost.value.connection_invalidated and connection.invalidated
        engine.dispose()


@pytest.mark.only_on("postgresql")
def test_a_connection_that_died_while_it_lay_idle_is_replaced_unseen(store, monkeypatch):
    monkeypatch.setattr(db, "IDLE_SECONDS", 0)
    with store.fresh() as url:
        engine, number = db.engine_for(url), text("SELECT pg_backend_pid() AS id")
        with engine.connect() as other:
            with engine.connect() as connection:
                gone = connection.execute(number).scalar_one()
            other.execute(text("SELECT pg_terminate_backend(:id)"), {"id": gone})
            with engine.connect() as connection:
                assert connection.execute(number).scalar_one() != gone
        engine.dispose()
