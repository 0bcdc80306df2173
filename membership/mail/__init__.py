"""Letters: written in the same transaction as their reason, sent by the worker, kept as sent.

A letter's **key** names its reason (`receipt:pi_…`); it is unique, so a reason told twice is one letter. Letters to many for
one reason are a **mailing**: they go out one after another over one connection, at the pace that staff have set. What comes
back is a **bounce**; an address that takes no letters is not written to by mailings until it changes.
"""
