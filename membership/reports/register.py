"""The table of reports: one line each, and everything else (pages, files, the command) follows from it."""

from __future__ import annotations

from flask_babel import gettext

from membership.reports.churn import churn
from membership.reports.cohorts import cohorts
from membership.reports.forecast import forecast
from membership.reports.frame import Report
from membership.reports.lapsed import lapsed
from membership.reports.lifetime import lifetime
from membership.reports.movements import movements
from membership.reports.payouts import payouts
from membership.reports.recovery import recovery
from membership.reports.revenue import revenue

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
)  # fmt: skip
REPORTS = {report.name: report for report in _ALL}
