"""Every view of the desk, by noun: importing this module attaches them all to the blueprint."""

from membership.desk import (
    alarm_pages,
    board,
    health,
    metric_pages,
    payment_pages,
    report_pages,
    settings,
    setup,
    team,
    tiers,
)
from membership.desk.room import blueprint

__all__ = [
    "alarm_pages", "blueprint", "board", "health", "metric_pages", "payment_pages", "report_pages", "settings", "setup",
    "team", "tiers",
]  # fmt: skip
