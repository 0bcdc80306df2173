"""Every room's tables, so that one import knows the whole schema."""

from membership.account import models as account
from membership.appeals import models as appeals
from membership.appeals import telling_models as telling
from membership.ballots import models as ballots
from membership.ballots import observer_models as observers
from membership.ballots import urn
from membership.bulletins import models as bulletins
from membership.campaigns import models as campaigns
from membership.db import Base
from membership.desk import alarm_models as alarms
from membership.dunning import models as dunning
from membership.funding import models as funding
from membership.giving import correction_models as corrections
from membership.giving import fees
from membership.giving import guard_models as guard
from membership.giving import models as giving
from membership.giving import payout_models as payouts
from membership.giving import receipt_models as receipts
from membership.giving import touch_models as touches
from membership.giving import way_models as ways
from membership.imports import models as imports
from membership.jobs import models as jobs
from membership.mail import models as mail
from membership.memberships import gift_models as gifts
from membership.memberships import given_models as given
from membership.memberships import group_models as groups
from membership.memberships import models as memberships
from membership.memberships import tiers
from membership.newsroom import models as newsroom
from membership.newsroom import rates
from membership.perks import claim_models as perk_claims
from membership.perks import community_models as perk_community
from membership.perks import models as perks
from membership.perks import stock_models as perk_stock
from membership.privacy import models as privacy
from membership.promises import models as promises
from membership.readers import models as readers
from membership.readers import step_models as second_step
from membership.readers import trail
from membership.reports import models as reports
from membership.reports import money_models as report_money
from membership.reports import way_models as report_ways
from membership.topics import models as topics
from membership.web import limits
from membership.webhooks import drift_models as drift
from membership.webhooks import models as webhooks

metadata = Base.metadata

__all__ = [
    "account",
    "alarms",
    "appeals",
    "ballots",
    "bulletins",
    "campaigns",
    "corrections",
    "drift",
    "dunning",
    "fees",
    "funding",
    "gifts",
    "given",
    "giving",
    "groups",
    "guard",
    "imports",
    "jobs",
    "limits",
    "mail",
    "memberships",
    "metadata",
    "newsroom",
    "observers",
    "payouts",
    "perk_claims",
    "perk_community",
    "perk_stock",
    "perks",
    "privacy",
    "promises",
    "rates",
    "readers",
    "receipts",
    "report_money",
    "report_ways",
    "reports",
    "second_step",
    "telling",
    "tiers",
    "topics",
    "touches",
    "trail",
    "urn",
    "ways",
    "webhooks",
]  # fmt: skip
