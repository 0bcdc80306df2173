"""Settings: each that is missing or wrong stops the start, is named, and no secret is shown."""

import pytest

from membership.config import WrongSetting, from_environment

RIGHT = {
    "DATABASE_URL": "postgresql+psycopg://house:hunter2hunter2@db/membership",
    "SECRET_KEY": "thirty-two characters of chance!!",
    "BASE_URL": "https://members.lantern.example",
    "STRIPE_SECRET_KEY": "sk_test_quietlyKept",
    "STRIPE_WEBHOOK_SECRET": "whsec_quietlyKept",
    "SMTP_URL": "smtps://house:hunter2hunter2@mail.lantern.example:465",
    "MAIL_FROM": "The Test Lantern <members@lantern.example>",
}
SANDBOX = {"BASE_URL": "http://127.0.0.1:8000", "STRIPE_API_BASE": "http://127.0.0.1:8001"}
SECRETS = ("hunter2hunter2", "quietlyKept", "thirty-two characters", "too short a secret")


def test_the_right_settings_are_read():
    config = from_environment(RIGHT | {"TRUSTED_PROXIES": "2", "METRICS_TOKEN": "a token for scraping"})
    assert (config.secure, config.livemode, config.trusted_proxies, config.metrics_token) == (
        True, False, 2, "a token for scraping",
    )  # fmt: skip
    assert config.stripe_api_base is None and config.clock_file is None and not config.wide_limits


def test_two_webhook_secrets_are_taken_while_one_is_rolled():
    config = from_environment(RIGHT | {"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old"})
    assert config.stripe_webhook_secrets == ("whsec_new", "whsec_old")


def test_without_a_database_url_it_is_a_file_here():
    assert from_environment(RIGHT | {"DATABASE_URL": ""}).database_url == "sqlite:///var/membership.db"


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "DATABASE_URL"])
@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_missing_setting_is_named(name, value):
    environment = {key: text for key, text in RIGHT.items() if key != name} | (
        {name: value} if value is not None else {}
    )
    with pytest.raises(WrongSetting, match=name):
        from_environment(environment)


WRONG = [
    ("DATABASE_URL", {"DATABASE_URL": "mysql://house:hunter2hunter2@db/x"}),
    ("DATABASE_URL", {"DATABASE_URL": "postgresql://house:hunter2hunter2@db/x"}),
    ("DATABASE_URL", {"DATABASE_URL": "postgresql+psycopg://house:hunter2hunter2@db:port/x"}),
    ("MAIL_FROM", {"MAIL_FROM": "the newsroom"}),
    ("SMTP_URL", {"SMTP_URL": "smtp://post:abc"}),
    ("SMTP_URL", {"SMTP_URL": "smtp://"}),
    ("SECRET_KEY", {"SECRET_KEY": "too short a secret"}),
    ("BASE_URL", {"BASE_URL": "members.lantern.example"}),
    ("BASE_URL", {"BASE_URL": "https://members.lantern.example/path"}),
    ("BASE_URL", {"BASE_URL": "https://members.lantern.example?x=1"}),
    ("BASE_URL", {"BASE_URL": "ftp://members.lantern.example"}),
    ("BASE_URL", {"BASE_URL": "http://members.lantern.example"}),
    ("STRIPE_SECRET_KEY", {"STRIPE_SECRET_KEY": "pk_test_quietlyKept"}),
    ("STRIPE_SECRET_KEY", {"STRIPE_SECRET_KEY": "quietlyKept"}),
    ("STRIPE_SECRET_KEY", SANDBOX | {"STRIPE_SECRET_KEY": "sk_live_quietlyKept"}),
    ("STRIPE_SECRET_KEY", SANDBOX | {"STRIPE_SECRET_KEY": "rk_live_quietlyKept"}),
    ("STRIPE_API_BASE", {"STRIPE_API_BASE": "https://api.stripe.example"}),
    ("STRIPE_WEBHOOK_SECRET", {"STRIPE_WEBHOOK_SECRET": "quietlyKept"}),
    ("STRIPE_WEBHOOK_SECRET", {"STRIPE_WEBHOOK_SECRET": "whsec_good,quietlyKept"}),
    ("STRIPE_WEBHOOK_SECRET", {"STRIPE_WEBHOOK_SECRET": " , "}),
    ("SMTP_URL", {"SMTP_URL": "mail.lantern.example"}),
    ("SENTRY_DSN", {"SENTRY_DSN": "http://quietlyKept@sentry.example.org/1"}),
    ("SENTRY_DSN", {"SENTRY_DSN": "https://sentry.example.org/quietlyKept"}),
    ("METRICS_TOKEN", {"METRICS_TOKEN": "quietlyKept"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "-1"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "one"}),
    ("TRUSTED_PROXIES", {"TRUSTED_PROXIES": "²"}),
    ("SANDBOX_CLOCK_FILE", {"SANDBOX_CLOCK_FILE": "/somewhere/clock"}),
    ("SANDBOX_WIDE_LIMITS", {"SANDBOX_WIDE_LIMITS": "1"}),
]


@pytest.mark.parametrize(("name", "wrong"), WRONG)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(name, wrong):
    with pytest.raises(WrongSetting, match=name) as refused:
        from_environment(RIGHT | wrong)
    assert not any(secret in str(refused.value) for secret in SECRETS)


def test_a_configuration_never_prints_its_secrets():
    shown = repr(from_environment(RIGHT | {"DATABASE_URL": "", "METRICS_TOKEN": "quietlyKeptForScraping"}))
    assert not any(secret in shown for secret in SECRETS)


def test_the_address_of_the_database_is_printed_without_its_password():
    assert "hunter2hunter2" not in repr(from_environment(RIGHT))
