"""The room's pages: what everybody sees (`pages.py`), voting (`voting_pages.py`), and what editors do (`desk.py`)."""

from membership.ballots import desk, observer_pages, pages, voting_pages
from membership.ballots.pages import blueprint

__all__ = ["blueprint", "desk", "observer_pages", "pages", "voting_pages"]
