"""The browser that is asking: a random mark in its session cookie, so that a letter's link or a payment can be bound to it.

And where the request came from, as far as the configured proxies vouch for it.
"""

from __future__ import annotations

import ipaddress

from flask import request, session

from membership.web.tokens import hashed, new_token


def browser_hash() -> str:
    """The hash of this browser's mark; a mark is set when there is none yet. Only the hash is ever stored."""
    if "browser" not in session:
        session["browser"] = new_token()
        session.permanent = True
    return hashed(session["browser"])


_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS", "Chrome"),
    ("FxiOS", "Firefox"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)  # fmt: skip


def browser_name() -> str:
    """What this browser calls itself, as much as its owner needs to know it again: `Firefox, Android`; empty for others."""
    told = request.user_agent.string
    named = (next((name for mark, name in known if mark in told), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, named))


def client_address() -> str:
    """The address that is counted in limits: IPv4 whole, IPv6 as its /64 (one household)."""
    try:
        address = _asking()
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _asking() -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Who asks, as the server saw it; an IPv4 address that came in IPv6's clothes is one. Raises `ValueError`."""
    address = ipaddress.ip_address(request.remote_addr or "")
    return getattr(address, "ipv4_mapped", None) or address


def client_network() -> str:
    """The wider network: IPv4 /24, IPv6 /48."""
    try:
        address = _asking()
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
