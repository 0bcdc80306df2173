"""How long what is kept, as staff have set it, and whether anything is kept of where people are (the protection of sources).

The numbers stand among the chosen figures; the sweeping carries them out, and /privacy shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from membership.web.limits import chosen_figures

YEAR = 365


@dataclass(frozen=True)
class Term:
    """So many days something is kept: the house's own number, the bounds within which staff may choose, the words for it."""

    days: int
    least: int
    most: int
    words: Any


TERMS = {
    "networks": Term(30, 1, 90, _l("From which network a payment was begun, and what came of each try")),
    "events": Term(90, 7, 2 * YEAR, _l("What the payment processor told us, word for word (a fingerprint stays)")),
    "checkouts": Term(30, 7, YEAR, _l("Names and addresses of who began to pay and did not go on")),
    "touches": Term(90, 7, YEAR, _l("How somebody came who then did not pay")),
    "receipts": Term(10 * YEAR, 5 * YEAR, 30 * YEAR, _l("Names on the receipts of somebody who was erased")),
}
OWN = {name: term.days for name, term in TERMS.items()}
PROTECTED = "source-protection"
ASK_FIRST = "letters-ask-first"


def _name(term: str) -> str:
    return f"keep/{term}"


def terms_kept(session: Session) -> dict[str, int]:
    """How many days, by term."""
    chosen = chosen_figures(session)
    return {name: chosen.get(_name(name), days) for name, days in OWN.items()}


def protects_sources(session: Session) -> bool:
    """Whether nothing is to be kept of where people are."""
    return bool(chosen_figures(session).get(PROTECTED, 0))


def asks_first(session: Session) -> bool:
    """Whether news and appeals go only to those who asked for them."""
    return bool(chosen_figures(session).get(ASK_FIRST, 0))


def as_figures(days: dict[str, int], *, protect: bool, ask_first: bool) -> tuple[dict[str, int], dict[str, int]]:
    """What was chosen, and the house's own, as `choose_figures` takes them."""
    chosen = {_name(name): value for name, value in days.items()} | {PROTECTED: int(protect), ASK_FIRST: int(ask_first)}
    return chosen, {_name(name): own for name, own in OWN.items()} | {PROTECTED: 0, ASK_FIRST: 0}
