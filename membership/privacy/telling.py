"""What is held about somebody, as a file: JSON, amounts in minor units, times in UTC (ISO 8601)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext

from membership.privacy.queries import Shelf
from membership.refusals import N_

NOTE = N_(
    "Everything that we hold about you, table by table. Amounts are in minor units (cents), times in UTC."
    " What you voted is not in it, because no row says who voted what."
)


def as_json(shelves: Sequence[Shelf], *, reader_id: int, newsroom: str, at: datetime) -> str:
    """The file."""
    told = {
        "made_at": at.isoformat(), "newsroom": newsroom, "reader": reader_id, "note": gettext(NOTE),
        "held": [{"about": str(shelf.words), "tables": shelf.tables} for shelf in shelves],
    }  # fmt: skip
    return json.dumps(told, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is told to nobody")
