"""Staff's pages: whom they open for, what they change, and that every act is noted."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from membership import clock, db
from membership.db import engine_for
from membership.desk import queries as desk_queries
from membership.desk.board import PLACES
from membership.jobs import queue
from membership.jobs.models import Job, WorkerBeat
from membership.mail.models import Letter
from membership.newsroom import queries
from membership.readers import trail
from membership.readers.queries import members, role_of
from membership.web.access import ROLES
from tests import make

PAGES = {
    "/staff/": "viewer", "/staff/patrons": "manager", "/staff/tiers": "manager", "/staff/tiers/new": "manager",
    "/staff/jobs": "manager", "/staff/settings": "manager", "/staff/settings/texts/terms": "manager",
    "/staff/team": "admin", "/staff/audit": "admin",
}  # fmt: skip
DEEDS = {
    "/staff/settings/newsroom": "manager", "/staff/settings/sites": "manager", "/staff/settings/coffees": "manager",
    "/staff/settings/texts/terms": "manager", "/staff/jobs/1/retry": "manager", "/staff/letters/1/retry": "manager",
    "/staff/team": "admin", "/staff/team/1/ending": "admin",
}  # fmt: skip


@pytest.fixture
def admin(session, client):
    person = make.staff(session, "admin", email="chief@lantern.example", name="Chief")
    make.sign_in(session, client, person)
    return person


def acts(session):
    session.expire_all()
    return session.scalars(select(trail.AuditEntry.action).order_by(trail.AuditEntry.id)).all()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", [None, "reader", *ROLES])
def test_a_page_opens_from_its_role_upwards(session, client, path, role):
    if role:
        make.staff(session, "admin")
        make.sign_in(session, client, make.reader(session) if role == "reader" else make.staff(session, role))
    status = client.get(path).status_code
    if role is None:
        assert status == 303
    elif role == "reader":
        assert status == 403
    else:
        assert status == (200 if ROLES.index(role) >= ROLES.index(PAGES[path]) else 403)


@pytest.mark.parametrize("path", DEEDS)
@pytest.mark.parametrize("role", [None, "reader", *ROLES])
def test_a_deed_is_refused_below_its_role(session, client, path, role):
    if role:
        make.staff(session, "admin")
        make.sign_in(session, client, make.reader(session) if role == "reader" else make.staff(session, role))
    status = client.post(path).status_code
    if role is None:
        assert status == 303
    elif role == "reader" or ROLES.index(role) < ROLES.index(DEEDS[path]):
        assert status == 403
        assert acts(session) == []
    else:
        assert status != 403


def test_every_place_that_the_desk_names_is_there(session, client, admin):
    for path, *_ in PLACES:
        assert client.get(path).status_code == 200, path


def test_promises_that_nobody_took_up_and_late_ones_are_on_the_desk(session, client, admin, monkeypatch):
    line = {"id": 7, "title": "The dredger", "state": "accepted", "late": False, "closed_at": None}
    taken = line | {"id": 8, "title": "The bridge", "state": "reporting"}
    late = taken | {"id": 9, "title": "The ferry", "late": True}
    lines = [SimpleNamespace(**one) for one in (line, taken, late)]
    monkeypatch.setattr(desk_queries, "listed", lambda _session, _at: lines)
    text = client.get("/staff/").text
    assert 'href="/staff/promises/7"' in text and "The bridge" not in text and "its date has passed" in text


def test_the_desk_shows_a_role_only_what_opens_for_it(session, client):
    make.sign_in(session, client, make.staff(session, "viewer"))
    text = client.get("/staff/").text
    assert 'href="/staff/reports"' in text and 'href="/staff/team"' not in text and 'href="/staff/jobs"' not in text


def parked_job(session):
    queue.post(session, "tests.fail", "fail:1", due_at=clock.now())
    session.execute(update(Job).values(state="parked", attempts=10, last_error="ValueError: <b>no</b>"))
    session.commit()
    return session.scalars(select(Job)).one()


def test_a_parked_job_is_shown_with_its_error_and_tried_again_once(session, client, admin):
    job = parked_job(session)
    assert "1 job gave up" in client.get("/staff/").text
    page = client.get("/staff/jobs").text
    assert "ValueError: &lt;b&gt;no" in page
    assert client.post(f"/staff/jobs/{job.id}/retry").status_code == 303
    session.expire_all()
    assert (job.state, job.attempts) == ("ready", 0)
    assert client.post(f"/staff/jobs/{job.id}/retry").status_code == 409
    assert acts(session) == ["job:retried"]


def letter(session, **values):
    row = Letter(
        **{
            "key": "receipt:1", "kind": "receipt", "address": "ada@example.org", "language": "en", "subject": "Your receipt",
            "text": "…", "fleeting": False, "state": "failed", "written_at": make.NOON, "last_error": "550 no such user",
        } | values
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row


def test_a_refused_letter_is_shown_and_sent_again(session, client, admin):
    row = letter(session)
    assert "1 letter was refused" in client.get("/staff/").text
    assert "550 no such user" in client.get("/staff/jobs").text
    assert client.post(f"/staff/letters/{row.id}/retry").status_code == 303
    session.expire_all()
    assert row.state == "queued"
    assert session.scalars(select(Job.key)).all() == [f"letter:{row.id}"]
    assert acts(session) == ["letter:resent"]


def test_a_refused_letter_with_a_secret_is_gone_for_good(session, client, admin):
    row = letter(session, fleeting=True, text="")
    assert f"/staff/letters/{row.id}/retry" not in client.get("/staff/jobs").text
    assert client.post(f"/staff/letters/{row.id}/retry").status_code == 409


ABOUT = {
    "name": "The New Lantern", "tagline": "t", "mission": "m", "contact_email": "new@lantern.example", "legal_name": "L",
    "legal_address": "A", "tax_number": "", "currency": "USD", "accent": "#000080",
}  # fmt: skip


def test_what_the_newsroom_says_about_itself_is_changed_and_noted_without_its_words(session, client, admin):
    assert client.post("/staff/settings/newsroom", data=ABOUT).status_code == 303
    session.expire_all()
    newsroom = queries.current(session)
    assert (newsroom.name, newsroom.currency, newsroom.accent) == ("The New Lantern", "USD", "#000080")
    entry = session.scalars(select(trail.AuditEntry)).one()
    assert entry.action == "newsroom:described" and "name" in entry.detail["fields"]
    assert "New Lantern" not in str(entry.detail)
    assert "#000080" in client.get("/theme.css").text


@pytest.mark.parametrize(
    ("field", "value"), [("accent", "#ffff00"), ("name", ""), ("currency", "CHF"), ("contact_email", "x")]
)
def test_a_wrong_setting_is_said_beside_its_field_and_kept_as_typed(session, client, admin, field, value):
    answer = client.post("/staff/settings/newsroom", data=ABOUT | {field: value, "tagline": "as typed"})
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text and "as typed" in answer.text
    session.expire_all()
    assert queries.current(session).name == "The Test Lantern" and acts(session) == []


def test_sites_are_changed(session, client, admin):
    assert (
        client.post("/staff/settings/sites", data={"sites": "https://a.example\nhttps://b.example/"}).status_code == 303
    )
    session.expire_all()
    assert queries.sites(session) == ["https://a.example", "https://b.example"]
    refused = client.post("/staff/settings/sites", data={"sites": "https://c.example\n*.example"})
    assert refused.status_code == 422 and "“*.example” is not" in refused.text and "https://c.example" in refused.text
    assert acts(session) == ["sites:changed"]


def test_currencies_are_offered_and_withdrawn(session, client, admin):
    data = {
        "price_EUR": "2,50",
        "price_USD": "",
        "price_JPY": "",
        "price_GBP": "3",
        "other_currency": "KRW",
        "other_price": "5000",
    }
    assert client.post("/staff/settings/coffees", data=data).status_code == 303
    session.expire_all()
    cups = {code: money.minor for code, money in queries.coffees(session).items()}
    assert cups == {"EUR": 250, "GBP": 300, "KRW": 5000}
    assert acts(session) == ["coffees:changed"]


@pytest.mark.parametrize(
    ("data", "beside"),
    [
        ({"price_EUR": "", "price_USD": "3"}, "price_EUR"),
        ({"price_EUR": "sNaN"}, "price_EUR"),
        ({"price_EUR": "3", "price_JPY": "4.5"}, "price_JPY"),
        ({"price_EUR": "3", "price_USD": "0.10"}, "price_USD"),
        ({"price_EUR": "3", "other_currency": "KRW", "other_price": "x"}, "other_price"),
    ],
)
def test_a_wrong_price_is_said_beside_its_currency(session, client, admin, data, beside):
    answer = client.post("/staff/settings/coffees", data=data)
    assert answer.status_code == 422 and f'id="{beside}-error"' in answer.text
    session.expire_all()
    assert list(queries.coffees(session)) == ["EUR", "JPY", "USD"]


def test_a_text_is_changed_and_shown(session, client, admin):
    assert "What you agree to" in client.get("/staff/settings/texts/terms").text
    answer = client.post("/staff/settings/texts/terms", data={"text": "## New\r\n\r\nterms"})
    assert answer.status_code == 303
    assert "<h2>New</h2>" in client.get("/terms").text
    assert acts(session) == ["page:written"]
    assert client.post("/staff/settings/texts/terms", data={"text": " "}).status_code == 422
    assert 'href="/terms"' in client.get("/staff/settings/texts/terms").text
    assert client.get("/staff/settings/texts/secrets").status_code == 404
    assert client.post("/staff/settings/texts/secrets", data={"text": "x"}).status_code == 404


def test_where_the_money_goes_is_told_on_the_support_page_while_there_is_something_to_tell(session, client, admin):
    heading = "Where the money goes"
    assert heading not in client.get("/").text and heading in client.get("/staff/settings").text
    assert (
        client.post("/staff/settings/texts/money", data={"text": "Six of ten go to **reporting**."}).status_code == 303
    )
    page = client.get("/").text
    assert heading in page and "<strong>reporting</strong>" in page
    assert client.post("/staff/settings/texts/money", data={"text": " "}).status_code == 303
    assert heading not in client.get("/").text and client.get("/money").status_code == 404


def test_somebody_is_invited_and_told_by_letter(session, client, admin):
    data = {"email": "new@lantern.example", "name": "New", "role": "editor"}
    assert client.post("/staff/team", data=data).status_code == 303
    session.expire_all()
    assert [(one.name, one.role) for one in members(session)] == [("Chief", "admin"), ("New", "editor")]
    sent = session.scalars(select(Letter)).one()
    assert sent.address == "new@lantern.example" and "/sign-in?next=/staff/" in sent.text
    entry = session.scalars(select(trail.AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.detail) == ("role:granted", admin.reader_id, {"role": "editor"})


def test_a_new_role_replaces_the_old_one(session, client, admin):
    person = make.staff(session, "viewer", email="v@lantern.example")
    client.post("/staff/team", data={"email": "V@lantern.example", "role": "manager"})
    session.expire_all()
    assert role_of(session, person.reader_id) == "manager" and len(members(session)) == 2


@pytest.mark.parametrize("data", [{"email": "x", "role": "editor"}, {"email": "a@b.example", "role": "owner"}])
def test_a_wrong_invitation_invites_nobody(session, client, admin, data):
    assert client.post("/staff/team", data=data).status_code == 422
    session.expire_all()
    assert len(members(session)) == 1


def test_the_last_admin_stays(session, client, admin):
    assert client.post(f"/staff/team/{admin.reader_id}/ending").status_code == 422
    demoted = client.post("/staff/team", data={"email": "chief@lantern.example", "role": "viewer"})
    assert demoted.status_code == 422 and "last admin" in demoted.text
    session.expire_all()
    assert role_of(session, admin.reader_id) == "admin" and acts(session) == []
    make.staff(session, "admin")
    assert client.post(f"/staff/team/{admin.reader_id}/ending").status_code == 303
    assert client.get("/staff/").status_code == 303, "signed out at once"


def test_the_audit_trail_is_read_page_by_page(session, client, admin):
    for n in range(120):
        trail.note(session, actor_id=admin.reader_id, action="test:act", object=f"row/{n}", at=make.NOON, figure=n)
    session.commit()
    seen, path = [], "/staff/audit"
    while path:
        text = client.get(path).text
        seen += re.findall(r"<td>row/(\d+)</td>", text)
        older = re.search(r'href="(/staff/audit\?before=\d+)"', text)
        path = older[1] if older else None
    assert [int(one) for one in seen] == list(range(119, -1, -1))
    assert "Chief" in text


def beat(session, ago):
    session.merge(WorkerBeat(worker="w", at=clock.wall() - timedelta(seconds=ago)))
    session.commit()


def test_alive_and_ready_touch_no_session(session, client):
    beat(session, 1)
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        assert answer.content_type == "text/plain; charset=utf-8"


def test_not_ready_without_a_worker_in_the_last_minute(session, client):
    assert (answer := client.get("/readyz")).status_code == 503 and "worker: WRONG" in answer.text
    beat(session, 61)
    assert client.get("/readyz").status_code == 503
    beat(session, 50)
    assert client.get("/readyz").status_code == 200


def test_not_ready_with_another_schema(session, client):
    beat(session, 1)
    session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "schema: WRONG" in answer.text and "worker" not in answer.text
    assert client.get("/healthz").status_code == 200


def test_not_ready_without_a_database(session, client, tmp_path):
    db.bind(engine_for(f"sqlite:///{tmp_path}/no/such/place.db"))
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "database: WRONG" in answer.text
    assert client.get("/healthz").status_code == 200


def test_ready_is_asked_before_the_first_run_too(session, client):
    beat(session, 1)
    session.connection().exec_driver_sql("DELETE FROM site")
    session.connection().exec_driver_sql("DELETE FROM newsroom")
    session.commit()
    assert client.get("/readyz").status_code == 200
