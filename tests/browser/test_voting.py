"""Voting in a real Chromium: a ranking by keyboard, by hand and without script; days added up; stars."""

from __future__ import annotations

import itertools
from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select

from membership.ballots import actions
from membership.ballots.models import Ballot, BallotBegun
from membership.ballots.urn import Vote
from tests import make
from tests.ballots.helpers import accepted_topics
from tests.browser.conftest import NARROW, Visitors
from tests.browser.looking import assert_accessible, assert_fits, tab_order
from tests.browser.test_the_walk import sign_in
from tests.house_on_sockets import House

_number = itertools.count(1)


def a_ballot(house: House, *, voters: int = 1, **what: object) -> tuple[str, list[str]]:
    """A fresh open ballot: its slug, and the addresses of its voters."""
    number = next(_number)
    addresses = [f"voter{number}-{one}@example.org" for one in range(voters)]
    with house.session() as session:
        tier = make.tier(session)
        at = house.now()
        for address in addresses:
            make.patron(
                session, address, tier_row=tier, since=at - timedelta(days=9), paid_until=at + timedelta(days=9)
            )
        editor = make.staff(session, "editor")
        ids = accepted_topics(session, 4, by=editor.reader_id, proposer=editor.reader_id, at=at)
        if "costs" in what:
            what["costs"] = dict(zip(ids, what["costs"], strict=True))  # type: ignore[call-overload]
        made = actions.announce(
            session, title=f"A question of the harbour {number}", question="What should we look into next?",
            topic_ids=ids, opens_at=at, closes_at=at + timedelta(days=2), by=editor.reader_id, at=at,
            attempt=f"browser-{number}", secret=house.environment["SECRET_KEY"], **what,
        )  # fmt: skip
        session.commit()
        return made.slug, addresses


def contents(house: House, slug: str) -> list[str]:
    with house.session() as session:
        return list(
            session.scalars(select(Vote.content).join(Ballot, Ballot.id == Vote.ballot_id).where(Ballot.slug == slug))
        )


def rank(page: Page, number: int) -> object:
    return page.get_by_role("spinbutton", name=f"Harbour question {number}")


def test_a_ranking_is_cast_by_keyboard_alone(house: House, visitor: Visitors):
    slug, [address] = a_ballot(house, way="ranks")
    page = visitor()
    sign_in(house, page, address)
    page.goto(f"{house.url}/ballots/{slug}")
    assert_accessible(page)
    assert "input rank-2" in tab_order(page)
    page.reload()
    for name, typed in (("rank-3", "1"), ("rank-1", "2")):
        for _ in range(80):  # the order is the voter's own, so that one of them may stand before the other
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == name:
                break
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your vote is in")
    assert contents(house, slug) == ["3,1"]
    page.wait_for_load_state()  # the script that forgets the draft runs before a page has loaded
    assert page.evaluate("localStorage.length") == 0


def test_a_ranking_is_built_by_buttons_and_dragging_and_kept_in_the_browser(house: House, visitor: Visitors):
    slug, [address] = a_ballot(house, way="ranks")
    page = visitor()
    sign_in(house, page, address)
    page.goto(f"{house.url}/ballots/{slug}")
    with page.expect_response(lambda answer: answer.url.endswith("/beginning")):
        page.get_by_role("button", name="Next choice: Harbour question 2").click()
    page.get_by_role("button", name="Next choice: Harbour question 4").click()
    page.get_by_role("button", name="Next choice: Harbour question 1").click()
    lines = page.locator(".ranking li")
    expect(lines).to_have_count(3)
    for _ in "abc":  # a machine with much to do may lose a movement of the mouse, as a hand may
        lines.nth(2).drag_to(lines.nth(0))
        if "Harbour question 1" in (lines.first.text_content() or ""):
            break
    expect(lines.first).to_contain_text("Harbour question 1")
    page.get_by_role("button", name="Down: Harbour question 1").focus()
    for _ in "ab":  # the button goes along, so that it can be pressed again
        page.keyboard.press("Enter")
    expect(lines.nth(2)).to_contain_text("Harbour question 1")
    page.keyboard.press("Enter")
    expect(lines.nth(1)).to_contain_text("Harbour question 1")
    page.keyboard.press("Enter")
    expect(lines.first).to_contain_text("Harbour question 1")
    with house.session() as session:
        assert session.scalars(select(BallotBegun.signal)).all()[-1] == "touched"
    assert contents(house, slug) == []
    page.goto(f"{house.url}/ballots/{slug}")
    expect(page.get_by_role("status")).to_contain_text("kept in this browser")
    expect(page.locator("input[name=rank-1]")).to_have_value("1")
    assert_accessible(page)
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your vote is in")
    assert contents(house, slug) == ["1,2,4"]


def test_without_script_a_ranking_is_looked_over_mended_and_cast_on_a_narrow_screen(house: House, visitor: Visitors):
    slug, [address] = a_ballot(house, way="ranks")
    page = visitor(script=False, width=NARROW, dark=True)
    sign_in(house, page, address)
    page.goto(f"{house.url}/ballots/{slug}")
    page.locator("input[name=rank-4]").fill("1")
    page.locator("input[name=rank-2]").fill("1")
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.get_by_role("alert")).to_contain_text("number 1 twice")
    expect(page.locator("input[name=rank-4]")).to_have_value("1")
    page.locator("input[name=rank-2]").fill("3")
    page.get_by_role("button", name="Look it over first").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not yet cast")
    page.get_by_role("button", name="Change something").click()
    expect(page.locator("input[name=rank-2]")).to_have_value("3")
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.locator("main ol li")).to_have_text(["Harbour question 4", "Harbour question 2"])
    assert contents(house, slug) == ["4,2"]


def test_shared_days_are_added_up_and_stars_are_given_on_a_narrow_screen(house: House, visitor: Visitors):
    days, [address] = a_ballot(house, way="days", costs=[6, 5, 4, 2], budget=10)
    page = visitor(width=NARROW)
    sign_in(house, page, address)
    page.goto(f"{house.url}/ballots/{days}")
    page.get_by_role("checkbox", name="Harbour question 1").check()
    page.get_by_role("checkbox", name="Harbour question 2").check()
    expect(page.locator("[data-running]")).to_have_text("11 of 10 days")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.get_by_role("alert")).to_contain_text("come to 11 days")
    page.get_by_role("checkbox", name="Harbour question 2").uncheck()
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your vote is in")
    assert contents(house, days) == ["1"]
    stars, [address] = a_ballot(house, way="stars")
    page = visitor(width=NARROW, dark=True)
    sign_in(house, page, address)
    page.goto(f"{house.url}/ballots/{stars}")
    assert_fits(page)
    assert_accessible(page)
    page.locator("input[name=score-2][value='4']").check()
    page.get_by_role("button", name="Cast my vote").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your vote is in")
    assert contents(house, stars) == ["0400"]
