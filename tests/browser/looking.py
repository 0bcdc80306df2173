"""How a page is judged: by axe, by its width, and by walking through it with the Tab key."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_axe = Axe()


def assert_accessible(page: Page) -> None:
    """axe finds nothing (needs a page with script: axe itself is one)."""
    found = _axe.run(page, options=RULES).response["violations"]
    assert not found, f"{page.url}:\n" + "\n".join(_told(violation) for violation in found)


def _told(violation: dict[str, Any]) -> str:
    nodes = "; ".join(
        f"{node['html'][:160]} ({node['failureSummary'].splitlines()[-1]})" for node in violation["nodes"][:3]
    )
    return f"  {violation['id']}: {violation['help']}: {nodes}"


def assert_fits(page: Page) -> None:
    """Nothing is wider than the window: nobody scrolls sideways (WCAG 1.4.10). Needs script."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    if wide > window:
        too_wide = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 120)).slice(0, 5)"
        )
        raise AssertionError(f"{page.url} is {wide} px wide in a window of {window}: {too_wide}")


def tab_order(page: Page, most: int = 60) -> list[str]:
    """What the Tab key reaches, in its order: each as `tag name-or-text`. Each must be seen and show its focus."""
    reached: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const e = document.activeElement; if (!e || e === document.body) return null;
            const box = e.getBoundingClientRect(), style = getComputedStyle(e);
            return { name: e.tagName.toLowerCase() + ' ' + (e.name || e.textContent.trim().slice(0, 40)),
                     seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
                     ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none' }; }"""
        )
        if here is None:
            break
        assert here["seen"], f"{here['name']} has the focus on {page.url} and cannot be seen"
        assert here["ring"], f"{here['name']} has the focus on {page.url} and does not show it"
        reached.append(here["name"])
    return reached
