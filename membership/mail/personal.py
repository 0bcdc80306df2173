"""What is held about somebody as letters: those to them, as sent, and what came back."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import Text, case, cast, literal

from membership.mail.models import Bounce, Letter
from membership.personal import Holding, Room, addressed, by, either

_NUMBER = literal("erased:") + cast(Letter.id, Text)

PERSONAL = Room(
    _l("Letters to you"),
    (
        # Its number is what its Message-ID is made of, so it is not given away a second time.
        Holding(
            Letter,
            either(by(Letter.reader_id), addressed(Letter.address)),
            {
                "key": _NUMBER, "address": _NUMBER, "reader_id": None, "subject": "", "text": "", "stop_address": None,
                "last_error": None, "state": case((Letter.state.in_(("queued", "failed")), "withdrawn"), else_=Letter.state),
            },
            "that so many letters went out",
        ),
        Holding(Bounce, either(by(Bounce.reader_id), addressed(Bounce.address))),
    ),
    {},
    (Letter.subject, Letter.text, Letter.last_error, Bounce.words),
)  # fmt: skip
