"""What is held about somebody as a member: memberships, gifts given and received, seats of a group."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, case, cast, func, literal, or_

from membership.giving.models import Checkout
from membership.giving.personal import BOOKS
from membership.memberships.gift_models import Gift
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.models import Membership, MembershipCheckout, MembershipPayment, Movement
from membership.personal import Holding, Room, Whose, addressed, by, either, through

_mine = by(Membership.reader_id)
_given = either(by(Gift.giver_id), through(Gift.checkout_id, Checkout.id, by(Checkout.reader_id)))
_received = either(
    addressed(Gift.recipient_email), through(Gift.given_id, GivenMembership.id, by(GivenMembership.reader_id))
)
_NOBODY = literal("erased:") + cast(GroupSeat.id, String)


def _of_the_receiver(whose: Whose, column: str, left: str | None) -> object:
    """Who is to receive a gift is kept until it has reached them, unless it is they who are erased."""
    own = Gift.__table__.c[column]
    return case((or_(_received(whose), Gift.delivered_at.is_not(None), Gift.claimed_at.is_not(None)), left), else_=own)


PERSONAL = Room(
    _l("Memberships, gifts and seats"),
    (
        Holding(Membership, _mine, {}, BOOKS),
        Holding(MembershipCheckout, through(MembershipCheckout.checkout_id, Checkout.id, by(Checkout.reader_id)), {}, BOOKS),
        Holding(MembershipPayment, through(MembershipPayment.membership_id, Membership.id, _mine), {}, BOOKS),
        Holding(Movement, by(Movement.reader_id), {}, BOOKS),
        Holding(
            GivenMembership, by(GivenMembership.reader_id), {"reason": ""}, BOOKS, hidden=("given_by", "ended_by"),
        ),
        Holding(
            Gift, either(_given, _received),
            {
                "message": "",
                "giver_name": lambda whose: case((_given(whose), ""), else_=Gift.giver_name),
                "recipient_name": lambda whose: _of_the_receiver(whose, "recipient_name", ""),
                "recipient_email": lambda whose: _of_the_receiver(whose, "recipient_email", None),
            },
            BOOKS, hidden=("giver_id",),
        ),
        Holding(
            GroupSeat, either(by(GroupSeat.reader_id), addressed(GroupSeat.email, GroupSeat.email_key)),
            {
                "email": _NOBODY, "email_key": _NOBODY,
                "freed_at": lambda whose: func.coalesce(GroupSeat.freed_at, whose.at),
            },
            "that a seat was taken, and when",
        ),
    ),
    {},
    (GivenMembership.reason,),
)  # fmt: skip
