"""What is held about somebody as a giver: checkouts, payments and what became of them, receipts, and how they came."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, func, or_

from membership.giving.correction_models import Dispute, Refund
from membership.giving.guard_models import CheckoutOrigin, PaymentCode, PaymentTry, Suspension
from membership.giving.models import Checkout, LedgerEntry, Payment, StripeCustomer
from membership.giving.receipt_models import Receipt, ReceiptDetails
from membership.giving.touch_models import CheckoutTouch
from membership.giving.way_models import OtherGift
from membership.personal import Holding, Room, addressed, by, either, through

BOOKS = "the books: what was paid, by a number without a person"
CHECKOUTS = either(by(Checkout.reader_id), addressed(Checkout.email))
_payments = by(Payment.reader_id)
_SHOWN = "-"
"""That somebody came by a link is counted; by which one is not kept."""
_linked = or_(
    CheckoutTouch.utm_source.is_not(None), CheckoutTouch.utm_medium.is_not(None), CheckoutTouch.from_host.is_not(None)
)

PERSONAL = Room(
    _l("Payments and receipts"),
    (
        Holding(StripeCustomer, by(StripeCustomer.reader_id), {}, "to know events about a payer who was deleted at Stripe"),
        Holding(
            Checkout, CHECKOUTS,
            {
                "reader_id": lambda whose: func.coalesce(Checkout.reader_id, whose.reader_id),
                "email": "", "browser_hash": "", "session_url": None,
                "state": case((Checkout.state.in_(("begun", "open")), "expired"), else_=Checkout.state),
            },
            BOOKS,
        ),
        Holding(
            CheckoutOrigin,
            either(
                through(CheckoutOrigin.checkout_id, Checkout.id, CHECKOUTS),
                lambda whose: CheckoutOrigin.person.in_(whose.marks),
            ),
            hidden=("client", "network", "person"),
        ),
        Holding(PaymentTry, through(PaymentTry.checkout_id, Checkout.id, CHECKOUTS), hidden=("card",)),
        Holding(PaymentCode, lambda whose: PaymentCode.person.in_(whose.marks), hidden=("person",)),
        Holding(Suspension, lambda whose: Suspension.subject.in_(whose.marks), hidden=("subject", "lifted_by")),
        Holding(
            CheckoutTouch, through(CheckoutTouch.checkout_id, Checkout.id, CHECKOUTS),
            {
                "embed": None, "utm_content": None, "utm_term": None, "first_article_id": None, "first_day": None,
                "utm_medium": None, "from_host": None, "utm_source": case((_linked, _SHOWN)),
                "thanks": case((CheckoutTouch.thanks.is_not(None), _SHOWN)),
            },
            "that one more came by an appeal, a campaign or a link, for the reports",
        ),
        Holding(Payment, _payments, {"card_brand": None, "card_last4": None}, BOOKS),
        Holding(LedgerEntry, through(LedgerEntry.payment_id, Payment.id, _payments), {}, BOOKS),
        Holding(Refund, through(Refund.payment_id, Payment.id, _payments), {}, BOOKS, hidden=("asked_by",)),
        Holding(Dispute, through(Dispute.payment_id, Payment.id, _payments), {}, BOOKS),
        Holding(
            OtherGift, through(OtherGift.payment_id, Payment.id, _payments), {"reference": ""}, BOOKS,
            hidden=("recorded_by",),
        ),
        Holding(
            Receipt, through(Receipt.payment_id, Payment.id, _payments), {},
            "the law wants issued receipts kept as they were printed; nobody of the team sees to whom",
        ),
        Holding(ReceiptDetails, by(ReceiptDetails.reader_id)),
    ),
    {},
    (Suspension.shown, OtherGift.reference),
)  # fmt: skip
