"""Every view of the desk, by noun: importing this module attaches them all to the blueprint."""

from membership.desk import board, health, payment_pages, settings, setup, team, tiers
from membership.desk.room import blueprint

__all__ = ["blueprint", "board", "health", "payment_pages", "settings", "setup", "team", "tiers"]
