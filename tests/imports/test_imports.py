"""A file is rehearsed, applied, applied again: who comes along, with what, and what is never done twice."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.app import all_tasks
from membership.imports import actions, queries, tasks
from membership.imports.actions import Options
from membership.imports.models import Brought, Import, ImportRow, Invitation
from membership.imports.rules import NotRehearsed
from membership.jobs.models import Job
from membership.jobs.worker import run_one
from membership.mail.models import Letter
from membership.memberships.given_models import GivenMembership
from membership.memberships.standing import standings_of
from membership.readers.models import LetterConsent, Person, Reader
from membership.readers.queries import person_by_email
from membership.readers.trail import AuditEntry
from membership.readers.wishes import wishes
from membership.web.keeping import as_figures
from membership.web.limits import choose_figures
from tests import make
from tests.imports.sheets import GHOST, MEMBERFUL, OWN, PATREON, STEADY, member, sheet

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quiet_stripe(monkeypatch):
    """Nothing is live at Stripe here, and the house's clock stands still."""
    from membership.gateway import listing

    monkeypatch.setattr(listing, "living", lambda after=None: listing.Page([], None))
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def tiers(session):
    return make.tier(session, "coffee", monthly=300), make.tier(session, "reader", monthly=500)


def hand_in(session, content: bytes, form: str = "patreon", **options) -> Import:
    run, _ = tasks.receive(
        io.BytesIO(content), form, Options(**{"currency": "EUR"} | options), name="members.csv", by=None
    )
    session.expire_all()
    return session.get(Import, run.id)


def work(session) -> None:
    while run_one(all_tasks()):
        pass
    session.expire_all()


def rehearsed(session, content: bytes, form: str = "patreon", **options) -> Import:
    run = hand_in(session, content, form, **options)
    work(session)
    return run


def applied(session, content: bytes, form: str = "patreon", **options) -> Import:
    run = rehearsed(session, content, form, **options)
    actions.ask_for(session, run.id, by=None, at=NOW)
    session.commit()
    work(session)
    return run


def verdicts(session, run: Import) -> list[tuple[str | None, str | None, str]]:
    rows = session.execute(select(ImportRow).where(ImportRow.import_id == run.id).order_by(ImportRow.number)).scalars()
    return [(row.verdict, row.deed, row.reason or "") for row in rows]


def everything(session) -> dict[str, int]:
    """How many rows there are of what an import may make."""
    models = (Reader, Person, Brought, GivenMembership, Invitation, Letter)
    return {model.__tablename__: session.scalar(select(func.count()).select_from(model)) for model in models}


def test_a_rehearsal_writes_nothing_but_its_report(session, tiers):
    before = everything(session)
    run = rehearsed(session, sheet(PATREON, [member("ada@example.org"), member("", 2), member("bo@example.org", 3)]))
    assert verdicts(session, run) == [("new", "invite", ""), ("refused", "nothing", "no_address"), ("new", "invite", "")]
    assert everything(session) == before
    made = queries.report(session, run)
    assert (made.judged, made.of("new"), made.of("refused")) == (3, 2, 1)
    assert [(one.deed, one.interval, one.pledges, str(one.amount)) for one in made.recurring] == [
        ("invite", "month", 2, "10 EUR")
    ]
    assert [(line.theirs, line.ours, line.rows) for line in made.tiers] == [("Reader", "Reader", 2)]


def test_who_pays_elsewhere_keeps_what_is_paid_for_and_is_invited_at_the_old_price(session, tiers):
    applied(session, sheet(PATREON, [member("ada@example.org", Pledge_Amount="3.00", Currency="USD", Tier="Old Friends")]))
    person = person_by_email(session, "ada@example.org")
    (standing,) = standings_of(session, person.reader_id, NOW)
    assert (standing.source, standing.until) == ("elsewhere", datetime(2026, 12, 15, 7, tzinfo=UTC))
    assert standing.since == datetime(2023, 4, 8, 17, 45, 28, tzinfo=UTC), "the pledge is as old as it truly is"
    invitation = session.scalars(select(Invitation)).one()
    assert (invitation.amount, invitation.currency, invitation.interval) == (300, "USD", "month")
    assert invitation.expires_at == NOW + timedelta(days=60)
    letter = session.scalars(select(Letter).where(Letter.kind == "brought_along")).one()
    assert letter.text == "", "the letter carried a secret: it is wiped once it is sent"
    assert not any(wishes(session, person.reader_id).values()), "no consent is invented"


