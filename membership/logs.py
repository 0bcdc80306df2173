"""What is logged, as one line of JSON each: when, where, what, and what it was about (a request, a job, an event).

No line names anybody: addresses, tokens, keys, card numbers and codes are blotted out wherever they come from, a foreign
library's message and an exception's words included. What a line is about is said once by `about`, and carried to every line
below it. On a terminal the same is written for eyes.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)

BLOTS = (  # passwords first: before the host, the end of one looks like the beginning of an address
    (re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"), "[password]"),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"\b(?:sk|rk|pk)_(?:test|live)_\w+|\bwhsec_\w+|\bBearer \S+"), "[key]"),
    (re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])"), "[card]"),
    (re.compile(r"(?<![\w.:-])\d{3} ?\d{3}(?![\w.:-])"), "[code]"),
    (re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}(?![\w-])"), "[token]"),
)
"""What is blotted out, and what stands in its place. Stripe's ids are shorter than a token of ours, or kept by `_IDS`."""
_IDS = re.compile(r"(?:cs_(?:test|live)|seti|pi|in|sub|cus|evt|ch|py|re|dp|txn|po|prod|price|req|bps)_[A-Za-z0-9_]+")


def blotted(text: str) -> str:
    """The text without anything that names a person or opens a door."""
    for pattern, instead in BLOTS:
        text = pattern.sub(lambda found, instead=instead: found[0] if _IDS.fullmatch(found[0]) else instead, text)  # type: ignore[misc]
    return text


@contextmanager
def about(**what: str) -> Iterator[None]:
    """Every line that is logged within is about this, too."""
    token = _about.set({**(_about.get() or {}), **what})
    try:
        yield
    finally:
        _about.reset(token)


def what() -> dict[str, str]:
    """What lines are about at this moment."""
    return dict(_about.get() or {})


def note(**what: str) -> None:
    """From now on, in this thread of work, lines are about this and nothing else."""
    _about.set(what)


class Lines(logging.Formatter):
    """One line of JSON for each record: line breaks and escapes of a terminal in it are written, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": blotted(record.getMessage()),
            **{name: blotted(value) for name, value in (_about.get() or {}).items()},
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["trace"] = blotted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)


class ForEyes(logging.Formatter):
    """The same for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        more = "".join(f" {name}={value}" for name, value in (_about.get() or {}).items())
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
        said = record.getMessage().encode("unicode_escape").decode() if not record.getMessage().isprintable() else None
        head = f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S} {record.levelname} {record.name}"
        return blotted(f"{head} {said or record.getMessage()}{more}{trace}")


def begin(stream: IO[str] | None = None) -> logging.Handler:
    """From now on everything is logged this way, and no other."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ForEyes() if stream.isatty() else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for quiet in ("stripe", "urllib3", "fontTools", "alembic"):  # what they say at INFO is each request they make
        logging.getLogger(quiet).setLevel(logging.WARNING)
    return handler
