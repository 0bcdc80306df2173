"""Whom the demo is about: invented readers, what they promised to give, and what became of it. The same every time."""

from __future__ import annotations

import itertools
from random import Random

from membership.demo.marked import DECLINES, MARKED, marked, marked_gifts
from membership.demo.promised import Gift, Person, Pledge, Turn
from membership.demo.tiers import GIVEN, least
from membership.sandbox.billing.periods import boundary, periods

DAY = 86_400
PATRONS = 290
GUESTS = 60
SPAN_DAYS = 913
"""Thirty months."""
RETRIES_END = 14 * DAY
WAVES = (880, 640, 410, 205, 87, 75, 30, 4)
"""Days ago on which more people came than usual: after a long story, or when a ballot opened."""

FIRST = (
    "Wren Ansel Maren Iben Ruben Teo Oda Liv Jonna Pell Sanna Bram Corin Dara Eskil Fenna Garrick Hild Ilse Jory Kerra "
    "Loick Mabli Nell Osk Perrin Quilla Rafe Sunniva Tamsin Ulla Vesper Wilf Yara Zelda Arlo Birgitte Cass Dunja Emmet"
)
LAST = (
    "Halloway Tarrow Holt Sorley Ashdown Quill Brannick Fenwater Marrable Oxley-Reed Saltgrass Thornquist Underhay "
    "Varley-Moss Wexcombe Yarrowby Appledram Birchmoor Cobbleway Drifthouse Eastquay Farrowell Gullane-Wick Heathersay"
)
CARDS = ("4242424242424242", "5555555555554444", "378282246310005", "4000002760000016")


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
    """The promises of all patrons, in the order of their beginning; some left and came back."""
    marked_ones = marked(everybody[1 : 1 + MARKED], at)
    made = [_the_patron(at), *marked_ones]
    for number, person in enumerate(everybody[1 + len(marked_ones) : PATRONS], start=1):
        made.append(drawn(chance, f"patron-{number}", person, at, articles))
    gone = [pledge for pledge in made if pledge.fate == "left" and pledge.ends and pledge.ends < at - 60 * DAY]
    for number, earlier in enumerate(gone[:14]):
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
    found += marked_gifts([one.person for one in found[-4:]], at)
    return sorted(found, key=lambda gift: (gift.at, gift.prefix))


def _the_patron(at: int) -> Pledge:
    start = boundary(at - 12 * DAY, -8, "month")
    amount = least("patron", "EUR", "month")
    return Pledge("wren", PATRON, "patron", "month", "EUR", amount, start, "active", None, CARDS[0], 0)


def drawn(
    chance: Random, prefix: str, person: Person, at: int, articles: int, span_days: int = SPAN_DAYS
) -> Pledge:  # fmt: skip
    """Somebody's promise as it may have come about within the last `span_days`."""
    interval = "year" if chance.random() < 0.28 else "month"
    age = _age(chance, span_days)
    months = age / (30 * DAY)
    # Of a hundred patrons two leave in a month and one is lost; with a yearly payment the moment comes once a year.
    staying = 0.97**months
    fate = "active" if chance.random() < staying else chance.choice(("left", "left", "lost"))
    if fate == "active" and chance.random() < 0.04:
        fate = "ending"
    return _fresh(chance, prefix, person, at - age, at, articles, interval, fate)


def _age(chance: Random, span_days: int) -> int:
    """How long ago somebody came, in seconds: every second one in the days after a story or at a ballot, the others
    by and by, more of them lately."""
    waves = [days for days in WAVES if days < span_days]
    if chance.random() < 0.5:
        begun = chance.choices(waves, range(2, len(waves) + 2))[0]
        return int(max(0.2, begun - min(chance.expovariate(1 / 9), begun * 0.9)) * DAY)
    return int((1 - chance.random() ** 0.7) * (span_days - 1) * DAY) + DAY


def _fresh(
    chance: Random, prefix: str, person: Person, start: int, at: int, articles: int, interval: str, fate: str
) -> Pledge:
    tier = chance.choices(("reader", "patron", "champion"), (56, 33, 11))[0]
    currency = chance.choices(GIVEN, (66, 20, 14))[0]
    amount = least(tier, currency, interval)
    if chance.random() < 0.15:
        amount += 100 * chance.randint(1, 2)
    fate, ends = _end(chance, start, at, interval, fate)
    card = chance.choices(CARDS, (60, 25, 5, 10))[0]
    article = _article(chance, articles)
    turns: tuple[Turn, ...] = ()
    if fate == "lost":
        turns = (Turn("run_dry", (ends or at) - DAY // 2, word=chance.choice(DECLINES)),)
    return Pledge(prefix, person, tier, interval, currency, amount, start, fate, ends, card, article, turns)


def _end(chance: Random, start: int, at: int, interval: str, fate: str) -> tuple[str, int | None]:
    """When it ended, if its age allows for this fate; a promise too young for it goes on."""
    ends = [end for _, end in periods(start, at, interval) if end < at]
    if fate == "lost":
        ends = [end for end in ends if end + RETRIES_END < at]
    if fate in {"left", "lost"}:
        return (fate, chance.choice(ends)) if ends else ("active", None)
    return fate, None


def _article(chance: Random, articles: int) -> int | None:
    """Which article somebody came from; a third came by themselves."""
    return chance.choices((*range(articles), None), (*range(articles + 2, 2, -1), articles + 1))[0]
