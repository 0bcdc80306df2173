"""Every page about perks in a real Chromium: a patron's and the staff's, empty and full, refused, narrow and dark."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from membership.perks import actions, community, queries
from membership.perks.models import PerkGrant
from membership.perks.states import KINDS
from membership.perks.stock_models import PerkCode
from tests import make
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_the_walk import press, sign_in

BACK = "https://forum.example/callback"
TERMS = {
    "link": {"address": "https://lantern.example/members"}, "shared_code": {"shared_code": "LANTERN-10"},
    "event": {"place": "The quay, second shed", "capacity": 2}, "thing": {"sizes": "S\nM\nL"}, "code": {"low_stock": 1},
}  # fmt: skip


def stocked(house, of):
    """A patron, a manager, a perk of each kind with its stock, and one of each that nobody has."""
    now = house.now()
    with house.session() as session:
        patron = make.patron(session, f"shelf{of}@example.org")
        staff = make.staff(session, "manager", email=f"staff{of}@example.org")
        made = {}
        for kind in KINDS:
            terms = dict(TERMS.get(kind, {}))
            if kind == "event":
                terms |= {"starts_at": now + timedelta(days=9), "ends_at": now + timedelta(days=9, hours=2)}
            title = f"A very long title of the kind {kind}, as somebody may write it, {of}"
            made[kind] = actions.make_perk(
                session, kind=kind, title=title, blurb="Words about it.", tier_ids=(), by=staff.reader_id, at=now, **terms
            ).id
            session.commit()
        actions.make_perk(
            session, kind="link", title=f"Later {of}", blurb="Words.", tier_ids=(), by=staff.reader_id, at=now, months=90,
            address="https://lantern.example/m",
        )  # fmt: skip
        session.add(PerkCode(perk_id=made["code"], code="HARBOUR-2026", added_at=now))
        client, _ = community.register(
            session, made["community"], name="The Forum", redirect_uris=[BACK], by=staff.reader_id, at=now
        )
        session.commit()
        ids = {"client": client.id, "reader": patron.reader_id, **made}
    house.settle()
    return ids


def look(page, name, pictures):
    assert_accessible(page)
    assert_fits(page)
    if pictures:
        page.screenshot(path=Path(pictures) / f"{name}.png", full_page=True)


@pytest.mark.long
@pytest.mark.parametrize(("width", "dark"), [(1200, False), (320, True)])
def test_every_page_about_perks_fits_and_is_accessible(house, visitor, width, dark):
    shelf = stocked(house, width)
    pictures = os.environ.get("PICTURES")
    mine, desk = visitor(width=width, dark=dark), visitor(width=width, dark=dark)
    sign_in(house, mine, f"shelf{width}@example.org")
    sign_in(house, desk, f"staff{width}@example.org")
    with house.session() as session:
        grants = {grant.perk_id: grant.id for grant in queries.every_grant_of(session, shelf["reader"])}

    def both(path, name, page=mine):
        page.goto(house.url + path)
        look(page, f"{name}-{width}", pictures)

    both("/account/perks", "mine")
    card = f"#perk-{grants[shelf['event']]}"
    press(mine, mine.locator(f"{card} button"))
    expect(mine.locator(card)).to_contain_text("You have a seat.")
    expect(mine.locator(f"{card} img")).to_be_visible()
    press(mine, mine.locator(f"#perk-{grants[shelf['code']]} button"))
    expect(mine.locator("main")).to_contain_text("HARBOUR-2026")
    press(mine, mine.locator(f"#perk-{grants[shelf['feed']]} button"))
    wall = mine.locator(f"#perk-{grants[shelf['wall']]}")
    wall.locator("input[name=name]").fill("Ada of the Very Long Name Street, with her three cats")
    press(mine, wall.locator("button"))
    look(mine, f"mine-used-{width}", pictures)
    both("/thanks", "thanks")
    parcel = f"/account/perks/{grants[shelf['thing']]}/parcel"
    both(parcel, "parcel")
    press(mine, mine.locator("main form button").last)
    look(mine, f"parcel-refused-{width}", pictures)
    for field, value in {"name": "Ada", "street": "1 Quay", "postcode": "1", "town": "Port"}.items():
        mine.locator(f"[name={field}]").fill(value)
    mine.locator("[name=country]").select_option("PT")
    mine.get_by_role("radio", name="M", exact=True).check()
    press(mine, mine.locator("main form button").last)
    asked = {"response_type": "code", "client_id": shelf["client"], "redirect_uri": BACK, "scope": "openid profile email",
             "nonce": "n", "state": "s", "code_challenge": "x" * 43, "code_challenge_method": "S256"}  # fmt: skip
    both("/oauth/authorize?" + urlencode(asked), "consent")
    both("/oauth/authorize?" + urlencode(asked | {"redirect_uri": "https://evil.example/"}), "consent-refused")
    both("/perks/nobody", "link-refused")

    both("/staff/perks", "desk", desk)
    for kind in KINDS:
        both(f"/staff/perks/new/{kind}", f"new-{kind}", desk)
        both(f"/staff/perks/{shelf[kind]}/terms", f"terms-{kind}", desk)
        both(f"/staff/perks/{shelf[kind]}", f"manage-{kind}", desk)
    both("/staff/perks/new/event", "new-refused", desk)
    press(desk, desk.locator("main form button").last)
    look(desk, f"new-refused-{width}", pictures)
    door = f"/staff/perks/{shelf['event']}/door"
    both(door, "door", desk)
    desk.locator("[name=code]").fill("AAAA")
    press(desk, desk.get_by_role("button", name="Let in").first)
    look(desk, f"door-refused-{width}", pictures)
    with house.session() as session:
        code = session.get(PerkGrant, grants[shelf["event"]]).code
    both(f"/staff/check-in/{code}", "door-scanned", desk)
    press(desk, desk.get_by_role("button", name="Let in").first)
    expect(desk.locator("main, [role=status]").first).to_be_visible()
    look(desk, f"door-come-{width}", pictures)
    both(f"/staff/perks/{shelf['link']}", "before-batch", desk)
    desk.locator("input[name=grant]").first.check()
    press(desk, desk.get_by_role("button", name="Take the ticked ones back"))
    house.settle()
    both(f"/staff/perks/{shelf['link']}", "batch", desk)
    expect(desk.locator("main")).to_contain_text("finished")
    both(f"/staff/patrons/{shelf['reader']}", "patron", desk)
    both("/staff/imports", "imports", desk)
    both("/account/perks", "mine-after")
