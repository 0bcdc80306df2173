"""Gifts of the story that came by other ways than Stripe, and what /ways says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from membership.demo.books import add, add_plain
from membership.demo.promised import Person
from membership.giving.models import LedgerEntry, Payment
from membership.giving.way_models import OtherGift, OtherWays

IBAN = "AT611904300234573201"
"""The account that banks print in their examples."""


def write_other_gifts(session: Session, known: Mapping[Person, int], *, by: int, at: datetime) -> None:
    """Three transfers out of a bank's file, and a cheque, of readers known otherwise too."""
    session.add(
        OtherWays(
            id=1, holder="Ferrowmouth Lantern Cooperative", iban=IBAN, bic="", paypal="", crypto_name="", crypto_address="",
            cheque="Make it out to the Ferrowmouth Lantern Cooperative, 2 North Quay, Ferrowmouth.",
            volunteer="Proofread with us on Thursdays https://volunteers.ferrowmouth.example/proofreading",
            shop="Tea towels with the tide table https://shop.ferrowmouth.example/towels", share="",
            in_kind="A working printer, or an evening of proofreading: write to us.",
        )
    )  # fmt: skip
    givers = sorted(known.items(), key=lambda one: one[1])[40:44]
    gifts = (
        ("bank_transfer", 96, 12000, "For the harbour desk"),
        ("bank_transfer", 65, 5000, "Donation"),
        ("bank_transfer", 34, 5000, "Donation"),
        ("cheque", 51, 8000, "Cheque 000417"),
    )
    rows, other = [], []
    for number, ((_, reader_id), (way, days, minor, words)) in enumerate(zip(givers, gifts, strict=True)):
        paid = at - timedelta(days=days)
        rows.append(
            {"stripe_id": f"way:demo-{number}", "reader_id": reader_id, "kind": "donation", "currency": "EUR",
             "amount": minor, "paid_at": paid, "method": way}
        )  # fmt: skip
        other.append({"way": way, "reference": words, "recorded_by": by, "recorded_at": paid + timedelta(days=2)})
    ids = add(session, Payment, rows)
    add_plain(session, OtherGift, [{"payment_id": id, **row} for id, row in zip(ids, other, strict=True)])
    add(
        session, LedgerEntry,
        [{"payment_id": id, "kind": "gross", "currency": "EUR", "amount": row["amount"], "at": row["paid_at"],
          "stripe_id": row["stripe_id"]} for id, row in zip(ids, rows, strict=True)],
    )  # fmt: skip
