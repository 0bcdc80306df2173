"""Two managers save the settings at the same moment: both are served, and the newsroom's own currency keeps its coffee."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import db
from membership.newsroom import actions, queries
from membership.newsroom.models import Coffee, Newsroom
from tests import make
from tests.newsroom.test_actions import ABOUT

ROUNDS = 12


@pytest.fixture
def engine_of_ones_own(store):
    with store.fresh() as url:
        engine = db.engine_for(url)
        db.bind(engine)
        with Session(engine) as session:
            make.newsroom(session)
            session.commit()
        yield engine
        engine.dispose()


def at_once(*works):
    """Do these over and over in threads of their own, in step with each other; returns what they raised."""
    troubles, gate = [], threading.Barrier(len(works))

    def tried(work):
        for _ in range(ROUNDS):
            gate.wait(30)
            try:
                with db.transaction() as session:
                    work(session)
            except Exception as error:
                troubles.append(error)

    threads = [threading.Thread(target=tried, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return troubles


def test_sites_saved_at_once_are_those_of_one_of_the_two(engine_of_ones_own):
    some = [f"https://{name}.example" for name in "abcdef"]
    other = [f"https://{name}.example" for name in "hgfedc"]
    turn = {"one": 0, "two": 0}

    def saving(name, origins):
        def work(session):
            turn[name] += 1
            actions.replace_sites(session, origins if turn[name] % 2 else [])

        return work

    assert at_once(saving("one", some), saving("two", other)) == []
    with Session(engine_of_ones_own) as session:
        actions.replace_sites(session, some)
        assert queries.sites(session) == some


def test_the_own_currency_keeps_its_coffee_when_both_change_at_once(engine_of_ones_own):
    def euros(session):
        newsroom = session.execute(select(Newsroom)).scalar_one()
        about = {name: getattr(newsroom, name) for name in vars(ABOUT)} | {"currency": "EUR"}
        actions.describe(session, actions.About(**about))

    def dollars(session):
        newsroom = session.execute(select(Newsroom)).scalar_one()
        about = {name: getattr(newsroom, name) for name in vars(ABOUT)} | {"currency": "USD"}
        actions.describe(session, actions.About(**about))

    def only(code):
        return lambda session: actions.replace_coffees(session, {code: 300})

    def both(session):
        actions.replace_coffees(session, {"EUR": 300, "USD": 350})

    troubles = at_once(euros, dollars, only("EUR"), only("USD"), both)
    assert [error for error in troubles if not isinstance(error, actions.OwnCurrencyMissing)] == []
    with Session(engine_of_ones_own) as session:
        own = session.scalars(select(Newsroom.currency)).one()
        assert own in session.scalars(select(Coffee.currency)).all()
