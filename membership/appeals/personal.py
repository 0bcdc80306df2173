"""What is held about somebody who passes the newsroom on: their own code, and who came by it."""

from flask_babel import lazy_gettext as _l

from membership.appeals.telling_models import Brought, ThanksCode
from membership.giving.models import Checkout
from membership.personal import Holding, Room, by, either, through

PERSONAL = Room(
    _l("Passing us on"),
    (
        Holding(ThanksCode, by(ThanksCode.reader_id)),
        Holding(
            Brought,
            either(by(Brought.bringer_id), through(Brought.checkout_id, Checkout.id, by(Checkout.reader_id))),
            {"name": ""},
            "that one brought another",
            hidden=("bringer_id",),
        ),
    ),
    {},
)
