"""Verbs about the newsroom: setting it up, changing what it says about itself, remembering articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.db import insert_once
from membership.money import Money, check_bounds
from membership.newsroom import defaults
from membership.newsroom.models import Article, Coffee, ContactPoint, Newsroom, Page, Site
from membership.newsroom.queries import article_at, sites
from membership.newsroom.rules import AlreadySetUp, canonical_article
from membership.refusals import N_, NotFound, Refused


class OwnCurrencyMissing(Refused):
    """The newsroom's own currency must stay among those offered."""

    field = "currency"
    words = N_("The newsroom's own currency needs the price of a coffee.")


@dataclass(frozen=True)
class About:
    """What a newsroom says about itself. `accent` and `currency` have passed the rules."""

    name: str
    tagline: str
    mission: str
    contact_email: str
    legal_name: str
    legal_address: str
    tax_number: str
    currency: str
    accent: str
    language: str = "en"
    time_zone: str = "UTC"


def set_up(
    session: Session, about: About, *, origins: Sequence[str], coffees: Mapping[str, int], at: datetime
) -> Newsroom:
    """Open the newsroom, with its sites and the currencies offered. Raises `AlreadySetUp`."""
    if not insert_once(session, Newsroom, id=1, opened_at=at, **asdict(about)):
        raise AlreadySetUp()
    replace_sites(session, origins)
    replace_coffees(session, coffees)
    session.flush()
    return session.get_one(Newsroom, 1)


def name_contact(session: Session, kind: str, address: str, until: date | None) -> bool:
    """Whom to tell of something (`security`, `accessibility`); no address: the newsroom's own. Whether that is new."""
    row = session.get(ContactPoint, kind)
    before = (row.address, row.until) if row else ("", None)
    if before == (address, until if address else None):
        return False
    if row is not None:
        session.delete(row)
        session.flush()
    if address:
        session.add(ContactPoint(kind=kind, address=address, until=until))
    return True


def describe(session: Session, about: About) -> list[str]:
    """Change what the newsroom says about itself; returns the names of the fields that changed."""
    held = select(Newsroom).with_for_update(key_share=True).execution_options(populate_existing=True)
    newsroom = session.execute(held).scalar_one()
    if session.get(Coffee, about.currency) is None:
        raise OwnCurrencyMissing()
    changed = [name for name, value in asdict(about).items() if getattr(newsroom, name) != value]
    for name in changed:
        setattr(newsroom, name, getattr(about, name))
    return changed


def replace_sites(session: Session, origins: Sequence[str]) -> tuple[list[str], list[str]]:
    """From now on these are the newsroom's own sites (canonical origins); returns those added and those taken away."""
    _hold(session)
    before = set(sites(session))
    session.execute(delete(Site).where(Site.origin.not_in(origins)))
    added, removed = sorted(set(origins) - before), sorted(before - set(origins))
    for origin in added:
        insert_once(session, Site, origin=origin)
    return added, removed


def replace_coffees(session: Session, coffees: Mapping[str, int]) -> dict[str, int | None]:
    """From now on these are the currencies offered, with the price of a coffee (minor units) in each.

    Returns the prices that changed, None for a currency that is offered no more. Raises `OwnCurrencyMissing`, and
    `TooSmall`/`TooLarge` for a price that Stripe would not charge.
    """
    own = _hold(session)
    if own not in coffees:
        raise OwnCurrencyMissing()
    for code, minor in coffees.items():
        check_bounds(Money(minor, code))
    before = {row.currency: row.minor for row in session.execute(select(Coffee.currency, Coffee.minor))}
    session.execute(delete(Coffee))
    session.flush()
    session.add_all(Coffee(currency=code, minor=minor) for code, minor in coffees.items())
    session.flush()
    return {code: coffees.get(code) for code in sorted({*before, *coffees}) if before.get(code) != coffees.get(code)}


def _hold(session: Session) -> str:
    """Hold the newsroom's row, so that changes of its settings take their turn; returns its own currency as it stands."""
    return session.execute(select(Newsroom.currency).with_for_update(key_share=True)).scalar_one()


def write_page(session: Session, slug: str, text: str, *, by: int | None, at: datetime) -> None:
    """Change one of the staff's texts. Raises `NotFound` for a text that the site does not have."""
    if slug not in defaults.PAGES:
        raise NotFound()
    insert_once(session, Page, slug=slug, text="", changed_at=at)
    page = session.get_one(Page, slug, with_for_update=True)
    page.text, page.changed_at, page.changed_by = text, at, by


def article(
    session: Session, address: str, title: str, at: datetime, *, language: str | None = None
) -> Article | None:
    """The article with this address, remembered from the first time on; None outside the newsroom's sites.

    A title or language that was missing is filled in; one that stands there is kept.
    """
    canonical = canonical_article(address, set(sites(session)))
    if canonical is None:
        return None
    insert_once(session, Article, address=canonical, title=title[:300], language=language, first_seen_at=at)
    found = article_at(session, canonical)
    if found is not None and title and not found.title:
        found.title = title[:300]
    if found is not None and language and not found.language:
        found.language = language
    return found
