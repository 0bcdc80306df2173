"""Counting: pure functions over identical votes collapsed with their number, one file per method, whole numbers only."""
