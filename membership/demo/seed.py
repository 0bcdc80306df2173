"""Filling an empty database and an empty sandbox store with one story, so that they agree object by object.

The sandbox's objects are made first; our rows are then read off those very objects. The same `at` gives the same story.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.ballots.models import Ballot
from membership.ballots.observer_models import BallotObserver
from membership.campaigns.models import Campaign
from membership.demo import books, corrected, elsewhere, given_away, past, people, story, thanks, tiers
from membership.demo.articles import NIGHT_BUS, STORIES
from membership.demo.asked import tell_appeal
from membership.demo.bulletins import tell_bulletins
from membership.demo.campaigning import tell_campaigns
from membership.demo.pages import MISSION, PAGES
from membership.demo.site import NAME
from membership.giving.receipts import issuer_lines
from membership.jobs.models import Job
from membership.mail.models import Letter
from membership.memberships.tasks import product_id
from membership.memberships.tiers import Tier, TierPrice
from membership.newsroom.defaults import COFFEES
from membership.newsroom.models import Article, Coffee, Newsroom, Page, Site
from membership.newsroom.queries import current
from membership.perks.models import Perk, PerkTier
from membership.readers import actions as readers
from membership.sandbox.aftermath import paid_out
from membership.sandbox.store import Store
from membership.web.tokens import new_token

SEED = 1847
OPENED = timedelta(days=people.SPAN_DAYS + 10)
ZONE = "Europe/Dublin"


@dataclass(frozen=True)
class Told:
    """What the runner needs of the story: the reader ids of the patron and the admin whose sign-in links it prints."""

    patron_id: int
    admin_id: int


def seed(
    session: Session,
    store: Store,
    *,
    secret: str,
    site_url: str,
    at: datetime,
    sandbox_url: str = "http://127.0.0.1:8001",
) -> Told:
    """Tell the whole story up to `at` (whole seconds). `secret` seals the ballots; `site_url` is the newsroom's origin."""
    now = int(at.timestamp())
    chance = Random(SEED)
    opened = at - OPENED
    newsroom(session, site_url, opened)
    tier_ids = write_tiers(session)
    articles = write_articles(session, site_url, opened)
    everybody = people.people(chance)
    pledged = people.pledges(chance, everybody, now, len(STORIES))
    pledged = sorted([*pledged, *given_away.pledges_for_others(now)], key=lambda one: (one.start, one.prefix))
    given = [
        *people.gifts(chance, everybody, now, len(STORIES)), *(away.gift for away in given_away.gifts_away(now))
    ]  # fmt: skip

    named = {
        product_id(session.get_one(Tier, id)): tier.name
        for tier, id in zip(tiers.TIERS, tier_ids.values(), strict=True)
    }
    product_of = dict(zip(tier_ids, named, strict=True))
    products = past.products(named, int(opened.timestamp()))
    teller = past.Teller(product_of, products, now, sandbox_url)
    pledges = [teller.pledge(pledge) for pledge in pledged]
    gifts = [teller.gift(gift) for gift in given]
    objects = paid_out([obj for told in (*pledges, *gifts) for obj in told.objects], now, every=7)
    store.load([*products, *objects])

    known = books.write_readers(session, _first_seen(pledged, given, given_away.first_seen(now), opened))
    staff = _staff(session, known, opened)
    checkouts = books.write_checkouts(session, [*pledges, *gifts], known, articles)
    accounts = [books.read_pledge(told, known[told.of.person]) for told in pledges]
    first_opened = at - story.FIRST_OPENED
    books.write_memberships(
        session, accounts, tiers=tier_ids, tier_of={product_of[slug]: id for slug, id in tier_ids.items()},
        checkouts=checkouts, articles=articles, as_of=first_opened,
    )  # fmt: skip
    paid = books.write_membership_payments(session, accounts, articles) | books.write_gifts(
        session, gifts, known, articles
    )
    corrected.write_corrections(session, [*pledges, *gifts], paid, by=staff["manager"])
    corrected.write_failures(session, accounts, at=at)
    corrected.write_reasons(session, accounts, chance)
    corrected.write_payouts(session, objects)
    elsewhere.write_other_gifts(session, known, by=staff["manager"], at=at)
    corrected.write_receipts(session, ZONE, issuer_lines(current(session)))
    perk = _perk(session, site_url, tier_ids)
    books.write_grants(session, perk, accounts, chance)

    patron_id = known[people.PATRON]
    early = [
        account.reader_id
        for account in accounts
        if account.subscription.started_at < at - timedelta(days=115) and account.final["status"] == "active"
    ]
    cast = story.Cast(patrons=sorted(set(early)), spared=patron_id, editor=staff["editor"])
    story.tell_first(
        session, cast, secret=secret, at=at, chance=chance, story_url=f"{site_url}/{NIGHT_BUS.slug}"
    )  # fmt: skip
    books.bring_memberships_to(session, accounts, at - story.SECOND_OPENED)
    session.flush()  # or what was changed and not written yet would be forgotten: the head of the audit trail among it
    session.expire_all()
    given_away.tell(
        session, gifts, tiers=tier_ids, checkouts=checkouts, paid=paid, known=known, perk_id=perk.id, by=staff["manager"],
        at=at,
    )  # fmt: skip
    story.tell_second(session, cast, secret=secret, at=at, chance=chance)
    books.bring_memberships_to(session, accounts, None)
    session.flush()  # or what was changed and not written yet would be forgotten: the head of the audit trail among it
    session.expire_all()
    story.tell_waiting(session, cast, at=at, chance=chance)
    session.add_all(
        BallotObserver(
            email_key=address, email=address, name=name, token=new_token(), named_at=at, named_by=staff["editor"]
        )
        for address, name in story.OBSERVERS
    )
    tell_campaigns(session, by=staff["manager"], at=at, chance=chance)
    tell_appeal(session, by=staff["manager"], at=at, chance=chance)
    thanks.write_thanks(session, tier_ids, spared=patron_id, at=at, chance=chance)
    _leave_no_work_for_the_past(session, at)
    corrected.plan_notices(session, accounts, at=at)
    given_away.plan(session, at=at)
    tell_bulletins(session, by=staff["manager"], at=at, chance=chance)
    return Told(patron_id, staff["admin"])


