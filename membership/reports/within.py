"""What was asked of a report as conditions on tables: the months it is about, and of which memberships."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, func, or_

from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership
from membership.reports.frame import Asked
from membership.reports.rules import begin_of, month_later, months


def month_of_column(column: Any, asked: Asked) -> ColumnElement[str]:
    """The month (`2026-11`) of a moment within what was asked."""
    begins = [(month, begin_of(month, asked.zone)) for month in months(asked.since, asked.until)]
    return case(*((column >= begin, month) for month, begin in reversed(begins)))


def within(column: Any, asked: Asked) -> list[ColumnElement[bool]]:
    """A moment in the months that were asked for, and not after now."""
    end = begin_of(month_later(asked.until, 1), asked.zone)
    return [column >= begin_of(asked.since, asked.zone), column < end, column <= asked.at]


def source_column() -> ColumnElement[str]:
    """How a membership came (`lines.source_of`), where `CheckoutTouch` is joined by an outer join."""
    said = {
        name: func.coalesce(column, "") != ""
        for name, column in (
            ("campaign", CheckoutTouch.campaign), ("utm_campaign", CheckoutTouch.utm_campaign),
            ("utm_source", CheckoutTouch.utm_source), ("utm_medium", CheckoutTouch.utm_medium),
            ("from_host", CheckoutTouch.from_host),
        )
    }  # fmt: skip
    return case(
        (or_(Membership.adopted_at.is_not(None), Membership.pledged_since.is_not(None)), "brought"),
        (CheckoutTouch.thanks.is_not(None), "friend"),
        (Membership.article_id.is_not(None), "article"),
        (or_(said["campaign"], said["utm_campaign"]), "campaign"),
        (or_(said["utm_source"], said["utm_medium"], said["from_host"]), "link"),
        else_="direct",
    )


def of_memberships(asked: Asked, currency: Any) -> list[ColumnElement[bool]]:
    """Of the currency, tier and source that were asked for; `Membership` and `CheckoutTouch` are joined."""
    conditions = [currency == asked.currency] if asked.currency else []
    conditions += [Membership.tier_id == asked.tier_id] if asked.tier_id is not None else []
    return conditions + ([source_column() == asked.source] if asked.source else [])
