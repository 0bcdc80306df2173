"""Similar topics: twenty rewordings are found, twenty unrelated ones bring nothing up, in four languages."""

import pytest

from membership import clock
from membership.topics import actions, index
from membership.topics.likeness import gist, likeness
from membership.topics.models import TopicWord
from membership.topics.words import language_of, stems
from tests import make
from tests.topics.wordings import LISTED, REWORDED, UNRELATED

WHY = "Many people here would like to know this, and nobody has looked into it so far."


@pytest.fixture
def town(session):
    """A reader who proposed every topic of the list, all with the same reason."""
    patron = make.patron(session)
    for number, title in enumerate(LISTED):
        actions.propose(
            session, reader_id=patron.reader_id, title=title, why=WHY, attempt=f"listed-{number}", at=clock.now()
        )
    session.commit()
    return patron


def test_every_rewording_brings_up_its_topic_and_nothing_unrelated_brings_up_any(session, town):
    assert (len(REWORDED), len(UNRELATED), len(LISTED)) == (20, 20, 60)
    first = {said: [one.title for one in index.similar(session, said, WHY)][:1] for said, _ in REWORDED}
    assert first == {said: [meant] for said, meant in REWORDED}
    assert {said: index.similar(session, said, WHY) for said in UNRELATED} == {said: [] for said in UNRELATED}


def test_a_title_is_compared_while_it_is_typed(session, client, town):
    page = client.get("/topics/similar", query_string={"title": "the port and its quays, who ow"}).text
    assert "Who owns the harbour now that the quays were sold?" in page and "1 patron stands behind this" in page
    assert client.get("/topics/similar", query_string={"title": "the"}).text.strip() == ""
    assert client.get("/topics/similar", query_string={"title": UNRELATED[0]}).text.strip() == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Why is the pool closed?", "en"),
        ("Warum ist das Bad zu?", "de"),
        ("¿Por qué está cerrada la piscina?", "es"),
        ("Чому зачинили басейн на околиці?", "uk"),
        ("Harbour 2030", "de"),
    ],
)
def test_a_text_tells_its_language_by_its_filling_words(text, language):
    assert language_of(text, "de") == language


def test_likeness_is_the_same_both_ways_and_whole_for_the_same_words():
    one, other = gist("Who owns the old harbour?", "", "en"), gist("The harbour's owner", "", "en")
    assert likeness(one, other, {}) == likeness(other, one, {}) > 0.7
    assert likeness(one, gist("The old harbour: who owns it?", "", "en"), {}) == 1
    assert likeness(one, gist("Why?", "", "en"), {}) == 0


def test_stems_are_cut_and_casefolded_in_each_language():
    assert stems("The HARBOUR’S quays, quays!", "en") == ["harbour", "quay"]
    assert stems("Häuser und Straßen", "de") == stems("HÄUSER UND STRASSEN", "de")
    assert stems("Школи, школам", "uk") == ["школ"]


def test_the_words_of_topics_from_before_are_written_in_turns(session, town, monkeypatch):
    rows = session.query(TopicWord).count()
    session.query(TopicWord).delete()
    monkeypatch.setattr(index, "AT_ONCE", 25)
    turns = 1
    while index.put_in_missing(session):
        turns += 1
    assert (turns, session.query(TopicWord).count()) == (3, rows)
