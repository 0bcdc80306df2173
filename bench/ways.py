"""A newsroom of many years for the reports by way: members, payments, touches, perks, rolls, stories. Written in bulk."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from membership.appeals.models import Appeal, AppealCount
from membership.ballots.models import Ballot, BallotOption, BallotRoll
from membership.giving.models import Checkout, Payment
from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership, MembershipPayment, Movement
from membership.newsroom.models import Article
from membership.perks.models import Perk, PerkGrant, PerkStep
from membership.promises.models import Promise
from membership.readers.models import Person, Reader
from membership.topics.models import Topic, TopicSupport
from tests import make

MONTHS = 60
PAYMENTS_EACH = 12
ARTICLES, BALLOTS, PERKS = 2_000, 24, 5
SITE = "http://localhost:8002"
AT_ONCE = 10_000
MONTH = timedelta(days=30)


def begin(now: datetime) -> datetime:
    """When all of it began."""
    return now - MONTHS * MONTH


def write(engine: Engine, members: int, now: datetime) -> Person:
    """All of it; the one of the team, who may read the reports. Each member pays a dozen times."""
    with Session(engine, expire_on_commit=False) as session:
        make.newsroom(session)
        tier = make.tier(session, "friend", monthly=500)
        editor = make.staff(session, "admin")
        tier_id, editor_id = tier.id, editor.reader_id
    first = editor_id + 1
    ids = range(first, first + members)
    _put(engine, Reader, ({"id": one, "created_at": _joined(one - first, members, now)} for one in ids))
    _put(engine, Article, ({"id": n, "address": f"{SITE}/{n}", "title": f"Story {n}", "language": "en",
                            "first_seen_at": begin(now)} for n in range(1, ARTICLES + 1)))  # fmt: skip
    _put(engine, Appeal, [{"id": 1, "name": "Winter", "state": "ended", "variants": 2, "made_at": begin(now)}])
    _money(engine, first, members, tier_id, now)
    _perks(engine, first, members, now)
    _votes(engine, first, members, editor_id, tier_id, now)
    days = (now.date() - timedelta(days=n) for n in range(365))
    _put(engine, AppealCount, (
        {"day": day, "appeal_id": 1, "article_id": 1 + (n * 37 + day.toordinal()) % ARTICLES, "variant": n % 2,
         "language": "en", "seen": 40, "clicked": 1}
        for day in days for n in range(100)
    ))  # fmt: skip
    return editor


def _joined(number: int, members: int, now: datetime) -> datetime:
    """Evenly over the months, the last ones a year before now."""
    return begin(now) + (MONTHS - PAYMENTS_EACH) * MONTH * number / members


def _money(engine: Engine, first: int, members: int, tier_id: int, now: datetime) -> None:
    def joined(n: int) -> datetime:
        return _joined(n, members, now)

    numbers = range(members)
    _put(engine, Checkout, (
        {"id": n + 1, "token": f"t{n}", "attempt": f"a{n}", "kind": "membership", "state": "paid", "reader_id": first + n,
         "email": "", "language": "en", "currency": "EUR", "amount": 500, "article_id": 1 + n * 7 % ARTICLES,
         "browser_hash": "", "begun_at": joined(n)}
        for n in numbers
    ))  # fmt: skip
    _put(engine, CheckoutTouch, (
        {"checkout_id": n + 1, "embed": "appeal", "appeal_id": 1, "day": joined(n).date(), "language": "en",
         "campaign": f"campaign-{n % 20}", "first_article_id": 1 + n * 11 % ARTICLES}
        for n in numbers
    ))  # fmt: skip
    _put(engine, Membership, (
        {"id": n + 1, "subscription_id": f"sub_{n}", "reader_id": first + n, "tier_id": tier_id, "checkout_id": n + 1,
         "article_id": 1 + n * 7 % ARTICLES, "status": "active", "currency": "EUR", "amount": 500, "interval": "month",
         "counted": 6000, "started_at": joined(n), "frozen": False, "paused": False}
        for n in numbers
    ))  # fmt: skip
    _put(engine, Movement, (
        {"id": 2 * n + part + 1, "membership_id": n + 1, "sequence": part + 1, "reader_id": first + n, "tier_id": tier_id,
         "kind": ("new", "left")[part], "currency": "EUR", "yearly": (6000, -6000)[part],
         "at": joined(n) + part * PAYMENTS_EACH * MONTH}
        for n in numbers for part in range(2 if n % 4 == 0 else 1)
    ))  # fmt: skip

    def payments() -> Iterator[tuple[int, int, int]]:
        for n in numbers:
            for part in range(PAYMENTS_EACH):
                yield n * PAYMENTS_EACH + part + 1, n, part

    _put(engine, Payment, (
        {"id": number, "stripe_id": f"in_{number}", "reader_id": first + n, "kind": "membership", "currency": "EUR",
         "amount": 500, "paid_at": joined(n) + part * MONTH, "method": "card", "article_id": 1 + n * 7 % ARTICLES,
         "checkout_id": n + 1}
        for number, n, part in payments()
    ))  # fmt: skip
    _put(engine, MembershipPayment, (
        {"payment_id": number, "membership_id": n + 1, "period_start": joined(n) + part * MONTH,
         "period_end": joined(n) + (part + 1) * MONTH}
        for number, n, part in payments()
    ))  # fmt: skip


def _perks(engine: Engine, first: int, members: int, now: datetime) -> None:
    _put(engine, Perk, (
        {"id": n, "slug": f"perk-{n}", "title": f"Perk {n}", "blurb": "", "kind": "thing", "address": "", "cost": 350,
         "cost_currency": "EUR"}
        for n in range(1, PERKS + 1)
    ))  # fmt: skip
    _put(engine, PerkGrant, (
        {"id": n + 1, "perk_id": 1 + n % PERKS, "reader_id": first + n, "code": f"code-{n}", "number": 1,
         "issued_at": _joined(n, members, now), "state": ("issued", "claimed", "redeemed")[n % 3]}
        for n in range(members)
    ))  # fmt: skip
    _put(engine, PerkStep, (
        {"grant_id": n + 1, "state": state, "at": _joined(n, members, now) + place * MONTH, "why": ""}
        for n in range(members) for place, state in enumerate(("issued", "claimed", "redeemed")[: n % 3 + 1])
    ))  # fmt: skip


def _votes(engine: Engine, first: int, members: int, editor_id: int, tier_id: int, now: datetime) -> None:
    """A ballot a month for two years; a quarter of the members stands on each roll."""
    on_roll = members // 4
    result = {
        "options": [[1, "This"], [2, "That"]], "rounds": [{"tally": {"1": str(on_roll // 2), "2": "1"}}], "winners": [1],
        "votes": on_roll // 2, "roll": on_roll, "voted": on_roll // 2, "quorum": 0, "seats": 1, "binding": True, "ties": [],
        "method": "approval",
    }  # fmt: skip
    closes = {number: now - (BALLOTS - number) * MONTH - timedelta(days=9) for number in range(BALLOTS)}
    _put(engine, Topic, (
        {"id": n + 1, "slug": f"topic-{n}", "attempt": f"topic-{n}", "proposer_id": editor_id, "title": f"Topic {n}",
         "why": "", "state": "accepted", "proposed_at": begin(now)}
        for n in range(2 * BALLOTS)
    ))  # fmt: skip
    _put(engine, Ballot, (
        {"id": n + 1, "slug": f"ballot-{n}", "attempt": f"ballot-{n}", "title": f"Ballot {n}", "question": "What next?",
         "method": "approval", "seats": 1, "quorum": 0, "status": "final", "opens_at": closes[n] - timedelta(days=9),
         "closes_at": closes[n], "rule": {}, "rule_version": 1, "roll_by": {"membership": on_roll}, "log_head": "",
         "log_length": 0, "result": json.dumps(result), "result_sha": "", "closed_at": closes[n]}
        for n in range(BALLOTS)
    ))  # fmt: skip
    _put(engine, BallotOption, (
        {"ballot_id": n + 1, "position": place, "topic_id": 2 * n + place, "title": "", "summary": ""}
        for n in range(BALLOTS) for place in (1, 2)
    ))  # fmt: skip
    _put(engine, BallotRoll, (
        {"ballot_id": n + 1, "reader_id": first + (n + line * 4) % members, "reason": "membership", "tier_id": tier_id,
         "voted": line % 2 == 0}
        for n in range(BALLOTS) for line in range(on_roll)
    ))  # fmt: skip
    _put(engine, TopicSupport, (
        {"topic_id": topic + 1, "reader_id": first + line * 50 % members, "supported_at": closes[topic // 2]}
        for topic in range(2 * BALLOTS) for line in range(members // 200)
    ))  # fmt: skip
    _put(engine, Promise, (
        {"id": n + 1, "ballot_id": n + 1, "topic_id": 2 * n + 1, "title": f"Topic {n}", "state": "published",
         "story_url": f"{SITE}/{n + 1}", "story_title": f"Story {n}", "made_at": closes[n],
         "closed_at": closes[n] + timedelta(days=20)}
        for n in range(BALLOTS)
    ))  # fmt: skip


def _put(engine: Engine, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """In portions, each its own transaction; what is done is told."""
    left, done = iter(rows), 0
    while some := list(islice(left, AT_ONCE)):
        with engine.begin() as books:
            books.execute(insert(table), some)
        done += len(some)
        if done % 1_000_000 == 0:
            print(f"  {table.__tablename__}: {done:,}", file=sys.stderr, flush=True)

