"""The invented newsroom's own site."""

from __future__ import annotations

import pytest

from membership.demo.articles import STORIES
from membership.demo.site import create_site

SITE = create_site(members_url="http://127.0.0.1:8000", own_url="http://localhost:8002").test_client()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.slug)
def test_every_article_is_real_prose_with_the_appeal_in_a_frame_and_a_link_beside_it(story):
    page = SITE.get(f"/{story.slug}").text
    assert 250 < sum(len(paragraph.split()) for paragraph in story.body) < 450
    carried = f"article=http%3A%2F%2Flocalhost%3A8002%2F{story.slug}"
    assert f'src="http://127.0.0.1:8000/embed/appeal?{carried}&amp;lang=en"' in page
    assert f'href="http://127.0.0.1:8000/join?{carried}"' in page
    assert page.count("<script") == 1 and '<script src="http://127.0.0.1:8000/embed.js" defer>' in page


def test_the_front_page_leads_to_every_article_and_nothing_else_answers():
    page = SITE.get("/").text
    assert all(f'href="/{story.slug}"' in page for story in STORIES)
    assert SITE.get("/no-such-article").status_code == 404
