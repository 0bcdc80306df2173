"""What joining and giving once have in common at the edge: limits, the checkout's row, and the way to the hosted page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from flask import current_app, request
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy.orm import Session

from membership import clock
from membership.db import reading, transaction
from membership.gateway.client import CheckoutRequest, Opened
from membership.giving import guarding, touches
from membership.giving.actions import Asked, begin_checkout, note_opened
from membership.giving.fees import fee_rates
from membership.giving.forms import PayForm
from membership.giving.guarding import Unconfirmed
from membership.giving.models import Checkout
from membership.giving.queries import checkout_by_attempt, customer_of
from membership.giving.rules import FeeRate, FormUsed, attempt_key, covering
from membership.giving.steps import OneMoreStep
from membership.giving.touching import article_of, note_touch
from membership.money import Money, check_bounds
from membership.newsroom import queries as newsroom
from membership.newsroom.currencies import choose
from membership.readers.queries import person_by_email
from membership.readers.rules import email_key
from membership.web.browser import browser_hash
from membership.web.locale import browser_languages

STRIPE_LOCALES = frozenset(
    """bg cs da de el en es et fi fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh""".split()  # noqa: SIM905
)
PAGE_LIVES = timedelta(hours=23)
"""How long somebody is still sent to a page that was opened before. Stripe closes it after a day, says no more than that
something is over, and shows no way back; its idempotency keys are as old."""


def language() -> str:
    """The language of this page."""
    return str(get_locale() or "en")


def stripe_locale(language: str) -> str:
    """In which language Stripe's own pages are then: `auto`, the browser's, where Stripe does not know ours (Ukrainian)."""
    short = language.partition("_")[0]
    return short if short in STRIPE_LOCALES else "auto"


def coffees_and_currency(
    wish: str | None, *, priced: Callable[[Session], set[str]] | None = None
) -> tuple[dict[str, Money], str]:
    """The currencies offered with their coffee, and the one to show: wished for, else guessed, else the newsroom's.

    `priced` narrows them down to those in which something is on offer.
    """
    with reading() as session:
        coffees = newsroom.coffees(session)
        if priced is not None:
            with_prices = priced(session)
            coffees = {code: coffee for code, coffee in coffees.items() if code in with_prices} or coffees
        own = newsroom.current(session)
    default = own.currency if own else "EUR"
    return coffees, choose(tuple(coffees), wish=wish, languages=browser_languages(), default=default)


def article_asked() -> str:
    """The touch that came along (`giving.touches`), as it came; checked only when a checkout is written."""
    own = urlsplit(current_app.config["MEMBERSHIP"].base_url).netloc
    referrer = request.referrer if urlsplit(request.referrer or "").netloc != own else None
    return touches.with_marks(request.values.get("article") or "", request.args, referrer)


def send_to_stripe(
    form: PayForm,
    *,
    kind: str,
    amount: Money,
    details: Sequence[object],
    back: str,
    prepare: Callable[[Session, Checkout], None],
    open_page: Callable[[CheckoutRequest], Opened],
    unconfirmed: Unconfirmed | None = None,
    fee_may_be_covered: bool = False,
    parts: int = 1,
) -> str:
    """Write the checkout, open the hosted page, and return its address for a 303.

    The row comes first: whatever happens while Stripe is asked, the same attempt finds it again and Stripe's idempotency
    key (made of the row's token) opens the same page. `back` is where a reader who turns round finds the form again, as
    a path; `parts`: into how many of one price the sum divides; `unconfirmed` is an address that a letter must confirm
    first. Raises `TooOften`, `FormUsed`, `StripeUnreachable`, and `OneMoreStep`, which needs no catching.
    """
    at = clock.now()
    amount, fee_cover = _with_fee(form, amount, parts) if fee_may_be_covered else (amount, None)
    email = str(form.email.data)
    browser = browser_hash()
    address = str(form.article.data or "")
    attempt = attempt_key(str(form.attempt.data), kind, email_key(email), amount, address, *details)
    origin = guarding.origin_of(email)
    confirmed = False
    if not _begun_before(attempt):  # a double click is one try
        confirmed = guarding.admit(email, str(form.attempt.data), origin, language=language(), unconfirmed=unconfirmed)
    with transaction() as session:
        touch = touches.read(address, newsroom.sites(session)) if address else touches.NO_TOUCH
        article = article_of(session, touch, at)
        asked = Asked(
            attempt=attempt,
            kind=kind,
            email=email,
            amount=amount,
            language=language(),
            browser_hash=browser,
            article_id=article.id if article else None,
            reader_id=own_reader_id(email) or (_reader_at(session, email) if confirmed else None),
            fee_cover=fee_cover,
        )
        checkout = begin_checkout(session, asked, at=at)
        guarding.note_origin(session, checkout.id, origin, at=at)
        note_touch(session, checkout, touch, at=at)
        prepare(session, checkout)
        customer = customer_of(session, checkout.reader_id) if checkout.reader_id else None
    if checkout.state not in {"begun", "open"} or checkout.begun_at + PAGE_LIVES < at:
        raise FormUsed()
    if checkout.session_url and checkout.state == "open":
        return checkout.session_url
    opened = open_page(_request(checkout, customer, back))
    with transaction() as session:
        note_opened(session, checkout.id, session_id=opened.id, url=opened.url)
    return opened.url


def fee_rate(code: str) -> FeeRate | None:
    """What a payment in this currency costs, where covering it is offered."""
    with reading() as session:
        return fee_rates(session).get(code)


def fee_examples(code: str, amounts: Sequence[Money], *, parts: int = 1) -> list[tuple[Money, Money]]:
    """Amounts that a page offers, each with what covering its fee would add; empty where that is not offered."""
    rate = fee_rate(code)
    return [(amount, covering(amount, rate, parts=parts) - amount) for amount in amounts] if rate else []


def _with_fee(form: PayForm, net: Money, parts: int) -> tuple[Money, int | None]:
    """What to charge, and the part of it that covers the fee: nothing unless the payer ticked it and saw the exact sum."""
    rate = fee_rate(net.currency) if form.cover.data else None
    if rate is None:
        return net, None
    gross = check_bounds(covering(net, rate, parts=parts), locale=language())
    if form.gross_seen.data != str(gross.minor):
        raise OneMoreStep("giving/cover.html", own=("gross_seen",), net=net, fee=gross - net, gross=gross)
    return gross, gross.minor - net.minor


def own_reader_id(email: str) -> int | None:
    """The signed-in reader, if the address is theirs; an address alone proves nothing."""
    if current_user.is_authenticated and email_key(current_user.email) == email_key(email):
        return int(current_user.reader_id)
    return None


def _reader_at(session: Session, email: str) -> int | None:
    """Who has this address, once a letter to it has confirmed whoever asks: then their Stripe customer stays one."""
    person = person_by_email(session, email)
    return person.reader_id if person else None


def _begun_before(attempt: str) -> bool:
    with reading() as session:
        return checkout_by_attempt(session, attempt) is not None


def back_to(path: str, form: PayForm, **values: str) -> str:
    """The form's own address with what was chosen in it; the e-mail address never stands in one."""
    kept = {"article": str(form.article.data or ""), "currency": str(form.currency.data or "")} | values
    return f"{path}?{urlencode({name: value for name, value in kept.items() if value})}"


def _request(checkout: Checkout, customer_id: str | None, back: str) -> CheckoutRequest:
    base = current_app.config["MEMBERSHIP"].base_url
    return CheckoutRequest(
        token=checkout.token,
        amount=Money(checkout.amount, checkout.currency),
        email=checkout.email,
        customer_id=customer_id,
        locale=stripe_locale(checkout.language),
        success_url=f"{base}/welcome?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base}{back}",
    )
