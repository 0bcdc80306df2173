"""Stripe's search language, as far as it is needed: clauses of equality and order, joined by AND.

https://docs.stripe.com/search#search-query-language. `status:'active' AND metadata['tier']:'friend' AND created>100`,
`-` before a clause negates it, `~` finds a part. Unlike Stripe's, the index is never behind.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from membership.sandbox.answers import Refusal
from membership.sandbox.params import Field, Text, Whole
from membership.sandbox.store import Store, shown

CLAUSE = re.compile(r"""(-?)(\w+)(?:\[["']([^"']*)["']\])?(:|~|>=|<=|>|<)(?:"([^"]*)"|'([^']*)'|(\d+|null))""")
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
PARAMS: dict[str, Field] = {"query": Text(500), "limit": Whole(1, 100), "page": Text(20)}
Test = Callable[[dict[str, Any]], bool]


def found(store: Store, kind: str, fields: tuple[str, ...], given: dict[str, Any], url: str) -> dict[str, Any]:
    """A page of what fits, newest first. `page` is the token that the page before gave. Raises `Refusal`."""
    tests = [_test(clause, fields) for clause in re.split(r"\s+AND\s+", given["query"].strip())]
    fits = [obj for obj in reversed(store.find(kind)) if not obj.get("deleted") and all(test(obj) for test in tests)]
    page = given.get("page", "0")
    if not page.isdecimal():
        raise Refusal(f"Invalid page: {page}", param="page")
    start, limit = int(page), given.get("limit", 10)
    more = len(fits) > start + limit
    return {
        "object": "search_result",
        "data": [shown(obj) for obj in fits[start : start + limit]],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def _test(clause: str, fields: tuple[str, ...]) -> Test:
    match = CLAUSE.fullmatch(clause)
    if match is None or match[2] not in fields or (match[3] is not None) != (match[2] == "metadata"):
        words = f"We were unable to parse your search query near {clause[:60]!r}; it can ask for {', '.join(fields)}."
        raise Refusal(words, param="query")
    minus, name, key, sign, double, single, bare = match.groups()
    wanted = next(text for text in (double, single, bare) if text is not None)

    def value(obj: dict[str, Any]) -> Any:
        return obj["metadata"].get(key) if key is not None else obj.get(name)

    def holds(obj: dict[str, Any]) -> bool:
        has = value(obj)
        if bare == "null":
            return has is None
        if has is None:
            return False
        if sign in ORDERS:
            return ORDERS[sign](int(has), int(wanted))
        return wanted.lower() in str(has).lower() if sign == "~" else str(has).lower() == wanted.lower()

    return (lambda obj: not holds(obj)) if minus else holds
