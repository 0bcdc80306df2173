"""Staff write the appeal, look at it, deal it out in variants, and see what it brought."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.appeals import actions, queries
from membership.appeals.counting import CLICKED, SEEN, counts
from membership.appeals.models import Appeal, AppealCount
from membership.appeals.results import result
from membership.appeals.rules import Words, dealt
from membership.giving.models import Checkout
from membership.giving.touch_models import CheckoutTouch
from membership.newsroom.models import Article
from tests import make
from tests.appeals.test_appeal import links

SITE = "http://localhost:8002"
WORDS = {
    "name": "Winter",
    "heading": "Still here",
    "text": "From {price}.\n\nThank you.",
    "button": "Join us",
    "ways": "Else",
}


@pytest.fixture(autouse=True)
def _nothing_counted_before(app):
    app.extensions.pop("appeals.counts", None)


@pytest.fixture
def manager(session, client):
    person = make.staff(session, "manager")
    make.sign_in(session, client, person)
    return person


def running(session, *, variants: int = 1, language: str = "en") -> Appeal:
    """An appeal that is shown now; each variant says its letter."""
    texts = {(n, language): Words(f"Heading {'ABCD'[n]}", "Text {price}", "Button", "Ways") for n in range(variants)}
    by = make.staff(session).reader_id
    appeal = actions.draft(session, "Winter", texts, by=by, at=make.NOON)
    actions.begin(session, appeal.id, by=by, at=make.NOON)
    session.commit()
    return appeal


def carried(page: str) -> str:
    return links(page)["/embed/on/join"]


def test_an_appeal_is_written_looked_at_and_shown(session, client, manager):
    made = client.post("/staff/appeals")
    here = made.location
    assert "You have read to the end" in client.get(here).text
    looked = client.post(here, data=WORDS | {"look": "1"})
    assert "Still here" in looked.text and "From €3." in looked.text and "Not saved yet" in looked.text
    assert "Still here" not in client.get(here).text
    part = client.post(f"{here}/preview", data=WORDS)
    assert part.text.count("<p>") == 2 and "<html" not in part.text and "From €3." in part.text
    assert client.post(here, data=WORDS).status_code == 303
    assert "Still here" not in client.get("/embed/appeal").text
    client.post(f"{here}/begin")
    page = client.get("/embed/appeal", headers={"Accept-Language": "en-US"}).text
    assert "Still here" in page and "From $3.50." in page and ">Join us</a>" in page


def test_what_cannot_be_shown_is_said_beside_its_field(session, client, manager):
    here = client.post("/staff/appeals").location
    answer = client.post(here, data=WORDS | {"heading": "Dear {name}"})
    assert answer.status_code == 422 and "“{name}” would be shown as it is" in answer.text.replace("&#34;", '"')
    assert client.post(here, data=WORDS | {"heading": ""}).status_code == 422


def test_markup_in_the_words_is_only_text(session, client, manager):
    here = client.post("/staff/appeals").location
    client.post(here, data=WORDS | {"heading": "<b>Bold</b>", "text": "<script>alert(1)</script>"})
    client.post(f"{here}/begin")
    page = client.get("/embed/appeal").text
    assert "<b>" not in page and "alert(1)</script>" not in page and "&lt;b&gt;" in page


def test_the_smallest_price_of_the_tiers_stands_in_the_readers_currency(session, client):
    running(session)
    make.tier(session, monthly=900)
    make.tier(session, monthly=500)
    assert "Text €5" in client.get("/embed/appeal").text
    assert "Text $3.50" in client.get("/embed/appeal", headers={"Accept-Language": "en-US"}).text
    # The article's language says nothing about its readers' money.
    assert "Text €5" in client.get("/embed/appeal?lang=en", headers={"Accept-Language": "de-AT"}).text


def test_languages_are_dealt_by_the_articles_and_the_readers_wish_and_run_their_own_way(session, client, manager):
    here = client.post("/staff/appeals").location
    client.post(here, data=WORDS)
    client.post(f"{here}/languages", data={"language": "ar"})
    client.post(f"{here}?language=ar", data=WORDS | {"heading": "شكرا"})
    client.post(f"{here}/begin")
    assert "Still here" in client.get("/embed/appeal").text
    for page in (
        client.get("/embed/appeal?lang=ar"),
        client.get("/embed/appeal", headers={"Accept-Language": "ar-EG"}),
    ):
        assert "شكرا" in page.text and 'lang="ar" dir="rtl"' in page.text
    assert client.post(f"{here}/languages", data={"language": "tlh"}).status_code == 409


def test_variants_come_and_go_in_a_draft_only(session, client, manager):
    here = client.post("/staff/appeals").location
    for letter in "BCD":
        assert client.post(f"{here}/variant").location.endswith(f"variant={letter}")
    assert client.post(f"{here}/variant").status_code == 409
    client.post(f"{here}/fewer")
    client.post(f"{here}/begin")
    assert client.post(f"{here}/variant").status_code == 409
    assert client.post(f"{here}/discard").status_code == 409
    appeal = queries.running(session)
    assert appeal.variants == 3 and len(queries.texts_of(session, appeal.id)) == 3


def test_one_appeal_runs_at_a_time_and_what_it_was_stays(session, client, manager):
    first, second = client.post("/staff/appeals").location, client.post("/staff/appeals").location
    client.post(f"{first}/begin")
    client.post(f"{second}/begin")
    states = {row.id: row.state for row in session.execute(select(Appeal)).scalars()}
    assert sorted(states.values()) == ["ended", "running"]
    assert client.post(first, data=WORDS).status_code == 409
    copy = client.post(f"{first}/copy").location
    assert copy not in {first, second} and client.post(f"{copy}/discard").status_code == 303
    client.post(f"{second}/end")
    assert "You have read to the end" in client.get("/embed/appeal").text


def test_changed_words_of_a_running_appeal_are_told_with_the_result(session, client, manager):
    appeal = running(session)
    assert client.post(f"/staff/appeals/{appeal.id}", data=WORDS).status_code == 303
    seen(client, f"{SITE}/a")
    assert "changed while it ran" in client.get(f"/staff/appeals/{appeal.id}/result").text


def test_every_article_shows_the_variant_that_it_was_dealt(session, client):
    appeal, today = running(session, variants=3), clock.now().date()
    for number in range(9):
        address = f"{SITE}/{number}"
        page = client.get("/embed/appeal", query_string={"article": f"{address}?utm_source=x#top"}).text
        assert f"Heading {'ABC'[dealt(appeal.id, address, today, 3)]}" in page


def seen(client, article: str, **headers: str) -> str:
    """Load the frame and say that it was seen; what the frame carries."""
    here = carried(client.get("/embed/appeal", query_string={"article": article}).text)
    answer = client.get("/embed/seen.gif", query_string={"article": here}, headers=headers)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    return here


def counted(session) -> list[tuple[int, int]]:
    counts().write()
    session.expire_all()
    rows = session.execute(select(AppealCount).order_by(AppealCount.article_id)).scalars()
    return [(row.seen, row.clicked) for row in rows]


def test_seen_and_clicked_are_added_up_by_article_and_written_at_once(session, client):
    running(session)
    here = seen(client, f"{SITE}/a")
    seen(client, f"{SITE}/a")
    went = client.get("/embed/on/join", query_string={"article": here})
    assert went.status_code == 303 and went.location.startswith("http://127.0.0.1:8000/join?article=")
    assert "Set-Cookie" not in went.headers
    seen(client, f"{SITE}/b")
    assert counted(session) == [(2, 1), (1, 0)]
    seen(client, f"{SITE}/b")
    assert counted(session) == [(2, 1), (2, 0)]


@pytest.mark.parametrize(
    "headers", [{"User-Agent": "Examplebot/2.1"}, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}]
)
def test_machines_and_pages_fetched_in_advance_are_not_counted(session, client, headers):
    seen(client, f"{SITE}/a", **headers)
    assert counted(session) == []


@pytest.mark.parametrize("change", [("appeal=", "appeal=9"), ("day=20", "day=19"), ("localhost", "elsewhere")])
def test_what_no_frame_of_ours_says_is_not_counted(session, client, change):
    here = carried(client.get("/embed/appeal", query_string={"article": f"{SITE}/a"}).text).replace(*change)
    client.get("/embed/seen.gif", query_string={"article": here})
    client.get("/embed/on/give", query_string={"article": here})
    assert counted(session) == []


def test_nobody_fills_our_memory_with_articles(session, client, monkeypatch):
    monkeypatch.setattr("membership.appeals.counting.MOST_LINES", 3)
    for number in range(9):
        seen(client, f"{SITE}/{number}")
    found = counted(session)
    assert sum(number for number, _ in found) == 9 and len(found) == 4


def invented(client, number: int, network: int) -> None:
    here = f"{SITE}/invented-{number}#appeal=0&day={clock.now().date()}"
    environ = {"REMOTE_ADDR": f"198.51.{network}.7"}
    client.get("/embed/seen.gif", query_string={"article": here}, environ_base=environ)


def test_invented_paths_become_no_articles_beyond_what_a_network_and_a_day_may_name(session, client, monkeypatch):
    monkeypatch.setattr("membership.appeals.counting.NEW_PER_NETWORK", 3)
    known = Article(address=f"{SITE}/a", title="", first_seen_at=clock.now() - timedelta(days=9))
    session.add(known)
    session.commit()

    def articles_after(*paths: tuple[int, int]) -> int:
        for number, network in paths:
            invented(client, number, network)
        counts().write()
        return session.scalar(select(func.count()).select_from(Article)) - 1

    assert articles_after((0, 1), (1, 1), (2, 1), (3, 1)) == 3
    assert articles_after((4, 1), (5, 2), (6, 1), (7, 2)) == 5
    monkeypatch.setattr("membership.appeals.counting.NEW_A_DAY", 6)
    seen(client, f"{SITE}/a")
    assert articles_after((8, 3), (9, 3)) == 6
    names = {row.id: row.address for row in session.scalars(select(Article))} | {0: ""}
    rows = {names[row.article_id]: row.seen for row in session.scalars(select(AppealCount))}
    assert rows[f"{SITE}/a"] == 1 and rows[""] == 4 and sum(rows.values()) == 11  # nothing that was seen is left out
    tomorrow = clock.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert articles_after((10, 1)) == 7


def test_what_could_not_be_written_is_written_the_next_time(session, client, monkeypatch, caplog):
    seen(client, f"{SITE}/a")
    with monkeypatch.context() as broken:
        broken.setattr("membership.appeals.counting.add", lambda *_, **__: 1 / 0)
        counts().write()
    assert "tried again" in caplog.text
    assert counted(session) == [(1, 0)]


def paid(session, appeal: Appeal, address: str, day: date, amount: int = 500, state: str = "paid") -> None:
    article = session.execute(select(Article).where(Article.address == address)).scalar_one_or_none()
    if article is None:
        article = Article(address=address, title="", first_seen_at=make.NOON)
        session.add(article)
        session.flush()
    number = len(session.execute(select(Checkout.id)).all())
    checkout = Checkout(
        token=f"t{number}", attempt=f"a{number}", kind="donation", state=state, email="a@example.org", language="en",
        currency="EUR", amount=amount, article_id=article.id, browser_hash="", begun_at=make.NOON,
    )  # fmt: skip
    session.add(checkout)
    session.flush()
    session.add(CheckoutTouch(checkout_id=checkout.id, appeal_id=appeal.id, day=day))
    session.flush()


def test_the_result_puts_payments_where_their_article_day_was_dealt(session, client, manager):
    appeal, day = running(session, variants=2), date(2026, 11, 20)
    articles = [f"{SITE}/{number}" for number in range(12)]
    for address in articles:
        variant = dealt(appeal.id, address, day, 2)
        for _ in range(2):
            paid(session, appeal, address, day, amount=500 + variant)
        paid(session, appeal, address, day, state="expired")
        article = session.execute(select(Article).where(Article.address == address)).scalar_one()
        session.add(
            AppealCount(
                day=day, appeal_id=appeal.id, article_id=article.id, variant=variant, language="en", seen=100, clicked=4
            )
        )
    session.commit()
    found = result(session, appeal.id)
    ours = [sum(dealt(appeal.id, address, day, 2) == variant for address in articles) for variant in (0, 1)]
    assert [(line.article_days, line.seen, line.clicked, line.paid) for line in found.variants] == [
        (number, 100 * number, 4 * number, 2 * number) for number in ours
    ]
    assert [line.revenue[0].minor for line in found.variants] == [ours[0] * 1000, ours[1] * 1002]
    page = client.get(f"/staff/appeals/{appeal.id}/result").text
    assert "B beside A" in page and "Not yet: each of the two needs 20 payments" in page


def test_an_appeal_that_nobody_saw_says_so_and_one_that_is_not_there_is_not_there(session, client, manager):
    appeal = running(session)
    assert "Nobody has seen it yet" in client.get(f"/staff/appeals/{appeal.id}/result").text
    assert "Nobody has seen it yet" in client.get("/staff/appeals/0/result").text
    assert client.get(f"/staff/appeals/{appeal.id + 1}/result").status_code == 404


def test_a_viewer_reads_results_and_writes_nothing(session, client):
    appeal = running(session)
    make.sign_in(session, client, make.staff(session, "viewer"))
    page = client.get("/staff/appeals").text
    assert "What it brought" in page and "<form" not in page.partition("<h1>")[2]
    assert client.get(f"/staff/appeals/{appeal.id}/result").status_code == 200
    assert client.get(f"/staff/appeals/{appeal.id}").status_code == 403


def test_yesterdays_frame_is_counted_with_yesterdays_deal(session, client):
    appeal = running(session, variants=2)
    day = clock.now().date() - timedelta(days=1)
    here = f"{SITE}/a#embed=appeal&appeal={appeal.id}&day={day}&lang=en"
    client.get("/embed/seen.gif", query_string={"article": here})
    counts().write()
    row = session.execute(select(AppealCount)).scalar_one()
    assert (row.day, row.variant) == (day, dealt(appeal.id, f"{SITE}/a", day, 2))


def test_a_click_is_no_state_of_the_readers(session, client):
    assert (SEEN, CLICKED) == ("seen", "clicked")
    assert client.get("/embed/on/elsewhere").status_code == 404
    assert client.get("/embed/on/give").location == "http://127.0.0.1:8000/give"
