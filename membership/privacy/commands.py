"""`membership reader`: for those who ask by letter or telephone, and for a rehearsal."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import Flask

from membership import clock
from membership.db import reading, transaction
from membership.jobs.queue import claim_key, put_back
from membership.newsroom.queries import current
from membership.privacy import actions, tasks
from membership.privacy.queries import everything
from membership.privacy.telling import as_json
from membership.readers.queries import person_by_email
from membership.readers.trail import note

STEPS = (("erase", tasks.erase), ("erase-payers", tasks.take_payers_away))


def commands(house: Callable[[], Flask]) -> click.Group:
    """The group, with the house to open when one of them is called."""

    @click.group()
    def reader() -> None:
        """One reader: what is held about them, and erasing it."""

    @reader.command()
    @click.argument("email")
    def export(email: str) -> None:
        """Everything that is held about somebody, as JSON."""
        with house().app_context(), transaction() as session:
            at, reader_id = clock.now(), _known(email)
            note(session, actor_id=None, action="reader:exported", object=f"reader/{reader_id}", at=at)
            newsroom = current(session)
            shelves = everything(session, reader_id, at=at)
            click.echo(as_json(shelves, reader_id=reader_id, newsroom=newsroom.name if newsroom else "", at=at), nl=False)

    @reader.command()
    @click.argument("email")
    def erase(email: str) -> None:
        """Erase somebody: what runs ends at Stripe, the person goes, the books stay. It may be called again."""
        with house().app_context():
            reader_id = _known(email)
            with transaction() as session:
                actions.order(session, reader_id, at=clock.now())
            for name, task in STEPS:
                job = claim_key(f"{name}:{reader_id}")
                if job is None:
                    continue  # a worker has it in hand
                try:
                    task(job)
                except Exception as error:
                    put_back(job, error)
                    raise click.ClickException(f"{error} The worker goes on with it.") from error
        click.echo(f"Reader {reader_id} is erased. Receipts that were issued are kept, for the tax office alone.")

    return reader


def _known(email: str) -> int:
    with reading() as session:
        person = person_by_email(session, email)
    if person is None:
        raise click.ClickException(f"Nobody is known by {email}.")
    return person.reader_id
