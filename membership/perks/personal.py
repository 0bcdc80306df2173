"""What is held about somebody as one who was thanked: perks, seats, parcels and where they go, other sites' sign-ins."""

from flask_babel import lazy_gettext as _l

from membership.perks.claim_models import PerkParcel, PerkSeat, PostalAddress, WallName
from membership.perks.community_models import CommunityCode, CommunityConsent, CommunityToken
from membership.perks.models import PerkGrant, PerkStep
from membership.perks.stock_models import PerkCode, PerkFeed
from membership.personal import Holding, Room, by, through

_mine = by(PerkGrant.reader_id)
_COUNTED = "that one more was given, for the budget and the stock"
_TEAM = "an act of the team on many at once, by numbers"

PERSONAL = Room(
    _l("Thanks: perks, events, what we send you"),
    (
        Holding(PerkGrant, _mine, {}, _COUNTED),
        Holding(PerkStep, through(PerkStep.grant_id, PerkGrant.id, _mine), {}, _COUNTED, hidden=("by",)),
        Holding(PerkCode, through(PerkCode.grant_id, PerkGrant.id, _mine), {}, "a code that was used up"),
        Holding(PerkFeed, through(PerkFeed.grant_id, PerkGrant.id, _mine)),
        Holding(PerkParcel, through(PerkParcel.grant_id, PerkGrant.id, _mine), {}, _COUNTED),
        Holding(PerkSeat, through(PerkSeat.grant_id, PerkGrant.id, _mine)),
        Holding(WallName, through(WallName.grant_id, PerkGrant.id, _mine)),
        Holding(PostalAddress, by(PostalAddress.reader_id)),
        Holding(CommunityConsent, by(CommunityConsent.reader_id)),
        Holding(CommunityCode, by(CommunityCode.reader_id), hidden=("nonce", "challenge")),
        Holding(CommunityToken, by(CommunityToken.reader_id)),
    ),
    {"perk_batch": _TEAM, "perk_batch_grant": _TEAM},
)