def test_who_has_cancelled_stays_until_what_they_paid_for_ends_and_is_not_asked_to_pay(session, tiers):
    cancelled = member("ada@example.org", Patron_Status="Former patron")
    run = applied(session, sheet(PATREON, [cancelled]))
    assert verdicts(session, run) == [("new", "keep", "")]
    person = person_by_email(session, "ada@example.org")
    assert [one.source for one in standings_of(session, person.reader_id, NOW)] == ["elsewhere"]
    assert standings_of(session, person.reader_id, datetime(2026, 12, 15, 7, tzinfo=UTC)) == []
    assert session.scalars(select(Invitation)).all() == []
    assert "until 15 December 2026" in session.scalars(select(Letter)).one().text


def test_the_same_file_again_and_the_same_people_in_another_change_nothing(session, tiers):
    content = sheet(PATREON, [member(f"reader{n}@example.org", n) for n in range(5)])
    first = applied(session, content)
    before = everything(session)
    assert applied(session, content).id == first.id
    assert everything(session) == before
    moved = [member(f"moved{n}@example.org", n) for n in range(5)]  # by their ids, whatever their addresses are now
    other = applied(session, sheet(reversed(PATREON), moved))
    assert verdicts(session, other) == [("known", "nothing", "brought_before")] * 5
    assert everything(session) == before


def test_a_bad_row_never_stops_the_good_ones_and_comes_back_with_its_reason(session, tiers):
    rows = [
        member("ada@example.org", 1),
        member("not an address", 2),
        member("bo@example.org", 3, Pledge_Amount="1,234"),
        member("cy@example.org", 4, Currency="XXX"),
        member("di@example.org", 5, Patronage_Since_Date="sometime"),
        member("ADA@example.org", 6),
        member("ed@example.org", 7, Patron_Status="Friend"),
        member("fi@example.org", 8, Patronage_Since_Date="2031-01-01"),
    ]
    content = sheet(PATREON, rows) + b'"never closed,gus@example.org\nHal,hal@example.org,,Active patron,,,,,5.00,monthly\n'
    run = applied(session, content)
    told = verdicts(session, run)
    assert [reason for _, _, reason in told] == [
        "", "bad_address", "amount", "currency", "day", "twice", "status", "day_ahead", "broken", ""
    ]  # fmt: skip
    assert [told[0][1], told[9][1]] == ["invite", "invite"]
    by_line = {row.line: row for row in queries.not_brought(session, run.id)}
    assert by_line[7].detail == {"line": "2"}
    assert by_line[10].cells[1] == "gus@example.org"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"Charge_Frequency": "quarterly"}, ("doubt", "nothing", "rhythm")),
        ({"Pledge_Amount": "0.20"}, ("doubt", "nothing", "not_chargeable")),
        ({"Access_Expiration": "2099-01-01"}, ("doubt", "nothing", "too_long")),
        ({"Patron_Status": "Former patron", "Access_Expiration": "2026-01-01"}, ("left", "nothing", "no_pledge")),
        ({"Patron_Status": "", "Pledge_Amount": ""}, ("left", "nothing", "no_pledge")),
        ({"Patron_Status": "Declined patron", "Last_Charge_Status": "Declined"}, ("new", "invite", "")),
    ],
)
def test_what_becomes_of_a_patron(session, tiers, values, verdict):
    run = rehearsed(session, sheet(PATREON, [member("ada@example.org", **values)]))
    assert verdicts(session, run) == [verdict]


def test_a_patron_of_ours_is_not_invited_to_pay_twice(session, tiers):
    make.patron(session, "ada@example.org", paid_until=NOW + timedelta(days=9))
    run = applied(session, sheet(PATREON, [member("Ada@Example.org")]))
    assert verdicts(session, run) == [("known", "nothing", "patron_here")]
    assert session.scalars(select(Invitation)).all() == []


