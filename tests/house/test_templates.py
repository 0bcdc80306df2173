"""Every template compiles, speaks only through gettext, and holds nothing that the Content-Security-Policy would refuse."""

import ast
import re

import pytest

from tests.house.source import ROOT, called, files, where

OWN_LANGUAGE = ("sandbox/", "demo/")
"""The stand-in for Stripe and the demo's invented site are English only."""
TEMPLATES = sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*"))
TRANSLATED = [name for name in TEMPLATES if not name.startswith(OWN_LANGUAGE)]

UNSEEN = re.compile(
    r"\{#.*?#\}|\{% block body_class %\}.*?\{% endblock %\}|\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}"
    r"|<svg.*?</svg>|<!--.*?-->|<!doctype[^>]*>",
    re.S,
)
ADDRESS = re.compile(r"(?<!\w)/[\w/?=&-]+")
TAG = re.compile(r"<[^<>]*>", re.S)
SAID = re.compile(r"""\b(?:title|alt|placeholder|aria-label|aria-description|label)\s*=\s*("[^"]*"|'[^']*')""")
WORD = re.compile(r"[^\W\d_]{2,}")
NO_WORDS = {"nbsp", "times", "middot", "ndash", "mdash", "hellip", "rarr", "larr", "amp", "CSV", "SVG"}


def source(name: str) -> str:
    return (ROOT / "templates" / name).read_text()


def bare_words(text: str, *, html: bool) -> list[str]:
    """Words that would be printed as they stand."""
    spoken = UNSEEN.sub(" ", text)
    said = SAID.findall(UNSEEN.sub("", text)) if html else []
    spoken = TAG.sub(" ", spoken) if html else ADDRESS.sub(" ", spoken)
    return [word for part in [spoken, *said] for word in WORD.findall(part) if word not in NO_WORDS]


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(app, name):
    if not name.startswith(OWN_LANGUAGE):
        app.jinja_env.get_template(name)
    app.jinja_env.parse(source(name))


@pytest.mark.parametrize("name", TRANSLATED)
def test_it_says_nothing_that_cannot_be_translated(name):
    assert bare_words(source(name), html=name.endswith((".html", ".xml"))) == []


def test_bare_words_would_be_seen():
    assert bare_words("<p>Hello {{ name }}</p>", html=True) == ["Hello"]
    assert bare_words('<img alt="A boat">', html=True) == ["boat"]
    assert bare_words("{% trans %}Hello{% endtrans %} {{ _('you') }} <b>·</b>", html=True) == []
    assert bare_words("Dear {{ to.name }},", html=False) == ["Dear"]
    assert bare_words("{{ base_url }}/account/perks", html=False) == []


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.endswith(".html")])
def test_nothing_in_it_is_refused_by_the_policy(name):
    text = source(name)
    assert not re.search(r"<style|\bstyle\s*=|\son[a-z]+\s*=|javascript:", text), name
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), name


def test_no_message_is_put_together_before_it_is_translated():
    """An f-string inside gettext would be another message for every value."""
    marks = {"gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "_", "_l", "N_"}
    wrong = [
        where(path, node)
        for path, tree in files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) in marks and is_put_together(node.args[0])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_plural_goes_by_a_named_number(name):
    """Without a name it goes by whatever stands first, be it a title."""
    assert "{% pluralize %}" not in source(name)


def is_put_together(message: ast.expr) -> bool:
    return isinstance(message, ast.JoinedStr | ast.BinOp) or called(message).endswith(".format")
