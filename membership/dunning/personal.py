"""What is held about somebody whose payment failed."""

from flask_babel import lazy_gettext as _l

from membership.dunning.models import CardChange, CardLink, UnpaidInvoice
from membership.giving.personal import BOOKS
from membership.memberships.models import Membership
from membership.personal import Holding, Room, by, through

_mine = by(Membership.reader_id)

PERSONAL = Room(
    _l("Payments that failed, and cards changed"),
    (
        Holding(
            UnpaidInvoice, through(UnpaidInvoice.membership_id, Membership.id, _mine), {"hosted_url": None}, BOOKS
        ),
        Holding(CardChange, through(CardChange.membership_id, Membership.id, _mine)),
        Holding(CardLink, through(CardLink.membership_id, Membership.id, _mine)),
    ),
    {},
)
