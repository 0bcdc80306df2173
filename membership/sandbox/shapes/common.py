"""What several objects have in common."""

from __future__ import annotations

from typing import Any

API_VERSION = "2026-10-28.endive"
ACCOUNT = "acct_1SandboxNewsroom"
ACCOUNT_NAME = "Sandbox newsroom"
ACCOUNT_COUNTRY = "DE"

Object = dict[str, object]


def page(url: str, data: list[dict[str, Any]], has_more: bool = False) -> dict[str, Any]:
    """A list as the API gives it (https://docs.stripe.com/api/pagination)."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def address(**parts: str | None) -> dict[str, Any]:
    """A postal address; what is not given is null."""
    return {key: parts.get(key) for key in ("city", "country", "line1", "line2", "postal_code", "state")}


def billing_details(email: str | None = None, name: str | None = None, country: str | None = None) -> dict[str, Any]:
    return {"address": address(country=country), "email": email, "name": name, "phone": None, "tax_id": None}
