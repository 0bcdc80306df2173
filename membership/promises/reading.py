"""Reading the page of a published story: its title and picture, for the page of promises.

An editor names the address, so what is fetched is strictly bound: http and https on their usual ports, no address inside a
network (each host is resolved first, and the connection goes to the very address that was checked, so that a name cannot
change its mind), three redirects, so many bytes, so many seconds. Whatever goes wrong, the answer is that nothing was read.
"""

from __future__ import annotations

import codecs
import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from PIL import Image, ImageOps, UnidentifiedImageError

from membership.topics.rules import is_web_address

PAGE_BYTES, PICTURE_BYTES = 512 * 1024, 4 * 1024 * 1024
SECONDS = 6.0
"""For everything together: a page, its redirects, and again as much for its picture."""
REDIRECTS = 3
WIDTH, PIXELS = 800, 40_000_000
PORTS = frozenset({80, 443})
NOWHERE = frozenset({"example", "invalid", "test", "local", "internal", "onion", "alt"})
"""Endings of names that never lead to a public page (RFC 6761, 6762, 7686, 9476): they are not even looked up."""
_NAME = "membership-story-reader"


class NotRead(Exception):
    """The page could not be read, or must not be. The words are for the log."""


@dataclass(frozen=True)
class Story:
    """What a page says of itself: its title (may be empty), and its picture as a JPEG of at most `WIDTH` pixels' width."""

    title: str
    picture: bytes | None


def story_at(address: str, *, loopback: bool = False) -> Story:
    """The story at an address. `loopback`: this machine may be asked too, for the demo and the tests. Raises `NotRead`."""
    where, body, kind = _fetch(address, most=PAGE_BYTES, accept="text/html", loopback=loopback)
    if not kind.startswith(("text/html", "application/xhtml+xml")):
        raise NotRead(f"not a page: {kind[:60]}")
    head = _Head()
    head.feed(body.decode(_charset(kind, body), errors="replace"))
    return Story(head.best_title(), _picture(urljoin(where, head.image), loopback) if head.image else None)


def _picture(address: str, loopback: bool) -> bytes | None:
    try:
        kinds = "image/jpeg, image/png, image/webp"
        return small_jpeg(_fetch(address, most=PICTURE_BYTES, accept=kinds, loopback=loopback)[1])
    except NotRead:
        return None


def small_jpeg(body: bytes) -> bytes:
    """A picture painted anew: nothing of the file but what it shows is kept. Raises `NotRead`."""
    try:
        with Image.open(io.BytesIO(body), formats=("JPEG", "PNG", "WEBP")) as found:
            if found.width * found.height > PIXELS:
                raise NotRead("too many pixels")
            upright = ImageOps.exif_transpose(found).convert("RGB")
            upright.thumbnail((WIDTH, WIDTH * 2))
            made = io.BytesIO()
            Image.frombytes("RGB", upright.size, upright.tobytes()).save(made, "JPEG", quality=82, progressive=True)
            return made.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotRead(f"no picture: {error}") from error


class _Head(HTMLParser):
    """The title and the picture that a page names (Open Graph, ogp.me; else its own `<title>`)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open_graph = self.title = self.image = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title" and not self.title
        if tag == "meta":
            name, content = values.get("property") or values.get("name", ""), values.get("content", "").strip()
            if name == "og:title" and not self.open_graph:
                self.open_graph = content
            if name in {"og:image", "og:image:url", "og:image:secure_url"} and not self.image:
                self.image = content

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def best_title(self) -> str:
        """On one line, without what cannot be printed."""
        words = " ".join((self.open_graph or self.title).split())
        return "".join(c for c in words if c.isprintable())[:200].strip()


def _charset(kind: str, body: bytes) -> str:
    named = re.search(r"charset=[\"']?([\w-]+)", kind) or re.search(
        r"charset=[\"']?([\w-]+)", body[:2048].decode("latin-1")
    )
    try:
        return codecs.lookup(named[1]).name if named else "utf-8"
    except LookupError:
        return "utf-8"


def _fetch(address: str, *, most: int, accept: str, loopback: bool) -> tuple[str, bytes, str]:
    """Where it ended, the body, and its content type."""
    until = time.monotonic() + SECONDS
    for _ in range(REDIRECTS + 1):
        if not is_web_address(address):
            raise NotRead("not a web address")
        try:
            answer = _ask(address, most=most, accept=accept, loopback=loopback, until=until)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotRead(f"{type(error).__name__}: {error}") from error
        if isinstance(answer, str):
            address = urljoin(address, answer)
            continue
        return address, *answer
    raise NotRead("too many redirects")


def _ask(address: str, *, most: int, accept: str, loopback: bool, until: float) -> tuple[bytes, str] | str:
    """The body and its type, or where the answer sends us."""
    parts = urlsplit(address)
    host, secure = (parts.hostname or "").encode("idna").decode(), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    found = _resolve(host, port, loopback=loopback)
    with socket.create_connection((found, port), timeout=_left(until)) as plain:
        sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        with sock:
            return _talk(
                sock, parts.netloc.encode("idna").decode(), _path(parts.path, parts.query), most, accept, until
            )


def _talk(sock: socket.socket, host: str, path: str, most: int, accept: str, until: float) -> tuple[bytes, str] | str:
    connection = http.client.HTTPConnection(host)
    connection.sock = sock
    headers = {
        "Host": host,
        "Accept": accept,
        "User-Agent": _NAME,
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("GET", path, headers=headers)
    sock.settimeout(_left(until))
    answer = connection.getresponse()
    if answer.status in {301, 302, 303, 307, 308}:
        return answer.getheader("Location") or ""
    if answer.status != 200:
        raise NotRead(f"status {answer.status}")
    body = b""
    while chunk := answer.read1(64 * 1024):
        body += chunk
        if len(body) > most:
            if most == PICTURE_BYTES:
                raise NotRead("too many bytes")
            break  # a page's head stands at its beginning
        sock.settimeout(_left(until))
    return body[:most], (answer.getheader("Content-Type") or "").lower()


def _resolve(host: str, port: int, *, loopback: bool) -> str:
    """One address of a host. Raises `NotRead` when any of its addresses lies inside a network, or the port is unusual."""
    if host.rstrip(".").rpartition(".")[2].lower() in NOWHERE:
        raise NotRead("a name that is nobody's")
    found = [ipaddress.ip_address(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if loopback and all(one.is_loopback for one in found):
        return str(found[0])
    if port not in PORTS or not all(_is_public(one) for one in found):
        raise NotRead("not a public address")
    return str(found[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return _is_public(inner)
        if address in ipaddress.ip_network("64:ff9b::/96"):  # NAT64 leads to the address in its last four bytes
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _path(path: str, query: str) -> str:
    """The path as it goes over the wire: what is not ASCII is percent-encoded."""
    whole = (path or "/") + (f"?{query}" if query else "")
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode()) for c in whole)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise NotRead("too slow")
    return left
