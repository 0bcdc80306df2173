"""The steps at which a process may die: before a statement, and before and after a commit and a request to Stripe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from sqlalchemy import Engine, event


@contextmanager
def each_step(engine: Engine, step: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, `step` is told of each step before it is taken, in whatever thread."""

    def before_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        step("before " + " ".join(statement.split())[:200])

    def around(call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def stepping(*args: Any, **kwargs: Any) -> Any:
            step(f"before {name}")
            result = call(*args, **kwargs)
            step(f"after {name}")
            return result

        return stepping

    dialect: Any = engine.dialect
    request = stripe.RequestsClient.request
    event.listen(engine, "before_cursor_execute", before_statement)
    dialect.do_commit = around(dialect.do_commit, "commit")
    stripe.RequestsClient.request = around(request, "a request to Stripe")  # type: ignore[method-assign]
    try:
        yield
    finally:
        stripe.RequestsClient.request = request  # type: ignore[method-assign]
        del dialect.do_commit
        event.remove(engine, "before_cursor_execute", before_statement)
