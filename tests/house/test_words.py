"""Every word for people is translated into every language, and says there what it says in English.

A message that is missing, doubtful, empty or no longer said fails here: `make words` brings the catalogs in step with the
sources, and translating what is empty then mends it.
"""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message

from tests.house import words

BRACES = re.compile(r"\{\w*\}")
TAGS = re.compile(r"</?[a-z][^<>]*>")
SAME_SHAPE = {
    "braces": lambda text: Counter(BRACES.findall(text)),
    "tags": lambda text: Counter(TAGS.findall(text)),
    "space at the ends": lambda text: (text[:1].isspace(), text[-1:].isspace()),
    "line breaks": lambda text: text.count("\n"),
}


class Asked(dict):
    """Values for any message, which notes what is asked for."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, "1")


def names(text: str) -> set[str] | None:
    """What a message wants filled in; None when it cannot be filled in."""
    asked = Asked()
    try:
        text % asked
    except (ValueError, TypeError, KeyError):
        return None
    return set(asked)


def wrong_in(own: Catalog, message: Message) -> Iterator[str]:
    """What is wrong with one message's translation."""
    there = own.get(message.id, message.context)
    english = [message.id] if isinstance(message.id, str) else list(message.id)
    if there is None:
        yield "missing"
        return
    said = [there.string] if isinstance(there.string, str) else list(there.string)
    if there.fuzzy:
        yield "fuzzy"
    if len(said) != (own.num_plurals if len(english) > 1 else 1):
        yield f"{len(said)} forms"
    if not all(text and text.strip() for text in said):
        yield "empty"
        return
    for number, text in enumerate(said):
        # The first form may leave the number out where it stands for one thing only; in Ukrainian it is also that of 21.
        first = number == 0 and own.num_plurals == 2
        yield from _unlike(text, english, spare=first)


def _unlike(text: str, english: list[str], *, spare: bool) -> Iterator[str]:
    wanted, filled = names(english[-1]), names(text)
    needed = names(english[0]) if spare else wanted
    if wanted is not None and (filled is None or not (needed or set()) <= filled <= wanted):
        yield f"asks for {filled}, not {wanted}: {text}"
    for what, shape in SAME_SHAPE.items():
        if all(shape(text) != shape(one) for one in english):
            yield f"other {what}: {text}"


def faults(own: Catalog, said: Catalog) -> list[str]:
    found = [f"{message.id}: {fault}" for message in said if message.id for fault in wrong_in(own, message)]
    known = {(message.id, message.context) for message in said}
    found += [f"{message.id}: nobody says it" for message in own if (message.id, message.context) not in known]
    return found + [f"{message}: obsolete" for message in own.obsolete]


@pytest.fixture(scope="module")
def said() -> Catalog:
    return words.extracted()


def test_words_are_found_wherever_they_stand(said):
    found = {message.id if isinstance(message.id, str) else message.id[0]: message for message in said}
    assert len(found) > 3000
    for places in ("membership/bulletins/", "membership/giving/", "templates/letters/", "templates/web/"):
        assert any(place.startswith(places) for message in found.values() for place, _ in message.locations), places
    assert "Friend" in found and "Become a patron" in found  # marked by N_, and in a template
    assert all(text.strip() for text in found if text)


@pytest.mark.parametrize("language", words.TRANSLATED)
def test_every_word_is_translated(said, language):
    found = faults(words.catalog(language), said)
    if found:
        pytest.fail("\n".join([f"{len(found)} faults in {language}; `make words` shows what is empty.", *found[:20]]))


@pytest.mark.parametrize(
    ("english", "translated", "fault"),
    [
        ("Sign in", None, "missing"),
        ("Sign in", "", "empty"),
        ("Sign in", "Увійти ", "other space"),
        ("Dear %(name)s,", "Вітаємо!", "asks for set()"),
        ("Dear %(name)s,", "Вітаємо, %(nane)s!", "asks for {'nane'}"),
        ("Dear %(name)s,", "Вітаємо, %(name)!", "asks for None"),
        ("5 %% of it", "5 % від цього", "asks for None"),
        ("For {price}", "За {prise}", "other braces"),
        ("<strong>One</strong>", "<b>Один</b>", "other tags"),
        (("one day", "%(num)s days"), ("%(num)s день", "%(num)s дні"), "2 forms"),
        (("one day", "%(num)s days"), ("один день", "%(num)s дні", "%(num)s днів"), "asks for set()"),
        (("one day", "%(num)s days"), ("%(num)s день", "%(num)s дні", ""), "empty"),
    ],
)
def test_what_is_wrong_would_be_seen(english, translated, fault):
    own, said = Catalog(locale="uk"), Catalog()
    said.add(english)
    if translated is not None:
        own.add(english, translated)
    found = faults(own, said)
    assert len(found) == 1 and fault in found[0], found


def test_what_is_doubtful_or_said_no_more_would_be_seen():
    own, said = Catalog(locale="de"), Catalog()
    own.add("Sign in", "Anmelden", flags=["fuzzy"])
    own.add("Sign up", "Registrieren")
    said.add("Sign in")
    assert [fault.rpartition(": ")[2] for fault in faults(own, said)] == ["fuzzy", "nobody says it"]
    good = Catalog(locale="de")
    good.add("Sign in", "Anmelden")
    assert faults(good, said) == []
    good.add(("one day", "%(num)s days"), ("ein Tag", "%(num)s Tage"))
    said.add(("one day", "%(num)s days"))
    assert faults(good, said) == []
