"""Verbs about campaigns: writing one, publishing and closing it, looking how far it is, and what those who gave wish."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from membership.campaigns import queries, rules
from membership.campaigns.models import Campaign, CampaignChoice, CampaignMilestone
from membership.campaigns.rules import Phase
from membership.db import insert_once
from membership.jobs.queue import post
from membership.readers.trail import note
from membership.readers.wishes import wish_here
from membership.refusals import NotFound
from membership.topics.rules import slug_of
from membership.web.tokens import new_code

LOOK, TELL = "campaigns.look", "campaigns.tell"
LOOK_EVERY = timedelta(minutes=5)
"""How late a milestone may be noticed."""
SLUG_LENGTH = 33
"""With what makes it unlike another one it still fits into a touch."""


@dataclass(frozen=True)
class Said:
    """Everything that staff say about a campaign; `goal` and `match_cap` in the units of `Campaign`."""

    title: str
    summary: str
    story: str
    goal_kind: str
    goal: int
    currency: str
    scope: str
    opens_at: datetime
    closes_at: datetime
    match_sponsor: str
    match_cap: int | None
    wall: bool
    milestones: tuple[int, ...]

    def columns(self) -> dict[str, object]:
        """Without the milestones, which are rows of their own."""
        return {name: value for name, value in asdict(self).items() if name != "milestones"}


WORDS = frozenset({"title", "summary", "story", "wall", "closes_at"})
"""What can change after a campaign was published (its end only to a later one)."""


def draft(session: Session, said: Said, *, by: int, at: datetime) -> Campaign:
    """A campaign that nobody but staff sees yet. Raises `NotThoseDates`, `HalfAMatch`."""
    _check(said, at=at)
    slug = free = slug_of(said.title, "campaign")[:SLUG_LENGTH].strip("-")
    values = {**said.columns(), "made_at": at, "published_at": None, "closed_at": None}
    while not insert_once(session, Campaign, slug=free, **values):
        free = f"{slug}-{new_code()}"
    campaign = session.execute(select(Campaign).where(Campaign.slug == free)).scalar_one()
    _set_milestones(session, campaign, said.milestones)
    note(session, actor_id=by, action="campaign:drafted", object=f"campaign/{campaign.id}", at=at)
    return campaign


def change(session: Session, campaign_id: int, said: Said, *, by: int, at: datetime) -> Campaign:
    """Another word, or anything while it is a draft. Raises `Settled`, `NotThoseDates`, `HalfAMatch`, `NotFound`."""
    _wake(session, campaign_id, at=at)  # a later end is another day to look; jobs are locked before rows
    campaign = hold(session, campaign_id)
    changed = sorted(name for name, value in said.columns().items() if getattr(campaign, name) != value)
    before = tuple(row.percent for row in queries.milestones_of(session, campaign_id))
    if campaign.published_at is None:
        _check(said, at=at)
        _set_milestones(session, campaign, said.milestones)
    else:
        if not WORDS.issuperset(changed) or said.milestones != before:
            raise rules.Settled()
        if "closes_at" in changed:
            if campaign.closed_at is not None or said.closes_at < campaign.closes_at or at >= campaign.closes_at:
                raise rules.Settled()
            rules.check_dates(said.opens_at, said.closes_at, at=at)
    for name in changed:
        setattr(campaign, name, getattr(said, name))
    if changed or said.milestones != before:
        note(
            session, actor_id=by, action="campaign:changed", object=f"campaign/{campaign_id}", at=at, fields=changed
        )  # fmt: skip
    return campaign


def publish(session: Session, campaign_id: int, *, by: int, at: datetime) -> Campaign:
    """Let everybody see it, and let the worker look after it. Raises `NotADraft`, `NotThoseDates`."""
    _wake(session, campaign_id, at=at)
    campaign = hold(session, campaign_id)
    if campaign.published_at is not None:
        raise rules.NotADraft()
    rules.check_dates(campaign.opens_at, campaign.closes_at, at=at)
    campaign.published_at = at
    note(session, actor_id=by, action="campaign:published", object=f"campaign/{campaign_id}", at=at)
    return campaign


def close(session: Session, campaign_id: int, *, by: int, at: datetime) -> None:
    """End it before its time. Raises `NotRunning`."""
    _wake(session, campaign_id, at=at)
    campaign = hold(session, campaign_id)
    if queries.phase_of(campaign, at) not in (Phase.RUNNING, Phase.COMING):
        raise rules.NotRunning()
    _end(session, campaign, at=at)
    note(session, actor_id=by, action="campaign:closed", object=f"campaign/{campaign_id}", at=at)


def discard(session: Session, campaign_id: int, *, by: int, at: datetime) -> None:
    """A draft that is not wanted. Raises `NotADraft`: what readers saw is kept."""
    campaign = hold(session, campaign_id)
    if campaign.published_at is not None:
        raise rules.NotADraft()
    _set_milestones(session, campaign, ())
    session.delete(campaign)
    note(session, actor_id=by, action="campaign:discarded", object=f"campaign/{campaign_id}", at=at)


def look(session: Session, campaign_id: int, *, at: datetime) -> None:
    """What the worker does every few minutes: keep the milestones that were reached, and close it when its time is over.

    Each milestone is reached once, whatever goes back later. Several at once are one letter, about the highest of them.
    """
    campaign = _held(session, campaign_id)
    if campaign is None or campaign.published_at is None or campaign.closed_at is not None:
        return
    if at >= campaign.opens_at:
        _mark(session, campaign, at=at)
    if at >= campaign.closes_at:
        _end(session, campaign, at=campaign.closes_at)
    else:
        _wake(session, campaign_id, at=min(max(at + LOOK_EVERY, campaign.opens_at), campaign.closes_at))


def choose(
    session: Session, campaign: Campaign, reader_id: int, *, wall: bool, name: str, letters: bool, words: str = "",
    at: datetime,
) -> bool:  # fmt: skip
    """What somebody who gave wishes; said again it takes the place of what was said before. Raises `NothingGiven`.

    `words`: those beside the box for letters, kept as a proof where ticking it takes away a refusal that came along from
    another system. False: letters are wished for here, and this reader has stopped those about campaigns themselves.
    """
    if not queries.gave(session, campaign, reader_id):
        raise rules.NothingGiven()
    _keep_choice(session, campaign, reader_id, wall=wall, name=name, letters=letters, at=at)
    place = f"/campaigns/{campaign.slug}/thanks"
    return not letters or wish_here(session, reader_id, "campaigns", place=place, words=words, at=at)


def _keep_choice(
    session: Session, campaign: Campaign, reader_id: int, *, wall: bool, name: str, letters: bool, at: datetime
) -> None:
    values = {"wall": wall, "name": name if wall else "", "letters": letters, "chosen_at": at}
    if insert_once(
        session, CampaignChoice, campaign_id=campaign.id, reader_id=reader_id, hidden_at=None, **values
    ):
        return
    own = (CampaignChoice.campaign_id == campaign.id, CampaignChoice.reader_id == reader_id)
    row = session.execute(select(CampaignChoice).where(*own).with_for_update(key_share=True)).scalar_one()
    if row.name != values["name"]:
        row.hidden_at = None
    row.wall, row.name, row.letters, row.chosen_at = wall, name if wall else "", letters, at


def hide(session: Session, campaign_id: int, reader_id: int, *, by: int, at: datetime) -> None:
    """Take a name off the wall that does not belong there: whoever bears it stays, uncalled. Raises `NotFound`."""
    row = queries.choice_of(session, campaign_id, reader_id)
    if row is None:
        raise NotFound()
    row.hidden_at = at
    note(session, actor_id=by, action="campaign:name_hidden", object=f"campaign/{campaign_id}", at=at, reader=reader_id)


def hold(session: Session, campaign_id: int) -> Campaign:
    """The campaign, its row locked. Raises `NotFound`."""
    campaign = _held(session, campaign_id)
    if campaign is None:
        raise NotFound()
    return campaign


def _held(session: Session, campaign_id: int) -> Campaign | None:
    held = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    return session.execute(held.execution_options(populate_existing=True)).scalar_one_or_none()


def _check(said: Said, *, at: datetime) -> None:
    rules.check_dates(said.opens_at, said.closes_at, at=at)
    rules.check_match(said.match_sponsor, said.match_cap)


def _set_milestones(session: Session, campaign: Campaign, milestones: tuple[int, ...]) -> None:
    session.execute(delete(CampaignMilestone).where(CampaignMilestone.campaign_id == campaign.id))
    session.add_all(CampaignMilestone(campaign_id=campaign.id, percent=one, reached_at=None) for one in milestones)
    session.flush()


def _mark(session: Session, campaign: Campaign, *, at: datetime) -> None:
    waiting = {row.percent: row for row in queries.milestones_of(session, campaign.id) if row.reached_at is None}
    if not waiting:
        return
    far = queries.progress(session, campaign)
    newly = rules.passed(waiting, far.reached, far.goal)
    for one in newly:
        waiting[one].reached_at = at
    about = rules.letter_for(newly)
    if about is not None:
        _post_letters(session, campaign.id, about, at=at)


def _end(session: Session, campaign: Campaign, *, at: datetime) -> None:
    campaign.closed_at = at
    session.flush()
    _post_letters(session, campaign.id, rules.ENDED, at=at)


def _post_letters(session: Session, campaign_id: int, percent: int, *, at: datetime) -> None:
    payload = {"campaign": campaign_id, "percent": percent}
    post(session, TELL, f"campaign:{campaign_id}:tell:{percent}", payload, due_at=at)


def _wake(session: Session, campaign_id: int, *, at: datetime) -> None:
    post(session, LOOK, f"campaign:{campaign_id}", {"campaign": campaign_id}, due_at=at)
