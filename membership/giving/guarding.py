"""Before a payment begins: what is counted, what looks like card testing, and what is asked for then. At the edge.

Nothing here refuses on suspicion. What is refused is a client beyond any crowd, and what a month's declines suspended;
both are told in the same words, which say nothing to a tester.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import request
from sqlalchemy.orm import Session

from membership import clock
from membership.db import insert_once, reading, transaction
from membership.giving import guard_queries, proving
from membership.giving.guard_models import CheckoutOrigin
from membership.giving.guard_rules import Demand, Figures, Signals, demand
from membership.giving.steps import OneMoreStep
from membership.readers.rules import WrongCode, email_key
from membership.web.browser import browser_hash, client_address, client_network
from membership.web.errors import words_of
from membership.web.forms import shown_at
from membership.web.keeping import protects_sources
from membership.web.limits import Limit, TooOften, count_against, count_up, give_back, keyed

HOUR = timedelta(hours=1)
BEGUN_PER_CLIENT = Limit("begun/client", 0, HOUR)
BEGUN_PER_NETWORK = Limit("begun/network", 0, HOUR)
BEGUN_PER_PERSON = Limit("begun/person", 0, HOUR)
BEGUN_PER_BROWSER = Limit("begun/browser", 0, HOUR)
BEGUN_EVERYWHERE = Limit("begun/everywhere", 0, HOUR)
"""Counters, not refusals: how many is too many say the figures."""
OWN_FIELDS = ("proof", "code", "by_letter")
"""What the steps add to a form, and what none of them carries on."""

Instead = Callable[[Session, datetime], bool]


@dataclass(frozen=True)
class Origin:
    """Who asks, as keyed hashes; `near` is the network in the clear, for staff's eyes."""

    client: str
    network: str
    person: str
    browser: str
    near: str


@dataclass(frozen=True)
class Unconfirmed:
    """An address that must be confirmed by a letter. `instead` may write another letter in place of the code's: then it
    returns true, and no code will fit."""

    instead: Instead


def origin_of(email: str) -> Origin:
    """Where this request comes from. Where sources are protected, it is known again on the same day only, and to nobody by
    sight."""
    with reading() as session:
        protected = protects_sources(session)
    near, day = client_network(), f" {clock.now():%Y-%m-%d}" if protected else ""
    client, network = keyed(f"client {client_address()}{day}"), keyed(f"network {near}{day}")
    return Origin(client, network, person_key(email), browser_hash(), "" if protected else near)


def person_key(email: str) -> str:
    """By what a person's tries are counted."""
    return keyed(f"person {email_key(email)}")


def note_origin(session: Session, checkout_id: int, origin: Origin, *, at: datetime) -> None:
    """Keep where a checkout was begun."""
    insert_once(
        session, CheckoutOrigin, checkout_id=checkout_id, client=origin.client, network=origin.network,
        person=origin.person, near=origin.near, begun_at=at,
    )  # fmt: skip


def give_back_counts(session: Session, origin: CheckoutOrigin) -> None:
    """A payment succeeded: it counts no longer against the address and network that began it."""
    give_back(session, BEGUN_PER_CLIENT, origin.client, counted_at=origin.begun_at)
    give_back(session, BEGUN_PER_NETWORK, origin.network, counted_at=origin.begun_at)