def test_two_readers_behind_one_row_are_for_a_person_to_look_at(session, tiers):
    applied(session, sheet(PATREON, [member("ada@example.org", 1), member("bo@example.org", 2)]))
    run = applied(session, sheet(PATREON, [member("bo@example.org", 1)]))
    assert verdicts(session, run) == [("doubt", "nothing", "two_people")]


def test_of_two_rows_about_one_person_the_pledge_that_runs_counts(session, tiers):
    over = member("ada@example.org", 1, Patron_Status="Former patron", Access_Expiration="2025-01-01")
    run = applied(session, sheet(PATREON, [over, member("ada@example.org", 2)]))
    assert verdicts(session, run) == [("refused", "nothing", "twice"), ("new", "invite", "")]


def test_consent_is_kept_as_it_was_given_and_wishes_told_here_stay(session, tiers):
    known = make.reader(session, "known@example.org")
    rows = [
        {"id": "1", "email": "yes@example.org", "subscribed_to_emails": "true"},
        {"id": "2", "email": "no@example.org", "subscribed_to_emails": "false"},
        {"id": "3", "email": "known@example.org", "subscribed_to_emails": "false"},
        {"id": "4", "email": "gift@example.org", "complimentary_plan": "true", "tiers": "Reader"},
        {"id": "5", "email": "paid@example.org", "stripe_customer_id": "cus_elsewhere", "tiers": "Reader"},
    ]
    run = applied(session, sheet(GHOST, rows), "ghost")
    assert verdicts(session, run) == [
        ("new", "know", ""), ("left", "nothing", "no_pledge"), ("known", "nothing", "nothing_runs"),
        ("doubt", "nothing", "no_end"), ("doubt", "nothing", "not_at_stripe"),
    ]  # fmt: skip
    assert all(wishes(session, person_by_email(session, "yes@example.org").reader_id).values())
    assert all(wishes(session, known.reader_id).values())
    assert person_by_email(session, "no@example.org") is None
    assert session.scalars(select(Letter)).all() == []


def test_steadys_cents_are_a_months_and_days_end_when_they_end(session, tiers):
    rows = [
        {"email": "a@example.org", "plan_monthly_amount_cents": "500", "subscription_period": "annual",
         "subscription_state": "active", "subscribed_at": "2022-06-08", "expires_at": "2027-06-08"},
        {"email": "b@example.org", "plan_monthly_amount_cents": "300", "subscription_period": "monthly",
         "subscription_state": "not_renewing", "subscribed_at": "2022-06-08", "expires_at": "2026-12-01"},
        {"email": "c@example.org", "plan_monthly_amount_cents": "300", "subscription_period": "monthly",
         "subscription_state": "cancelled", "subscribed_at": "2022-06-08", "expires_at": "2023-12-01"},
        {"email": "d@example.org", "plan_monthly_amount_cents": "300", "subscription_period": "monthly", "gifted": "TRUE",
         "subscription_state": "not_renewing", "subscribed_at": "2026-06-08", "expires_at": "2027-06-07"},
    ]  # fmt: skip
    run = applied(session, sheet(STEADY, rows), "steady")
    assert [deed for _, deed, _ in verdicts(session, run)] == ["invite", "keep", "nothing", "keep"]
    invitation = session.scalars(select(Invitation)).one()
    assert (invitation.amount, invitation.interval) == (6000, "year")
    kept = session.scalars(select(GivenMembership.ends_at).order_by(GivenMembership.ends_at)).all()
    assert kept[0] == datetime(2026, 12, 2, tzinfo=UTC), "through the first of December"
    reminder = session.scalars(select(Job).where(Job.name == "imports.remind")).one()
    assert reminder.due_at == datetime(2027, 6, 2, tzinfo=UTC)


