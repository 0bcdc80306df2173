"""Whom the demo is about: invented readers, what they promised to give, and what became of it. The same every time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random

from membership.demo.tiers import GIVEN, least
from membership.sandbox.billing.periods import boundary, periods

DAY = 86_400
PATRONS = 208
GUESTS = 34
SPAN_DAYS = 425
RETRIES_END = 14 * DAY

FIRST = (
    "Wren Ansel Maren Iben Ruben Teo Oda Liv Jonna Pell Sanna Bram Corin Dara Eskil Fenna Garrick Hild Ilse Jory Kerra "
    "Loick Mabli Nell Osk Perrin Quilla Rafe Sunniva Tamsin Ulla Vesper Wilf Yara Zelda Arlo Birgitte Cass Dunja Emmet"
)
LAST = (
    "Halloway Tarrow Holt Sorley Ashdown Quill Brannick Fenwater Marrable Oxley-Reed Saltgrass Thornquist Underhay "
    "Varley-Moss Wexcombe Yarrowby Appledram Birchmoor Cobbleway Drifthouse Eastquay Farrowell Gullane-Wick Heathersay"
)
CARDS = ("4242424242424242", "5555555555554444", "378282246310005", "4000002760000016")
FAILING_CARD = "4000000000000341"


@dataclass(frozen=True)
class Person:
    """Somebody of the story. The address is under `.example`, where no mail arrives."""

    name: str
    email: str


@dataclass(frozen=True)
class Pledge:
    """A promise to give. `ends`: when it ended or (`past_due`) when the renewal that failed was due; Unix seconds.

    `fate`: active, left (by choice), lost (payments failed), past_due, ending (cancelled, runs to its period's end).
    """

    prefix: str
    person: Person
    tier: str
    interval: str
    currency: str
    amount: int
    start: int
    fate: str
    ends: int | None
    card: str
    article: int | None


@dataclass(frozen=True)
class Gift:
    """A one-time gift."""

    prefix: str
    person: Person
    currency: str
    amount: int
    at: int
    card: str
    article: int | None


STAFF = (
    ("admin", Person("Edda Lanternby", "edda@ferrowmouth.example")),
    ("manager", Person("Marlow Penhaligate", "marlow@ferrowmouth.example")),
    ("editor", Person("Oda Brannick", "oda@ferrowmouth.example")),
    ("viewer", Person("Teodor Quill", "teodor@ferrowmouth.example")),
)
PATRON = Person("Wren Halloway", "wren@reader.example")
"""The patron whose sign-in link the demo prints."""


def people(chance: Random) -> list[Person]:
    """As many invented people as the story needs, each with an address of their own; `PATRON` comes first."""
    names = [f"{first} {last}" for first, last in itertools.product(FIRST.split(), LAST.split())]
    names.remove(PATRON.name)
    picked = chance.sample(names, PATRONS + GUESTS - 1)
    return [PATRON, *(Person(name, f"{name.lower().replace(' ', '.')}@reader.example") for name in picked)]


def pledges(chance: Random, everybody: list[Person], at: int, articles: int) -> list[Pledge]:
    """The promises of all patrons, in the order of their beginning; a few left and came back."""
    made = [_the_patron(at)]
    for number, person in enumerate(everybody[1:PATRONS], start=1):
        made.append(_pledge(chance, number, person, at, articles))
    gone = [pledge for pledge in made if pledge.fate == "left" and pledge.ends and pledge.ends < at - 60 * DAY]
    for number, earlier in enumerate(gone[:6]):
        start = chance.randrange((earlier.ends or 0) + 20 * DAY, at - 2 * DAY)
        made.append(_fresh(chance, f"return-{number}", earlier.person, start, at, articles, "month", "active"))
    return sorted(made, key=lambda pledge: (pledge.start, pledge.prefix))


def gifts(chance: Random, everybody: list[Person], at: int, articles: int) -> list[Gift]:
    """One-time gifts, mostly of guests, some of patrons."""
    givers = [*everybody[PATRONS:], *chance.sample(everybody[1:PATRONS], 9)]
    found = []
    for number, person in enumerate(givers):
        currency = chance.choice(GIVEN)
        found.append(
            Gift(
                prefix=f"gift-{number}",
                person=person,
                currency=currency,
                amount=chance.choice((500, 1000, 1000, 2000, 2500, 5000, 10000)),
                at=at - chance.randrange(DAY, SPAN_DAYS * DAY),
                card=chance.choice(CARDS),
                article=_article(chance, articles),
            )
        )
    return sorted(found, key=lambda gift: (gift.at, gift.prefix))


def _the_patron(at: int) -> Pledge:
    start = boundary(at - 12 * DAY, -8, "month")
    amount = least("patron", "EUR", "month")
    return Pledge("wren", PATRON, "patron", "month", "EUR", amount, start, "active", None, CARDS[0], 0)


def _pledge(chance: Random, number: int, person: Person, at: int, articles: int) -> Pledge:
    prefix = f"patron-{number}"
    interval = "year" if chance.random() < 0.28 else "month"
    # More came lately than a year ago: the square root leans towards today.
    age = int((1 - chance.random() ** 0.75) * SPAN_DAYS * DAY) + DAY
    fate = chance.choices(("active", "left", "lost", "past_due", "ending"), (70, 14, 7, 4, 5))[0]
    if fate == "past_due":
        due = at - chance.randrange(DAY // 2, 6 * DAY)
        return _fresh(
            chance, prefix, person, boundary(due, -chance.randint(2, 9), "month"), at, articles, "month", fate
        )
    return _fresh(chance, prefix, person, at - age, at, articles, interval, fate)


def _fresh(
    chance: Random, prefix: str, person: Person, start: int, at: int, articles: int, interval: str, fate: str
) -> Pledge:
    tier = chance.choices(("reader", "patron", "champion"), (56, 33, 11))[0]
    currency = chance.choices(GIVEN, (66, 20, 14))[0]
    amount = least(tier, currency, interval)
    if chance.random() < 0.15:
        amount += 100 * chance.randint(1, 2)
    fate, ends = _end(chance, start, at, interval, fate)
    card = FAILING_CARD if fate in {"lost", "past_due"} else chance.choices(CARDS, (60, 25, 5, 10))[0]
    return Pledge(prefix, person, tier, interval, currency, amount, start, fate, ends, card, _article(chance, articles))


def _end(chance: Random, start: int, at: int, interval: str, fate: str) -> tuple[str, int | None]:
    """When it ended, if its age allows for this fate; a promise too young for it goes on."""
    ends = [end for _, end in periods(start, at, interval) if end < at]
    if fate == "past_due":
        return (fate, ends[-1]) if ends else ("active", None)
    if fate == "lost":
        ends = [end for end in ends if end + RETRIES_END < at]
    if fate in {"left", "lost"}:
        return (fate, chance.choice(ends)) if ends else ("active", None)
    return fate, None


def _article(chance: Random, articles: int) -> int | None:
    """Which article somebody came from; a third came by themselves."""
    return chance.choices((*range(articles), None), (*range(articles + 2, 2, -1), articles + 1))[0]
