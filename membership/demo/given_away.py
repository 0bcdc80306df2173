"""Memberships that somebody else pays for, in the demo's story: gifts, complimentary ones, and a group with its seats.

The money of the gifts and of the group is the sandbox's; what was given for it are rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.demo.books import add, moment
from membership.demo.past import Told
from membership.demo.promised import Gift, Person, Pledge, Turn
from membership.demo.tiers import least
from membership.giving.models import Payment
from membership.jobs.queue import post
from membership.memberships import gift_rules, gifts, given, groups
from membership.memberships.gift_models import Gift as GiftRow
from membership.memberships.given_models import GivenMembership
from membership.memberships.group_models import GroupSeat
from membership.memberships.group_rules import next_look
from membership.memberships.models import Membership
from membership.memberships.rules import months_later, notice_at
from membership.perks.models import PerkGrant
from membership.perks.rules import code_from
from membership.readers.rules import email_key
from membership.sandbox.billing.periods import boundary
from membership.sandbox.ids import derived

DAY = 86_400
VISA = "4242424242424242"
SEATS = 6
GUESTS_FOR, SEATED_FOR = 45, 60
"""For so many days the complimentary memberships run, and the seats are held."""


def _person(name: str) -> Person:
    return Person(name, f"{name.lower().replace(' ', '.')}@reader.example")


GIVERS = [_person(name) for name in ("Odalys Marsh", "Benno Kettle", "Ines Harbourne", "Rurik Stave", "Lotte Winnow")]
FRIENDS = [_person(name) for name in ("Elin Marsh", "Pim Sallow", "Juna Reed", "Arvid Spindle", "Mira Tideway")]
GUESTS = [_person(name) for name in ("Hedda Oxbow", "Caspar Lune", "Noor Estuary")]
PAYER = _person("Greta Millrace")
SEATED = [_person(name) for name in ("Tove Weir", "Anselm Pike", "Ruta Lock")]
INVITED = _person("Sven Gable")
IN_TIME = _person("Ilka Sandbank")
"""Whose card is good no longer when the next payment is due."""


@dataclass(frozen=True)
class Away:
    """A membership given away: its payment, what was given, and what became of it (days ago; `claimed` None: nothing yet).

    `delivered`: days ago, or to come when negative; None: the giver hands the link over.
    """

    gift: Gift
    friend: Person
    months: int
    message: str
    delivered: int | None
    claimed: int | None = None


def gifts_away(at: int) -> list[Away]:
    """Claimed and running; not claimed yet; still to come; to be handed over; its money went back."""

    def away(
        number: int, days: int, months: int, message: str, delivered: int | None, claimed: int | None, *turns: Turn
    ) -> Away:
        price = least("patron", "EUR", "year") if months == 12 else months * least("patron", "EUR", "month")
        gift = Gift(f"away-{number}", GIVERS[number], "EUR", price, at - days * DAY, VISA, None, turns, kind="gift")
        return Away(gift, FRIENDS[number], months, message, delivered, claimed)

    return [
        away(0, 55, 12, "For all the Sundays at your kitchen table.", 54, 50),
        away(1, 10, 3, "You always ask what they are up to. Now you can ask them.", 9, None),
        away(2, 5, 6, "Happy birthday!", -12, None),
        away(3, 20, 12, "", None, None),
        away(4, 44, 3, "", 44, None, Turn("give_back", at - 41 * DAY, word="Given twice by mistake")),
    ]


def pledges_for_others(at: int) -> list[Pledge]:
    """The group's, and one of which the card runs out."""
    start = boundary(at - 6 * DAY, -2, "month")
    group = Pledge(
        "group-0", PAYER, "reader", "month", "EUR", SEATS * least("reader", "EUR", "month"), start, "active", None, VISA,
        None, seats=SEATS,
    )  # fmt: skip
    renews = boundary(at - 12 * DAY, 1, "month")
    before = moment(renews).replace(day=1) - timedelta(days=1)
    expiring = Pledge(
        "card-0", IN_TIME, "patron", "month", "EUR", least("patron", "EUR", "month"), boundary(at - 12 * DAY, -5, "month"),
        "active", None, VISA, 1, good_until=(before.year, before.month),
    )  # fmt: skip
    return [group, expiring]


def first_seen(at: int) -> dict[Person, int]:
    """When those were first known who never paid: at their gift, their seat, their complimentary membership."""
    claimed = {one.friend: at - one.claimed * DAY for one in gifts_away(at) if one.claimed is not None}
    return claimed | dict.fromkeys(GUESTS, at - GUESTS_FOR * DAY) | dict.fromkeys(SEATED, at - SEATED_FOR * DAY)