def test_memberfuls_file_names_no_price_and_a_price_without_its_rhythm_is_not_guessed(session, tiers):
    """What staff may add to it are two columns; a gift that Ghost's file names has an end only if they say so."""
    row = {"Plan": "Gold", "Active": "Yes", "Created at": "2022-06-08", "Expiration date": "2026-12-31"}
    rows = [
        {"Memberful ID": "1", "Email": "a@example.org", **row},
        {"Memberful ID": "2", "Email": "b@example.org", **row, "Price": "$50.00", "Interval": "year"},
        {"Memberful ID": "3", "Email": "c@example.org", **row, "Price": "5"},
        {"Memberful ID": "4", "Email": "d@example.org", **row, "Active": "No"},
        {"Memberful ID": "5", "Email": "e@example.org", **row, "Active": "No", "Expiration date": "2026-01-31"},
    ]
    run = applied(session, sheet([*MEMBERFUL, "Price", "Interval"], rows), "memberful", currency="USD")
    assert verdicts(session, run) == [
        ("doubt", "nothing", "no_price"), ("new", "invite", ""), ("doubt", "nothing", "no_rhythm"), ("new", "keep", ""),
        ("left", "nothing", "no_pledge"),
    ]  # fmt: skip
    assert session.scalars(select(Invitation)).one().pledged_since == datetime(2022, 6, 8, tzinfo=UTC)
    gifts = [{"id": "1", "email": "g@example.org", "gift_id": "x", "tiers": "Gold"}]
    assert verdicts(session, applied(session, sheet(GHOST, gifts), "ghost")) == [("doubt", "nothing", "no_end")]
    gifts[0]["paid_until"] = "2027-03-31"
    run = applied(session, sheet([*GHOST, "paid_until"], gifts), "ghost")
    assert verdicts(session, run) == [("new", "keep", "")]


def test_our_own_columns(session, tiers):
    rows = [
        {"email": "a@example.org", "amount": "€5.50", "since": "2020-02-29", "paid_until": "31.12.2026", "letters": "yes"},
        {"email": "b@example.org", "status": "cancelled", "paid_until": "2026-12-31"},
        {"email": "c@example.org", "status": "complimentary", "paid_until": "2027-12-31", "tier": "coffee"},
        {"email": "d@example.org", "amount": "5", "stripe_subscription_id": "sub_unknown"},
        {"email": "e@example.org", "amount": "5", "since": "3/4/2020"},
        {"email": "f@example.org", "status": "active"},
    ]
    run = applied(session, sheet(OWN, rows), "csv", tiers={"nothing": "coffee"})
    assert [(deed, reason) for _, deed, reason in verdicts(session, run)] == [
        ("invite", ""), ("keep", ""), ("keep", ""), ("nothing", "not_at_stripe"), ("nothing", "day"), ("nothing", "no_price"),
    ]  # fmt: skip
    coffee, reader = (tier.id for tier in tiers)
    assert session.scalars(select(Brought.tier_id).order_by(Brought.line)).all() == [reader, coffee, coffee]


def test_whoever_did_it_stands_in_the_trail(session, tiers):
    run = applied(session, sheet(PATREON, [member("ada@example.org")]))
    trail = session.execute(select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in trail] == ["import:handed_in", "import:asked_for", "import:applied"]
    assert trail[-1].detail == {"rows": 1, "done": {"invite": 1}}
    assert run.applied_at == NOW


def test_what_a_file_said_is_wiped_after_ninety_days(session, tiers, monkeypatch):
    run = applied(session, sheet(PATREON, [member("ada@example.org"), member("bad", 2)]))
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=90, hours=1))
    work(session)
    rows = session.scalars(select(ImportRow).where(ImportRow.import_id == run.id).order_by(ImportRow.line)).all()
    assert {(row.cells, row.email_key, row.source_key, row.detail) for row in rows} == {(None, None, None, None)}
    assert [row.verdict for row in rows] == ["new", "refused"]
    assert queries.report(session, run).judged == 2


