"""`membership mail bounces FILE|-`: what mail servers reported later, read from a file, a mailbox (mbox) or a pipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import BinaryIO

import click
from flask import Flask

from membership import clock
from membership.db import transaction
from membership.mail.bounces import note_report
from membership.mail.post import line
from membership.mail.reports import messages, reports


def commands(house: Callable[[], Flask]) -> click.Group:
    """The group `mail`; `house` opens the house."""

    @click.group()
    def mail() -> None:
        """Letters."""

    @mail.command()
    @click.argument("file", type=click.File("rb"))
    def bounces(file: BinaryIO) -> None:
        """Note the reports of letters that could not be delivered (RFC 3464). The same report twice is one."""
        with house().app_context():
            counted = take_in(file.read())
        click.echo(", ".join(f"{number} {words}" for words, number in counted.items()) or "no message")

    return mail


def take_in(content: bytes) -> Counter[str]:
    """Note what these messages report; how many there were of each kind. Each message is a transaction of its own."""
    counted: Counter[str] = Counter()
    for message in messages(content):
        found = reports(message)
        if not found:
            counted["no report"] += 1
            continue
        with transaction() as session:
            for report in found:
                letters = (line().office.letter_named(name) for name in report.names)
                letter_id = next((one for one in letters if one is not None), None)
                counted[note_report(session, report, letter_id, at=clock.now())] += 1
    return counted
