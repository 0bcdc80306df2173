"""Payments that failed: why, what the reader can do, another card, reminders, and what each step brought back."""