def test_who_was_invited_is_reminded_once_a_week_before_what_they_paid_for_ends(session, tiers, monkeypatch):
    rows = [member("ada@example.org", 1), member("bo@example.org", 2)]
    applied(session, sheet(PATREON, rows))
    make.patron(session, "bo@example.org", paid_until=NOW + timedelta(days=90))  # has gone on in the meantime
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=13))
    work(session)
    reminders = session.scalars(select(Letter).where(Letter.kind == "brought_along_reminder")).all()
    assert [(letter.address, letter.text) for letter in reminders] == [("ada@example.org", "")]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=21))
    work(session)
    told = session.scalars(select(Letter.kind).where(Letter.address == "ada@example.org").order_by(Letter.id)).all()
    assert told == ["brought_along", "brought_along_reminder", "given_ended"]


def test_who_was_merely_known_and_pledges_now_is_invited(session, tiers):
    ghost = {"id": "1", "email": "ada@example.org", "subscribed_to_emails": "true"}
    applied(session, sheet(GHOST, [ghost]), "ghost")
    row = {"email": "ada@example.org", "id": "1", "letters": "yes", "status": "free"}
    applied(session, sheet(OWN, [row | {"email": "bo@example.org"}]), "csv")
    run = applied(session, sheet(OWN, [row | {"email": "bo@example.org", "status": "active", "amount": "5"}]), "csv")
    assert verdicts(session, run) == [("known", "invite", "")]
    person = person_by_email(session, "bo@example.org")
    assert session.scalars(select(Invitation)).one().reader_id == person.reader_id


def test_what_is_put_right_and_asked_for_again_comes_along_and_nobody_else_twice(session, tiers):
    """In doubt because of two readers; staff merge them; the button once more, and the row is done."""
    from membership.account.merging import merge

    applied(session, sheet(PATREON, [member("ada@example.org", 1)]))
    other = make.reader(session, "ada.new@example.org")
    run = applied(session, sheet(PATREON, [member("ada.new@example.org", 1), member("bo@example.org", 2)]))
    assert verdicts(session, run) == [("doubt", "nothing", "two_people"), ("new", "invite", "")]
    before = everything(session)
    ada = person_by_email(session, "ada@example.org")
    merge(session, ada.reader_id, other.reader_id, by=ada.reader_id, at=NOW)
    session.commit()
    actions.ask_for(session, run.id, by=None, at=NOW)
    session.commit()
    work(session)
    assert verdicts(session, run) == [("known", "nothing", "brought_before"), ("new", "invite", "")]
    assert everything(session)["invitation"] == before["invitation"]


def test_a_hand_in_that_was_interrupted_goes_on(session, tiers, monkeypatch):
    content, real = sheet(PATREON, [member(f"reader{n}@example.org", n) for n in range(7)]), actions.keep_rows
    monkeypatch.setattr(tasks, "RECEIVED_AT_ONCE", 3)
    done = []

    def twice(*args):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(real(*args))

    monkeypatch.setattr(actions, "keep_rows", twice)
    with pytest.raises(KeyboardInterrupt):
        hand_in(session, content)
    half = session.scalars(select(Import)).one()
    with pytest.raises(NotRehearsed):
        actions.ask_for(session, half.id, by=None, at=NOW)
    session.rollback()
    monkeypatch.setattr(actions, "keep_rows", real)
    run = rehearsed(session, content)
    assert (run.id, run.rows) == (half.id, 7)
    assert verdicts(session, run) == [("new", "invite", "")] * 7


def test_who_said_yes_where_they_were_before_is_not_asked_again(session, tiers):
    choose_figures(session, *as_figures({}, protect=False, ask_first=True))
    rows = [
        {"email": "yes@example.org", "id": "1", "letters": "yes", "status": "free"},
        {"email": "patron@example.org", "id": "2", "amount": "5", "paid_until": "2026-12-31"},
    ]
    applied(session, sheet(OWN, rows), "csv")
    wanted = [wishes(session, person_by_email(session, row["email"]).reader_id)["bulletins"] for row in rows]
    assert wanted == [True, False]
    said = session.execute(select(LetterConsent.sort, LetterConsent.wanted, LetterConsent.place)).all()
    assert sorted(said) == [("asking", True, "import"), ("bulletins", True, "import")]
