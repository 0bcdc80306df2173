"""Nobody learns a result before the close, nor a choice beside a name ever: every page, file and letter, as every role.

The tests look for no words. They change what was voted, or who voted what, and ask everything again: whatever does not
change by a single letter cannot have told it.
"""

from __future__ import annotations

import difflib
import logging
import random
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import inspect, select, text, update
from werkzeug.routing import AnyConverter

from membership import clock, tables
from membership.appeals.models import Appeal
from membership.ballots import actions, queries, seals
from membership.ballots.models import BallotRoll
from membership.ballots.urn import BallotSeal, Vote
from membership.bulletins.models import Bulletin
from membership.campaigns.models import Campaign
from membership.giving.models import Payment
from membership.giving.receipt_models import Receipt
from membership.giving.receipts import post_receipt
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.memberships.tiers import Tier
from membership.perks import actions as perks
from membership.perks import keys
from membership.perks.models import Perk, PerkGrant
from membership.promises import actions as promises
from tests import make
from tests.appeals.test_desk import running
from tests.ballots.helpers import SECRET, close, patrons
from tests.ballots.test_life import asked
from tests.bulletins.test_bulletins import written
from tests.campaigns.helpers import campaign, gift
from tests.perks.test_actions import link

ROLES = ("anonymous", "reader", "patron", "viewer", "editor", "manager", "admin")
_FRESH = re.compile(
    r'name="(?:csrf_token|attempt|sealed|\w+_challenge)"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="(?:csrf_token|attempt|sealed)"'
    r'|data-options="[^"]*"|src="data:image/svg[^"]*"|<code class="key code">\w+'  # what a second step is offered by
    r"|/account/sessions/[0-9a-f]{64}/"
    r"|/CreationDate \(D:\w+\)|/ID \[<\w+><\w+>\]"  # a PDF's own moment and number
)
OFTEN = {"ballots", "promises", "topics", "account", "appeals"}
"""Rooms that know of ballots: every role asks all of their pages. The others' are asked by who may see most, and with
`--long` by every role."""


@pytest.fixture
def standing_clock(monkeypatch):
    """Time stands still and lots fall alike, so that two worlds differ by the votes alone."""
    now = clock.now().replace(microsecond=0)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "wall", lambda: now)
    monkeypatch.setattr(secrets, "SystemRandom", lambda: random.Random(7))
    return now


@pytest.fixture
def voted(session, standing_clock):
    """An open ranked ballot with 25 votes, its voters, and somebody of each role."""
    voters = patrons(session, 25)
    made = asked(session, at=standing_clock, way="ranks")
    for number, who in enumerate(voters):
        choices = [[1, 2], [2, 3, 1], [3]][number % 3]
        actions.cast_and_confirm(
            session, made.id, who.reader_id, choices, secret=SECRET, attempt="a", at=standing_clock
        )
    session.commit()
    furnish(session, voters[0])
    people = {"anonymous": None, "reader": make.reader(session), "patron": voters[0]}
    people |= {role: make.staff(session, role) for role in ROLES[3:]}
    # Only their numbers: rows do not outlive the worlds in which they are asked.
    known = {role: who and SimpleNamespace(reader_id=who.reader_id) for role, who in people.items()}
    return made, [SimpleNamespace(reader_id=who.reader_id) for who in voters], known


def furnish(session, voter) -> None:
    """One of each thing that has pages of its own, so that they can be asked too."""
    made = campaign(session, title="Winter fund")
    payment = gift(session, made, who=voter.reader_id)
    post_receipt(session, payment, at=clock.now())
    link(session)
    perks.grant_perks(session, voter.reader_id, at=clock.now())
    keys.turn_over(session, SECRET, at=clock.now() - timedelta(days=30))  # or each world would make one of its own
    running(session)
    written(session, make.staff(session, "manager").reader_id)
    session.commit()


