"""Our books of what became of the story's payments: refunds, disputes, failures and what cured them, payouts, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.account.models import LeavingReason
from membership.account.rules import LEAVING
from membership.demo.books import Account, Row, add, add_plain, dispute_of, moment, refund_of
from membership.demo.past import Told, turn_token
from membership.demo.promised import Turn
from membership.dunning import rules as dunning
from membership.dunning.models import CardChange, CardLink, UnpaidInvoice
from membership.gateway.readings import Booking
from membership.giving.correction_models import Dispute, Refund
from membership.giving.models import LedgerEntry, Payment
from membership.giving.payout_models import Payout, PayoutLine
from membership.giving.receipt_models import Receipt, ReceiptBook
from membership.jobs.queue import post
from membership.readers.models import Person
from membership.sandbox.lived import Notice
from membership.sandbox.store import shown
from membership.web.tokens import hashed


def write_corrections(session: Session, told: Sequence[Told], payments: Mapping[str, int], *, by: int) -> None:
    """Refunds and disputes with their ledger lines. `payments`: ids by charge; `by` asked for the refunds."""
    refunds: list[Row] = []
    disputes: list[Row] = []
    lines: list[Row] = []
    for one in told:
        booked = {obj["id"]: shown(obj) for obj in one.all("balance_transaction")}
        for obj in one.all("refund"):
            whole = {**shown(obj), "balance_transaction": booked[obj["balance_transaction"]]}
            back = obj.get("failure_balance_transaction")
            read = refund_of({**whole, "failure_balance_transaction": booked.get(back)})
            payment_id = payments[obj["charge"]]
            why = next(turn.word for turn in one.of.turns if turn_token(one.of.prefix, turn) == read.token)
            refunds.append(
                {"token": read.token, "stripe_id": read.id, "payment_id": payment_id, "currency": read.currency,
                 "amount": read.amount, "state": read.status, "reason": why, "asked_by": by,
                 "asked_at": read.created_at}
            )  # fmt: skip
            lines += _lines("refund", read.booked, payment_id) + _lines("refund_returned", read.failure, payment_id)
        for obj in one.all("dispute"):
            case = dispute_of(shown(obj))
            payment_id = payments[obj["charge"]]
            disputes.append(
                {"stripe_id": case.id, "payment_id": payment_id, "currency": case.currency, "amount": case.amount,
                 "status": case.status, "reason": case.reason, "opened_at": case.created_at}
            )  # fmt: skip
            for booking in case.bookings:
                lines += _lines("dispute", booking, payment_id)
    add(session, Refund, refunds)
    add(session, Dispute, disputes)
    add(session, LedgerEntry, lines)


def _lines(kind: str, booked: Booking | None, payment_id: int | None) -> list[Row]:
    """A booking's lines, as `giving.ledger.book` writes them."""
    if booked is None:
        return []
    return [
        {"payment_id": payment_id, "kind": name, "currency": booked.currency, "amount": amount, "at": booked.at,
         "stripe_id": booked.id}
        for name, amount in ((kind, booked.amount), ("fee", -booked.fee))
        if amount or name == kind
    ]  # fmt: skip


def write_failures(session: Session, accounts: Sequence[Account], *, at: datetime) -> None:
    """Failed renewals, the cards that cured some of them, and the reminders that are still to come."""
    for account in accounts:
        changes = [_card_changed(session, account, turn) for turn in account.pledge.turns if turn.do == "new_card"]
        failed: dict[str, list[Notice]] = {}
        for notice in account.told.notices:
            if notice.type == "invoice.payment_failed" and notice.object["billing_reason"] != "subscription_create":
                failed.setdefault(notice.object["id"], []).append(notice)
        for id, notices in failed.items():
            row = _unpaid(account, account.told.by_id(id), notices, changes, at=at)
            add(session, UnpaidInvoice, [row])
            if row["state"] == "open":
                for step, after in dunning.REMINDERS.items():
                    due = row["first_failed_at"] + after
                    if due > at:
                        about = {"invoice": id, "step": step}
                        post(session, "dunning.remind", f"remind:{id}:{step}", about, due_at=due)


