"""Public answers held for some seconds before Flask is even asked, as a cache in front of the site would: for embeds.

What is held is a whole answer that says of itself that any cache may keep it (`Cache-Control: public`), under everything that
it may depend on: the name it was asked by, its address, and the browser's languages. Nothing else is looked at or changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

PREFIX = "/embed"
MOST_ANSWERS = 5_000
MOST_BYTES = 64 * 1024
"""What is larger is not held."""
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]
Answer = tuple[float, list[tuple[str, str]], bytes, str]


class HeldAnswers:
    """A WSGI application around ours. `seconds()` is how long an answer is held; 0 holds none."""

    def __init__(self, application: Application, seconds: Callable[[], float]) -> None:
        self._application, self._seconds = application, seconds
        self._held: dict[tuple[str, ...], Answer] = {}

    def clear(self) -> None:
        """Something that public answers show was changed."""
        self._held.clear()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].startswith(PREFIX):
            return self._application(environ, start)
        key = (
            environ.get("HTTP_HOST", ""),
            environ["PATH_INFO"],
            environ.get("QUERY_STRING", ""),
            environ.get("HTTP_ACCEPT_LANGUAGE", ""),
        )
        held = self._held.get(key)
        if held is None or time.monotonic() >= held[0]:
            return self._ask(key, environ, start)
        _, headers, body, tag = held
        if tag and environ.get("HTTP_IF_NONE_MATCH") == tag:
            start("304 NOT MODIFIED", [pair for pair in headers if pair[0] not in {"Content-Length", "Content-Type"}])
            return [b""]
        start("200 OK", headers)
        return [body]

    def _ask(self, key: tuple[str, ...], environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """The application's own answer, held if it may be. Conditional requests are answered by the application itself."""
        seconds = self._seconds()
        if not seconds or "HTTP_IF_NONE_MATCH" in environ:
            return self._application(environ, start)
        began: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(status: str, headers: list[tuple[str, str]], failed: Any = None) -> Any:
            began[:] = [(status, headers)]
            return start(status, headers, failed) if failed else start(status, headers)

        answer = self._application(environ, remember)
        try:
            body = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        status, headers = began[0]
        named = dict(headers)
        public = named.get("Cache-Control", "").startswith("public") and "Set-Cookie" not in named
        if status.startswith("200") and public and len(body) <= MOST_BYTES:
            if len(self._held) >= MOST_ANSWERS:
                self._held.clear()
            self._held[key] = (time.monotonic() + seconds, headers, body, named.get("ETag", ""))
        return [body]
