"""Before a topic is sent, those that look alike are shown once; nothing that was typed is lost."""

import re

from sqlalchemy import func, select

from membership.topics.models import Topic, TopicSupport
from tests import make
from tests.topics.test_views import FORM, proposed

MINE = {
    "title": "To whom does the port belong?", "why": "The port was sold, they say.\n\nIs <that> so?",
    "links": "https://register.example/port", "attempt": "another-attempt-here",
}  # fmt: skip


def count(session):
    return session.scalar(select(func.count()).select_from(Topic))


def test_a_similar_topic_is_shown_before_mine_is_sent_and_nothing_is_lost(session, client):
    there = proposed(session)
    make.sign_in(session, client, make.patron(session))
    page = client.post("/topics", data=MINE)
    assert page.status_code == 200 and count(session) == 1
    assert "Who owns the harbour?" in page.text and f'action="/topics/{there.slug}/support"' in page.text
    for typed in ("To whom does the port belong?", "Is &lt;that&gt; so?", "https://register.example/port"):
        assert typed in page.text
    assert f'value="{MINE["attempt"]}"' in page.text
    anyway = dict(re.findall(r'name="(anyway)" value="(\d)"', page.text))
    answers = [client.post("/topics", data=MINE | anyway) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303] and count(session) == 2


def test_supporting_the_other_one_instead_is_one_button(session, client):
    there, patron = proposed(session), make.patron(session)
    make.sign_in(session, client, patron)
    client.post("/topics", data=MINE)
    assert client.post(f"/topics/{there.slug}/support").status_code == 303
    assert session.get(TopicSupport, (there.id, patron.reader_id)) is not None and count(session) == 1
    assert "You stand behind this one." in client.post("/topics", data=MINE).text


def test_what_is_not_alike_goes_straight_through(session, client):
    proposed(session)
    make.sign_in(session, client, make.patron(session))
    other = FORM | {"title": "Why do the church bells ring on weekdays?", "attempt": "another-attempt-here"}
    assert client.post("/topics", data=other).status_code == 303


def test_the_same_attempt_sent_again_is_not_held_up_by_its_own_topic(session, client):
    make.sign_in(session, client, make.patron(session))
    answers = [client.post("/topics", data=FORM) for _ in range(2)]
    assert [answer.location for answer in answers] == ["/topics/who-owns-the-harbour"] * 2


def test_a_title_never_takes_an_address_of_ours(session, client):
    make.sign_in(session, client, make.patron(session))
    assert client.post("/topics", data=FORM | {"title": "Similar!"}).location == "/topics/similar-topic"
