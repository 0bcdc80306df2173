"""The arithmetic of secrecy: keys, references, receipt codes, lots and the chain of the log. Values in, values out.

Codes, lots and the chain are plain SHA-256 over UTF-8 text whose parts are joined by line breaks, so that anybody can
compute them with the tools at hand; docs and the result page spell the formulas out.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CODE_BYTES = 10
Option = TypeVar("Option")


@dataclass(frozen=True)
class Lots:
    """The order that breaks ties: who stands earlier is favoured. Committed to by hash, revealed at the close."""

    salt: str
    order: str

    @property
    def commitment(self) -> str:
        """SHA-256 of the salt followed by the order, hex."""
        return hashlib.sha256((self.salt + self.order).encode()).hexdigest()

    def positions(self) -> tuple[int, ...]:
        """The option positions in the order drawn."""
        return tuple(int(part) for part in self.order.split(","))


def draw_lots(options: Iterable[int]) -> Lots:
    """A random order of the options and a random salt."""
    order = list(options)
    secrets.SystemRandom().shuffle(order)
    return Lots(secrets.token_hex(16), ",".join(map(str, order)))


def in_display_order(options: Sequence[Option], *, secret: str, ballot_id: int, reader_id: int) -> list[Option]:
    """The options in an order of this reader's own: the same at every visit, and no option stands first for everybody."""
    seed = hmac.digest(secret.encode(), f"order\n{ballot_id}\n{reader_id}".encode(), "sha256")
    shuffled = list(options)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - no secret hangs on it
    return shuffled


def draft_name(secret: str, ballot_id: int, reader_id: int) -> str:
    """Under what a reader's browser keeps a draft: a name of its own, so that nobody else at the same browser is shown it."""
    return "ballot:" + hmac.digest(secret.encode(), f"draft\n{ballot_id}\n{reader_id}".encode(), "sha256").hex()[:24]


def new_key() -> bytes:
    """A ballot's own key: nothing else leads from a reader to a vote."""
    return secrets.token_bytes(32)


def seal(secret: str, what: bytes) -> bytes:
    """Encrypt under the application's secret (HKDF-SHA256, Fernet)."""
    return _fernet(secret).encrypt(what)


def unseal(secret: str, sealed: bytes) -> bytes:
    """What was sealed. Raises `cryptography.fernet.InvalidToken` under another secret."""
    return _fernet(secret).decrypt(sealed)


@functools.lru_cache(maxsize=4)
def _fernet(secret: str) -> Fernet:
    """Derived once: the application's secret is in this process for as long as it runs, unlike a ballot's key."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"membership/ballot-seal").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def voter_ref(key: bytes, reader_id: int) -> bytes:
    """What stands beside an open ballot's vote instead of a reader: HMAC-SHA256 under the ballot's key."""
    return hmac.digest(key, b"voter\n%d" % reader_id, "sha256")


def nonce_of(key: bytes, reader_id: int, attempt: str) -> str:
    """The receipt's nonce (hex): the same for the same form sent twice, unguessable without the ballot's key."""
    return hmac.digest(key, f"nonce\n{reader_id}\n{attempt}".encode(), "sha256")[:16].hex()


def receipt_code(ballot: str, content: str, nonce: str) -> str:
    """The first 80 bits of SHA-256(ballot, content, nonce) in base32: sixteen letters and digits."""
    digest = hashlib.sha256(f"{ballot}\n{content}\n{nonce}".encode()).digest()
    return base64.b32encode(digest[:CODE_BYTES]).decode()


def written_code(code: str) -> str:
    """A code in groups of four, for people."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def read_code(typed: str) -> str:
    """A code as people type it: any case, with or without hyphens and spaces."""
    return "".join(character for character in typed.upper() if character.isalnum())[:64]


def chained(prev: str, seq: int, event: str, code: str) -> str:
    """A log line's hash."""
    return hashlib.sha256(f"{prev}\n{seq}\n{event}\n{code}".encode()).hexdigest()


def first_break(lines: Sequence[tuple[int, str, str, str, str]], head: str) -> int | None:
    """The number of the first log line (seq, event, code, prev, hash) that does not follow; 0 if the head does not fit."""
    before = ""
    for expected, (seq, event, code, prev, own) in enumerate(lines, start=1):
        if seq != expected or prev != before or own != chained(prev, seq, event, code):
            return expected
        before = own
    return None if before == head else 0


def frozen_text(method: str, options: Iterable[tuple[int, str, int | None]]) -> str:
    """What the log's first line holds the SHA-256 of: the method, then each option's position, title and cost (if it has
    one), in lines."""
    lines = [
        "\t".join([str(position), title, *([str(cost)] if cost is not None else [])])
        for position, title, cost in options
    ]
    return "\n".join([method, *lines]) + "\n"


def digest(text: str) -> str:
    """SHA-256 of a text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()
