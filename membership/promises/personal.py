"""What this room holds about people: nothing but who of the team did what, by number."""

from flask_babel import lazy_gettext as _l

from membership.personal import Room

_TEAM = "the newsroom's own act: who of the team did it, by number"

PERSONAL = Room(
    _l("What became of votes"), (), {"promise": _TEAM, "promise_step": _TEAM, "promise_picture": "a story's picture"}
)
