"""A bulletin's words as text and HTML, its languages, and the number that was confirmed."""

import pytest

from membership.bulletins import rules, wording
from membership.bulletins.rules import Audience

BASE = "https://members.example.org"
SOURCE = """Dear readers,

## The quay

we *looked* at **it**, and at [our list](/topics) and <https://lantern.example/a?b=1&c=2>.
Two lines.

- one
- two
  - deep

3. three
4. four

> They said
>
> nothing.

---

    code  here

<script>alert(1)</script> [bad](javascript:alert(1)) [mail](mailto:desk@lantern.example)
"""
TEXT = """Dear readers,

The quay

we looked at it, and at our list (https://members.example.org/topics) and https://lantern.example/a?b=1&c=2.
Two lines.

- one
- two
  - deep

3. three
4. four

> They said
>
> nothing.

* * *

    code  here

<script>alert(1)</script> [bad](javascript:alert(1)) mail (mailto:desk@lantern.example)
"""


def test_the_plain_text_says_what_the_source_says():
    assert wording.as_text(SOURCE, BASE) == TEXT


def test_the_html_is_clean_and_its_links_are_whole():
    html = wording.as_html(SOURCE, BASE)
    assert "<script" not in html and 'javascript:alert(1)"' not in html and "&lt;script" in html
    assert f'href="{BASE}/topics"' in html and 'href="https://lantern.example/a?b=1&amp;c=2"' in html
    assert '<h2 style="' in html and '<p style="' in html
    assert 'href="//' not in wording.as_html("[x](//evil.example)", BASE).replace('href="//evil.example"', "")


@pytest.mark.parametrize(
    ("languages", "reads", "ours", "gets"),
    [(["en", "de"], "de", "en", "de"), (["en", "de"], "fr", "en", "en"), (["es", "de"], "fr", "en", "de")],
)
def test_everybody_gets_it_in_a_language_that_it_has(languages, reads, ours, gets):
    assert rules.chosen(languages, reads, ours) == gets


@pytest.mark.parametrize(
    ("confirmed", "now", "refused"),
    [(0, 0, rules.NobodyThere), (10, 0, rules.NobodyThere), (5, 5, None), (5, 15, None), (5, 16, rules.NumberChanged),
     (100_000, 100_900, None), (100_000, 101_100, rules.NumberChanged), (0, 11, rules.NumberChanged)],
)  # fmt: skip
def test_the_number_that_was_confirmed_must_still_be_about_right(confirmed, now, refused):
    audience = Audience(now + 7, 4, 3)
    if refused is None:
        rules.check_number(confirmed, audience)
    else:
        with pytest.raises(refused):
            rules.check_number(confirmed, audience)
