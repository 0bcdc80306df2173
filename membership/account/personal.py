"""What is held about somebody by the account's room: the team's notes, and why they left."""

from flask_babel import lazy_gettext as _l

from membership.account.models import LeavingReason, PatronNote
from membership.memberships.models import Membership
from membership.personal import Holding, Room, by, through

PERSONAL = Room(
    _l("Notes of the team, and why you left"),
    (
        Holding(PatronNote, by(PatronNote.reader_id), hidden=("author_id",)),
        Holding(
            LeavingReason, through(LeavingReason.membership_id, Membership.id, by(Membership.reader_id)), {"words": ""},
            "one more who left for this reason",
        ),
    ),
    {},
    (PatronNote.text,),
)  # fmt: skip
