"""The steps at which a process may die: before a statement, and before and after a commit and a request to Stripe."""

from __future__ import annotations

import os
import signal
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


def dies(engine: Engine, kill_at: int, deed: Callable[[], object]) -> bool:
    """A process of its own that does the deed and dies at that step (from 1); False when it was done before."""
    child = os.fork()
    if child == 0:
        code, taken = 70, 0

        def step(_what: str) -> None:
            nonlocal taken
            taken += 1
            if taken == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with each_step(engine, step):
                deed()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False
