"""Each kind as a patron and the staff meet it, over HTTP: codes, files, feeds, seats, parcels, the wall, many at once."""

import io
from datetime import timedelta

import feedparser
import pytest
from icalendar import Calendar
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from membership import clock
from membership.mail.models import Letter
from membership.memberships.models import Membership
from membership.perks import batches, codes, files, queries, seats
from membership.perks.claim_models import PerkSeat, PostalAddress
from membership.perks.models import PerkGrant, PerkStep
from membership.perks.stock_models import PerkFeed
from membership.readers.queries import team
from tests import make
from tests.perks.test_ledger import DAY, membership_of, perk, settle, states

MP3 = b"ID3\x04" + bytes(2000)


def signed_in(session, client, person=None):
    person = person or make.patron(session)
    settle(session, person)
    make.sign_in(session, client, person)
    return person


def as_staff(session, client):
    make.sign_in(session, client, make.staff(session, "manager"))


def only(session, person):
    session.expire_all()
    [grant] = queries.every_grant_of(session, person.reader_id)
    return grant


def upload(content, name="book.pdf"):
    return {"file": (io.BytesIO(content), name)}


def send(client, path, content, name):
    """A large upload, encoded in memory: the client's own way would leave a temporary file open."""
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(content), filename=name)})
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


# --- codes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AB\nCD\nAB\n", ["AB", "CD"]),
        ("Code,Worth\nAB,5\n\"C,D\",5\n", ["AB", "C,D"]),
        ("\ufeffvoucher;x\n AB ;1\n\n", ["AB"]),
        ("=1+1\n", ["=1+1"]),
    ],
)
def test_codes_are_read_from_whatever_a_partner_sends(text, found):
    assert codes.read_codes(text) == found


@pytest.mark.parametrize("text", ["", "code\n", "x" * 201, "a\x00b"])
def test_a_file_without_usable_codes_is_refused(text):
    with pytest.raises(codes.NoCodes):
        codes.read_codes(text)


def test_a_code_is_claimed_once_and_the_staff_hear_when_few_are_left(session, client):
    made = perk(session, "code", low_stock=1)
    as_staff(session, client)
    page = f"/staff/perks/{made.id}"
    assert client.post(f"{page}/codes", data=upload(b"ONE\nTWO\nTHREE", "codes.csv")).status_code == 303
    assert client.post(f"{page}/codes", data=upload(b"TWO\nTHREE\n", "codes.csv")).status_code == 303
    assert codes.stock(session, made.id) == (3, 3)
    assert client.post(f"{page}/codes", data=upload(b"", "codes.csv")).status_code == 422
    for expected in ("ONE", "TWO"):
        ada = signed_in(session, client)
        path = f"/account/perks/{only(session, ada).id}"
        assert expected not in client.get("/account/perks").text
        assert [client.post(f"{path}/code").status_code for _ in range(2)] == [303, 303]
        assert expected in client.get("/account/perks").text
        assert states(session, ada) == [["issued", "claimed"]]
    assert codes.stock(session, made.id) == (1, 3)
    low = session.scalars(select(Letter).where(Letter.kind == "perk_low_stock")).all()
    assert [letter.subject for letter in low] == ["1 code left: The notebook"] * len(team(session, role="manager"))
    assert client.post(f"{path}/use").status_code == 303
    assert states(session, ada) == [["issued", "claimed", "redeemed"]]
    as_staff(session, client)
    client.post(f"{page}/codes", data=upload(b"ONE\nTWO\nNOBODY\n", "used.csv") | {"used": "1"})
    assert session.scalar(select(func.count()).where(PerkGrant.state == "redeemed")) == 2


def test_without_stock_or_standing_or_ones_own_grant_there_is_no_code(session, client):
    perk(session, "code")
    ada, other = make.patron(session), signed_in(session, client)
    settle(session, ada)
    theirs = only(session, ada).id
    assert client.post(f"/account/perks/{theirs}/code").status_code == 404
    assert client.post(f"/account/perks/{10**30}/code").status_code == 404
    mine = only(session, other).id
    assert client.post(f"/account/perks/{mine}/code").status_code == 409
    membership_of(session, other).frozen = True
    session.commit()
    assert client.post(f"/account/perks/{mine}/code").status_code == 403
    assert only(session, other).state == "issued"


