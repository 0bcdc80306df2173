"""What is held about somebody as a voter: that they may vote and that they did. Never what: no row of the urn names anybody
(docs/decisions/0007-votes-without-names.md), so there is nothing of it to tell and nothing to erase."""

from flask_babel import lazy_gettext as _l

from membership.ballots.models import BallotBegun, BallotRoll
from membership.ballots.observer_models import BallotObserver
from membership.personal import Holding, Room, addressed, by

_TALLY = "a ballot is everybody's: the same for all, and no one's"

PERSONAL = Room(
    _l("Ballots: where you may vote, and whether you did, never what"),
    (
        Holding(BallotRoll, by(BallotRoll.reader_id), {}, "a right to vote, by a number without a person, for the turnout"),
        Holding(BallotBegun, by(BallotBegun.reader_id)),
        Holding(BallotObserver, addressed(BallotObserver.email, BallotObserver.email_key), hidden=("named_by",)),
    ),
    {
        "ballot": _TALLY,
        "ballot_option": _TALLY,
        "vote": "what was voted, by nobody: its mark can be undone only with the ballot's key, and goes with the count",
        "ballot_pending": "receipt codes, which only their voters know",
        "ballot_log": "receipt codes, which only their voters know",
        "ballot_head": _TALLY,
        "ballot_seal": "the keys of an open ballot, for nobody to see",
    },
)
