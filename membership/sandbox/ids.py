"""Object ids in Stripe's manner: a prefix that says the kind, then letters and digits."""

from __future__ import annotations

import hashlib
import secrets
import string

LETTERS = string.ascii_letters + string.digits

LENGTHS = {"cus_": 14, "prod_": 14, "sub_": 24, "si_": 14, "cs_test_": 58, "req_": 14, "whsec_": 32}


def new(prefix: str) -> str:
    """A fresh id: `new("cus_")` gives something like `cus_Qx3…`."""
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(LENGTHS.get(prefix, 24)))


def derived(prefix: str, *parts: object) -> str:
    """The same id for the same parts, for seeds that must come out alike every time."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    number = int.from_bytes(digest + hashlib.sha256(digest).digest(), "big")
    letters = []
    for _ in range(LENGTHS.get(prefix, 24)):
        number, rest = divmod(number, len(LETTERS))
        letters.append(LETTERS[rest])
    return prefix + "".join(letters)


def invoice_prefix(customer_id: str) -> str:
    """The eight characters that a customer's invoice numbers begin with."""
    return hashlib.sha256(customer_id.encode()).hexdigest()[:8].upper()
