"""What Stripe tells us: the **door** (verify, store, answer 200), the **inbox**, and the table of **listeners**.

An event means "object X changed". What it says is kept for the audit; what is true is fetched.
"""
