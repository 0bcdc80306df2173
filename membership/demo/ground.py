"""What a demo stands on: its directory with secrets, settings for every process, and the story told once."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine

from membership import clock, db, schema
from membership.app import create_app, open_house
from membership.config import Config, WrongSetting, from_environment
from membership.demo.seed import seed
from membership.newsroom.models import Site
from membership.newsroom.queries import current
from membership.sandbox.store import Store

TOKENS = "DEMO_TOKENS"
"""Environment variable by which the web process learns where the sign-in tokens lie."""


@dataclass(frozen=True)
class Keys:
    """Secrets, made once per directory."""

    secret_key: str
    webhook_secret: str
    patron: str
    staff: str


@dataclass(frozen=True)
class Ground:
    """Where everything of one demo is. Ports are those of this run."""

    data: Path
    port: int
    sandbox_port: int
    newsroom_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def newsroom_url(self) -> str:
        """By the name `localhost`: to a browser another site than 127.0.0.1."""
        return f"http://localhost:{self.newsroom_port}"

    def begin_anew(self) -> None:
        """Forget everything; a database given by DATABASE_URL is not ours to empty."""
        shutil.rmtree(self.data, ignore_errors=True)

    def keys(self) -> Keys:
        """The secrets of this directory, made when it is new."""
        path = self.data / "keys.json"
        if path.exists():
            return Keys(**json.loads(path.read_text()))
        self.data.mkdir(parents=True, exist_ok=True)
        made = Keys(
            secret_key=secrets.token_urlsafe(32), webhook_secret=f"whsec_{secrets.token_hex(16)}",
            patron=secrets.token_urlsafe(18), staff=secrets.token_urlsafe(18),
        )  # fmt: skip
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(made)))
        return made

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The settings of every process of the demo; of what was given, DATABASE_URL is honoured."""
        keys = self.keys()
        return {
            **given,
            "DATABASE_URL": given.get("DATABASE_URL") or f"sqlite:///{self.data / 'membership.db'}",
            "SECRET_KEY": keys.secret_key,
            "BASE_URL": self.url,
            "STRIPE_SECRET_KEY": "sk_test_demo",
            "STRIPE_WEBHOOK_SECRET": keys.webhook_secret,
            "STRIPE_API_BASE": self.sandbox_url,
            "SMTP_URL": f"file:{self.data / 'letters'}",
            "MAIL_FROM": "The Ferrowmouth Lantern <letters@ferrowmouth.example>",
            "TRUSTED_PROXIES": "0",
            "SANDBOX_CLOCK_FILE": str(self.data / "clock"),
            "SANDBOX_WIDE_LIMITS": "1",
            TOKENS: str(self.data / "keys.json"),
        }

    def prepare(self, environment: Mapping[str, str]) -> Engine:
        """Bring the database to this version, tell the story if it is empty, and note where the site stands this time."""
        (self.data / "letters").mkdir(parents=True, exist_ok=True)
        config = from_environment(environment)
        open_house(config)
        engine = db.bound()
        assert isinstance(engine, Engine)
        with engine.begin() as connection:
            schema.upgrade(connection)
        with db.reading() as session:
            told = current(session) is not None
        ours = self._marker.exists() or str(self.data) in config.database_url
        if told and not ours:
            raise WrongSetting("DATABASE_URL holds a newsroom that this demo did not make; give it an empty database.")
        if not told:
            self._tell(config)
        with db.transaction() as session:
            db.insert_once(session, Site, origin=self.newsroom_url)
        return engine

    def _tell(self, config: Config) -> None:
        """The whole story. The sandbox's half is written first: if this is interrupted, it is begun anew."""
        (self.data / "clock").unlink(missing_ok=True)
        store = Store.open(self.data / "sandbox")
        store.empty()
        at = clock.wall().replace(microsecond=0)
        self._marker.touch()
        with create_app(config).app_context(), db.transaction() as session:
            seed(
                session,
                store,
                secret=config.secret_key,
                site_url=self.newsroom_url,
                at=at,
                sandbox_url=self.sandbox_url,
            )
        store.close()

    @property
    def _marker(self) -> Path:
        """Names the directory whose sandbox and whose secrets belong to the books."""
        return self.data / "told"
