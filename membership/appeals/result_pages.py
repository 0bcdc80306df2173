"""/staff/appeals/<id>/result: what an appeal brought, by variant, and whether a difference can be believed."""

from __future__ import annotations

from babel.numbers import format_decimal
from flask import render_template
from flask_babel import get_locale

from membership.appeals.differences import FEWEST_TO_BELIEVE, Rate
from membership.appeals.results import result
from membership.appeals.room import blueprint
from membership.db import reading
from membership.money import Money
from membership.web.access import Who, allow

THOUSAND = 1000


@blueprint.get("/staff/appeals/<int:appeal_id>/result")
@allow(Who.staff("viewer"))
def appeal_result(appeal_id: int) -> str:
    """Without names: counts, sums, and how sure they are. Zero is the site's own appeal."""
    with reading() as session:
        found = result(session, appeal_id)
    return render_template(
        "appeals/result.html", result=found, per_thousand=per_thousand, money_per_thousand=money_per_thousand,
        fewest=FEWEST_TO_BELIEVE, number=number,
    )  # fmt: skip


def number(value: int) -> str:
    """A count, in the page's language."""
    return str(format_decimal(value, locale=str(get_locale() or "en")))


def per_thousand(value: float) -> str:
    """A rate as so many in a thousand, in the page's language."""
    return str(format_decimal(round(value * THOUSAND, 2), locale=str(get_locale() or "en")))


def money_per_thousand(rate: Rate | None, currency: str) -> tuple[Money, Money | None, Money | None] | None:
    """What a thousand that saw it brought: the estimate and its interval, each in whole minor units."""
    if rate is None:
        return None

    def whole(value: float | None) -> Money | None:
        return None if value is None else Money(round(value * THOUSAND), currency)

    estimate = whole(rate.value)
    assert estimate is not None, "a rate has a value"
    return estimate, whole(rate.low), whole(rate.high)
