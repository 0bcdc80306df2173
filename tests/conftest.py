"""What every test may ask for: the app, a client, a session whose work is rolled back, and a database of one's own.

`--database sqlite|postgresql` chooses the engine; the same tests run on both (`python -m tests.run` does).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from membership import db
from membership.app import connect_outside, create_app
from membership.config import Config
from membership.db import engine_for
from tests import make
from tests.databases import Databases, databases

WEBHOOK_SECRET = "whsec_tests"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The databases of this run."""
    with databases(request.config.getoption("--database")) as made:
        yield made


@pytest.fixture(scope="session")
def config(store: Databases, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings for in-process tests; Stripe's address is one where nobody listens."""
    return Config(
        database_url=store.template_url,
        secret_key="a secret for tests only, long enough",
        base_url="http://127.0.0.1:8000",
        stripe_secret_key="sk_test_nobody",
        stripe_webhook_secrets=(WEBHOOK_SECRET,),
        stripe_api_base="http://127.0.0.1:9",
        smtp_url=f"file:{tmp_path_factory.mktemp('letters')}",
        mail_from="membership@example.org",
        wide_limits=True,
    )


@pytest.fixture(scope="session")
def engine(store: Databases) -> Iterator[Engine]:
    made = engine_for(store.template_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def app(config: Config) -> Flask:
    connect_outside(config)
    made = create_app(config)
    made.config["WTF_CSRF_ENABLED"] = False
    made.testing = True
    return made


@pytest.fixture
def session(app: Flask, config: Config, engine: Engine) -> Iterator[Session]:
    """A session inside an outer transaction that is rolled back; `transaction()` in the app joins it by savepoints."""
    connect_outside(config)
    with engine.connect() as connection, app.app_context():
        outer = connection.begin()
        db.bind(connection)
        with Session(connection, expire_on_commit=True, join_transaction_mode="create_savepoint") as made:
            make.newsroom(made)
            yield made
        outer.rollback()


@pytest.fixture
def client(session: Session, app: Flask) -> FlaskClient:
    """A browser without script, on the test's own transaction."""
    return app.test_client()


@pytest.fixture
def letters(config: Config) -> Path:
    return Path(config.smtp_url.removeprefix("file:"))
