"""What staff say about a campaign, and what somebody who gave wishes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateTimeLocalField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from membership.ballots.rules import local_moment
from membership.campaigns import rules
from membership.campaigns.actions import Said
from membership.campaigns.models import Campaign
from membership.money import Money, check_counted, read_amount
from membership.refusals import Refused
from membership.web.forms import Form

LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
PLAIN = {"autocomplete": "off"}
MONEY = {"inputmode": "decimal", "autocomplete": "off", "class": "short"}


class CampaignForm(Form):
    """A campaign; its times are the newsroom's own."""

    title = StringField(
        _l("Title"), [DataRequired(_l("Please write a title.")), Length(max=100)], render_kw=PLAIN
    )
    summary = TextAreaField(
        _l("In two sentences: what it is for"),
        [DataRequired(_l("Please write what it is for.")), Length(max=400)],
        render_kw={"rows": 3, "class": "low"},
    )
    story = TextAreaField(_l("The whole story (Markdown)"), [Length(max=10_000)], render_kw={"rows": 12})
    goal_kind = RadioField(
        _l("What is the goal?"), default="amount",
        choices=[
            SelectChoice("amount", _l("A sum of money")),
            SelectChoice("patrons", _l("A number of new patrons")),
            SelectChoice("mrr", _l("So much new money every month")),
        ],
    )  # fmt: skip
    goal = StringField(
        _l("The goal"), [DataRequired(_l("Please write the goal.")), Length(max=20)], render_kw=MONEY
    )
    currency = SelectField(_l("Currency"), validate_choice=False)
    scope = RadioField(
        _l("What counts?"), default="carried",
        choices=[
            SelectChoice("carried", _l("What comes by way of the campaign's page, its embed and its links")),
            SelectChoice("all", _l("Whatever comes while it runs")),
        ],
    )  # fmt: skip
    opens_at = DateTimeLocalField(
        _l("Opens at"), [InputRequired(_l("Please say when it opens."))], format=LOCAL
    )
    closes_at = DateTimeLocalField(
        _l("Closes at"), [InputRequired(_l("Please say when it closes."))], format=LOCAL
    )
    match_sponsor = StringField(_l("Who doubles what is given? (Empty: nobody)"), [Length(max=100)], render_kw=PLAIN)
    match_cap = StringField(_l("Up to which sum"), [Length(max=20)], render_kw=MONEY)
    milestones = StringField(
        _l("Milestones, in percent of the goal"), [Length(max=60)], default="25, 50, 75, 100", render_kw=PLAIN
    )
    wall = BooleanField(_l("A wall of thanks, for those who wish to stand there"), default=True)

    @classmethod
    def written(cls, campaign: Campaign, milestones: list[int], zone: str) -> CampaignForm:
        """The form as it would have been filled in for this campaign."""
        kind, at_home = campaign.goal_kind, ZoneInfo(zone)
        cap = campaign.match_cap
        return cls(
            formdata=None,
            data={
                **{name: getattr(campaign, name) for name in ("title", "summary", "story", "currency", "scope", "wall")},
                "goal_kind": kind, "match_sponsor": campaign.match_sponsor,
                "goal": str(campaign.goal) if kind == "patrons" else Money(campaign.goal, campaign.currency).typed(),
                "match_cap": "" if cap is None else Money(cap, campaign.currency).typed(),
                "milestones": ", ".join(str(one) for one in milestones),
                "opens_at": campaign.opens_at.astimezone(at_home), "closes_at": campaign.closes_at.astimezone(at_home),
            },
        )  # fmt: skip

    def said(self, zone: str, locale: str) -> Said:
        """What was typed. Raises what the amounts, the times and the milestones raise, each naming its field."""
        code, cap = str(self.currency.data), (self.match_cap.data or "").strip()
        return Said(
            title=self.title.data or "",
            summary=" ".join((self.summary.data or "").split()),
            story=(self.story.data or "").replace("\r\n", "\n"),
            goal_kind=str(self.goal_kind.data),
            goal=self._goal(code, locale),
            currency=code,
            scope=str(self.scope.data),
            opens_at=local_moment(_minute(self.opens_at.data), zone, field="opens_at"),
            closes_at=local_moment(_minute(self.closes_at.data), zone, field="closes_at"),
            match_sponsor=(self.match_sponsor.data or "").strip(),
            match_cap=_amount(cap, code, locale, "match_cap") if cap else None,
            wall=bool(self.wall.data),
            milestones=rules.read_milestones(self.milestones.data or ""),
        )

    def _goal(self, code: str, locale: str) -> int:
        if self.goal_kind.data == "patrons":
            return rules.read_patrons(self.goal.data or "")
        return _amount(self.goal.data or "", code, locale, "goal")


def _minute(typed: Any) -> Any:
    return typed.replace(second=0, microsecond=0, tzinfo=None)


def _amount(typed: str, code: str, locale: str, field: str) -> int:
    try:
        return check_counted(read_amount(typed, code), locale=locale).minor
    except Refused as refused:
        refused.field = field
        raise


class ChoiceForm(Form):
    """What somebody who gave wishes."""

    wall = RadioField(
        _l("On the wall of thanks"), default="no",
        choices=[
            SelectChoice("no", _l("I would rather not stand there")),
            SelectChoice("unnamed", _l("Count me without a name")),
            SelectChoice("named", _l("Under the name that I write here")),
        ],
    )  # fmt: skip
    name = StringField(
        _l("What shall we call you?"), [Length(max=rules.NAME_LENGTH)], render_kw={"autocomplete": "name"}
    )
    letters = BooleanField(_l("Write to me when it reaches a milestone, and how it ended"))
