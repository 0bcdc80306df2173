"""Letters: written in the same transaction as their reason, sent by the worker, kept as sent.

A letter's **key** names its reason (`receipt:pi_…`); it is unique, so a reason told twice is one letter.
"""
