"""A rehearsal of the bad day: the whole house into a file, and out of it into an empty database, of either kind."""

import json
import stat
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from membership.db import engine_for
from membership.desk import backups
from membership.desk.backups import (
    BATCH,
    MANIFEST,
    AlreadyThere,
    NotABackup,
    NotEmpty,
    OtherVersion,
    back_up,
    counts,
    restore,
)
from membership.readers.models import Reader
from membership.readers.step_models import Authenticator
from membership.readers.trail import AuditEntry, note
from membership.webhooks.models import StripeEvent
from tests import make
from tests.test_cli import env, fresh, in_database, run  # noqa: F401 - fixtures among them

AT = datetime(2026, 11, 25, 3, 30, 0, 7, tzinfo=UTC)
PARKED = "worker: WRONG - was not seen in the last minute. Run: membership worker"


def quiet(_table, _rows):
    pass


def worked_in(url):
    """A database with a little of everything that is awkward: JSON, bytes, circles, days, letters of other scripts."""
    engine = engine_for(url)
    with Session(engine) as session:
        make.newsroom(session, name="Лiхтар «Ü»")
        ada, ben = (make.reader(session, f"{name}@example.org", name="Ada\n\t\x7f—𝄞") for name in ("ada", "ben"))
        session.get_one(Reader, ada.reader_id).merged_into_id = ben.reader_id  # points to a later row
        note(session, actor_id=ada.reader_id, action="x:y", object="reader/1", at=AT, words='"é"', number=3, nothing=None)
        session.add(Authenticator(reader_id=ben.reader_id, sealed=bytes(range(256)), last_step=2**40, added_at=AT))
        session.add_all(
            StripeEvent(id=f"evt_{n}", type="x", object_id="o", root_id="r", created_at=AT, received_at=AT, raw=b"{}",
                        state="new")
            for n in range(BATCH + 3)
        )  # fmt: skip
        make.patron(session, "cai@example.org")
        session.commit()
    engine.dispose()
    return url


def write(url, path):
    engine = engine_for(url)
    try:
        with engine.connect() as books:
            return back_up(books, path, at=AT, told=quiet), counts(books)
    finally:
        engine.dispose()


def read(url, path):
    engine = engine_for(url)
    try:
        with engine.begin() as books:
            found = restore(books, path, told=quiet)
        with engine.connect() as books:
            return found, counts(books)
    finally:
        engine.dispose()


def lists(path):
    """Every row of every table, in no order: a changed row has another place in PostgreSQL's."""
    with zipfile.ZipFile(path) as archive:
        return {name: sorted(archive.read(name).splitlines()) for name in archive.namelist() if name != MANIFEST}


@pytest.fixture(scope="module")
def worked(store):
    with store.fresh() as url:
        yield worked_in(url)


@pytest.fixture(scope="module")
def file(worked, tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "house.zip"
    write(worked, path)
    return path


def test_the_rehearsal_from_the_command_line(store, env, worked, tmp_path):  # noqa: F811
    path = tmp_path / "house.zip"
    made = run(env | {"DATABASE_URL": worked}, "backup", str(path))
    assert made.returncode == 0 and "rows of" in made.stdout, made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not list(tmp_path.glob("*.part"))
    assert in_database(worked, "SELECT count(*) FROM backup_made") == [(1,)]
    with store.fresh() as other:
        there = env | {"DATABASE_URL": other}
        done = run(there, "restore", str(path))
        assert done.returncode == 0 and "membership stripe reconcile --since" in done.stdout, done.stderr
        checked = run(there, "check").stdout.splitlines()
        assert [line for line in checked if "WRONG" in line] == [PARKED]
        emails = "SELECT email FROM person ORDER BY email"
        assert in_database(other, emails) == in_database(worked, emails) and len(in_database(other, emails)) == 3


def test_no_file_is_overwritten(worked, file):
    before = file.read_bytes()
    with pytest.raises(AlreadyThere):
        write(worked, file)
    assert file.read_bytes() == before
    assert not [one for one in file.parent.iterdir() if one.suffix == ".part"] and file.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("second_names", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch, second_names):
    """Also on a disk that knows no hard links."""

    def none(*_):
        raise PermissionError("no second names here")

    if not second_names:
        monkeypatch.setattr(Path, "hardlink_to", none)
    part, path = tmp_path / "x.part", tmp_path / "x.zip"
    part.write_text("ours")
    backups._name(part, path)
    assert path.read_text() == "ours"
    part.unlink(missing_ok=True)
    part.write_text("another")
    with pytest.raises(AlreadyThere):
        backups._name(part, path)
    assert path.read_text() == "ours"


def test_everything_is_there_again_to_the_letter(store, worked, file, tmp_path):
    with store.fresh() as other:
        found, rows = read(other, file)
        _, before = write(worked, tmp_path / "again.zip")
        assert rows == before and found.rows == sum(rows.values()) and rows["stripe_event"] == BATCH + 3
        write(other, tmp_path / "other.zip")
        assert lists(tmp_path / "other.zip") == lists(file)
        engine = engine_for(other)
        with Session(engine) as session:
            entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "x:y")).one()
            assert entry.detail == {"words": '"é"', "number": 3, "nothing": None} and entry.at == AT
            assert session.scalars(select(Authenticator.sealed)).one() == bytes(range(256))
            newest = max(session.scalars(select(Reader.id)))
            assert make.reader(session, "new@example.org").reader_id == newest + 1  # numbers go on where they were
            with pytest.raises(Exception, match="append-only"):
                session.query(AuditEntry).update({"action": "changed"})
        keys = {name: len(inspect(engine).get_foreign_keys(name)) for name in inspect(engine).get_table_names()}
        engine.dispose()
        assert keys["payment"] >= 3 and keys["reader"] == 1


