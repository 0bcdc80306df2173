"""`membership seed`: any number of invented patrons over some months, by the demo's own generator, a batch at a time.

Each patron is drawn from a chance of their own number, and each batch is one transaction: what is there is not made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership import db
from membership.demo import books, corrected, past, people, tiers
from membership.demo.articles import STORIES
from membership.demo.past import Teller, token_of
from membership.demo.promised import Gift, Person, Pledge
from membership.demo.seed import ZONE, newsroom, write_articles, write_tiers
from membership.giving.models import Checkout
from membership.giving.receipts import issuer_lines
from membership.memberships.tasks import product_id
from membership.memberships.tiers import Tier
from membership.newsroom.models import Article
from membership.newsroom.queries import current
from membership.readers.trail import AuditEntry, note
from membership.refusals import N_, Refused

BATCH = 250
SITE = "http://localhost:8002"
SANDBOX = "http://127.0.0.1:8001"
BEGUN = "seed:begun"
MONTH = timedelta(days=365.25 / 12)


class NotAnEmptyDatabase(Refused):
    """Somebody's newsroom is in it."""

    words = N_("The database holds a newsroom that was not made by this command; give it an empty one.")


class OtherMonths(Refused):
    """Begun for another span."""

    words = N_("This database was begun with %(months)s months; go on with those, or take an empty one.")


def load(patrons: int, months: int, *, at: datetime) -> Iterator[int]:
    """Fill the bound database; yields how many patrons stand in it after each batch. `at`: the present, whole seconds;
    a run that goes on keeps the first one's. Raises `NotAnEmptyDatabase`, `OtherMonths`."""
    at = _begin(months, at)
    for first in range(0, patrons, BATCH):
        last = min(first + BATCH, patrons)
        with db.transaction() as session:
            _write(session, first, last, months, at)
        yield last
    with db.transaction() as session:
        corrected.write_receipts(session, ZONE, issuer_lines(current(session)))


def _begin(months: int, at: datetime) -> datetime:
    """The newsroom and its tiers, made at the first run; returns the present of that run."""
    with db.transaction() as session:
        begun = session.execute(select(AuditEntry).where(AuditEntry.action == BEGUN)).scalar_one_or_none()
        if begun is not None:
            if begun.detail["months"] != months:
                raise OtherMonths(months=begun.detail["months"])
            return datetime.fromisoformat(begun.detail["present"])
        if current(session) is not None:
            raise NotAnEmptyDatabase()
        opened = at - months * MONTH - timedelta(days=1)
        newsroom(session, SITE, opened)
        write_tiers(session)
        write_articles(session, SITE, opened)
        note(session, actor_id=None, action=BEGUN, object="newsroom/1", at=at, months=months, present=at.isoformat())
    return at


def _write(session: Session, first: int, last: int, months: int, at: datetime) -> None:
    """Those of the patrons from `first` to before `last` that are not there yet."""
    tokens = {token_of(f"seed-{number}"): number for number in range(first, last)}
    known = select(Checkout.token).where(Checkout.token.in_(tokens))
    there = {tokens[token] for token in session.execute(known).scalars()}
    numbers = [number for number in range(first, last) if number not in there]
    if not numbers:
        return
    products = {tier.slug: product_id(tier) for tier in session.execute(select(Tier)).scalars()}
    ids = {tier.slug: tier.id for tier in session.execute(select(Tier)).scalars()}
    articles = list(session.execute(select(Article.id).order_by(Article.id)).scalars())
    now, span = int(at.timestamp()), int((months * MONTH).days)
    names = {products[tier.slug]: tier.name for tier in tiers.TIERS}
    teller = Teller(products, past.products(names, now - (span + 1) * people.DAY), now, SANDBOX)
    pledged = [_pledge(number, now, span) for number in numbers]
    given = [gift for pledge in pledged if (gift := _gift(pledge, now))]
    pledges, gifts = [teller.pledge(one) for one in pledged], [teller.gift(one) for one in given]
    readers = books.write_readers(session, {one.person: books.moment(one.start) for one in pledged})
    checkouts = books.write_checkouts(session, [*pledges, *gifts], readers, articles)
    accounts = [books.read_pledge(told, readers[told.of.person]) for told in pledges]
    books.write_memberships(
        session, accounts, tiers=ids, tier_of={products[slug]: id for slug, id in ids.items()},
        checkouts=checkouts, articles=articles, as_of=at,
    )  # fmt: skip
    books.bring_memberships_to(session, accounts, None)
    books.write_membership_payments(session, accounts, articles)
    books.write_gifts(session, gifts, readers, articles)
    corrected.write_failures(session, accounts, at=at)
    corrected.write_reasons(session, accounts, Random(first))
    corrected.plan_notices(session, accounts, at=at)


def _pledge(number: int, now: int, span: int) -> Pledge:
    chance = Random(f"patron {number}")
    name = f"{chance.choice(people.FIRST.split())} {chance.choice(people.LAST.split())}"
    person = Person(name, f"reader.{number}@reader.example")
    return people.drawn(chance, f"seed-{number}", person, now, len(STORIES), span)


def _gift(pledge: Pledge, now: int) -> Gift | None:
    """One in eight patrons gave something once besides."""
    chance = Random(f"gift {pledge.prefix}")
    if chance.random() >= 0.125:
        return None
    at, amount = chance.randrange(pledge.start, now), chance.choice((500, 1000, 2000, 5000))
    return Gift(f"{pledge.prefix}-gift", pledge.person, pledge.currency, amount, at, people.CARDS[0], None)
