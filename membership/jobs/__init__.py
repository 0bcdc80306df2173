"""Work to do later: a row written in the same transaction as its reason, taken by the worker under a lease.

A job's **key** is unique: posting twice is posting once. The key is also a **lease**: two workers never hold the same one,
and a reason that arrives while the job runs makes it due again. A finished job's row is gone; one that keeps failing is
**parked** with its last error and shown to staff.
"""
