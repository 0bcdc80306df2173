"""Lists, newest first, a page at a time, by cursors (https://docs.stripe.com/api/pagination)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from membership.sandbox.answers import Refusal, no_such
from membership.sandbox.shapes.common import page
from membership.sandbox.store import Store, shown

STEP = 200
BOUNDS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def listed(
    store: Store,
    kind: str,
    params: dict[str, Any],
    url: str,
    *,
    where: dict[str, object] | None = None,
    keep: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any]:
    """A page of objects of a kind (or of events). `where`: columns of the store; `keep`: everything else.

    `params` may hold limit, starting_after, ending_before, created. Raises `Refusal` for a cursor that is not there.
    """
    if "starting_after" in params and "ending_before" in params:
        words = "Received both starting_after and ending_before parameters. Please pass in only one."
        raise Refusal(words, param="ending_before")
    limit = params.get("limit", 10)
    backwards = "ending_before" in params
    cursor = params.get("starting_after") or params.get("ending_before")
    start = _place(store, kind, cursor, "ending_before" if backwards else "starting_after") if cursor else None
    found: list[dict[str, Any]] = []
    for body in _walk(store, kind, start, backwards, params.get("created", {}), where or {}):
        if keep(body):
            found.append(shown(body))
            if len(found) > limit:
                break
    has_more = len(found) > limit
    found = found[:limit]
    return page(url, found[::-1] if backwards else found, has_more)


def within(moment: int, bounds: dict[str, int]) -> bool:
    """Whether a time lies within `gt`, `gte`, `lt`, `lte`."""
    holds = {"gt": moment.__gt__, "gte": moment.__ge__, "lt": moment.__lt__, "lte": moment.__le__}
    return all(holds[bound](value) for bound, value in bounds.items())


def _place(store: Store, kind: str, id: str, param: str) -> tuple[int, int]:
    table = "events" if kind == "event" else "objects"
    rows = store.query(f"SELECT created, seq FROM {table} WHERE id = ?", (id,))  # noqa: S608 - one of two names
    if not rows:
        raise no_such(kind, id, param)
    return rows[0][0], rows[0][1]


def _walk(
    store: Store,
    kind: str,
    start: tuple[int, int] | None,
    backwards: bool,
    created: dict[str, int],
    where: dict[str, object],
) -> Iterator[dict[str, Any]]:
    """Bodies from the cursor on: older and older, or newer and newer."""
    conditions: list[str] = []
    values: list[object] = []
    if kind != "event":
        conditions.append("object = ?")
        values.append(kind)
    for column, value in where.items():
        conditions.append(f"{column} = ?")
        values.append(value)
    for bound, value in created.items():
        conditions.append(f"created {BOUNDS[bound]} ?")
        values.append(value)
    table = "events" if kind == "event" else "objects"
    sign, order = (">", "ASC") if backwards else ("<", "DESC")
    while True:
        more = [*conditions, *([f"(created, seq) {sign} (?, ?)"] if start else [])]
        rows = store.query(
            f"SELECT created, seq, body FROM {table} WHERE {' AND '.join(more) or '1'}"  # noqa: S608 - names are ours
            f" ORDER BY created {order}, seq {order} LIMIT {STEP}",
            [*values, *(start or ())],
        )
        for *_, body in rows:
            yield json.loads(body)
        if len(rows) < STEP:
            return
        start = (rows[-1][0], rows[-1][1])