def newsroom(session: Session, site_url: str, at: datetime) -> None:
    """The invented newsroom, opened then."""
    session.add(
        Newsroom(
            id=1, name=NAME, tagline="News of the estuary, open to everybody", mission=MISSION,
            contact_email="desk@ferrowmouth.example", legal_name="Ferrowmouth Lantern Cooperative",
            legal_address="2 North Quay, Ferrowmouth", tax_number="INVENTED 000 000", currency="EUR", language="en",
            time_zone=ZONE, accent="#0f5c6e", opened_at=at,
        )
    )  # fmt: skip
    session.add(Site(origin=site_url))
    session.add_all(Coffee(currency=code, minor=minor) for code, minor in COFFEES.items())
    session.add_all(Page(slug=slug, text=text, changed_at=at) for slug, text in PAGES.items())
    session.flush()


def write_tiers(session: Session) -> dict[str, int]:
    """The tiers' ids by slug, in their order; they stand at Stripe already."""
    found = {}
    for position, tier in enumerate(tiers.TIERS, start=1):
        row = Tier(slug=tier.slug, name=tier.name, blurb=tier.blurb, position=position)
        session.add(row)
        session.flush()
        row.stripe_product_id = product_id(row)
        found[tier.slug] = row.id
        session.add_all(
            TierPrice(tier_id=row.id, currency=code, interval=interval, minor=tiers.least(tier.slug, code, interval))
            for code in COFFEES
            for interval in ("month", "year")
        )
    session.flush()
    return found


def write_articles(session: Session, site_url: str, at: datetime) -> list[int]:
    """The articles that people came from; their ids."""
    rows = [{"address": f"{site_url}/{one.slug}", "title": one.title, "first_seen_at": at} for one in STORIES]
    return books.add(session, Article, rows)


def _first_seen(
    pledged: list[people.Pledge], given: list[people.Gift], others: Mapping[people.Person, int], opened: datetime
) -> Mapping[people.Person, datetime]:
    """When each person was first known: at their first payment, `others` at what they were given; the team from the
    beginning."""
    seen = {person: opened for _, person in people.STAFF}
    paying = [*((one.person, one.start) for one in pledged), *((one.person, one.at) for one in given)]
    for person, seconds in [*paying, *others.items()]:
        at = books.moment(seconds)
        seen[person] = min(at, seen.get(person, at))
    return seen


def _staff(session: Session, known: Mapping[people.Person, int], at: datetime) -> dict[str, int]:
    for role, person in people.STAFF:
        readers.grant_role(session, known[person], role, at=at, by=None)
    return {role: known[person] for role, person in people.STAFF}


def _perk(session: Session, site_url: str, tier_ids: Mapping[str, int]) -> Perk:
    perk = Perk(
        slug="the-notebooks", title="The notebooks", kind="link", address=f"{site_url}/notebooks",
        blurb="Our reporters' working notes behind every long story, a week before the story itself.",
    )  # fmt: skip
    session.add(perk)
    session.flush()
    session.add_all(PerkTier(perk_id=perk.id, tier_id=id) for id in tier_ids.values())
    return perk


def _leave_no_work_for_the_past(session: Session, at: datetime) -> None:
    """No letter goes out about what is long over; of the jobs only those of open ballots and campaigns stay."""
    open_ones = session.execute(select(Ballot.id).where(Ballot.status == "open")).scalars()
    still = [f"ballot:{ballot_id}:{what}" for ballot_id in open_ones for what in ("seal", "noon")]
    under_way = select(Campaign.id).where(Campaign.published_at.is_not(None), Campaign.closed_at.is_(None))
    still += [f"campaign:{campaign_id}" for campaign_id in session.execute(under_way).scalars()]
    session.execute(delete(Letter))
    session.execute(delete(Job).where(Job.due_at <= at, Job.key.not_in(still)))
    session.flush()