def addresses(app, session, made) -> list[tuple[str, str]]:
    """Every address that can be got, with real things in it: (room, path)."""
    option = queries.options_of(session, made.id)[0]
    topic = queries.topic_addresses(session, made.id)[option.position].rsplit("/", 1)[1]
    codes = session.scalars(select(Vote.code).where(Vote.ballot_id == made.id).order_by(Vote.code)).all()
    voter = session.scalars(select(BallotRoll.reader_id).order_by(BallotRoll.reader_id)).first()
    known = {
        "ballot_id": made.id, "topic_id": option.topic_id, "reader_id": voter, "code": codes[0], "name": "patrons",
        "filename": "house.css", "year": clock.now().year, "place": "join", "kind": "link", "tier": "friend",
        "number": session.scalars(select(Receipt)).one().number, "campaign_id": session.scalars(select(Campaign.id)).one(),
        "appeal_id": session.scalars(select(Appeal.id)).one(), "bulletin_id": session.scalars(select(Bulletin.id)).one(),
        "perk_id": session.scalars(select(Perk.id)).one(), "tier_id": session.scalars(select(Tier.id)).first(),
        "letter_id": session.scalars(select(Letter.id).where(Letter.reader_id == voter).order_by(Letter.id)).first(),
        "payment_id": session.scalars(select(Payment.id)).one(),
        "membership_id": session.scalars(select(Membership.id).where(Membership.reader_id == voter)).one(),
    }  # fmt: skip
    known |= {"grant_id": session.scalars(select(PerkGrant.id).where(PerkGrant.reader_id == voter)).one()}
    of_campaigns = session.scalars(select(Campaign.slug)).one()
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        room = rule.endpoint.split(".")[0]
        slug = made.slug if "ballot" in rule.rule else of_campaigns if re.search("campaign|/goal/", rule.rule) else topic
        values = {name: known.get(name, "terms" if "/texts/" in rule.rule else slug) for name in rule.arguments}
        values |= {
            name: 1
            for name in rule.arguments
            if name not in known and "int" in type(rule._converters[name]).__name__.lower()
        }
        values |= {name: min(one.items) for name, one in rule._converters.items() if isinstance(one, AnyConverter)}
        with app.test_request_context():
            found.append((room, rule.build(values, append_unknown=False)[1]))
    return found


@pytest.fixture(autouse=True)
def all_rooms(request, monkeypatch):
    if request.config.getoption("--long"):
        monkeypatch.setitem(globals(), "ASKING_ALL", frozenset(ROLES))


ASKING_ALL = frozenset({"admin"})


def everything_seen(app, session, made, people) -> dict[tuple[str, str], str]:
    """Every answer to every role, without what is fresh in each; and every letter."""
    seen: dict[tuple[str, str], str] = {}
    paths = addresses(app, session, made)
    for role, who in people.items():
        client = app.test_client()
        if who is not None:
            make.sign_in(session, client, who)
        for room, path in paths:
            often = room in OFTEN and not path.endswith(".pdf")
            if (often or role in ASKING_ALL) and path != "/sign-out":
                answer = client.get(path)
                seen[role, path] = f"{answer.status_code} {_FRESH.sub('', answer.get_data().decode(errors='replace'))}"
    for letter in session.scalars(select(Letter).order_by(Letter.key)):
        seen["letter", letter.key] = letter.subject + letter.text
    return seen


@contextmanager
def another_world(session) -> Iterator[None]:
    """What happens in here did not happen."""
    session.commit()
    connection = session.get_bind()
    counters = _counters(connection)
    point = connection.begin_nested()
    yield
    session.close()
    point.rollback()
    for name, value, begun in counters:  # PostgreSQL's counters do not go back by themselves
        connection.execute(text("SELECT setval(:name, :value, :begun)"), {"name": name, "value": value, "begun": begun})


def _counters(connection) -> list[tuple[str, int, bool]]:
    if connection.dialect.name == "sqlite":
        return []
    rows = connection.execute(
        text("SELECT sequencename, COALESCE(last_value, 1), last_value IS NOT NULL FROM pg_sequences")
    )
    return [tuple(row) for row in rows]


def told_apart(one, other) -> list[tuple[str, str]]:
    assert one.keys() == other.keys()
    apart = [key for key in one if one[key] != other[key]]
    for key in apart[:3]:
        print(key, *difflib.unified_diff(one[key].splitlines(), other[key].splitlines(), lineterm="", n=0), sep="\n")
    return apart


