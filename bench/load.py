"""Many requests over a few connections that stay open, from one thread: the same small cost for ours and for the floor."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

CONNECTIONS = 8


class WrongAnswer(RuntimeError):
    """An answer with another status than was expected: then there is nothing to measure."""


@dataclass
class _Line:
    socket: socket.socket
    number: int = -1
    seen: bytearray = field(default_factory=bytearray)


def request(method: str, path: str, port: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP request, ready to be sent."""
    head = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body))}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def rate(port: int, requests: Sequence[bytes], *, status: int = 200) -> float:
    """Send them all and wait for every answer; answers per second. Raises `WrongAnswer`."""
    selector, answered, sent = selectors.DefaultSelector(), 0, 0
    lines = [_Line(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(min(CONNECTIONS, len(requests)))]
    began = time.perf_counter()
    try:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
            line.number, sent = sent, sent + 1
            line.socket.sendall(requests[line.number])
        while answered < len(requests):
            for key, _ in selector.select(60):
                line = key.data
                if not _answered(line, status):
                    continue
                answered += 1
                if sent < len(requests):
                    line.number, sent = sent, sent + 1
                    line.socket.sendall(requests[line.number])
        return answered / (time.perf_counter() - began)
    finally:
        selector.close()
        for line in lines:
            line.socket.close()


def _answered(line: _Line, status: int) -> bool:
    """Read what has come; whether the answer is complete."""
    came = line.socket.recv(65536)
    line.seen += came
    head, separator, body = line.seen.partition(b"\r\n\r\n")
    if not came or (separator and int(head.split(None, 2)[1]) != status):
        raise WrongAnswer(bytes(line.seen[:2000]).decode("latin-1"))
    if not separator:
        return False
    length = next(int(one.split(b":")[1]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:"))
    if len(body) < length:
        return False
    line.seen = bytearray()
    return True
