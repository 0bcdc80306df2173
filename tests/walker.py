"""A small browser without script, over real sockets: keeps cookies, follows redirects, fills in and sends forms.

walker = Walker("http://127.0.0.1:8000")
walker.get("/join?article=…")
walker.send("/join", email="ada@example.org", tier="friend")     the form with that action; hidden fields come along
assert "Thank you" in walker.page.text
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests

TIMEOUT = 30
Fields = dict[str, list[str]]


@dataclass
class FormOnPage:
    """A form as a browser sees it: what it would send if nothing were changed."""

    action: str
    method: str
    fields: Fields = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """An answer: its status, address, text, links and forms."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.url = answer.url
        self.headers = answer.headers
        self.html = answer.text
        self.forms: list[FormOnPage] = []
        self.links: dict[str, str] = {}
        self._words: list[str] = []
        self._form: FormOnPage | None = None
        self._link: str | None = None
        self._select: str | None = None
        self._area: str | None = None
        self._silent = 0
        if "html" in answer.headers.get("Content-Type", "text/html"):
            self.feed(self.html)
            self.close()
        else:
            self._words = [self.html]

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def text(self) -> str:
        """What a reader reads, spaces joined."""
        return " ".join(" ".join(self._words).split())

    def link(self, words: str) -> str:
        """The address of the first link whose text contains these words."""
        for text, address in self.links.items():
            if words in text:
                return address
        raise AssertionError(f"no link “{words}” on {self.url}: {list(self.links)}")

    def form(self, action: str | None = None, names: Set[str] = frozenset()) -> FormOnPage:
        """The first form that goes to this path (anywhere, when none is named) and has these fields."""
        for form in self.forms:
            if (action is None or urlsplit(form.action).path == action) and names <= form.names:
                return form
        seen = [(form.action, sorted(form.names)) for form in self.forms]
        raise AssertionError(f"no form to {action} with {sorted(names)} on {self.url}: {seen}\n{self.text}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "title"}:
            self._silent += 1
        if tag == "form":
            action = urljoin(self.url, values.get("action") or self.url)
            self._form = FormOnPage(action, values.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a" and "href" in values:
            self._link = urljoin(self.url, values["href"])
            self._words.append("\x00")
        elif self._form is not None:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        assert self._form is not None
        name, kind = values.get("name", ""), values.get("type", "text")
        if tag == "option" and self._select is not None:
            if "selected" in values or self._select not in self._form.fields:
                self._form.fields[self._select] = [values.get("value", "")]
            return
        if not name or "disabled" in values:
            return
        if tag == "button" or kind in {"submit", "image"}:
            self._form.buttons.append((name, values.get("value", "")))
            return
        self._form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            self._form.fields[name] = [""]
        elif tag == "input" and (kind not in {"radio", "checkbox"} or "checked" in values):
            self._form.fields.setdefault(name, []).append(values.get("value", "on" if kind == "checkbox" else ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "title"}:
            self._silent -= 1
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None
        elif tag == "a" and self._link is not None:
            start = len(self._words) - 1 - self._words[::-1].index("\x00")
            words = " ".join(" ".join(self._words[start + 1 :]).split())
            self._words[start] = ""
            self.links.setdefault(words or self._link, self._link)
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._form is not None:
            self._form.fields[self._area] = [data.removeprefix("\n")]
        elif not self._silent:
            self._words.append(data)


class Walker:
    """Somebody walking through the site. `page` is where they are; `base` is where a bare path leads."""

    def __init__(self, base: str, **headers: str) -> None:
        self.base = base
        self.requests = requests.Session()
        self.requests.trust_env = False
        self.requests.headers["Accept-Language"] = "en"
        self.requests.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.page: Page | None = None

    def __enter__(self) -> Walker:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.requests.close()

    def get(self, path: str, *, status: int | None = 200) -> Page:
        """Open an address and go where it leads; `status` is what the last answer must have (None: anything)."""
        return self._arrive(self.requests.get(urljoin(self.base, path), timeout=TIMEOUT), status)

    def follow(self, words: str, *, status: int | None = 200) -> Page:
        """Click the link with these words."""
        assert self.page is not None
        return self.get(self.page.link(words), status=status)

    def send(
        self,
        action: str | None = None,
        *,
        press: str | None = None,
        status: int | None = 200,
        **fields: str | list[str],
    ) -> Page:
        """Fill in and send the form that goes to `action`; `press` is the value of the button, where there are several."""
        assert self.page is not None
        filled = {name.replace("__", "-"): _list(value) for name, value in fields.items()}
        form = self.page.form(action, set(filled))
        sent = form.fields | filled
        buttons = [button for button in form.buttons if press is None or button[1] == press]
        if buttons:
            sent = sent | {buttons[0][0]: [buttons[0][1]]}
        if form.method == "get":
            return self._arrive(self.requests.get(form.action, params=sent, timeout=TIMEOUT), status)
        headers = {"Origin": "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url)), "Referer": self.page.url}
        return self._arrive(self.requests.post(form.action, data=sent, headers=headers, timeout=TIMEOUT), status)

    def _arrive(self, answer: requests.Response, status: int | None) -> Page:
        self.page = Page(answer)
        if status is not None:
            assert answer.status_code == status, f"{answer.status_code} at {answer.url}: {self.page.text[:800]}"
        return self.page


def _list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