def plan_notices(session: Session, accounts: Sequence[Account], *, at: datetime) -> None:
    """Who pays by the year is told of the renewal, like everybody who joined by hand."""
    for account in accounts:
        read = account.subscription
        if read.interval == "year" and read.status == "active" and read.ends_at is None and read.period_ends_at:
            due = read.period_ends_at - dunning.RENEWAL_NOTICE
            if due > at:
                key = f"renewal:{read.id}:{read.period_ends_at:%Y-%m-%d}"
                post(session, "dunning.announce", key, {"subscription": read.id}, due_at=due)


def _card_changed(session: Session, account: Account, turn: Turn) -> tuple[datetime, str]:
    """A change of card that is done, with the letter's link it came by; its moment and step."""
    token, at = turn_token(account.pledge.prefix, turn), moment(turn.at)
    page = next(one for one in account.told.all("checkout.session") if one["client_reference_id"] == token)
    link = None
    if turn.step != "account":
        sent = at - dunning.RETRY_SLACK
        (link,) = add(
            session, CardLink,
            [{"token_hash": hashed(f"{token}/link"), "membership_id": account.id, "step": turn.step, "made_at": sent,
              "expires_at": sent + dunning.LINK_LIVES, "spent_at": at}],
        )  # fmt: skip
    add(
        session, CardChange,
        [{"token": token, "membership_id": account.id, "link_id": link, "session_id": page["id"], "state": "done",
          "begun_at": at - dunning.RETRY_SLACK / 12, "taken_at": at}],
    )  # fmt: skip
    return at, turn.step


def _unpaid(
    account: Account, invoice: dict, notices: Sequence[Notice], changes: Sequence[tuple[datetime, str]], *, at: datetime
) -> Row:
    """A failed invoice, and what became of it."""
    first, last = moment(notices[0].at), notices[-1].object
    (link,) = (one for one in account.told.all("invoice_payment") if one["invoice"] == invoice["id"])
    intent = link["payment"]["payment_intent"]
    why = [
        one.object
        for one in account.told.notices
        if one.type == "payment_intent.payment_failed" and one.object["id"] == intent
    ][-1]
    error = why["last_payment_error"]
    ended = account.subscription.ended_at
    paid_at = invoice["status_transitions"]["paid_at"]
    closed = moment(paid_at) if paid_at else ended
    until = closed or at
    steps = [step for step, after in dunning.REMINDERS.items() if first + after <= until]
    again = last["next_payment_attempt"]
    next_at = moment(again) if again and (paid_at or closed is None) else None
    cured = [step for when, step in changes if first <= when] if paid_at else []
    return {
        "invoice_id": invoice["id"],
        "membership_id": account.id,
        "currency": invoice["currency"].upper(),
        "amount": invoice["amount_due"],
        "reason": dunning.reason_of(
            status=why["status"], code=error["code"], decline_code=error["decline_code"],
            method=error["payment_method"]["type"],
        ),
        "attempts": last["attempt_count"],
        "next_attempt_at": next_at,
        "hosted_url": invoice["hosted_invoice_url"],
        "first_failed_at": first,
        "last_step": steps[-1] if steps else "first",
        "state": "recovered" if paid_at else "open" if closed is None else "given_up",
        "closed_at": closed,
        "recovered_by": dunning.recovered_by(
            paid_at=moment(paid_at), next_attempt_at=next_at, card_changed=bool(cured)
        ) if paid_at else None,
        "recovered_step": (cured[-1] if cured else steps[-1] if steps else "first") if paid_at else None,
    }  # fmt: skip


def write_reasons(session: Session, accounts: Sequence[Account], chance: Random) -> None:
    """Why some of those who left did; a third said nothing."""
    rows = []
    for account in accounts:
        read = account.subscription
        if (read.ends_at or read.ended_at) and not read.payment_failed and chance.random() < 0.67:
            reason = chance.choices(LEAVING, (5, 3, 2, 1, 2, 1))[0]
            said = read.ended_at or account.paid[-1].invoice.period_start
            rows.append({"membership_id": account.id, "reason": reason, "words": WORDS.get(reason, ""), "at": said})
    add(session, LeavingReason, rows)


