"""What staff's lists are asked for: somebody, those that are done with as well, and where the next page begins."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from flask_login import current_user

from membership import clock
from membership.account import patron_acts
from membership.account.patrons import LARGEST_KEY
from membership.db import transaction


@dataclass(frozen=True)
class Asked:
    """`sought`: part of a name or address; `all`: not only what waits or runs; `beyond`: the last row of the page before."""

    sought: str
    all: bool
    beyond: int | None

    def query(self, *, all: bool | None = None, beyond: int | None = None) -> str:
        """The query of a list like this one: its other half (`all`), or the page that follows the row `beyond`."""
        wanted = {"q": self.sought, "all": "1" if (self.all if all is None else all) else "", "beyond": beyond}
        return urlencode({name: value for name, value in wanted.items() if value})


def asked_for() -> Asked:
    """As the address says it; nonsense is nothing."""
    beyond = request.args.get("beyond", type=int)
    known = beyond is not None and 0 < beyond <= LARGEST_KEY
    return Asked(request.args.get("q", "").strip()[:200], request.args.get("all") == "1", beyond if known else None)


def note_search(asked: Asked, found: int) -> None:
    """Whoever looks somebody up is noted in the audit trail, whatever the list."""
    if asked.sought:
        with transaction() as session:
            patron_acts.search(session, by=current_user.reader_id, found=found, all_of_them=False, at=clock.now())
