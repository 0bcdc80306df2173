"""Settings, read once from the environment and checked; a missing or wrong one stops the start and is named."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class WrongSetting(Exception):
    """One line for the operator that names the variable and what it wants. Never carries the value of a secret."""


@dataclass(frozen=True)
class Config:
    """What the house needs to know about where it runs. Everything about the newsroom itself is in the database.

    `stripe_api_base` is set only to speak to the sandbox; `clock_file` only by the demo and the tests, to follow its clock.
    """

    database_url: str = field(repr=False)  # it may carry a password
    secret_key: str = field(repr=False)
    base_url: str
    stripe_secret_key: str = field(repr=False)
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str | None = None
    smtp_url: str = field(default="file:var/letters", repr=False)
    mail_from: str = "membership@localhost"
    trusted_proxies: int = 0
    metrics_token: str | None = field(default=None, repr=False)
    sentry_dsn: str | None = field(default=None, repr=False)
    clock_file: Path | None = None
    wide_limits: bool = False

    @property
    def secure(self) -> bool:
        """Whether readers come over https: then cookies are `__Host-` and Secure, and HSTS is sent."""
        return self.base_url.startswith("https://")

    @property
    def livemode(self) -> bool:
        """Whether the Stripe key moves real money; events of the other mode are turned away."""
        return "_live_" in self.stripe_secret_key


def from_environment(environ: Mapping[str, str] | None = None) -> Config:
    """Read and check every setting. Raises `WrongSetting` for the first that is missing or wrong."""
    env = os.environ if environ is None else environ
    base_url = _base_url(env)
    api_base = env.get("STRIPE_API_BASE") or None
    config = Config(
        database_url=_database_url(env),
        secret_key=_secret(env, "SECRET_KEY", at_least=32),
        base_url=base_url,
        stripe_secret_key=_stripe_key(env, api_base),
        stripe_webhook_secrets=_webhook_secrets(env),
        stripe_api_base=api_base,
        smtp_url=_smtp_url(env),
        mail_from=_mail_from(env),
        trusted_proxies=_count(env, "TRUSTED_PROXIES"),
        metrics_token=_metrics_token(env),
        sentry_dsn=_sentry_dsn(env),
        clock_file=_sandbox_only(env, "SANDBOX_CLOCK_FILE", api_base),
        wide_limits=_sandbox_only(env, "SANDBOX_WIDE_LIMITS", api_base) is not None,
    )
    return config


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise WrongSetting(f"{name} is missing.")
    return value


def _secret(env: Mapping[str, str], name: str, *, at_least: int) -> str:
    value = _required(env, name)
    if len(value) < at_least:
        raise WrongSetting(f"{name} is too short: it needs at least {at_least} characters of chance.")
    return value


def _database_url(env: Mapping[str, str]) -> str:
    url = env.get("DATABASE_URL", "").strip() or "sqlite:///var/membership.db"
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise WrongSetting("DATABASE_URL must start with sqlite:/// or postgresql+psycopg://")
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise WrongSetting("DATABASE_URL cannot be read: postgresql+psycopg://user:password@host:port/name") from None
    return url


def _base_url(env: Mapping[str, str]) -> str:
    url = _required(env, "BASE_URL").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise WrongSetting("BASE_URL must look like https://members.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise WrongSetting("BASE_URL must be https, except on this machine itself (http://127.0.0.1:…)")
    return url


def _stripe_key(env: Mapping[str, str], api_base: str | None) -> str:
    key = _required(env, "STRIPE_SECRET_KEY")
    if not re.fullmatch(r"(sk|rk)_(test|live)_\w+", key, re.ASCII):
        raise WrongSetting("STRIPE_SECRET_KEY must be a secret or restricted key (sk_… or rk_…)")
    if api_base is not None:
        if urlsplit(api_base).hostname not in LOOPBACK:
            raise WrongSetting("STRIPE_API_BASE may only name this machine (the sandbox)")
        if "_live_" in key:
            raise WrongSetting("STRIPE_SECRET_KEY is a live key, but STRIPE_API_BASE points to the sandbox")
    return key


def _webhook_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in _required(env, "STRIPE_WEBHOOK_SECRET").split(",") if part.strip())
    if not secrets or not all(secret.startswith("whsec_") for secret in secrets):
        raise WrongSetting("STRIPE_WEBHOOK_SECRET must be one or more whsec_… separated by commas")
    return secrets


def _smtp_url(env: Mapping[str, str]) -> str:
    url = _required(env, "SMTP_URL")
    if not url.startswith(("smtp://", "smtps://", "file:")):
        raise WrongSetting("SMTP_URL must be smtp://…, smtps://… or file:DIRECTORY")
    if not url.startswith("file:"):
        try:
            whole = bool(urlsplit(url).hostname) and urlsplit(url).port != 0
        except ValueError:
            whole = False
        if not whole:
            raise WrongSetting("SMTP_URL must name a host, and a port if any: smtp://user:password@host:587")
    return url


def _mail_from(env: Mapping[str, str]) -> str:
    value = _required(env, "MAIL_FROM")
    try:
        validate_email(parseaddr(value)[1], check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise WrongSetting("MAIL_FROM must be an e-mail address, with or without a name before it") from None
    return value


def _metrics_token(env: Mapping[str, str]) -> str | None:
    value = env.get("METRICS_TOKEN", "").strip()
    return _secret(env, "METRICS_TOKEN", at_least=16) if value else None


def _sentry_dsn(env: Mapping[str, str]) -> str | None:
    value = env.get("SENTRY_DSN", "").strip()
    if not value:
        return None
    parts = urlsplit(value)
    secure = parts.scheme == "https" or parts.hostname in LOOPBACK
    if not (secure and parts.username and parts.hostname and re.fullmatch(r"(/[\w-]+)*/\d+", parts.path, re.ASCII)):
        raise WrongSetting("SENTRY_DSN must look like https://KEY@sentry.example.org/NUMBER")
    return value


def _count(env: Mapping[str, str], name: str) -> int:
    value = env.get(name, "0").strip() or "0"
    if not (value.isascii() and value.isdigit()):
        raise WrongSetting(f"{name} must be a whole number, 0 or more")
    return int(value)


def _sandbox_only(env: Mapping[str, str], name: str, api_base: str | None) -> Path | None:
    value = env.get(name, "").strip()
    if value and api_base is None:
        raise WrongSetting(f"{name} belongs to the sandbox; it may not be set without STRIPE_API_BASE")
    return Path(value) if value else None
