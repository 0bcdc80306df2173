"""`make pictures`: the README's pictures, taken by a Chromium from a demo that is begun anew for them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium
from tests.house_on_sockets import ROOT, free_port

PICTURES = ROOT / "docs" / "pictures"
WIDE = {"width": 1040, "height": 720}
PHONE = {"width": 390, "height": 780}
LIMIT = 150_000
RUN = "import sys; from pathlib import Path; from membership.demo.runner import run; sys.exit(run({}, data=Path({!r})))"


@contextmanager
def demo(directory: Path) -> Iterator[dict[str, str]]:
    """A fresh demo on free ports and a SQLite file of its own; what it printed, by the words before the colon."""
    ports = ", ".join(str(free_port()) for _ in range(3))
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-c", RUN.format(ports, str(directory))]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            what, _, url = line.strip().partition(": ")
            said[what] = url
        yield said
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def take(page: Page, name: str) -> None:
    """One picture of what the window shows. Raises `ValueError` when it is too heavy for a README."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LIMIT:
        raise ValueError(f"{path.name} weighs {path.stat().st_size} bytes; {LIMIT} at most")
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")


def window(browser: Browser, size: dict[str, int], scheme: str = "light") -> Page:
    """A new window of somebody whose language is British English."""
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-IE")  # type: ignore[arg-type]
    return context.new_page()


def of_anyone(page: Page, said: dict[str, str]) -> None:
    """From the article to the hosted page."""
    page.goto(said["article"])
    page.locator("iframe").evaluate("frame => frame.scrollIntoView({block: 'end'})")
    take(page, "article")
    page.goto(said["support page"])
    take(page, "support")
    page.goto(f"{said['support page']}join")
    take(page, "join")
    page.goto(f"{said['support page']}promises")
    take(page, "promises")


def of_a_patron(page: Page, said: dict[str, str]) -> None:
    """The account, an open ballot, and the result of a counted one."""
    page.goto(said["patron"])
    page.locator("main form button").click()
    take(page, "account")
    page.goto(f"{said['support page']}ballots")
    page.get_by_role("link", name="What should we look into this winter?").first.click()
    take(page, "ballot")
    page.goto(f"{said['support page']}ballots")
    page.get_by_role("link", name="Two questions for the autumn desk").first.click()
    page.goto(page.url.rstrip("/").removesuffix("/results") + "/results")
    take(page, "result")


def of_staff(page: Page, said: dict[str, str]) -> None:
    """The first report, down to its pictures."""
    page.set_viewport_size({"width": WIDE["width"], "height": 1030})
    page.goto(said["staff"])
    page.locator("main form button").click()
    page.goto(f"{said['support page']}staff/reports/patrons")
    take(page, "report")


def main() -> int:
    """Take all of them. Returns the exit code."""
    path = chromium.find()
    if path is None:
        print(f"No Chromium here. {chromium.HOW_TO_HAVE_IT}", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, demo(Path(directory) / "demo") as said, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        of_anyone(window(browser, WIDE), said)
        of_a_patron(window(browser, WIDE), said)
        of_staff(window(browser, WIDE), said)
        phone = window(browser, PHONE, "dark")
        phone.goto(said["support page"])
        take(phone, "support-phone-dark")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
