"""The `membership` command, as a process of its own on a database of its own."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from membership.cli import main
from membership.db import engine_for
from membership.newsroom.rules import setup_token
from tests import make, warm
from tests.house_on_sockets import free_port
from tests.processes import COMPILED

ROOT = Path(__file__).resolve().parent.parent
MEMBERSHIP = "membership.cli:main"
SECRET = "a secret for the command line, long enough"


@pytest.fixture
def fresh(store):
    with store.fresh() as url:
        yield url


@pytest.fixture
def env(fresh, httpserver, tmp_path):
    account = {"id": "acct_1", "object": "account", "business_profile": {"name": "Lantern Press Ltd"}}
    httpserver.expect_request("/v1/account").respond_with_json(account)
    return {
        "PATH": os.environ["PATH"], "DATABASE_URL": fresh, "SECRET_KEY": SECRET, "BASE_URL": "http://127.0.0.1:8000",
        "STRIPE_SECRET_KEY": "sk_test_cli", "STRIPE_WEBHOOK_SECRET": "whsec_cli", "MAIL_FROM": "desk@lantern.example",
        "STRIPE_API_BASE": httpserver.url_for("").rstrip("/"), "SMTP_URL": f"file:{tmp_path}/letters", **COMPILED,
    }  # fmt: skip


def run_cold(env, *words):
    """Exactly as from a terminal; all others start warm."""
    command = [sys.executable, "-m", "membership", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def run(env, *words):
    process = warm.start(MEMBERSHIP, ["membership", *words], env)
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)


def start(env, *words):
    return warm.start(MEMBERSHIP, ["membership", *words], env, stderr=subprocess.STDOUT)


def in_database(url, statement):
    engine = engine_for(url)
    with engine.connect() as connection:
        rows = connection.execute(text(statement)).all()
    engine.dispose()
    return rows


def set_up(url):
    engine = engine_for(url)
    with Session(engine) as session:
        make.newsroom(session)
    engine.dispose()


def wait_for(found, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None), ("SECRET_KEY", "short"), ("BASE_URL", "http://members.example.org"),
        ("STRIPE_SECRET_KEY", "pk_test_public"), ("STRIPE_WEBHOOK_SECRET", None), ("SMTP_URL", "mail.example.org"),
        ("TRUSTED_PROXIES", "one"), ("DATABASE_URL", "mysql://x"), ("MAIL_FROM", None),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_in_one_line(env, name, value, monkeypatch, capsys):
    env.pop(name, None)
    monkeypatch.setattr(os, "environ", env | ({name: value} if value else {}))
    monkeypatch.setattr(sys, "argv", ["membership", "check"])
    assert main() == 2
    said = capsys.readouterr()
    assert name in said.err and len(said.err.strip().splitlines()) == 1 and said.out == ""


def test_check_says_what_is_wrong_and_how_to_mend_it(env, fresh):
    set_up(fresh)
    done = run_cold(env, "check")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "settings",
        "database",
        "schema",
        "worker",
        "audit trail",
        "stripe",
    ]
    assert [line for line in lines if "WRONG" in line] == [
        "worker: WRONG - was not seen in the last minute. Run: membership worker"
    ]
    assert "Lantern Press Ltd" in lines[-1]


def test_check_says_a_refused_key_without_showing_it(env, fresh, httpserver):
    httpserver.clear()
    httpserver.expect_request("/v1/account").respond_with_json({"error": {"type": "invalid_request_error"}}, status=401)
    done = run(env, "check")
    assert done.returncode == 1 and "stripe: WRONG - does not accept STRIPE_SECRET_KEY" in done.stdout
    assert "sk_test_cli" not in done.stdout + done.stderr


def test_check_prints_the_operators_token_until_the_newsroom_stands(env, fresh):
    assert setup_token(SECRET) in run(env, "check").stdout
    set_up(fresh)
    assert setup_token(SECRET) not in run(env, "check").stdout


def test_a_database_that_is_not_there_is_one_line(env, tmp_path):
    done = run(env | {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none"}, "check")
    assert done.returncode == 1 and "database: WRONG" in done.stdout and "Traceback" not in done.stderr


def test_db_upgrade_brings_an_empty_database_to_the_schema(env, tmp_path):
    env["DATABASE_URL"] = f"sqlite:///{tmp_path}/new/membership.db"
    assert run(env, "serve").returncode == 1, "it does not serve an empty database"
    for _ in range(2):
        assert run(env, "db", "upgrade").returncode == 0
    assert "schema: ok" in run(env, "check").stdout


def test_staff_invite_gives_a_role_and_writes_the_letter(env, fresh):
    assert run(env, "staff", "invite", "chief@lantern.example", "--role", "admin").returncode == 1, "no newsroom yet"
    set_up(fresh)
    done = run(env, "staff", "invite", "chief@lantern.example", "--role", "admin")
    assert done.returncode == 0
    assert in_database(fresh, "SELECT role FROM staff_role WHERE ended_at IS NULL") == [("admin",)]
    assert in_database(fresh, "SELECT address, kind FROM letter") == [("chief@lantern.example", "invited")]
    assert in_database(fresh, "SELECT action, actor_id FROM audit_entry") == [("role:granted", None)]


@pytest.mark.parametrize(
    "words", [["no address", "--role", "admin"], ["a@b.example", "--role", "king"], ["a@b.example"]]
)
def test_staff_invite_refuses_what_is_wrong(env, fresh, words):
    set_up(fresh)
    done = run(env, "staff", "invite", *words)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert in_database(fresh, "SELECT 1 FROM staff_role") == []


def test_the_worker_beats_sends_letters_and_ends_by_sigterm(env, fresh, tmp_path):
    set_up(fresh)
    run(env, "staff", "invite", "chief@lantern.example", "--role", "admin")
    worker = start(env, "worker", "--lease", "20")
    try:
        wait_for(lambda: in_database(fresh, "SELECT 1 FROM letter WHERE state = 'sent'"))
        assert "worker: ok" in run(env, "check").stdout
    finally:
        worker.send_signal(signal.SIGTERM)
        output = worker.communicate(timeout=20)[0]
    assert worker.returncode == 0, output
    assert len(list((tmp_path / "letters").glob("*.eml"))) == 1
    jobs = [key for (key,) in in_database(fresh, "SELECT key FROM job ORDER BY key")]
    assert jobs == ["desk.sweep", "desk.watch", "perks.watch", "reports.roll", "webhooks.reconcile"]


def test_serve_prints_the_token_and_answers(env, fresh):
    port = free_port()
    command = [sys.executable, "-m", "membership", "serve", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        page = wait_for(lambda: _get(f"http://127.0.0.1:{port}/"))
        assert "Set up your newsroom" in page
        assert wait_for(lambda: _get(f"http://127.0.0.1:{port}/healthz")) == "alive\n"
    finally:
        server.send_signal(signal.SIGTERM)
        output = server.communicate(timeout=20)[0]
    assert re.search(rf"^{setup_token(SECRET)}$", output, re.MULTILINE)


def _get(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None
