"""The table of reports: one line each, and everything else (pages, files, the command) follows from it."""

from __future__ import annotations

from flask_babel import gettext

from membership.reports.articles import articles
from membership.reports.churn import churn
from membership.reports.cohorts import cohorts
from membership.reports.forecast import forecast
from membership.reports.frame import Report
from membership.reports.lapsed import lapsed
from membership.reports.lifetime import lifetime
from membership.reports.movements import movements
from membership.reports.payouts import payouts
from membership.reports.perks import perks
from membership.reports.recovery import recovery
from membership.reports.revenue import revenue
from membership.reports.stories import stories
from membership.reports.topics import topics

_ALL = (
    Report(
        "movements", lambda: gettext("What came and went"),
        lambda: gettext("How recurring revenue came from one month to another: new, returned, raised, lowered, left, lost."),
        movements,
    ),
    Report(
        "revenue", lambda: gettext("Revenue"),
        lambda: gettext("Gross, fees, refunds, disputes and net from the ledger, by month, kind and method."),
        revenue, filters=("currency",),
    ),
    Report(
        "churn", lambda: gettext("Churn"),
        lambda: gettext("Which share of memberships and money went each month, by choice and by failed payments apart."),
        churn,
    ),
    Report(
        "cohorts", lambda: gettext("Cohorts"),
        lambda: gettext("Of those who joined in a month, how many are still members so many months later."),
        cohorts,
    ),
    Report(
        "recovery", lambda: gettext("Failed payments"),
        lambda: gettext("How many payments failed and why, and what each letter brought back."),
        recovery,
    ),
    Report(
        "lapsed", lambda: gettext("Whom to write to"),
        lambda: gettext("Whose membership ended, when and why, what they paid, and whether they may be written to."),
        lapsed, more="reports/lapsed_more.html",
    ),
    Report(
        "payouts", lambda: gettext("Payouts"),
        lambda: gettext("What reached the bank, of which payments it is made, and where a payment went, to the cent."),
        payouts, filters=("currency",), more="reports/payouts_more.html",
    ),
    Report(
        "lifetime", lambda: gettext("Lifetimes"),
        lambda: gettext("How long memberships last and what one brings in that time, by membership and by how they came."),
        lifetime,
    ),
    Report(
        "forecast", lambda: gettext("Forecast"),
        lambda: gettext("The next twelve months of recurring revenue, between which bounds, and how the last forecast did."),
        forecast, filters=("currency", "source"),
    ),
    Report(
        "articles", lambda: gettext("Articles"),
        lambda: gettext("Which article, embed, campaign and language brought patrons and money, and each appeal's reach."),
        articles, filters=("currency",),
    ),
    Report(
        "stories", lambda: gettext("Stories"),
        lambda: gettext("For each story that readers asked for: its votes, the pledges begun at it, the topics it raised."),
        stories, filters=("currency",),
    ),
    Report(
        "topics", lambda: gettext("Topics"),
        lambda: gettext("Who takes part in ballots, what became of promises, and whether those who took part stay."),
        topics, filters=(),
    ),
    Report(
        "perks", lambda: gettext("Perks"),
        lambda: gettext("What was issued, claimed, redeemed and revoked, and what it cost."),
        perks, filters=(),
    ),
)  # fmt: skip
REPORTS = {report.name: report for report in _ALL}
