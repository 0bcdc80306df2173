"""The reports `articles` and `perks` against a small newsroom calculated by hand, however much of it is rolled up.

The newsroom's clocks are Vienna's; February to April 2026 is asked for. Amounts are minor units.

    who   last article  first  embed   campaign    language  pays (each in its month)
    Ada   dam           dam    appeal  -           en-GB     new 10 Feb; 500 in Feb, Mar, Apr and May
    Bea   dam           bus    goal    winter      -         new 5 Mar; 1,000 in Mar and Apr (the article is in English)
    Cay   bus           -      -       -           de        a gift of 2,000 on 20 Mar
    Dee   -             -      -       spring/utm  -         new 1 Apr 00:00; USD 1,500 in Apr
    Eve   -             -      -       -           -         brought along in January; 700 in Mar, which begins nothing
    Fay   bus           bus    appeal  winter      -         begins a checkout in March and pays nothing

    seen and clicked: dam 100 and 4 in February, 50 and 1 in April (words in English), 999 and 9 in May; bus 30 and 0 in
    March (in German); all of it the appeal Winter.

    The mug (EUR 3.50 each): one is issued in Feb, claimed in Feb and sent in Mar; another is issued in Feb, claimed and
    given back in Mar; a third is issued in Mar and expires in Apr; a fourth is issued in Jan, revoked in Feb and open again
    in Apr.
"""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.appeals.models import Appeal, AppealCount
from membership.appeals.rules import dealt
from membership.giving.models import Checkout, Payment
from membership.giving.touch_models import CheckoutTouch
from membership.memberships.models import Membership, MembershipPayment, Movement
from membership.money import Money
from membership.newsroom.models import Article, Newsroom
from membership.perks import actions as perk_actions
from membership.perks import ledger
from membership.perks.models import PerkStep
from membership.readers import actions as readers
from membership.reports import marks, sums, tasks
from membership.reports.frame import HIDDEN, Asked, parts_of
from membership.reports.perks import deed_of
from membership.reports.register import REPORTS
from membership.reports.touch_lines import Came, appeal_of, language_of
from tests import make

ZONE = "Europe/Vienna"
AT = datetime(2026, 5, 20, 12, tzinfo=UTC)
ASKED = Asked(AT, ZONE, "EUR", "2026-02", "2026-04")
SITE = "http://localhost:8002"
DAY = date(2026, 2, 9)
_NUMBER = itertools.count()


def vienna(month, day, hour=12):
    return datetime(2026, month, day, hour, tzinfo=ZoneInfo(ZONE))


def eur(minor):
    return Money(minor, "EUR")


