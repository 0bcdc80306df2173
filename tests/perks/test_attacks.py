"""What somebody may try with perks that are not theirs, and with files that are none."""

import codecs
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from membership import clock
from membership.perks.models import PerkGrant, PerkStep
from membership.perks.states import KINDS
from membership.perks.stock_models import PerkCode, PerkEpisode, PerkFeed
from tests import make
from tests.perks.test_kinds import HOME, as_staff, signed_in, upload
from tests.perks.test_ledger import perk


def test_nobody_does_anything_with_what_is_somebody_elses(session, client):
    """By the numbers of another patron's grants, of each kind, and by numbers that nobody has."""
    now = clock.now()
    evening = {"starts_at": now + timedelta(days=1), "ends_at": now + timedelta(days=2), "place": "x"}
    for kind in KINDS:
        terms = {"event": evening, "shared_code": {"shared_code": "SECRET-10"}}.get(kind, {})
        made = perk(session, kind, title=kind, **terms)
        if kind == "code":
            session.add(PerkCode(perk_id=made.id, code="SECRET-20", added_at=now))
    ada = signed_in(session, client, make.patron(session, "ada@example.org"))
    assert "SECRET-10" in client.get("/account/perks").text
    grants = {one.perk_id: one.id for one in session.scalars(select(PerkGrant))}
    before = session.scalar(select(func.count()).select_from(PerkStep))
    make.sign_in(session, client, make.patron(session, "bo@example.org"))
    assert "SECRET" not in client.get("/account/perks").text
    for grant_id in (*grants.values(), 0, 10**30):
        for act in ("code", "use", "files/1", "feed", "seat", "seat/cancellation", "wall", "wall/removal"):
            answer = client.post(f"/account/perks/{grant_id}/{act}", data={"name": "Bo"})
            assert answer.status_code in (404, 409), (grant_id, act, answer.status_code)
        assert client.post(f"/account/perks/{grant_id}/parcel", data=HOME).status_code in (404, 422)
        for page in ("link", "seat.ics", "seat.svg", "parcel"):
            assert client.get(f"/account/perks/{grant_id}/{page}").status_code == 404, (grant_id, page)
    for path in ("/staff/perks", f"/staff/perks/{made.id}", f"/staff/perks/{made.id}/door", "/staff/imports"):
        assert client.get(path).status_code == 403
    assert session.scalar(select(func.count()).select_from(PerkStep).where(PerkStep.by.is_not(None))) == 0
    mine = select(func.count()).select_from(PerkStep).join(PerkGrant, PerkGrant.id == PerkStep.grant_id)
    assert session.scalar(mine.where(PerkGrant.reader_id == ada.reader_id)) == before
    assert session.scalars(select(PerkFeed)).all() == []


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("A-1\nB-2\n".encode("utf-16"), {"A-1", "B-2"}),
        (codecs.BOM_UTF8 + b"code,for\r\n=1+1,x\r\n", {"=1+1"}),
        (b"caf\xe9-1\n", {"café-1"}),
        (b"\xff\xfe\x00", set()),
        (b"a" * 300_000, set()),
        (b"\n".join(b"C%d" % number for number in range(50_001)), set()),
        (b'"never closed\nB-2', set()),
        (b"A\x00B\n", set()),
        (b"", set()),
    ],
)
def test_a_partners_file_is_read_or_refused_and_never_half(session, client, content, found):
    made = perk(session, "code")
    as_staff(session, client)
    answer = client.post(f"/staff/perks/{made.id}/codes", data=upload(content, "../co\x00des<b>.csv"))
    assert answer.status_code == (303 if found else 422), answer.status_code
    assert set(session.scalars(select(PerkCode.code))) == found


def test_a_feed_is_not_guessed_and_its_entries_are_its_own(session, client):
    ours, theirs = perk(session, "feed", title="Ours"), perk(session, "feed", title="Theirs", tiers=[make.tier(session).id])
    as_staff(session, client)
    for made in (ours, theirs):
        entry = {"title": "Episode", "notes": "", "file": (io.BytesIO(b"ID3" + bytes(50)), "../a.mp3")}
        assert client.post(f"/staff/perks/{made.id}/episodes", data=entry).status_code == 303
    signed_in(session, client, make.patron(session))
    grant = session.scalars(select(PerkGrant).where(PerkGrant.perk_id == ours.id)).one()
    client.post(f"/account/perks/{grant.id}/feed")
    token = session.scalars(select(PerkFeed.token)).one()
    assert len(token) == 32, "192 bits"
    entries = select(PerkEpisode.perk_id, PerkEpisode.id)
    own, foreign = (dict(session.execute(entries).all())[one.id] for one in (ours, theirs))
    found = [client.get(f"/perks/feeds/{token}/{number}.mp3").status_code for number in (own, foreign, 0, 10**30)]
    assert found == [200, 404, 404, 404]
    for guess in (token[:-1], token.swapcase(), token + "x", "%00", "..", "%"):
        assert client.get(f"/perks/feeds/{guess}.xml").status_code == 404, guess
