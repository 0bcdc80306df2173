"""Bringing patrons along from another system: a file is rehearsed, then applied, and nobody loses what they were promised.

A *row* is a record of the file; its *verdict* says whether its person is `new` or `known` here, in `doubt` (a person must
look), `refused` (it cannot be read) or `left` where they are (they have no pledge and agreed to no letters); its *deed* is
what follows: `adopt` a live Stripe subscription into the books, `invite` to go on here at the old price, `keep` what was
paid for elsewhere until its day, `know` who agreed to letters, or `nothing`.
"""
