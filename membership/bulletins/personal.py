"""What this room holds about people: nothing but who of the team wrote and sent what, by number."""

from flask_babel import lazy_gettext as _l

from membership.personal import Room

PERSONAL = Room(
    _l("Letters to many"),
    (),
    {
        "bulletin": "the newsroom's own letter: who of the team sent it, by number",
        "bulletin_text": "the newsroom's own words",
    },
)