# --- files


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"), (MP3, "audio/mpeg"), (b"OggS....", "audio/ogg"),
        (b"\x00\x00\x00\x20ftypM4A ....", "audio/mp4"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip", "application/epub+zip"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(content, kind):
    assert files.checked(content) == (content, kind)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"MZ\x90", b"PK\x03\x04" + bytes(60), b"\xff\xd8\xff nonsense", b"GIF89a"]
)
def test_other_files_are_refused_whatever_they_are_called(content):
    with pytest.raises(files.NotSuchAFile):
        files.checked(content)


def test_a_file_is_handed_out_by_an_address_that_expires_and_rests_with_the_standing(session, client, monkeypatch):
    made = perk(session, "file")
    as_staff(session, client)
    assert client.post(f"/staff/perks/{made.id}/files", data=upload(b"<html>")).status_code == 422
    content = b"%PDF-1.7 " + b"x" * 600_000  # more than any other page takes
    assert send(client, f"/staff/perks/{made.id}/files", content, "../My Book?.html").status_code == 303
    [file] = files.files_of(session, made.id)
    ada = signed_in(session, client)
    assert "My-Book.pdf" in client.get("/account/perks").text
    opened = client.post(f"/account/perks/{only(session, ada).id}/files/{file.id}")
    assert opened.status_code == 303 and states(session, ada) == [["issued", "redeemed"]]
    client.delete_cookie("session")
    answer = client.get(opened.location)
    assert answer.data == content and answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"] == "attachment; filename=My-Book.pdf"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "no-referrer"
    part = client.get(opened.location, headers={"Range": "bytes=0-7"})
    assert part.status_code == 206 and part.data == b"%PDF-1.7"
    assert client.get(opened.location[:-1]).status_code == 403
    monkeypatch.setattr(files, "OPEN_SECONDS", -1)
    assert client.get(opened.location).status_code == 403
    monkeypatch.setattr(files, "OPEN_SECONDS", 600)
    membership_of(session, ada).frozen = True
    session.commit()
    assert client.get(opened.location).status_code == 403


def test_only_managers_may_send_large_bodies(session, client):
    made = perk(session, "file")
    signed_in(session, client)
    content = b"%PDF-1.7 " + b"x" * 600_000
    assert send(client, f"/staff/perks/{made.id}/files", content, "book.pdf").status_code in (403, 413)
    assert files.files_of(session, made.id) == []


# --- feeds


