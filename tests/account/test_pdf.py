"""Receipts and statements as PDF files: the same words and sums, void ones say so, letters of several scripts."""

import re
import zlib

import pytest
from sqlalchemy import select, update

from membership import clock
from membership.giving.paper import Paper
from membership.giving.receipt_models import Receipt
from membership.readers.models import Person
from tests import make
from tests.account.test_papers import paid


def said(pdf, monkeypatch=None):
    """What a file's pages hold, unpacked; letters stand there as glyph numbers, so this measures and compares."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = b""
    for stream in streams:
        try:
            found += zlib.decompress(stream)
        except zlib.error:
            continue
    return found


@pytest.fixture
def ada(session, client):
    person = make.reader(session, "ada@example.org", name="Аделаида Ünvented")
    make.sign_in(session, client, person)
    return person


@pytest.fixture
def words(monkeypatch):
    """Every word that is put on a page."""
    heard: list[str] = []
    for name in ("say", "facts", "rows"):
        plain = getattr(Paper, name)

        def listening(self, *args, _plain=plain, **kwargs):
            heard.append(str(args))
            return _plain(self, *args, **kwargs)

        monkeypatch.setattr(Paper, name, listening)
    return heard


def test_a_receipt_is_a_file_in_its_own_words(session, client, ada, words):
    receipt = paid(session, ada)
    answer = client.get(f"/account/receipts/{receipt.number}.pdf")
    assert answer.status_code == 200 and answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-") and said(answer.data) and len(answer.data) < 200_000
    heard = " ".join(words)
    assert receipt.number in heard and "Аделаида" in heard and "€5" in heard and "Lantern Press" in heard
    assert "VOID" not in heard


def test_a_void_receipt_says_so_on_paper(session, client, ada, words):
    receipt = paid(session, ada)
    session.execute(update(Receipt).values(voided_at=clock.now(), void_reason="refund"))
    session.commit()
    client.get(f"/account/receipts/{receipt.number}.pdf")
    assert "VOID" in " ".join(words) and "was refunded" in " ".join(words)


def test_a_statement_is_a_file_with_its_sums(session, client, ada, words):
    paid(session, ada)
    paid(session, ada, number=2, currency="JPY", amount=700, kind="donation")
    year = clock.now().year
    answer = client.get(f"/account/statements/{year}.pdf")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF-")
    assert "€5" in " ".join(words) and "¥700" in " ".join(words)
    assert client.get("/account/statements/2001.pdf").status_code == 404


def test_a_file_is_only_ever_ones_own(session, client, ada):
    receipt = paid(session, make.reader(session))
    assert client.get(f"/account/receipts/{receipt.number}.pdf").status_code == 404


def test_every_letter_of_latin_greek_and_cyrillic_has_a_shape(session, ada, caplog):
    paper = Paper(language="en", title="x")
    paper.say("Příliš žluťoučký kůň – ÄÖÜß éèê ñ ł ő ș – Съешь ещё этих мягких булок ґєіїў – Ελληνικά – € £ ¥ zł Kč")
    paper.facts([("Сплачено", "25 листопада 2026\u202fр.")])
    paper.rows(["Дата"], [["25 листопада 2026\u202fр."]], (100,))
    paper.made()
    assert "missing" not in caplog.text.lower() and session.scalars(select(Person)).all()