def admit(email: str, attempt: str, origin: Origin, *, language: str, unconfirmed: Unconfirmed | None) -> bool:
    """Let a payment begin, or ask for one step more first. True when a letter's code has just confirmed the address.
    Raises `OneMoreStep`, `TooOften`.

    The counts are kept only when it begins: to be asked for a proof uses up nothing.
    """
    at = clock.now()
    with reading() as session:
        figures = guard_queries.figures(session)
        if guard_queries.is_suspended(session, client=origin.client, network=origin.network, person=origin.person):
            raise TooOften()
    count_against((Limit("posted/client", figures.posts_per_client, HOUR), origin.client), at=at)
    letter = _code_fits(email, origin, at)
    try:
        with transaction() as session:
            signals = _signals(session, attempt, origin, figures, at)
            wanted = demand(signals, figures, unconfirmed=unconfirmed is not None)
            if not (letter or wanted is Demand.NOTHING or (wanted is Demand.PROOF and _proof_fits(session, origin, at))):
                raise _Asked(wanted)
    except _Asked as asked:
        if asked.demand is Demand.LETTER or request.form.get("by_letter"):
            _write_letter(email, origin, figures, language, unconfirmed, at)
            raise _letter_step(email) from None
        challenge = proving.new_challenge(
            browser_hash=origin.browser, person=origin.person, bits=figures.proof_bits, at=at
        )
        step = OneMoreStep("giving/proof.html", own=OWN_FIELDS, challenge=challenge, bits=figures.proof_bits, email=email)
        raise step from None
    return letter


class _Asked(Exception):
    def __init__(self, demand: Demand) -> None:
        super().__init__(demand.name)
        self.demand = demand


def _signals(session: Session, attempt: str, origin: Origin, figures: Figures, at: datetime) -> Signals:
    shown = shown_at(attempt)
    day = at - guard_queries.DAY
    kinds = {"client": origin.client, "network": origin.network, "person": origin.person}
    own = tuple(guard_queries.tally_of(session, kind, subject, since=day) for kind, subject in kinds.items())
    people = guard_queries.people_of_network(session, origin.network, since=day)
    wave = guard_queries.wave(session) is not None
    # Counted last and always in this order: the rows that many share are held as briefly as can be.
    client = count_up(session, BEGUN_PER_CLIENT, origin.client, at=at)
    network = count_up(session, BEGUN_PER_NETWORK, origin.network, at=at)
    person = count_up(session, BEGUN_PER_PERSON, origin.person, at=at)
    browser = count_up(session, BEGUN_PER_BROWSER, origin.browser, at=at)
    everywhere = count_up(session, BEGUN_EVERYWHERE, "", at=at)
    return Signals(
        seconds=int((clock.wall() - shown).total_seconds()) if shown else (0 if figures.fast_seconds == 0 else None),
        client=client,
        network=network,
        person=person,
        browser=browser,
        everywhere=everywhere,
        people=people,
        own=own,
        wave=wave,
    )


def _proof_fits(session: Session, origin: Origin, at: datetime) -> bool:
    solution = request.form.get("proof", "")[:300]
    return bool(solution) and proving.spend_proof(
        session, solution, browser_hash=origin.browser, person=origin.person, at=at
    )


def _code_fits(email: str, origin: Origin, at: datetime) -> bool:
    """Whether the code that was typed is right. A wrong one shows the page again, in the same words for everybody."""
    typed = request.form.get("code", "")[:40]
    if not typed:
        return False
    with transaction() as session:
        fits = proving.use_code(session, typed, browser_hash=origin.browser, person=origin.person, at=at)
    if not fits:
        raise _letter_step(email, wrong=words_of(WrongCode()), status=422)
    return True


def _write_letter(
    email: str, origin: Origin, figures: Figures, language: str, unconfirmed: Unconfirmed | None, at: datetime
) -> None:
    count_against(
        (Limit("payment-letter/client", figures.letters_per_client, HOUR), origin.client),
        (Limit("payment-letter/person", figures.letters_per_person, HOUR), origin.person),
        at=at,
    )
    with transaction() as session:
        proving.write_code(
            session,
            email,
            browser_hash=origin.browser,
            person=origin.person,
            language=language,
            instead=unconfirmed.instead if unconfirmed else None,
            at=at,
        )


def _letter_step(email: str, wrong: str = "", status: int = 200) -> OneMoreStep:
    return OneMoreStep("giving/we_have_written.html", status, own=OWN_FIELDS, email=email, wrong=wrong)
