"""Accidents go to a Sentry only if one is named, and nobody's name or secret goes along."""

import gzip
import json
import logging
import sys

import pytest

from membership import logs, mishaps


@pytest.fixture
def sentry(httpserver):
    import sentry_sdk

    httpserver.expect_request("/api/7/envelope/").respond_with_json({})
    mishaps.begin(f"http://key@127.0.0.1:{httpserver.port}/7")
    yield lambda: _events(httpserver)
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)  # `init` without words would listen to everything there is


def _events(httpserver):
    import sentry_sdk

    sentry_sdk.flush(5)
    bodies = [(request.data, request.headers.get("Content-Encoding")) for request, _ in httpserver.log]
    texts = [(gzip.decompress(body) if coded == "gzip" else body).decode() for body, coded in bodies]
    return [json.loads(text.splitlines()[2]) for text in texts]


def test_an_accident_is_told_without_what_it_had_in_hand(sentry):
    address = "ada@example.org"

    def breaks(card="4242 4242 4242 4242"):
        raise RuntimeError(f"could not charge {card} of {address}")

    with logs.about(request="abc12345"):
        try:
            breaks()
        except RuntimeError:
            logging.getLogger("x").exception("an accident with %s", address)
    [told] = sentry()
    text = json.dumps(told)
    assert "ada@" not in text and "4242" not in text and '"vars"' not in text
    assert told["exception"]["values"][0]["value"] == "could not charge [card] of [address]"
    assert told["exception"]["values"][0]["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert told["tags"] == {"request": "abc12345"} and set(told).isdisjoint(mishaps.DROPPED)


def test_a_warning_is_not_told(sentry):
    logging.getLogger("x").warning("somebody mistyped a code")
    assert sentry() == []


def test_without_the_setting_it_is_not_even_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)  # whoever imports it now stumbles
    mishaps.begin(None)
    with pytest.raises(ImportError):
        mishaps.begin("http://key@127.0.0.1:9/7")
