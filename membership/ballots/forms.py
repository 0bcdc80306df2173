"""What an editor types to announce a ballot, extend it, withdraw a topic or call it off. A vote is read as it was posted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, IntegerField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, StopValidation

from membership.ballots.eligibility import GIVEN_DAYS, MOST_GIVEN_DAYS, SOURCES, RollRule, rule_of
from membership.ballots.models import Ballot, BallotOption
from membership.ballots.rules import QUESTION_LENGTH, TITLE_LENGTH
from membership.ballots.ways import Way, way_of
from membership.web.forms import AttemptField, Form

LOCAL = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


class NeededForLater:
    """Validator: the time of an opening that is not at once."""

    def __call__(self, form: Any, field: Any) -> None:
        if form.opens.data != "later":
            field.errors = []
            raise StopValidation()
        if not (field.raw_data and field.raw_data[0].strip()):
            field.errors = []
            raise StopValidation(gettext("Please say when the ballot opens."))


class BallotForm(Form):
    """A ballot on accepted topics; times are the newsroom's own."""

    title = StringField(_l("Title"), render_kw={"maxlength": TITLE_LENGTH[1], "required": True})
    question = TextAreaField(
        _l("Question"), render_kw={"maxlength": QUESTION_LENGTH[1], "required": True, "rows": 3, "class": "low"}
    )
    way = RadioField(
        _l("How do we ask?"), default=Way.TICKS,
        choices=[
            SelectChoice(Way.TICKS, _l("Tick all you'd like: the topics most patrons tick win")),
            SelectChoice(Way.FAIR, _l("Tick all you'd like, with fair shares: whoever got a topic weighs less for others")),
            SelectChoice(Way.EQUAL, _l("Tick all you'd like, with equal shares: every vote has as much to spend on places")),
            SelectChoice(Way.RANKS, _l("Rank up to five: if a favourite cannot win, the vote moves to the next choice")),
            SelectChoice(Way.DAYS, _l("Share our reporting days: down the list by ticks, taking what fits")),
            SelectChoice(Way.FAIR_DAYS, _l("Share our reporting days, with fair shares: every patron's vote spends as much")),
            SelectChoice(Way.STARS, _l("Stars from 0 to 5: the two with most stars meet, the preferred one wins")),
        ],
    )  # fmt: skip
    last_place = RadioField(
        _l("If topics are level at the last place"), default="lot",
        choices=[
            SelectChoice("lot", _l("The lots decide, drawn before the first vote")),
            SelectChoice("all", _l("All of them win (for ticks without fair shares)")),
        ],
    )  # fmt: skip
    budget = IntegerField(_l("Days to share"), [Optional()], render_kw={"min": 1, "class": "short"})
    sources = SelectMultipleField(_l("Whose memberships count?"), default=list(SOURCES), validate_choice=False)
    tiers = SelectMultipleField(_l("Only these tiers (none ticked: all)"), coerce=int, validate_choice=False)
    months = IntegerField(
        _l("Months of membership at the opening"), [Optional()], default=0, render_kw={"min": 0, "class": "short"}
    )
    late_hours = IntegerField(
        _l("Late joiners: hours before the close"), [Optional()], render_kw={"min": 1, "class": "short"}
    )
    given_days = IntegerField(
        _l("Complimentary memberships: given at least so many days before the opening"), [Optional()],
        default=GIVEN_DAYS, render_kw={"min": 0, "max": MOST_GIVEN_DAYS, "class": "short"},
    )  # fmt: skip
    topics = SelectMultipleField(_l("Topics"), coerce=int, validate_choice=False)
    seats = IntegerField(
        _l("How many topics win?"), [InputRequired(_l("Please write a whole number."))], default=1,
        render_kw={"min": 1, "class": "short"},
    )  # fmt: skip
    quorum = IntegerField(
        _l("Quorum"), [InputRequired(_l("Please write a whole number."))], default=0,
        render_kw={"min": 0, "class": "short"},
    )  # fmt: skip
    opens = RadioField(
        _l("Opens"), choices=[SelectChoice("now", _l("At once")), SelectChoice("later", _l("At a time"))], default="now"
    )
    opens_at = DateTimeLocalField(_l("Opens at"), [NeededForLater()], format=LOCAL)
    closes_at = DateTimeLocalField(
        _l("Closes at"), [InputRequired(_l("Please say when the ballot closes."))], format=LOCAL
    )
    attempt = AttemptField()

    @classmethod
    def announced(cls, ballot: Ballot, options: Sequence[BallotOption], zone: ZoneInfo) -> BallotForm:
        """The form as it would have been filled in for this announcement; times by the newsroom's clock."""
        rule = rule_of(ballot.rule)
        return cls(
            formdata=None,
            data={
                "title": ballot.title, "question": ballot.question, "way": way_of(ballot.method, ballot.budget),
                "last_place": ballot.last_place, "budget": ballot.budget, "seats": ballot.seats, "quorum": ballot.quorum,
                "sources": list(rule.sources), "tiers": list(rule.tiers), "months": rule.months,
                "late_hours": rule.late_hours, "given_days": rule.given_days, "opens": "later",
                "topics": [option.topic_id for option in options], "opens_at": ballot.opens_at.astimezone(zone),
                "closes_at": ballot.closes_at.astimezone(zone),
            },
        )  # fmt: skip

    def what(self) -> dict[str, Any]:
        """What was typed, as the actions take it; the times apart."""
        return {
            "title": self.title.data or "", "question": self.question.data or "", "topic_ids": self.topics.data or [],
            "seats": self.seats.data, "quorum": self.quorum.data, "way": self.way.data,
            "last_place": self.last_place.data, "costs": self.numbers("cost"), "budget": self.budget.data,
            "rule": self.rule(),
        }  # fmt: skip

    def numbers(self, prefix: str) -> dict[int, int]:
        """What was typed in the fields `prefix-<id>`: whole numbers by id; what is none is -1, and refused by the rules."""
        found = {}
        for name, typed in request.form.items():
            head, _, tail = name.rpartition("-")
            if head == prefix and tail.isascii() and tail.isdigit() and len(tail) < 10 and typed.strip():
                found[int(tail)] = (
                    int(typed) if typed.strip().isascii() and typed.strip().isdigit() and len(typed) < 9 else -1
                )
        return found

    def rule(self) -> RollRule:
        """The rule of the roll as it was set."""
        weights = {tier: weight for tier, weight in self.numbers("weight").items() if weight != 1}
        sources = self.sources.data or [] if "sources_shown" in request.form else SOURCES
        return RollRule(
            tuple(source for source in SOURCES if source in sources), tuple(sorted(self.tiers.data or [])),
            self.months.data or 0, self.late_hours.data, weights,
            GIVEN_DAYS if self.given_days.data is None else self.given_days.data,
        )  # fmt: skip


class ExtensionForm(Form):
    """A later closing time, and what everybody reads about it."""

    closes_at = DateTimeLocalField(
        _l("New closing time"), [InputRequired(_l("Please say when the ballot closes."))], format=LOCAL
    )
    public_notice = TextAreaField(_l("Notice (public)"), render_kw={"rows": 2, "class": "low", "maxlength": 400})


class WithdrawalForm(Form):
    """Which topic is struck out, and why."""

    position = IntegerField(_l("Topic"), [InputRequired(_l("Please choose a topic."))])
    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 2, "class": "low", "maxlength": 400})


class CancellationForm(Form):
    """Why a ballot is called off."""

    reason = TextAreaField(_l("Reason (public)"), render_kw={"rows": 3, "class": "low"})
