"""Rules of export and erasure. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from membership.refusals import N_, Refused

LINK_LIVES = timedelta(hours=1)
LETTER_FIRST = timedelta(minutes=2)
"""So long the last letter has to go out before its address is erased."""


class ErasureSpent(Refused):
    """Used, too old, or somebody else's."""

    status = 410
    words = N_("This link has been used, is more than an hour old, or belongs to another account. Please ask for a new one.")


class NotOfTheTeam(Refused):
    """What the team did must be somebody's; a role ends before its holder is erased."""

    words = N_("You belong to the newsroom's team. Please have your role ended first; then you can be erased.")


def needles(names: Iterable[str]) -> list[str]:
    """Those names by which somebody can be found in other texts: of two words or more, the longest first. A single word
    (Rose, Mark) says other things as well, and no machine can tell which."""
    found = {" ".join(name.split()) for name in names}
    return sorted((name for name in found if " " in name), key=lambda name: (-len(name), name))
