"""A newsroom of five years for the reports' benchmarks: 1,000,000 members with some twelve payments each at full size, made
by the database itself from a series of numbers, the same every time."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from membership import clock
from tests import make

MEMBERS = 1_000_000
YEARS = 5
MONTH = 2_629_800
"""Seconds of an average month."""
_SPAN = YEARS * 12 * MONTH


def fill(engine: Engine, members: int) -> None:
    """Readers, memberships, movements, payments, the ledger, payouts, failed payments; each step committed by itself."""
    with Session(engine) as session:
        make.newsroom(session)
        tiers = [make.tier(session, slug).id for slug in ("reader", "friend", "patron")]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO article (id, address, title, first_seen_at) VALUES (1, 'https://news.example/dam', 'The dam', "
            f"{_moment(connection, '0')})"
        )
    for number, statement in enumerate(_statements(engine, members, tiers)):
        began = time.perf_counter()
        with engine.begin() as connection:
            connection.exec_driver_sql(statement if engine.dialect.name == "sqlite" else statement.replace("%", "%%"))
        print(f"  {number}: {statement[:60]!r} {time.perf_counter() - began:.1f} s", file=sys.stderr, flush=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE")


def _moment(connection: Connection | Engine, seconds: str) -> str:
    if connection.dialect.name == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S', {seconds}, 'unixepoch') || '.000000'"
    return f"to_timestamp({seconds})"


def _statements(engine: Engine, members: int, tiers: Sequence[int]) -> list[str]:
    sqlite, now = engine.dialect.name == "sqlite", int(clock.now().timestamp())
    start = now - _SPAN

    def at(seconds: str) -> str:
        return _moment(engine, seconds)

    def numbers(first: int, last: int) -> str:
        if sqlite:
            return f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
        return f"WITH n(i) AS (SELECT generate_series({first}::bigint, {last}::bigint))"

    skewed = "((i * 2246822519 % 1000) * (i * 2246822519 % 1000) * 90 / 1000000)"
    tier = "CASE i % 3 " + " ".join(f"WHEN {n} THEN {id}" for n, id in enumerate(tiers)) + " END"
    ends = f"CASE WHEN ends < {now} THEN 1 ELSE 0 END"
    false = "0" if sqlite else "false"
    entry = "INSERT INTO ledger_entry (id, payment_id, kind, currency, amount, at, stripe_id)"
    state = "CASE WHEN id % 100 < 80 THEN 'recovered' WHEN id % 100 < 95 THEN 'given_up' ELSE 'open' END"
    return [
        f"CREATE TABLE seed AS {numbers(1, members)} SELECT i, {start} + (i * 2654435761 % {_SPAN}) AS began, "
        f"{start} + (i * 2654435761 % {_SPAN}) + (1 + {skewed}) * {MONTH} AS ends, {tier} AS tier, "
        "CASE WHEN i % 5 = 0 THEN 'USD' ELSE 'EUR' END AS currency, 500 * (1 + i % 3) AS amount, "
        "CASE WHEN i % 10 < 7 THEN 'left' ELSE 'lost' END AS kind FROM n",
        f"INSERT INTO reader (id, created_at) SELECT 1000 + i, {at('began')} FROM seed",
        "INSERT INTO person (reader_id, email, email_key, name, language) SELECT 1000 + i, 'm' || i || '@example.org', "
        "'m' || i || '@example.org', 'Member ' || i, 'en' FROM seed",
        "INSERT INTO membership (id, subscription_id, reader_id, tier_id, article_id, status, currency, amount, interval, "
        "counted, started_at, paid_until, frozen, paused, ended_at) SELECT i, 'sub_' || i, 1000 + i, tier, "
        f"CASE WHEN i % 10 < 4 THEN 1 END, CASE WHEN {ends} = 1 THEN 'canceled' ELSE 'active' END, currency, amount, "
        f"'month', amount * 12, {at('began')}, {at('ends')}, {false}, {false}, CASE WHEN {ends} = 1 THEN {at('ends')} END "
        "FROM seed",
        "INSERT INTO movement (id, membership_id, sequence, reader_id, tier_id, kind, currency, yearly, at) "
        f"SELECT i, i, 1, 1000 + i, tier, 'new', currency, amount * 12, {at('began')} FROM seed",
        "INSERT INTO movement (id, membership_id, sequence, reader_id, tier_id, kind, currency, yearly, at) "
        f"SELECT {members} + i, i, 2, 1000 + i, tier, kind, currency, -amount * 12, {at('ends')} FROM seed WHERE {ends} = 1",
        "INSERT INTO leaving_reason (membership_id, reason, words, at) "
        f"SELECT i, 'money', '', {at('ends')} FROM seed WHERE {ends} = 1 AND kind = 'left' AND i % 2 = 0",
        f"INSERT INTO letter_refusal (reader_id, sort, refused_at) SELECT 1000 + i, 'asking', {at('began')} FROM seed "
        "WHERE i % 11 = 0",
        f"CREATE TABLE paying AS {numbers(0, YEARS * 12 - 1)} SELECT row_number() OVER () AS id, seed.i AS member, "
        f"began + n.i * {MONTH} AS paid, currency, amount FROM seed JOIN n ON began + n.i * {MONTH} < ends "
        f"AND began + n.i * {MONTH} < {now}",
        "INSERT INTO payment (id, stripe_id, reader_id, kind, currency, amount, paid_at, method) SELECT id, 'in_' || id, "
        f"1000 + member, 'membership', currency, amount, {at('paid')}, 'card' FROM paying",
        f"{entry} SELECT 2 * id, id, 'gross', currency, amount, {at('paid')}, 'txn_' || id FROM paying",
        f"{entry} SELECT 2 * id + 1, id, 'fee', currency, -(amount * 3 / 100 + 25), {at('paid')}, 'txn_' || id FROM paying",
        "INSERT INTO payout (id, stripe_id, currency, amount, status, created_at, arrives_at) SELECT "
        f"1 + 2 * ((paid - {start}) / 86400) + CASE WHEN currency = 'USD' THEN 1 ELSE 0 END, 'po_' || currency || "
        f"((paid - {start}) / 86400), currency, sum(amount - amount * 3 / 100 - 25), 'paid', {at('max(paid)')}, "
        f"{at('max(paid)')} FROM paying GROUP BY (paid - {start}) / 86400, currency",
        f"INSERT INTO payout_line (stripe_id, payout_id, net) SELECT 'txn_' || id, 1 + 2 * ((paid - {start}) / 86400) + "
        "CASE WHEN currency = 'USD' THEN 1 ELSE 0 END, amount - amount * 3 / 100 - 25 FROM paying",
        "INSERT INTO unpaid_invoice (id, invoice_id, membership_id, currency, amount, reason, attempts, first_failed_at, "
        "last_step, state, recovered_by, recovered_step) SELECT id, 'in_' || id, member, currency, amount, "
        "CASE WHEN id % 3 = 0 THEN 'expired' ELSE 'funds' END, 1, "
        f"{at('paid')}, 'day-3', {state}, "
        "CASE WHEN id % 100 < 80 THEN CASE WHEN id % 7 = 0 THEN 'new_card' ELSE 'retry' END END, "
        "CASE WHEN id % 100 < 80 THEN CASE WHEN id % 13 = 0 THEN 'day-7' ELSE 'first' END END FROM paying WHERE id % 20 < 1 "
        "OR id % 100 = 96",
        "DROP TABLE paying",
        "DROP TABLE seed",
    ]  # fmt: skip
