"""An import's job, a step at a time: network first, then one transaction that writes and posts the next step.

So it may be killed anywhere and goes on from there, in constant memory, under its lease; the worker does it, or the command
line while somebody watches.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import BinaryIO

from sqlalchemy import func, select

from membership import clock
from membership.db import bound, reading, transaction
from membership.gateway import listing
from membership.imports import actions, files
from membership.imports.actions import FORGET, GO_ON, Options, job_key
from membership.imports.bringing import REMIND, tell
from membership.imports.files import NotAFile
from membership.imports.models import Brought, Import, ImportRow
from membership.imports.queries import invitation_of, is_spent
from membership.imports.rules import MOST_ROWS, TooManyRows
from membership.jobs.queue import Claimed, claim_key, finishing, post, put_back
from membership.jobs.worker import Task
from membership.memberships.queries import current_membership
from membership.memberships.tiers import Tier
from membership.readers.models import Person

RECEIVED_AT_ONCE = 2000
GIVE_WAY_SECONDS = 0.15
WATCHED_LEASE = timedelta(seconds=20)
"""On the command line, where whoever was interrupted is watching: so soon another run may take over."""


def receive(file: BinaryIO, form: str, options: Options, *, name: str, by: int | None) -> tuple[Import, bool]:
    """Keep a file's rows and have them read; the same file with the same options is the import that it was before (False).

    Some rows are one transaction, so that nobody who writes has to wait for a large file. Interrupted and handed in again
    it goes on. Raises `NotAFile`, `LooksLike`, `ColumnsMissing`, `TooManyRows`, `NoTiers`.
    """
    with transaction() as session:
        run = actions.begin(session, file, form, options, name=name, by=by, at=clock.now())
    if run.rows:
        return run, False
    with reading() as session:
        kept = session.execute(select(func.max(ImportRow.number)).where(ImportRow.import_id == run.id)).scalar() or 0
    _, records = files.read(files.opened(file))
    total = 0
    while some := list(islice(records, RECEIVED_AT_ONCE)):
        total += len(some)
        if total > MOST_ROWS:
            break
        with transaction() as session:
            actions.keep_rows(session, run.id, [one for one in some if one.number > kept])
        if len(some) == RECEIVED_AT_ONCE:
            _give_way()
    with transaction() as session:
        if 0 < total <= MOST_ROWS:
            return actions.received(session, run.id, total, at=clock.now()), True
        actions.drop(session, run.id)
    raise TooManyRows() if total else NotAFile()


def go_on(job: Claimed) -> None:
    """The next step of an import."""
    with reading() as session:
        run = session.get(Import, job.payload["import"])
    page = listing.living(after=run.cursor) if run is not None and run.step == "matching" else None
    with finishing(job) as session:
        at = clock.now()
        run = session.get(Import, job.payload["import"])
        if run is None or run.step == "resting":
            return
        if run.step == "reading":
            actions.read_some(session, run, at=at)
        elif run.step == "matching":
            assert page is not None
            actions.keep_found(session, run, page.items, page.after)
        elif run.step == "judging":
            actions.judge_some(session, run, at=at)
        else:
            actions.apply_some(session, run, at=at)
        if run.step != "resting":
            post(session, GO_ON, job_key(run.id), {"import": run.id}, due_at=at)
        more = run.cursor is not None
    if more:
        _give_way()


def _give_way() -> None:
    """SQLite has one writer at a time, and who waits for it looks every tenth of a second: one who writes batch after batch
    without a pause would keep everybody else out."""
    if bound().dialect.name == "sqlite":
        time.sleep(GIVE_WAY_SECONDS)


def watch(import_id: int) -> Iterator[Import]:
    """Take the steps of an import one after the other and show how it stands after each, until it rests; a step that
    another process has in hand is waited for."""
    while True:
        with reading() as session:
            run = session.get_one(Import, import_id)
        yield run
        if run.step == "resting":
            return
        job = claim_key(job_key(import_id), lease=WATCHED_LEASE)
        if job is None:
            time.sleep(0.2)
            continue
        try:
            go_on(job)
        except BaseException as error:
            put_back(job, error)
            raise


def forget(job: Claimed) -> None:
    """An import is old: what its rows said is wiped."""
    with finishing(job) as session:
        actions.forget_cells(session, job.payload["import"], at=clock.now())


def remind(job: Claimed) -> None:
    """What somebody paid for elsewhere ends in a week, and their invitation is not used: they hear of it, once."""
    with finishing(job) as session:
        at, invitation = clock.now(), invitation_of(session, job.payload["invitation"])
        if invitation is None or at >= invitation.expires_at or is_spent(session, invitation):
            return
        person = session.get(Person, invitation.reader_id)
        if person is not None and current_membership(session, invitation.reader_id) is None:
            brought, tier = session.get_one(Brought, invitation.brought_id), session.get_one(Tier, invitation.tier_id)
            tell(session, brought, person, tier, invitation, "brought_along_reminder", at=at)


TASKS: dict[str, Task] = {GO_ON: go_on, FORGET: forget, REMIND: remind}
