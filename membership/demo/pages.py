"""The texts of the invented newsroom, over and above those that every newsroom begins with."""

from __future__ import annotations

MISSION = (
    "We are five people above the old ice house. We read what the harbour board signs, ride the buses that are to be cut, "
    "and print what we find where everybody can read it."
)

MONEY = """\
Of every ten euros, six pay for reporting, two for the room, the server and the printer, one for the accountant and the
law, and one goes into the fund for stories that take longer than a month. Nobody earns more than twice what anybody else
does. The accounts are read aloud at the yearly meeting, and patrons may come.
"""

PAGES = {"money": MONEY}