def test_a_feed_reader_reads_a_patrons_own_feed_which_dies_with_the_standing_or_a_new_address(session, client):
    made = perk(session, "feed", title="Behind the <stories>")
    as_staff(session, client)
    page = f"/staff/perks/{made.id}"
    entry = {"title": "Dredging & mud", "notes": "What we found."}
    assert client.post(f"{page}/episodes", data=entry | upload(MP3, "mud.wav")).status_code == 303
    assert client.post(f"{page}/episodes", data={"title": "Only words", "notes": "…"}).status_code == 303
    assert client.post(f"{page}/episodes", data={"title": ""}).status_code == 422
    ada = signed_in(session, client)
    renew = f"/account/perks/{only(session, ada).id}/feed"
    assert client.post(renew).status_code == 303
    first = session.scalars(select(PerkFeed.token)).one()
    client.delete_cookie("session")

    answer = client.get(f"/perks/feeds/{first}.xml")
    read = feedparser.parse(answer.data)
    assert not read.bozo and read.feed.title == "Behind the <stories>" and read.feed.itunes_block == 1
    assert [one.title for one in read.entries] == ["Only words", "Dredging & mud"]
    [sound] = read.entries[1].enclosures
    assert (sound.type, sound.length) == ("audio/mpeg", str(len(MP3)))
    heard = client.get(sound.href.removeprefix("http://127.0.0.1:8000"), headers={"Range": "bytes=0-2"})
    assert (heard.status_code, heard.data) == (206, b"ID3")
    assert states(session, ada) == [["issued", "redeemed"]]
    again = client.get(f"/perks/feeds/{first}.xml", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304

    make.sign_in(session, client, ada)
    client.post(renew)
    assert client.get(f"/perks/feeds/{first}.xml").status_code == 410
    [second] = session.scalars(select(PerkFeed.token).where(PerkFeed.ended_at.is_(None)))
    assert client.get(f"/perks/feeds/{second}.xml").status_code == 200
    membership_of(session, ada).status = "canceled"
    settle(session, ada)
    assert only(session, ada).state == "revoked"
    for path in (f"/perks/feeds/{second}.xml", sound.href.removeprefix("http://127.0.0.1:8000").replace(first, second)):
        dead = client.get(path)
        assert dead.status_code == 410 and feedparser.parse(dead.data).entries == []
    assert client.get("/perks/feeds/nobody.xml").status_code == 404


# --- seats


def evening(session, **terms):
    now = clock.now()
    times = {"starts_at": now + 10 * DAY, "ends_at": now + 10 * DAY + timedelta(hours=2), "place": "The quay"}
    return perk(session, "event", **({"title": "An evening"} | times | terms))


def test_seats_are_given_in_turn_and_the_list_moves_up(session, client):
    made = evening(session, capacity=1)
    patrons = [make.patron(session) for _ in range(3)]
    said = []
    for person in patrons:
        signed_in(session, client, person)
        client.post(f"/account/perks/{only(session, person).id}/seat")
        said.append(client.get("/account/perks").text)
    assert "You have a seat." in said[0] and "number 1 on the waiting list" in said[1] and "number 2" in said[2]
    make.sign_in(session, client, patrons[0])
    path = f"/account/perks/{only(session, patrons[0]).id}/seat"
    [event] = Calendar.from_ical(client.get(f"{path}.ics").data).walk("VEVENT")
    assert event["summary"] == "An evening" and event.decoded("dtstart") == made.starts_at.replace(microsecond=0)
    assert [client.post(f"{path}/cancellation").status_code for _ in range(2)] == [303, 303]
    moved = session.scalars(select(Letter).where(Letter.kind == "perk_seat")).all()
    assert [letter.reader_id for letter in moved] == [patrons[1].reader_id]
    membership_of(session, patrons[1]).frozen = True
    settle(session, patrons[1])
    assert seats.seated(session, made.id) == 1
    assert session.get(PerkSeat, only(session, patrons[2]).id).seated_at is not None
    membership_of(session, patrons[1]).frozen = False
    settle(session, patrons[1])
    assert session.get(PerkSeat, only(session, patrons[1]).id).seated_at is None  # somebody else sits there by now
    assert states(session, patrons[1]) == [["issued", "claimed", "revoked", "claimed"]]
    settle(session, patrons[2], clock.now() + 11 * DAY)
    assert states(session, patrons[2]) == [["issued", "claimed", "expired"]]


# --- parcels

HOME = {"name": "Ada Invented", "street": "1 Quay", "postcode": "12345", "town": "=Port()", "country": "PT"}


def test_a_thing_goes_to_an_address_that_was_looked_at_and_goes_again_when_it_came_back(session, client):
    made = perk(session, "thing", sizes="S\nL")
    ada = signed_in(session, client)
    path, page = f"/account/perks/{only(session, ada).id}/parcel", f"/staff/perks/{made.id}"
    assert client.post(path, data=HOME).status_code == 422
    assert client.post(path, data=HOME | {"size": "XXL"}).status_code == 422
    assert client.post(path, data=HOME | {"size": "L"}).status_code == 303
    as_staff(session, client)
    packed = client.post(f"{page}/packing.csv").text
    assert "L,Ada Invented,1 Quay,,12345,'=Port(),,PT" in packed
    client.post(f"{page}/batches", data={"deed": "sent"})
    batches.work(session, batches.progress_of(session, made.id)[0].batch.id, at=clock.now())
    session.commit()
    assert states(session, ada) == [["issued", "claimed", "redeemed"]]
    assert client.post(f"{page}/grants/{only(session, ada).id}/return").status_code == 303
    assert client.post(f"{page}/packing.csv").text.count("\n") == 1  # nothing goes to where it came back from
    make.sign_in(session, client, ada)
    assert "Please look at your address once more" in client.get("/account/perks").text
    assert client.post(path, data=HOME | {"size": "L", "town": "Elsewhere"}).status_code == 303
    as_staff(session, client)
    assert "Elsewhere" in client.post(f"{page}/packing.csv").text
    kinds = session.scalars(select(Letter.kind).where(Letter.kind.like("perk_%")).order_by(Letter.id)).all()
    assert kinds == ["perk_issued", "perk_sent", "perk_returned"]


def test_an_old_address_is_asked_for_again(session, client):
    made = perk(session, "thing")
    ada = signed_in(session, client)
    client.post(f"/account/perks/{only(session, ada).id}/parcel", data=HOME)
    session.get(PostalAddress, ada.reader_id).confirmed_at -= timedelta(days=181)
    session.commit()
    as_staff(session, client)
    page = f"/staff/perks/{made.id}"
    assert "0 parcels can go out. 1 waits for a look" in client.get(page).text
    for _ in range(2):
        client.post(f"{page}/addresses")
    assert session.scalar(select(func.count()).select_from(Letter).where(Letter.kind == "perk_address")) == 1


# --- the wall


def test_only_who_wishes_to_stands_on_the_wall_called_as_they_wish(session, client):
    assert client.get("/thanks").status_code == 404
    perk(session, "wall")
    assert "Nobody yet" in client.get("/thanks").text
    ada, ben = (make.patron(session, name="Ada Secret") for _ in range(2))
    for person, typed in ((ada, {"name": "A. <of> Ferry Lane"}), (ben, {"unnamed": "y", "name": "Ben"})):
        signed_in(session, client, person)
        path = f"/account/perks/{only(session, person).id}/wall"
        assert client.post(path, data={"name": " "}).status_code == 422
        assert client.post(path, data=typed).status_code == 303
    shown = client.get("/thanks").text
    assert "A. &lt;of&gt; Ferry Lane" in shown and "Secret" not in shown and "Ben" not in shown
    assert "And 1 who stands here without a name." in shown
    membership_of(session, ada).frozen = True
    session.commit()
    assert "Ferry Lane" not in client.get("/thanks").text
    assert client.post(f"{path}/removal").status_code == 303
    assert "without a name" not in client.get("/thanks").text
    assert states(session, ben) == [["issued", "claimed", "issued"]]


# --- many at once


def test_a_batch_goes_on_where_it_was_interrupted_and_does_each_once(session, client, monkeypatch):
    made = perk(session)
    patrons = [make.patron(session) for _ in range(5)]
    for person in patrons:
        settle(session, person)
    as_staff(session, client)
    assert client.post(f"/staff/perks/{made.id}/batches", data={"deed": "revoked"}).status_code == 303
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    batch = batches.progress_of(session, made.id)[0].batch
    session.scalars(select(Membership).where(Membership.reader_id == patrons[4].reader_id)).one().frozen = True
    settle(session, patrons[4])  # taken back by its own meanwhile
    assert batches.work(session, batch.id, at=clock.now())
    session.commit()
    with session.begin_nested() as killed:
        batches.work(session, batch.id, at=clock.now())
        killed.rollback()
    [half] = batches.progress_of(session, made.id)
    assert (half.total, half.done, half.unfit, half.batch.finished_at) == (5, 2, 0, None)
    assert "2 of 5" in client.get(f"/staff/perks/{made.id}").text
    while batches.work(session, batch.id, at=clock.now()):
        pass
    [whole] = batches.progress_of(session, made.id)
    assert (whole.done, whole.unfit) == (4, 1) and whole.batch.finished_at is not None
    assert session.scalar(select(func.count()).where(PerkStep.state == "revoked")) == 5


def test_staff_make_every_kind_and_change_its_terms(session, client):
    as_staff(session, client)
    tier = make.tier(session, "large")
    typed = {
        "title": "A mug", "blurb": "Blue.", "sizes": "S\n\nL ", "months": "3", "rhythm": "yearly", "most": "100",
        "claim_days": "60", "cost": "4.20", "tiers": [tier.id], "opens_at": "2026-12-01T10:00",
    }  # fmt: skip
    made = client.post("/staff/perks/new/thing", data=typed)
    assert made.status_code == 303
    page = client.get(f"{made.location}/terms").text
    for value in ('value="3"', 'value="100"', 'value="4.20"', "2026-12-01T10:00", "S\nL</textarea>", "checked"):
        assert value in page.replace("\r\n", "\n")
    changed = typed | {"title": "A large mug", "cost": "5", "closes_at": "2026-11-01T10:00"}
    assert client.post(f"{made.location}/terms", data=changed).status_code == 422
    assert client.post(f"{made.location}/terms", data=changed | {"closes_at": ""}).status_code == 303
    assert "A large mug" in client.get("/staff/perks").text
    assert client.post("/staff/perks/new/thing", data=typed | {"title": "X", "cost": "-1"}).status_code == 422
    assert client.get("/staff/perks/new/nothing").status_code == 404