def test_before_the_close_nothing_depends_on_what_was_voted(app, session, voted, caplog):
    made, _voters, people = voted
    made_id = made.id
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "fontTools")
    with another_world(session):
        before = everything_seen(app, session, made, people)
    made = queries.ballot_by_id(session, made_id)
    public = ("/results", "/ballots.csv", "/log.csv", "/result.json", "/evidence.json")
    assert all(before[role, f"/ballots/what-next{path}"].startswith("404") for role in people for path in public)
    assert before["patron", "/ballots/what-next"].startswith("200") and len(before) > 150
    by_admin = [path for (role, path), text in before.items() if role == "admin" and text.startswith("200")]
    opened = {re.sub(r"\d+", "N", path) for path in by_admin}
    assert opened >= {
        "/campaigns/winter-fund", "/embed/goal/winter-fund", "/staff/bulletins/N", "/staff/appeals/N", "/staff/perks/N",
    }  # fmt: skip
    codes = set(session.scalars(select(Vote.code)))
    # An address that we asked for with a code in it is ours, not a page's.
    showing = {path for (_role, path), text in before.items() if any(code in text and code not in path for code in codes)}
    assert not showing  # a receipt shows its code in groups of four
    assert not any(code in record.getMessage() for record in caplog.records for code in codes)
    holding = {name for name, rows in every_row(session).items() if any(code in row for row in rows for code in codes)}
    assert holding == {"vote", "ballot_pending"}  # no letter, no job, nothing beside a reader
    with another_world(session):
        session.execute(update(Vote).values(content="4"))
        made = queries.ballot_by_id(session, made_id)
        assert told_apart(before, everything_seen(app, session, made, people)) == []


def test_after_the_close_nothing_depends_on_who_voted_what(app, session, voted):
    """Two voters change their envelopes before the close: no page can tell afterwards, not even to these two."""
    made, voters, people = voted
    made_id = made.id
    people["another voter"] = voters[1]
    key = seals.unseal(SECRET, session.get_one(BallotSeal, made.id).key)
    one, other = (seals.voter_ref(key, who.reader_id) for who in voters[:2])
    contents = {row.voter_ref: row.content for row in session.execute(select(Vote.voter_ref, Vote.content))}
    assert contents[one] != contents[other]
    worlds, rows = [], []
    for changed in (False, True):
        with another_world(session):
            made = queries.ballot_by_id(session, made_id)
            if changed:
                for ref, new in ((one, b"-"), (other, one), (b"-", other)):
                    session.execute(update(Vote).where(Vote.voter_ref == ref).values(voter_ref=new))
            close(session, made)
            assert promises.make(session, made.id, at=made.closes_at)
            session.commit()
            worlds.append(everything_seen(app, session, made, people))
            rows.append(every_row(session))
    assert worlds[0]["anonymous", "/ballots/what-next/results"].startswith("200")
    assert told_apart(*worlds) == []
    assert rows[0] == rows[1]  # nor any row of any table


def every_row(session) -> dict[str, list[str]]:
    """All tables as they are, whatever asks for them: sorted, since not even the order may tell (sign-ins apart)."""
    apart = {"reader_session"}
    found = {}
    for table in tables.metadata.sorted_tables:
        if table.name not in apart:
            found[table.name] = [str(tuple(row)) for row in session.execute(table.select())]
    assert set(inspect(session.connection()).get_table_names()) >= set(found)
    return {name: sorted(lines) for name, lines in found.items()}


def test_what_a_mistake_would_look_like_is_seen(app, session, voted):
    """The looking itself works: a page that told a choice would be told apart."""
    made, _voters, _people = voted
    made_id = made.id
    with another_world(session):
        before = everything_seen(app, session, made, {"anonymous": None})
    with another_world(session):
        session.execute(text("UPDATE ballot_option SET title = 'Another title' WHERE position = 1"))
        made = queries.ballot_by_id(session, made_id)
        apart = told_apart(before, everything_seen(app, session, made, {"anonymous": None}))
    assert ("anonymous", "/ballots/what-next") in apart
