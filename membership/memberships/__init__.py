"""Standing promises to give: **tiers** and their prices, **memberships** as Stripe confirms them, and **standing**."""
