"""Public answers are held in front of the site for a while, each for exactly those who would get the same."""

from __future__ import annotations

import pytest

from membership.web.held import HeldAnswers

PUBLIC = [
    ("Cache-Control", "public, max-age=300"),
    ("ETag", '"one"'),
    ("Content-Type", "text/html"),
    ("Content-Length", "1"),
]


class Site:
    """A WSGI application that counts how often it was asked."""

    def __init__(self, headers=PUBLIC, status="200 OK", body=b"x") -> None:
        self.asked, self.headers, self.status, self.body = 0, headers, status, body

    def __call__(self, environ, start):
        self.asked += 1
        start(self.status, list(self.headers))
        return [self.body]


def ask(held, path="/embed/appeal", method="GET", query="", **headers):
    seen = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "members.example",
    } | headers
    body = b"".join(held(environ, lambda status, given, failed=None: seen.append((status, given))))
    return *seen[0], body


def test_what_is_public_is_asked_for_once():
    site = Site()
    held = HeldAnswers(site, lambda: 10)
    assert [ask(held) for _ in range(3)] == [("200 OK", PUBLIC, b"x")] * 3 and site.asked == 1
    held.clear()
    ask(held)
    assert site.asked == 2


def test_whoever_has_it_already_is_told_so():
    held = HeldAnswers(Site(), lambda: 10)
    ask(held)
    status, headers, body = ask(held, HTTP_IF_NONE_MATCH='"one"')
    assert (status, body) == ("304 NOT MODIFIED", b"") and dict(headers)["ETag"] == '"one"'
    assert ask(held, HTTP_IF_NONE_MATCH='"old"')[2] == b"x"


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/embed/ballot/x"},
        {"query": "article=b"},
        {"HTTP_ACCEPT_LANGUAGE": "de"},
        {"HTTP_HOST": "other.example"},
    ],
)
def test_whoever_asks_otherwise_gets_an_answer_of_their_own(other):
    site = Site()
    held = HeldAnswers(site, lambda: 10)
    ask(held), ask(held, **other)
    assert site.asked == 2


@pytest.mark.parametrize(
    ("site", "asked"),
    [
        (Site([("Cache-Control", "no-store")]), {}),
        (Site([*PUBLIC, ("Set-Cookie", "a=b")]), {}),
        (Site(status="404 NOT FOUND"), {}),
        (Site(body=b"x" * 70_000), {}),
        (Site(), {"method": "POST"}),
        (Site(), {"path": "/join"}),
    ],
    ids=["private", "with a cookie", "an error", "large", "a post", "another page"],
)
def test_nothing_else_is_held(site, asked):
    held = HeldAnswers(site, lambda: 10)
    ask(held, **asked), ask(held, **asked)
    assert site.asked == 2


def test_it_is_held_for_its_time_only_and_not_at_all_where_that_is_nothing(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("membership.web.held.time.monotonic", lambda: now[0])
    site, never = Site(), Site()
    held = HeldAnswers(site, lambda: 10)
    ask(held)
    now[0] += 9.9
    ask(held)
    assert site.asked == 1
    now[0] += 0.2
    ask(held)
    assert site.asked == 2
    nothing = HeldAnswers(never, lambda: 0)
    ask(nothing), ask(nothing)
    assert never.asked == 2
