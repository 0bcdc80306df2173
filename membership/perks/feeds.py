"""Private feeds: each patron's own address, which can be renewed and dies with the standing, and what it serves."""

from __future__ import annotations

from datetime import datetime

from feedgen.feed import FeedGenerator
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from membership.memberships.standing import has_standing
from membership.perks import ledger
from membership.perks.files import ENDINGS
from membership.perks.models import Perk, PerkGrant
from membership.perks.states import LIVE, NoSuchPerk
from membership.perks.stock_models import PerkEpisode, PerkFeed, PerkFile, PerkFileContent
from membership.readers import trail
from membership.refusals import N_, Refused
from membership.web.tokens import new_token


class FeedOver(Refused):
    """An address that was a feed's, and is none any more (or rests)."""

    status = 410
    words = N_("This feed address is not in use any more. Your account has the one that is yours.")


def address(session: Session, grant_id: int, reader_id: int, *, at: datetime) -> PerkFeed:
    """A feed address for a reader's own grant, a new one: the one before, if any, opens nothing from now on.

    Raises `NoSuchPerk`, `NotNow`, `Rests`.
    """
    grant, _ = ledger.hold_own(session, grant_id, reader_id, "feed", at=at)
    current = (PerkFeed.grant_id == grant.id, PerkFeed.ended_at.is_(None))
    session.execute(update(PerkFeed).where(*current).values(ended_at=at))
    feed = PerkFeed(token=new_token(), grant_id=grant.id, made_at=at)
    session.add(feed)
    session.flush()
    return feed


def current(session: Session, grant_id: int) -> PerkFeed | None:
    """The address in use."""
    statement = select(PerkFeed).where(PerkFeed.grant_id == grant_id, PerkFeed.ended_at.is_(None))
    return session.execute(statement).scalar_one_or_none()


def behind(session: Session, token: str, *, at: datetime) -> tuple[PerkGrant, Perk]:
    """Whose feed an address is. Raises `NoSuchPerk` for one that never was, `FeedOver` for one that opens nothing now."""
    feed = session.get(PerkFeed, token)
    if feed is None:
        raise NoSuchPerk()
    grant = session.get_one(PerkGrant, feed.grant_id)
    perk = session.get_one(Perk, grant.perk_id)
    alive = feed.ended_at is None and grant.state in LIVE and perk.retired_at is None
    if not alive or not has_standing(session, grant.reader_id, at):
        raise FeedOver()
    return grant, perk


def note_read(session: Session, grant_id: int, *, at: datetime) -> None:
    """A feed reader asked for the feed: from the first time on the perk is a used one."""
    grant, perk = ledger.hold(session, grant_id)
    if grant.state == "issued":
        ledger.bring(session, grant, perk, "redeemed", at=at)


def publish(
    session: Session, perk_id: int, *, title: str, notes: str, file: PerkFile | None, by: int, at: datetime
) -> PerkEpisode:
    """A new entry of a feed. Raises `NoSuchPerk`."""
    perk = ledger.hold_perk(session, perk_id)
    if perk.kind != "feed":
        raise NoSuchPerk()
    episode = PerkEpisode(
        perk_id=perk.id, title=title, notes=notes, file_id=file.id if file else None, published_at=at
    )
    session.add(episode)
    session.flush()
    detail = {"episode": episode.id, "title": title}
    trail.note(session, actor_id=by, action="perk:published", object=f"perk/{perk.id}", at=at, **detail)
    return episode


def withdraw(session: Session, perk_id: int, episode_id: int, *, by: int, at: datetime) -> None:
    """Take an entry out of its feed. Raises `NoSuchPerk`."""
    ledger.hold_perk(session, perk_id)
    episode = session.get(PerkEpisode, episode_id)
    if episode is None or episode.perk_id != perk_id:
        raise NoSuchPerk()
    if episode.removed_at is None:
        episode.removed_at = at
        detail = {"episode": episode_id}
        trail.note(session, actor_id=by, action="perk:withdrawn", object=f"perk/{perk_id}", at=at, **detail)


def episodes(session: Session, perk_id: int) -> list[tuple[PerkEpisode, PerkFile | None]]:
    """A feed's entries with their files, the newest first."""
    statement = (
        select(PerkEpisode, PerkFile)
        .join(PerkFile, PerkFile.id == PerkEpisode.file_id, isouter=True)
        .where(PerkEpisode.perk_id == perk_id, PerkEpisode.removed_at.is_(None))
        .order_by(PerkEpisode.published_at.desc(), PerkEpisode.id.desc())
    )
    return [(episode, file) for episode, file in session.execute(statement)]


def sound(session: Session, perk_id: int, episode_id: int) -> tuple[PerkFile, bytes]:
    """An entry's file. Raises `NoSuchPerk`."""
    episode = session.get(PerkEpisode, min(episode_id, 2**63 - 1))
    if episode is None or episode.perk_id != perk_id or episode.removed_at is not None or episode.file_id is None:
        raise NoSuchPerk()
    file, content = session.get(PerkFile, episode.file_id), session.get(PerkFileContent, episode.file_id)
    if file is None or content is None:
        raise NoSuchPerk()
    return file, content.content


def as_xml(
    perk: Perk, entries: list[tuple[PerkEpisode, PerkFile | None]], *, own: str, site: str, author: str, language: str
) -> bytes:
    """RSS 2.0 with enclosures and the podcast words that apps know; `own` is the feed's address without its ending.

    `itunes:block` keeps a private feed out of public directories.
    """
    feed = FeedGenerator()
    feed.load_extension("podcast")
    feed.title(perk.title)
    feed.description(perk.blurb or perk.title)
    feed.link(href=site, rel="alternate")
    feed.link(href=f"{own}.xml", rel="self")
    feed.language(language)
    feed.generator("membership")
    feed.podcast.itunes_author(author)
    feed.podcast.itunes_block(True)
    feed.podcast.itunes_explicit("no")
    if entries:
        feed.lastBuildDate(entries[0][0].published_at)
    for episode, file in entries:
        entry = feed.add_entry(order="append")
        entry.id(f"{site}/perks/episodes/{episode.id}")
        entry.guid(f"{site}/perks/episodes/{episode.id}", permalink=False)
        entry.title(episode.title)
        entry.description(episode.notes or episode.title)
        entry.published(episode.published_at)
        if file is not None:
            entry.enclosure(f"{own}/{episode.id}.{ENDINGS[file.media_type]}", str(file.size), file.media_type)
    return bytes(feed.rss_str(pretty=True))