def tell(
    session: Session, told: Sequence[Told], *, tiers: Mapping[str, int], checkouts: Mapping[str, int],
    paid: Mapping[str, int], known: Mapping[Person, int], perk_id: int, by: int, at: datetime,
) -> None:  # fmt: skip
    """All of it as rows; `paid`: payments by charge. To be called before the ballots whose rolls these readers stand on."""
    of = {one.of.prefix: one for one in told}
    for away in gifts_away(int(at.timestamp())):
        payment = session.get_one(Payment, paid[of[away.gift.prefix].one("charge")["id"]])
        _give(session, away, tiers["patron"], checkouts[away.gift.prefix], payment, known, at=at)
    _complimentary(session, tiers["reader"], known, by=by, at=at)
    _group(session, known, at=at)
    add(session, PerkGrant, [
        {"perk_id": perk_id, "reader_id": known[person], "code": code_from(Random(person.email).getrandbits(80)),
         "issued_at": moment(since)}
        for person, since in first_seen(int(at.timestamp())).items() if person != GUESTS[-1]
    ])  # fmt: skip


def _give(
    session: Session, away: Away, tier_id: int, checkout_id: int, payment: Payment, known: Mapping[Person, int], *,
    at: datetime,
) -> None:  # fmt: skip
    delivered = None if away.delivered is None else at - timedelta(days=away.delivered)
    (gift_id,) = add(session, GiftRow, [
        {"checkout_id": checkout_id, "token": derived("", "gift", away.gift.prefix), "tier_id": tier_id,
         "months": away.months, "giver_name": away.gift.person.name, "message": away.message,
         "recipient_name": away.friend.name, "recipient_email": away.friend.email if delivered else None,
         "deliver_at": delivered, "delivered_at": delivered if delivered and delivered <= at else None, "language": "en",
         "payment_id": payment.id, "giver_id": payment.reader_id, "bought_at": payment.paid_at,
         "withdrawn_for": "refund" if away.gift.turns else None}
    ])  # fmt: skip
    if away.claimed is None:
        return
    begins_at = at - timedelta(days=away.claimed)
    (given_id,) = add(session, GivenMembership, [
        {"key": f"gift:{gift_id}", "kind": "gift", "reader_id": known[away.friend], "tier_id": tier_id,
         "months": away.months, "begins_at": begins_at, "ends_at": months_later(begins_at, away.months), "frozen": False,
         "reason": "", "given_by": payment.reader_id, "given_at": begins_at}
    ])  # fmt: skip
    gift = session.get_one(GiftRow, gift_id)
    gift.claimed_at, gift.given_id = begins_at, given_id
    session.flush()


def _complimentary(session: Session, tier_id: int, known: Mapping[Person, int], *, by: int, at: datetime) -> None:
    told = (
        (GUESTS[0], 160, "Reads our proofs for nothing, every week."),
        (GUESTS[1], 9, "Spoke at the open evening in autumn."),
        (GUESTS[2], -11, "Lent us the archive of the harbour office."),
    )
    began = at - timedelta(days=GUESTS_FOR)
    add(session, GivenMembership, [
        {"key": f"demo:{person.email}", "kind": "complimentary", "reader_id": known[person], "tier_id": tier_id,
         "begins_at": began, "ends_at": at + timedelta(days=ends), "frozen": False, "reason": reason, "given_by": by,
         "given_at": began}
        for person, ends, reason in told
    ])  # fmt: skip


def _group(session: Session, known: Mapping[Person, int], *, at: datetime) -> None:
    group_id = session.execute(select(Membership.id).where(Membership.seats.is_not(None))).scalar_one()
    begun = at - timedelta(days=SEATED_FOR)
    add(session, GroupSeat, [
        {"membership_id": group_id, "token": derived("", "seat", one.email), "email": one.email,
         "email_key": email_key(one.email), "offered_at": begun if one in SEATED else at - timedelta(days=3),
         "reader_id": known.get(one), "taken_at": begun if one in SEATED else None}
        for one in (*SEATED, INVITED)
    ])  # fmt: skip


def plan(session: Session, *, at: datetime) -> None:
    """What is still to come about all this: letters, reminders, ends. Called when the past has been cleared of its work."""
    for gift in session.execute(select(GiftRow).where(GiftRow.given_id.is_(None))).scalars():
        since = gift.delivered_at or gift.bought_at or at
        _, again = gift_rules.step_due(since, at, by_letter=gift.delivered_at is not None)
        due = gift.deliver_at if gift.deliver_at and gift.deliver_at > at else again
        if due is not None and gift.withdrawn_for is None:
            post(session, gifts.FOLLOW, f"gift:{gift.id}", {"gift": gift.id}, due_at=due)
    for row in session.execute(select(GivenMembership).where(GivenMembership.ends_at > at)).scalars():
        assert row.begins_at is not None and row.ends_at is not None
        notice = notice_at(row.begins_at, row.ends_at)
        due = notice if notice is not None and notice > at else row.ends_at
        post(session, given.FOLLOW, f"given:{row.id}", {"given": row.id}, due_at=due)
    for seat in session.execute(select(GroupSeat).where(GroupSeat.reader_id.is_(None))).scalars():
        look = next_look(seat.offered_at, at)
        assert look is not None
        about = {"group": seat.membership_id}
        post(session, groups.FOLLOW, f"seats:{seat.membership_id}", about, due_at=look)
