"""Everything that knows Stripe's API. No other room imports stripe."""
