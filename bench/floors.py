"""The floor of the site: a bare Flask application under the same server, on the same database, driver, pool and durability.

It checks nothing and knows nothing: a request becomes its inserts and one commit, or the bytes it is to answer with.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from membership.db import engine_for

app = Flask("floor")
engine = engine_for(os.environ["DATABASE_URL"])
sqlite = engine.dialect.name == "sqlite"
mark = "?" if sqlite else "%s"
ONE = f"INSERT INTO floor_one (id, raw) VALUES ({mark}, {mark})"
TWO = f"INSERT INTO floor_two (id) VALUES ({mark})"
PAGE = Path(os.environ["FLOOR_PAGE"]).read_bytes() if "FLOOR_PAGE" in os.environ else b""
READS = json.loads(os.environ.get("FLOOR_READS", "[]"))


def _write(*statements: tuple[str, tuple[Any, ...]]) -> None:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            cursor.execute(statement, values)
        connection.commit()
    finally:
        connection.close()


@app.get("/healthz")
def healthz() -> str:
    return "ok\n"


@app.post("/one")
def one() -> Response:
    """One insert and its commit."""
    _write((ONE, (secrets.token_hex(12), request.get_data(cache=False))))
    return Response("kept\n", content_type="text/plain; charset=utf-8")


@app.post("/two")
def two() -> Response:
    """Two inserts in one commit."""
    _write((ONE, (secrets.token_hex(12), b"")), (TWO, (secrets.token_hex(12),)))
    return Response(PAGE, content_type="text/html; charset=utf-8")


@app.get("/page")
def page() -> Response:
    """The bytes that ours answered with."""
    return Response(PAGE, content_type="text/html; charset=utf-8")


@app.get("/rows")
def rows() -> Response:
    """The rows that ours reads, and the bytes that it answered with."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        for statement in READS:
            cursor.execute(statement)
            cursor.fetchall()
        connection.rollback()
    finally:
        connection.close()
    return Response(PAGE, content_type="text/html; charset=utf-8")
