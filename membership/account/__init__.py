"""A reader's own pages: one view over what the rooms below hold, and the cancellation of a membership.

What is said about a membership is what Stripe last confirmed: a cancellation shows once Stripe has answered with it.
"""
