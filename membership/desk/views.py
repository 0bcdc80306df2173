"""Every view of the desk, by noun: importing this module attaches them all to the blueprint."""

from membership.desk import board, health, settings, setup, team, tiers
from membership.desk.room import blueprint

__all__ = ["blueprint", "board", "health", "settings", "setup", "team", "tiers"]
