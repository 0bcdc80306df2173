"""What somebody asks of a report, read from an address or a command line into what the report understands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.memberships.tiers import Tier
from membership.money import CURRENCIES
from membership.newsroom.models import Coffee
from membership.newsroom.queries import current
from membership.refusals import N_, Refused
from membership.reports.frame import Asked, Report
from membership.reports.lines import SOURCES, month_of
from membership.reports.rules import MONTHS_SHOWN, month_later

LONGEST = 120
"""So many months at once at most."""
_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])", re.ASCII)


class NotAPeriod(Refused):
    """A month that is none, or a period that is empty or too long."""

    field = "from"
    words = N_("Please choose two months, like 2026-01 and 2026-11: ten years at most, and the later one last.")


class NotAFilter(Refused):
    """A currency, tier or source that there is not."""

    words = N_("There is no such currency, membership or source. Please choose one from the list.")


@dataclass(frozen=True)
class Choices:
    """What there is to choose from: currencies, and tiers (slug, name), archived ones too."""

    currencies: list[str]
    tiers: list[tuple[str, str]]


def choices(session: Session) -> Choices:
    """For the form above a report."""
    tiers = session.execute(select(Tier.slug, Tier.name).order_by(Tier.position, Tier.id))
    currencies = session.execute(select(Coffee.currency).order_by(Coffee.currency)).scalars()
    return Choices(list(currencies), [(slug, name) for slug, name in tiers])


def asked_of(session: Session, report: Report, said: Mapping[str, str], *, at: datetime, full: bool) -> Asked:
    """By default the last twelve months, the running one included. Raises `NotAPeriod`, `NotAFilter`."""
    newsroom = current(session)
    zone, own = (newsroom.time_zone, newsroom.currency) if newsroom else ("UTC", "EUR")
    now = month_of(at, zone)
    until = min(said.get("to") or now, now)
    if not _MONTH.fullmatch(until):
        raise NotAPeriod()
    since = said.get("from") or month_later(until, 1 - MONTHS_SHOWN)
    if not _MONTH.fullmatch(since) or not since <= until < month_later(since, LONGEST):
        raise NotAPeriod()
    filters = {name: said.get(name) or None for name in report.filters}
    code, tier, source = (filters.get(name) for name in ("currency", "tier", "source"))
    code = code.upper() if code else None
    tier_id = session.execute(select(Tier.id).where(Tier.slug == tier)).scalar() if tier else None
    if (code and code not in CURRENCIES) or (tier and tier_id is None) or (source and source not in SOURCES):
        raise NotAFilter()
    return Asked(at, zone, own, since, until, code, tier, tier_id, source, full)