def came(session, at, *, amount, currency="EUR", kind="membership", state="paid", article=None, first=None, **touch):
    """A checkout and how somebody came to it."""
    number = next(_NUMBER)
    row = Checkout(
        token=f"way{number}", attempt=f"way{number}", kind=kind, state=state, email="", language="en", currency=currency,
        amount=amount, article_id=article.id if article else None, browser_hash="", begun_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(CheckoutTouch(checkout_id=row.id, first_article_id=first.id if first else None, **touch))
    return row


def pays(session, person, amount, at, *, checkout=None, currency="EUR", kind="membership", article=None, of=None):
    row = Payment(
        stripe_id=f"in_way{next(_NUMBER)}", reader_id=person.reader_id, kind=kind, currency=currency, amount=amount,
        paid_at=at, method="card", article_id=article.id if article else None, checkout_id=checkout.id if checkout else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    if of:
        session.add(MembershipPayment(payment_id=row.id, membership_id=of.id, period_start=at, period_end=at))
        session.flush()


def joins(session, tier, at, *, amount, months, checkout=None, currency="EUR", article=None, **values):
    """A membership that begins at `at` and pays at noon of the 15th in each of these months."""
    person = readers.know(session, f"way{next(_NUMBER)}@example.org", at=at)
    row = Membership(
        subscription_id=f"sub_way{next(_NUMBER)}", reader_id=person.reader_id, tier_id=tier.id, status="active",
        currency=currency, amount=amount, interval="month", counted=12 * amount, started_at=at, frozen=False, paused=False,
        checkout_id=checkout.id if checkout else None, article_id=article.id if article else None, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(
        Movement(membership_id=row.id, sequence=1, reader_id=person.reader_id, tier_id=tier.id, kind="new",
                 currency=currency, yearly=12 * amount, at=at)
    )  # fmt: skip
    for month in months:
        known = None if month == months[-1] else checkout  # a payment need not name its membership's checkout
        pays(session, person, amount, vienna(month, 15), checkout=known, currency=currency, article=article, of=row)
    return person


@pytest.fixture
def newsroom(session):
    session.scalars(select(Newsroom)).one().time_zone = ZONE
    tier = make.tier(session, "member")
    dam = Article(address=f"{SITE}/dam", title="The dam", language="en", first_seen_at=AT)
    bus = Article(address=f"{SITE}/bus", title="", first_seen_at=AT)
    winter = Appeal(name="Winter", state="ended", variants=2, made_at=AT)
    session.add_all([dam, bus, winter])
    session.flush()
    ada = came(session, vienna(2, 10), amount=500, article=dam, first=dam, embed="appeal", language="en-GB",
               appeal_id=winter.id, day=DAY)  # fmt: skip
    joins(session, tier, vienna(2, 10), amount=500, months=(2, 3, 4, 5), checkout=ada, article=dam)
    bea = came(session, vienna(3, 5), amount=1000, article=dam, first=bus, embed="goal", campaign="winter")
    joins(session, tier, vienna(3, 5), amount=1000, months=(3, 4), checkout=bea, article=dam)
    cay = came(session, vienna(3, 20), amount=2000, kind="donation", article=bus, language="de")
    giver = readers.know(session, "cay@example.org", at=AT)
    pays(session, giver, 2000, vienna(3, 20), checkout=cay, kind="donation", article=bus)
    dee = came(session, vienna(4, 1, 0), amount=1500, currency="USD", utm_campaign="spring")
    joins(session, tier, vienna(4, 1, 0), amount=1500, months=(4,), checkout=dee, currency="USD")
    joins(session, tier, vienna(1, 3), amount=700, months=(3,), adopted_at=vienna(1, 3))
    came(session, vienna(3, 9), amount=500, state="expired", article=bus, first=bus, embed="appeal", campaign="winter")
    for article, day, seen, clicked, language in (
        (dam, date(2026, 2, 9), 100, 4, "en"), (dam, date(2026, 4, 30), 50, 1, "en"), (dam, date(2026, 5, 1), 999, 9, "en"),
        (bus, date(2026, 3, 1), 30, 0, "de-AT"),
    ):  # fmt: skip
        variant = dealt(winter.id, article.address, day, 2)
        session.add(
            AppealCount(day=day, appeal_id=winter.id, article_id=article.id, variant=variant, language=language, seen=seen,
                        clicked=clicked)
        )  # fmt: skip
    mugs(session)
    session.commit()
    return session


def mugs(session):
    by = make.staff(session).reader_id
    mug = perk_actions.make_perk(session, kind="thing", title="The mug", blurb="Tea.", tier_ids=(), by=by, at=vienna(1, 1))
    mug.cost, mug.cost_currency = 350, "EUR"
    perk_actions.make_perk(session, kind="link", title="Nobody's", blurb="", tier_ids=(), by=by, at=vienna(1, 1),
                           address="https://lantern.example/m")  # fmt: skip
    lives = (
        (("issued", 2, 3), ("claimed", 2, 20), ("redeemed", 3, 2)),
        (("issued", 2, 3), ("claimed", 3, 1), ("issued", 3, 9)),
        (("issued", 3, 3), ("expired", 4, 3)),
        (("issued", 1, 31), ("revoked", 2, 1), ("issued", 4, 30)),
    )
    for life in lives:
        holder = readers.know(session, f"mug{next(_NUMBER)}@example.org", at=AT)
        grant = ledger.issue(session, mug, holder.reader_id, number=1, at=vienna(*life[0][1:]))
        for state, month, day in life[1:]:
            ledger.bring(session, grant, mug, state, at=vienna(month, day))


def cells(session, report, name, asked=ASKED):
    """The rows of a part, words of links as they are read, by their first cells up to the currency or the kind."""
    found = next(one for one in REPORTS[report].make(session, asked) if one.name == name)
    return [tuple(getattr(cell, "words", cell) for cell in row) for row in found.rows]


NONE = (0, 0, None, 0, None)
EXPECTED = {
    "last": [
        ("The dam", f"{SITE}/dam", "EUR", 150, 5, 2, 2, eur(1500), 5, eur(3500)),
        (f"{SITE}/bus", f"{SITE}/bus", "EUR", 30, 0, 0, 1, eur(2000), 1, eur(2000)),
        ("No article", "", "EUR", 0, 0, 0, 0, eur(0), 1, eur(700)),
        ("No article", "", "USD", None, None, 1, 1, Money(1500, "USD"), 1, Money(1500, "USD")),
    ],
    "first": [
        (f"{SITE}/bus", f"{SITE}/bus", "EUR", 1, 1, eur(1000), 2, eur(2000)),
        ("The dam", f"{SITE}/dam", "EUR", 1, 1, eur(500), 3, eur(1500)),
        ("No article", "", "EUR", 0, 1, eur(2000), 2, eur(2700)),
        ("No article", "", "USD", 1, 1, Money(1500, "USD"), 1, Money(1500, "USD")),
    ],
    "embeds": [
        ("No embed", "", "EUR", 0, 1, eur(2000), 2, eur(2700)),
        ("No embed", "", "USD", 1, 1, Money(1500, "USD"), 1, Money(1500, "USD")),
        ("A campaign's goal", "goal", "EUR", 1, 1, eur(1000), 2, eur(2000)),
        ("The appeal", "appeal", "EUR", 1, 1, eur(500), 3, eur(1500)),
    ],
    "campaigns": [
        ("No campaign", "", "EUR", 1, 2, eur(2500), 5, eur(4200)),
        ("winter", "winter", "EUR", 1, 1, eur(1000), 2, eur(2000)),
        ("spring", "spring", "USD", 1, 1, Money(1500, "USD"), 1, Money(1500, "USD")),
    ],
    "languages": [
        ("English", "en", "EUR", 150, 5, 2, 2, eur(1500), 5, eur(3500)),
        ("German", "de", "EUR", 30, 0, 0, 1, eur(2000), 1, eur(2000)),
        ("Not known", "", "EUR", 0, 0, 0, 0, eur(0), 1, eur(700)),
        ("Not known", "", "USD", None, None, 1, 1, Money(1500, "USD"), 1, Money(1500, "USD")),
    ],
}


def check_articles(session):
    for name, rows in EXPECTED.items():
        assert cells(session, "articles", name) == rows, name
    winter = session.scalars(select(Appeal)).one()
    far, counted = {}, (("dam", DAY, 100, 4), ("dam", date(2026, 4, 30), 50, 1), ("bus", date(2026, 3, 1), 30, 0))
    for address, day, seen, clicked in counted:
        both = far.setdefault("AB"[dealt(winter.id, f"{SITE}/{address}", day, 2)], [0, 0])
        both[0], both[1] = both[0] + seen, both[1] + clicked
    paid = "AB"[dealt(winter.id, f"{SITE}/dam", DAY, 2)]
    brought = (1, 1, eur(500), 3, eur(1500))
    assert cells(session, "articles", "appeals") == [
        ("Winter", winter.id, letter, "EUR" if letter == paid else "", *far[letter], Fraction(far[letter][1], far[letter][0]),
         *(brought if letter == paid else NONE))
        for letter in sorted(far)
    ]  # fmt: skip


def check_perks(session):
    assert cells(session, "perks", "perks") == [
        ("The mug", "the-mug", "A thing by post", "thing", 3, 1, 1, 1, 0, 3, eur(350), eur(350))
    ]
    assert cells(session, "perks", "months") == [
        ("2026-02", 2, 1, 0, 0, 1), ("2026-03", 1, 0, 1, 0, 0), ("2026-04", 0, 0, 0, 1, -1),
    ]  # fmt: skip


def test_what_articles_and_appeals_brought_is_what_was_calculated_by_hand(newsroom):
    check_articles(newsroom)


def test_what_became_of_perks_is_what_was_calculated_by_hand(newsroom):
    check_perks(newsroom)


@pytest.mark.parametrize("most", [1, 1000])
def test_however_much_of_it_is_rolled_up_the_figures_are_the_same(newsroom, most):
    """Rolled up step by step in portions, looked at in between, begun anew in another zone, and rebuilt from nothing."""
    for source, mark in marks.held(newsroom, ZONE, at=AT).items():  # on PostgreSQL numbers go on behind those of other tests
        table = marks.SOURCES[source]
        mark.upto = newsroom.execute(select(func.min(table.id))).scalar_one() - 1
    newsroom.flush()
    most_rows = max(number - mark.upto for number, mark in zip(*both(newsroom), strict=True))
    portions = 1
    while sums.roll(newsroom, ZONE, sums.Next(settled(newsroom), (), more=False), at=AT, most=most):
        portions += 1
        if portions % 3 == 2:
            check_articles(newsroom)
            check_perks(newsroom)
    assert portions == -(-most_rows // most)
    check_articles(newsroom)
    check_perks(newsroom)
    sums.roll(newsroom, "UTC", sums.Next(settled(newsroom), (), more=False), at=AT)
    assert {mark.zone for mark in newsroom.scalars(select(marks.RollMark))} == {"UTC"}
    utc = [row for row in cells(newsroom, "articles", "last", replace(ASKED, zone="UTC", since="2026-04")) if row[2] == "USD"]
    assert [row[5:8] for row in utc] == [(0, 1, Money(1500, "USD"))]  # by those clocks Dee joined in March
    check_articles(newsroom)
    newsroom.commit()
    assert list(tasks.rebuild())[-1] >= 1
    newsroom.expire_all()
    assert {mark.zone for mark in newsroom.scalars(select(marks.RollMark))} == {ZONE}
    check_articles(newsroom)
    check_perks(newsroom)


def both(session):
    held = marks.held(session, ZONE, at=AT)
    return settled(session).values(), [held[source] for source in marks.SOURCES]


def settled(session):
    return {source: marks.settled(session, source) for source in marks.SOURCES}


def test_what_comes_after_the_sums_is_added_when_a_report_is_read(newsroom):
    sums.roll(newsroom, ZONE, sums.Next(settled(newsroom), (), more=False), at=AT)
    dam = newsroom.scalars(select(Article).where(Article.title == "The dam")).one()
    giver = readers.know(newsroom, "gus@example.org", at=AT)
    pays(newsroom, giver, 100, vienna(4, 2), kind="donation", article=dam)
    grant_id = newsroom.scalars(select(PerkStep.grant_id)).first()
    newsroom.add(PerkStep(grant_id=grant_id, state="revoked", at=vienna(4, 3), why=""))
    newsroom.flush()
    assert cells(newsroom, "articles", "last")[0][5:] == (2, 3, eur(1600), 6, eur(3600))
    assert cells(newsroom, "perks", "months")[2] == ("2026-04", 0, 0, 0, 1, 0)


def test_a_currency_is_told_by_itself(newsroom):
    asked = Asked(AT, ZONE, "EUR", "2026-02", "2026-04", currency="USD")
    assert cells(newsroom, "articles", "campaigns", asked) == [EXPECTED["campaigns"][2]]


def test_viewers_see_how_far_an_appeal_reached_and_no_figures_of_few(newsroom):
    made = parts_of(REPORTS["articles"], newsroom, Asked(AT, ZONE, "EUR", "2026-02", "2026-04", full=False))
    [dam, *_] = next(part for part in made if part.name == "last").rows
    assert dam[3:] == (150, 5, *[HIDDEN] * 5)


def test_the_page_links_to_articles_and_shows_as_many_as_it_says(newsroom, client, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    monkeypatch.setattr("membership.reports.articles.ON_THE_PAGE", 1)
    make.sign_in(newsroom, client, make.staff(newsroom, "manager"))
    page = client.get("/staff/reports/articles?from=2026-02&to=2026-04").text
    assert f'<a href="{SITE}/dam" rel="noreferrer">The dam</a>' in page and "3 more lines stand in the files." in page
    assert f'href="{SITE}/bus" rel="noreferrer">{SITE}/bus</a></th><td>EUR</td><td class="number">30' not in page
    assert page.count('role="img"') > 3 and "style=" not in page
    assert f"\r\nlast,The dam,{SITE}/dam," in client.get("/staff/reports/articles.csv?from=2026-02&to=2026-04").text


@pytest.mark.parametrize(
    ("was", "state", "counts"),
    [
        ("", "issued", ("issued", 1)), ("issued", "claimed", ("claimed", 1)), ("claimed", "issued", ("claimed", -1)),
        ("issued", "redeemed", ("redeemed", 1)), ("claimed", "redeemed", ("redeemed", 1)),
        ("redeemed", "claimed", ("redeemed", -1)), ("claimed", "expired", ("expired", 1)),
        ("redeemed", "revoked", ("revoked", 1)), ("revoked", "redeemed", ("revoked", -1)),
        ("revoked", "issued", ("revoked", -1)),
    ],
)  # fmt: skip
def test_each_step_of_a_perk_counts_once_and_what_is_undone_takes_it_back(was, state, counts):
    assert deed_of(was, state) == counts


@pytest.mark.parametrize(
    ("came", "language", "appeal"),
    [
        (Came(), "", ""),
        (Came(language="pt_BR", article_language="en"), "pt", ""),
        (Came(article_language="EN-gb"), "en", ""),
        (Came(appeal_id=0, day=DAY), "", "0/0"),
        (Came(appeal_id=3), "", ""),
        (Came(address=f"{SITE}/dam", appeal_id=3, day=DAY, variants=4), "", f"3/{dealt(3, f'{SITE}/dam', DAY, 4)}"),
    ],
)
def test_what_a_touch_says_of_language_and_appeal(came, language, appeal):
    assert (language_of(came), appeal_of(came)) == (language, appeal)