WORDS = {
    "moved": "We moved inland in the spring. I still read you on Sundays.",
    "reporting": "Too little about the villages up the river.",
}
"""What those said who gave more than a reason."""


def write_payouts(session: Session, objects: Sequence[dict[str, Any]]) -> None:
    """The payouts, what they carry, and their own bookings."""
    made = [one for one in objects if one["object"] == "payout"]
    booked = {one["id"]: one for one in objects if one["object"] == "balance_transaction"}
    ids = add(
        session, Payout,
        [{"stripe_id": one["id"], "currency": one["currency"].upper(), "amount": one["amount"], "status": one["status"],
          "created_at": moment(one["created"]), "arrives_at": moment(one["arrival_date"])} for one in made],
    )  # fmt: skip
    known = dict(zip([one["id"] for one in made], ids, strict=True))
    own = {one["balance_transaction"] for one in made}
    add_plain(
        session, PayoutLine,
        [{"stripe_id": id, "payout_id": known[one["_payout"]], "net": one["net"]}
         for id, one in booked.items() if one.get("_payout") and id not in own],
    )  # fmt: skip
    lines: list[Row] = []
    for id in sorted(own):
        one = booked[id]
        read = Booking(id, one["currency"].upper(), one["amount"], one["fee"], moment(one["created"]))
        lines += _lines("payout", read, None)
    add(session, LedgerEntry, lines)


def write_receipts(session: Session, zone: str, issuer: str) -> None:
    """A receipt for each payment, numbered by the time of issue, without gaps in each year of the newsroom's zone.

    Those that have none yet, after those that were given before. Read off the books: one whose payment went back or is
    disputed is void, and where the money returned there is a new one.
    """
    who = {row.reader_id: f"{row.name}\n{row.email}".strip() for row in session.execute(select(Person)).scalars()}
    issued: list[tuple[datetime, int, datetime | None, str | None]] = []
    turns: dict[int, list[LedgerEntry]] = {}
    kinds = LedgerEntry.kind.in_(("refund", "refund_returned", "dispute"))
    for line in session.execute(select(LedgerEntry).where(kinds).order_by(LedgerEntry.at)).scalars():
        turns.setdefault(line.payment_id or 0, []).append(line)
    payers: dict[int, str] = {}
    have = select(Receipt.id).where(Receipt.payment_id == Payment.id).exists()
    wanted = select(Payment.id, Payment.reader_id, Payment.amount, Payment.paid_at).where(~have)
    for row in session.execute(wanted):
        payers[row.id] = who.get(row.reader_id, "")
        begun: datetime | None = row.paid_at
        for line in turns.get(row.id, []):
            if line.amount < 0 and (line.kind == "dispute" or -line.amount == row.amount) and begun:
                issued.append((begun, row.id, line.at, "refund" if line.kind == "refund" else "dispute"))
                begun = None
            elif line.amount > 0 and begun is None:
                begun = line.at
        if begun:
            issued.append((begun, row.id, None, None))
    books = {book.year: book for book in session.execute(select(ReceiptBook)).scalars()}
    last = {year: book.last for year, book in books.items()}
    rows = []
    for at, payment_id, voided_at, why in sorted(issued, key=lambda one: (one[0], one[1])):
        year = at.astimezone(ZoneInfo(zone)).year
        last[year] = last.get(year, 0) + 1
        rows.append(
            {"payment_id": payment_id, "year": year, "sequence": last[year], "language": "en", "issued_at": at,
             "voided_at": voided_at, "void_reason": why, "payer": payers[payment_id], "issuer": issuer}
        )  # fmt: skip
    add(session, Receipt, rows)
    for year, number in last.items():
        if year in books:
            books[year].last = number
        else:
            session.add(ReceiptBook(year=year, last=number))
    session.flush()
