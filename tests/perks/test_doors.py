"""The door of an evening and the sheets of labels, as the staff use them."""

from types import SimpleNamespace

import pytest

from membership.perks import labels
from membership.perks.claim_models import PerkSeat
from tests import make
from tests.perks.test_kinds import HOME, as_staff, evening, only, signed_in
from tests.perks.test_ledger import perk, states


@pytest.fixture
def guests(session, client):
    """An evening with one seat, who has it, and who waits."""
    made = evening(session, capacity=1)
    people = [make.patron(session, f"{name}@example.org") for name in ("ada", "bo")]
    for person in people:
        signed_in(session, client, person)
        client.post(f"/account/perks/{only(session, person).id}/seat")
    return made, people


def test_each_seat_comes_in_once_and_a_mistake_is_undone(session, client, guests):
    made, (ada, bo) = guests
    seated, waiting = only(session, ada), only(session, bo)
    make.sign_in(session, client, ada)
    picture = client.get(f"/account/perks/{seated.id}/seat.svg")
    assert picture.content_type == "image/svg+xml" and b"<svg" in picture.data
    assert f"/account/perks/{seated.id}/seat.svg" in client.get("/account/perks").text
    assert client.get(f"/staff/check-in/{seated.code}").status_code == 403, "a guest lets nobody in"
    make.sign_in(session, client, bo)
    assert client.get(f"/account/perks/{waiting.id}/seat.svg").status_code == 404
    assert client.get(f"/account/perks/{seated.id}/seat.svg").status_code == 404

    as_staff(session, client)
    door = f"/staff/perks/{made.id}/door"
    scan = client.get(f"/staff/check-in/{seated.code}")
    assert scan.location == f"{door}?code={seated.code}"
    assert seated.code in client.get(scan.location).text and only(session, ada).state == "claimed"
    assert client.post(door, data={"code": seated.code.lower().replace("-", " ")}).status_code == 303
    assert "1 / 1" in client.get(door).text
    again = client.post(door, data={"code": seated.code})
    assert again.status_code == 409 and "has come in already" in again.text
    assert client.post(door, data={"code": waiting.code}).status_code == 409
    for code in ("", "x", "AAAA-AAAA-AAAA-AAAA"):
        assert "No seat of this event has that code" in client.post(door, data={"code": code}).text
    assert client.post(f"{door}/{seated.id}/undoing").status_code == 303
    assert client.post(f"{door}/{seated.id}/undoing").status_code == 409
    assert session.get(PerkSeat, seated.id, populate_existing=True).checked_in_at is None
    assert client.post(door, data={"guest": str(seated.id)}).status_code == 303
    session.expire_all()
    assert states(session, ada) == [["issued", "claimed", "redeemed", "claimed", "redeemed"]]
    assert "ada@example.org" in client.get(f"{door}?name=ADA").text
    assert "Nobody with a seat" in client.get(f"{door}?name=%25").text
    histories = client.get(f"/staff/patrons/{ada.reader_id}").text
    assert histories.count("at the door") == 3 and "An evening" in histories


def test_a_code_of_another_evening_does_not_open_this_door(session, client, guests):
    _made, (ada, _) = guests
    other = evening(session, title="Another")
    as_staff(session, client)
    assert client.post(f"/staff/perks/{other.id}/door", data={"code": only(session, ada).code}).status_code == 422
    assert client.post(f"/staff/perks/{other.id}/door", data={"guest": str(only(session, ada).id)}).status_code == 404
    link = perk(session)
    assert client.get(f"/staff/perks/{link.id}/door").status_code == 404


def test_labels_go_where_the_list_says_beginning_with_any(session, client):
    made = perk(session, "thing")
    ada = signed_in(session, client)
    client.post(f"/account/perks/{only(session, ada).id}/parcel", data=HOME)
    as_staff(session, client)
    paper = client.post(f"/staff/perks/{made.id}/labels.pdf", data={"sheet": "70x37", "first": "24"})
    assert paper.content_type == "application/pdf" and paper.data.startswith(b"%PDF")
    for wrong in ({"sheet": "70x37", "first": "25"}, {"sheet": "own", "measures": "9 9 70 37 0 0 0 0"}, {"sheet": "x"}):
        answer = client.post(f"/staff/perks/{made.id}/labels.pdf", data=wrong)
        assert answer.status_code == 303
        assert "These are no measures of labels" in client.get(answer.location).text


def address(**parts):
    return SimpleNamespace(**{**dict.fromkeys(("name", "street", "extra", "postcode", "town", "region"), ""),
                              "country": "PT", **parts})  # fmt: skip


def test_every_label_stays_inside_its_own():
    """Also the longest words, and on the last label of a sheet; what the font cannot write is left to a hand."""
    seen = []

    class Watched(labels.Paper):
        def cell(self, w=None, h=None, text="", **more):
            seen.append((self.page, self.x, self.y, self.get_string_width(text), h, text))
            return super().cell(w, h, text, **more)

    long = address(name="Word " * 30, street="U" * 150, extra="c/o", postcode="12345", town="T" * 60, region="R")
    people = [(number, address(name=f"N {number}", street="1 Quay", town="Port")) for number in range(23)]
    labels.Paper, kept = Watched, labels.Paper
    try:
        for sheet in labels.SHEETS.values():
            seen.clear()
            everybody = [*people, (99, long), (100, address(name="山田"))]
            made = labels.printed(everybody, sheet, first=2, language="en", title="Labels", by_hand="!")
            assert made.startswith(b"%PDF")
            for _, x, y, wide, high, text in seen:
                column = next(c for c in range(sheet.columns) if sheet.corner(c)[0] <= x < sheet.corner(c)[0] + sheet.width)
                left, _ = sheet.corner(column)
                assert left + 3.9 <= x and x + wide <= left + sheet.width - 3.9, text
                row = next(r for r in range(sheet.rows) if 0 <= y - sheet.corner(r * sheet.columns)[1] < sheet.height)
                assert y + high <= sheet.corner(row * sheet.columns)[1] + sheet.height, text
            assert not any("山" in text for *_, text in seen)
            first = next(line for line in seen if line[5] == "N 0")
            assert abs(first[1] - sheet.corner(1)[0] - labels.INSIDE) < 0.01
    finally:
        labels.Paper = kept


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("3 8 70 37 0 0.5 0 0", True), ("2 7 99,1 38,1 4,65 15,15 2,5 0", True), ("3 8 71 37 0 0 0 0", False),
        ("1 1 300 20 0 0 0 0", False), ("", False), ("3 8", False), ("a b c d e f g h", False), ("0 8 70 37 0 0 0 0", False),
        ("100 100 1 1 0 0 0 0", False), ("1e9 1 70 37 0 0 0 0", False), ("-1 8 70 37 0 0 0 0", False),
    ],
)  # fmt: skip
def test_measures_of_ones_own(typed, fits):
    if fits:
        assert labels.read_sheet(typed).holds >= 14
    else:
        with pytest.raises(labels.NotASheet):
            labels.read_sheet(typed)
