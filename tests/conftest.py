"""What every test may ask for: the app, a client, a session whose work is rolled back, and a database of one's own.

`--database sqlite|postgresql` chooses the engine; the same tests run on both (`python -m tests.run` does).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from membership import catalogs, db
from membership.app import connect_outside, create_app
from membership.config import Config
from membership.db import engine_for
from membership.sandbox.server import running
from tests import make, processes
from tests.databases import Databases, databases
from tests.stripe_side import WEBHOOK_SECRET, StripeSide, sandboxed

KINDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=KINDS, default="sqlite")
    parser.addoption("--long", action="store_true", help="also what is marked long: many repetitions")


def pytest_configure(config: pytest.Config) -> None:
    processes.compile_once()
    catalogs.bring_up_to_date()
    # The SDK's pauses between its tries are the SDK's; ours is that it tries again.
    stripe.HTTPClient.INITIAL_DELAY = 0.01
    # The machine decides how long an example takes; benchmarks have their own place.
    hypothesis.settings.register_profile("house", deadline=None)
    hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what belongs to the other database, and without `--long` what is long: not skipped, not meant.

    What asks for no database at all says the same beside either of them, and runs once: beside SQLite.
    """
    kind = config.getoption("--database")

    def is_meant(item: pytest.Item) -> bool:
        only = item.get_closest_marker("only_on")
        kinds = only.args if only else KINDS if "store" in getattr(item, "fixturenames", ()) else ("sqlite",)
        return kind in kinds and (config.getoption("--long") or not item.get_closest_marker("long"))

    left_out = [item for item in items if not is_meant(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if is_meant(item)]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With CI=true, leaving something out is failing (public elections lie outside the repository; they may be absent)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or exitstatus != 0:
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if "PUBLIC_ELECTIONS" not in str(report.longrepr)]
    if skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The databases of this run."""
    with databases(request.config.getoption("--database")) as made:
        yield made


@pytest.fixture(scope="session")
def shared_url(store: Databases) -> Iterator[str]:
    """The one database that rolled-back tests share: migrated, and empty between tests."""
    with store.fresh() as url:
        yield url


@pytest.fixture(scope="session")
def config(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings for in-process tests; Stripe's address is one where nobody listens."""
    return Config(
        database_url=shared_url,
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
def engine(shared_url: str) -> Iterator[Engine]:
    made = engine_for(shared_url)
    yield made
    made.dispose()


class Browser(FlaskClient):
    """Each request gets an application context of its own, as on a server: who is signed in is asked anew."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture(scope="session")
def app(config: Config) -> Flask:
    connect_outside(config)
    made = create_app(config)
    made.config["WTF_CSRF_ENABLED"] = False
    # Each test has a database of its own.
    made.config |= {"EMBED_SECONDS": 0, "REPORT_SECONDS": 0, "COUNTS_BY_THEMSELVES": False}
    made.testing = True
    made.test_client_class = Browser
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


@pytest.fixture
def stripe_side(
    request: pytest.FixtureRequest, client: FlaskClient, app: Flask, config: Config, tmp_path: Path
) -> Iterator[StripeSide]:
    """A sandbox of one's own, in a thread; the app speaks to it and follows its clock. Delivers only when told to.

    A test may parametrise it with the sandbox's own options (`{"payouts": True}`).
    """
    clock_file = tmp_path / "clock"
    with running(tmp_path / "sandbox", clock_file=clock_file, **getattr(request, "param", {})) as sandbox:
        sandboxed(config, sandbox.url, clock_file)
        yield StripeSide(sandbox.url, app, client)
    connect_outside(config)
