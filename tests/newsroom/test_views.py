"""The colours and the texts, as anybody sees them."""

import pytest

from membership.newsroom import actions
from tests.make import NOON


def test_the_theme_is_css_that_may_be_kept_and_sets_no_cookie(client):
    answer = client.get("/theme.css")
    assert answer.status_code == 200 and answer.mimetype == "text/css"
    assert "--accent:#9a3324" in answer.text and "prefers-color-scheme:dark" in answer.text
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/terms", "/privacy", "/contact", "/ways"])
def test_the_texts_have_a_title_a_description_and_words_from_the_first_day(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert '<meta name="description"' in answer.text and "The Test Lantern</title>" in answer.text
    assert answer.text.count("<h1>") == 1


def test_what_staff_wrote_is_shown_without_script(session, client):
    actions.write_page(session, "terms", "## Ours\n\n<script>x()</script> [bad](javascript:x)", by=None, at=NOON)
    session.commit()
    text = client.get("/terms").text
    assert "<h2>Ours</h2>" in text and "<script>x" not in text and 'href="javascript' not in text


def test_the_contact_page_says_who_receives_the_money(client):
    text = client.get("/contact").text
    for words in ("Lantern Press", "1 Quay, Port Example", "TEST 000", "mailto:desk@lantern.example"):
        assert words in text


def test_other_ways_to_support_carry_the_article_along(client):
    article = "http://localhost:8002/a?b=c&d"
    text = client.get("/ways", query_string={"article": article}).text
    for path in ("/join", "/give"):
        assert f'href="{path}?article=http%3A%2F%2Flocalhost%3A8002%2Fa%3Fb%3Dc%26d"' in text
    assert 'href="/join"' in client.get("/ways").text
