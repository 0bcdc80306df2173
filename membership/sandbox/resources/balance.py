"""/v1/balance, /v1/balance_transactions, /v1/account (https://docs.stripe.com/api/balance)."""

from __future__ import annotations

from typing import Any

from membership.sandbox import lists
from membership.sandbox.params import ID, PAGE, Currency, Range, Text
from membership.sandbox.routes import Route
from membership.sandbox.shapes.common import ACCOUNT, ACCOUNT_COUNTRY, ACCOUNT_NAME
from membership.sandbox.world import World

SUMS = """
SELECT json_extract(body, '$.currency'), json_extract(body, '$.available_on') <= ?, sum(json_extract(body, '$.net'))
FROM objects WHERE object = 'balance_transaction' GROUP BY 1, 2 ORDER BY 1
"""


def _as_now(world: World, obj: dict[str, Any]) -> dict[str, Any]:
    """What was pending becomes available when its day has come."""
    return {**obj, "status": "available" if obj["available_on"] <= world.now() else "pending"}


def retrieve(world: World, _given: dict[str, Any], id: str) -> dict[str, Any]:
    return _as_now(world, world.get("balance_transaction", id))


def index(world: World, given: dict[str, Any]) -> dict[str, Any]:
    def wanted(obj: dict[str, Any]) -> bool:
        return ("type" not in given or obj["type"] == given["type"]) and (
            "currency" not in given or obj["currency"] == given["currency"]
        )

    columns = {"source": "owner", "payout": "payment_intent"}
    where = {column: given[key] for key, column in columns.items() if key in given}
    page = lists.listed(world.store, "balance_transaction", given, "/v1/balance_transactions", where=where, keep=wanted)
    return {**page, "data": [_as_now(world, obj) for obj in page["data"]]}


def balance(world: World, _given: dict[str, Any]) -> dict[str, Any]:
    sums = world.store.query(SUMS, (world.now(),))
    currencies = sorted({row[0] for row in sums}) or ["eur"]

    def of(available: int) -> list[dict[str, Any]]:
        known = {currency: amount for currency, there, amount in sums if there == available}
        return [
            {"amount": known.get(currency, 0), "currency": currency, "source_types": {"card": known.get(currency, 0)}}
            for currency in currencies
        ]

    return {"object": "balance", "available": of(1), "livemode": False, "pending": of(0)}


def account(_world: World, _given: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": ACCOUNT,
        "object": "account",
        "business_type": "non_profit",
        "charges_enabled": True,
        "country": ACCOUNT_COUNTRY,
        "created": 1_700_000_000,
        "default_currency": "eur",
        "details_submitted": True,
        "email": "sandbox@newsroom.example",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": ACCOUNT_NAME, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": "SANDBOX NEWSROOM",
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
        },
        "type": "standard",
    }


ROUTES = [
    Route("GET", "/v1/balance", balance, sdk="BalanceRetrieveParams"),
    Route(
        "GET",
        "/v1/balance_transactions",
        index,
        {**PAGE, "type": Text(60), "source": ID, "payout": ID, "currency": Currency(), "created": Range()},
        sdk="BalanceTransactionListParams",
    ),
    Route("GET", "/v1/balance_transactions/<id>", retrieve, sdk="BalanceTransactionRetrieveParams"),
    Route("GET", "/v1/account", account),
    Route("GET", f"/v1/accounts/{ACCOUNT}", account),
]
