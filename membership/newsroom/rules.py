"""Rules about the newsroom: which addresses are articles of ours. Pure."""

from __future__ import annotations

from collections.abc import Container
from urllib.parse import urlsplit, urlunsplit

ADDRESS_LIMIT = 1000


def canonical_article(address: str, sites: Container[str]) -> str | None:
    """An article's address without query and fragment, or None when it is not on one of the newsroom's sites.

    `sites` are origins (`https://news.example.org`); an address with credentials, or one that is too long, is nobody's.
    """
    if len(address) > ADDRESS_LIMIT or any(ord(character) <= 32 for character in address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname if port in {None, default} else f"{parts.hostname}:{port}"
    origin = f"{parts.scheme}://{host}"
    return urlunsplit((parts.scheme, host, parts.path or "/", "", "")) if origin in sites else None