@pytest.mark.long
@pytest.mark.only_on("postgresql")
def test_from_one_kind_of_database_to_the_other_and_back(store, file, tmp_path):
    """PostgreSQL to SQLite to PostgreSQL, into databases that have not even tables: the lists are the same."""
    there = f"sqlite:///{tmp_path}/there.db"
    read(there, file)
    write(there, tmp_path / "there.zip")
    with store.fresh(migrated=False) as back:
        read(back, tmp_path / "there.zip")
        write(back, tmp_path / "back.zip")
    assert lists(file) == lists(tmp_path / "there.zip") == lists(tmp_path / "back.zip")


@pytest.mark.only_on("sqlite")
def test_a_file_that_was_changed_or_cut_off_restores_nothing(store, file, tmp_path):
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-4000])
    changed = {
        "a name": {**members, "person.jsonl": members["person.jsonl"].replace(b"ada@", b"eve@")},
        "a row": {**members, "person.jsonl": b"\n".join(members["person.jsonl"].splitlines()[1:]) + b"\n"},
        "a table": {name: data for name, data in members.items() if name != "person.jsonl"},
        "the version": {**members, MANIFEST: members[MANIFEST].replace(b'"revision": "', b'"revision": "later_')},
        "the format": {**members, MANIFEST: members[MANIFEST].replace(b'"format": 1', b'"format": 2')},
    }
    paths = [cut]
    for name, content in changed.items():
        paths.append(tmp_path / f"{name}.zip")
        with zipfile.ZipFile(paths[-1], "w") as archive:
            for member, data in content.items():
                archive.writestr(member, data)
    flipped = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        begin = archive.getinfo("person.jsonl").header_offset + 30 + len("person.jsonl")
    flipped[begin + 4 : begin + 24] = bytes(byte ^ 0xFF for byte in flipped[begin + 4 : begin + 24])
    paths.append(tmp_path / "flipped.zip")
    paths[-1].write_bytes(flipped)
    with store.fresh() as other:
        for path in paths:
            with pytest.raises((NotABackup, OtherVersion)):
                read(other, path)
        engine = engine_for(other)
        with engine.connect() as books:
            assert sum(counts(books).values()) <= 5  # what a new database begins with
        engine.dispose()
        read(other, file)  # nothing stands in its way


def test_what_somebody_works_with_is_never_touched(store, file):
    with store.fresh() as other:
        engine = engine_for(other)
        with Session(engine) as session:
            make.newsroom(session, name="Somebody else's")
        engine.dispose()
        with pytest.raises(NotEmpty, match="rows in coffee"):
            read(other, file)
        assert in_database(other, "SELECT name FROM newsroom") == [("Somebody else's",)]


def test_days_are_days_on_both_databases(file):
    with zipfile.ZipFile(file) as archive:
        tables = json.loads(archive.read(MANIFEST))["tables"]
    kinds = {kind for said in tables.values() for kind in said["columns"].values()}
    assert kinds == {"plain", "time", "date", "bool", "json", "bytes"} and date.fromisoformat("2026-11-25")
