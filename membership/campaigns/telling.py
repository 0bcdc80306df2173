"""Letters to those who gave to a campaign and wished to hear of it: a milestone, and how it ended. Each of them once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from membership.campaigns import queries, rules
from membership.campaigns.actions import TELL
from membership.campaigns.models import Campaign
from membership.jobs.queue import post
from membership.mail.many import LANE_NEWS, One, mailing, write_each
from membership.mail.writing import Recipient
from membership.readers.wishes import stop_address

LETTERS_AT_ONCE = 50
SORT = "campaigns"


def tell(session: Session, campaign_id: int, percent: int, *, after: int, at: datetime) -> None:
    """Write the next letters about a milestone (0: how it ended), and post the job that writes the rest."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        return
    told = queries.those_to_tell(session, campaign, after=after, most=LETTERS_AT_ONCE)
    name = f"campaign:{campaign_id}:{percent}"
    values = {"campaign": campaign, "percent": percent, "far": queries.progress(session, campaign)}
    those = [
        One(
            Recipient(who.email, who.name, who.language, who.reader_id), f"{name}:{who.reader_id}",
            stop_address(who.reader_id, SORT), values,
        )
        for who in told
    ]  # fmt: skip
    if those:
        kind = "campaign_ended" if percent == rules.ENDED else "campaign_milestone"
        of = mailing(session, name, sort=SORT, lane=LANE_NEWS)
        write_each(session, of, kind, those, at=at)
    if len(told) == LETTERS_AT_ONCE:
        payload = {"campaign": campaign_id, "percent": percent, "after": told[-1].reader_id}
        post(session, TELL, f"campaign:{campaign_id}:tell:{percent}", payload, due_at=at)
