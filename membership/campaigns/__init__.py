"""Campaigns: a goal that everybody sees, from a day to a day; what came in, what a sponsor adds, and thanks on the way."""
