"""Taking the team's second step on the way in: an app is added at the first sign-in, recovery codes serve afterwards."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import Page, expect

from tests.walker import Walker

_codes: dict[str, list[str]] = {}
"""Recovery codes that were shown, by the site on which; each is good once."""


def walk_in(walker: Walker, site: str) -> None:
    """The second step of whoever just signed in."""
    page = walker.get(f"{site}/account/second-step")
    if page.path == "/sign-in/second-step":
        page = walker.send("/sign-in/second-step", proof_step=_codes[site].pop())
        assert page.path == "/account/second-step", page.text
        return
    seed = re.search(r'<code class="key code">(\w+)<', page.html)
    assert seed, page.text
    page = walker.send("/account/second-step/app", digits=pyotp.TOTP(seed[1]).now())
    _codes[site] = re.findall(r"<li><code>([\w-]+)</code>", page.html)
    assert len(_codes[site]) == 10, page.text


def click_in(page: Page, site: str) -> None:
    """The same in a browser."""
    page.goto(f"{site}/staff/")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Your second step")
    if page.locator("input[name=proof_step]").count():
        page.locator("input[name=proof_step]").fill(_codes[site].pop())
        page.get_by_role("button", name="Go on").click()
    else:
        seed = page.locator("code.key").text_content()
        page.get_by_label("The six digits that it shows now").fill(pyotp.TOTP(seed or "").now())
        page.get_by_role("button", name="Add the app").click()
        expect(heading).to_have_text("Your recovery codes")
        _codes[site] = page.locator("ol.codes code").all_text_contents()
        page.get_by_role("link", name="I have written them down").click()
    expect(page).to_have_url(re.compile("/staff/"))
