"""The report `articles`: what article, embed, campaign and language brought patrons and money, and each appeal's reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import get_locale, gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from membership.appeals.models import BUILT_IN, Appeal, AppealCount
from membership.appeals.rules import letter
from membership.campaigns.models import Campaign
from membership.money import Money
from membership.newsroom.models import Article
from membership.reports.charts import rows as bars
from membership.reports.churn import rate
from membership.reports.frame import Asked, Drawing, Heading, Link, Part
from membership.reports.pictures import percent
from membership.reports.rules import month_later
from membership.reports.touch_lines import WAYS, Brought
from membership.reports.touching import Sums, touch_sums
from membership.web.locale import money

ON_THE_PAGE = 50
DRAWN = 8
AT_ONCE = 5000
Reach = dict[Any, tuple[int, int]]
"""How often the appeal was seen and clicked, by what is asked about."""


def articles(session: Session, asked: Asked) -> list[Part]:
    """By last touch, by first touch, by embed, campaign, language; then each appeal with its variants."""
    sums = touch_sums(
        session, asked.zone, since=asked.since, until=asked.until, ways=WAYS, currency=asked.currency
    )  # fmt: skip
    far = _reach(session, asked)
    seen = _by(far, lambda one: one.article_id)
    named = titles(session, {key.article_id for key in sums} | seen.keys())
    campaigns = {row.slug: row.title for row in session.execute(select(Campaign.slug, Campaign.title))}
    return [
        _by_article(asked, sums, seen, named),
        _by_first(asked, sums, named),
        _by_name(asked, sums, "embed", embed_words),
        _by_name(asked, sums, "campaign", lambda slug: campaigns.get(slug, slug) or gettext("No campaign")),
        _by_name(asked, sums, "language", language_words, _by(far, _language)),
        _by_appeal(session, asked, sums, _by(far, lambda one: (one.appeal_id, one.variant))),
    ]


def _reach(session: Session, asked: Asked) -> Sequence[Any]:
    """How often appeals were seen and clicked in these months, by article, appeal, variant and language."""
    begin, end = (date.fromisoformat(f"{month}-01") for month in (asked.since, month_later(asked.until, 1)))
    keys = (AppealCount.article_id, AppealCount.appeal_id, AppealCount.variant, AppealCount.language)
    statement = (
        select(*keys, func.sum(AppealCount.seen).label("seen"), func.sum(AppealCount.clicked).label("clicked"))
        .where(AppealCount.day >= begin, AppealCount.day < end)
        .group_by(*keys)
    )
    return session.execute(statement).all()


def _by(rows: Sequence[Any], what: Callable[[Any], Any]) -> Reach:
    """Added up by what each is of."""
    sums: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        both = sums[what(row)]
        both[0], both[1] = both[0] + int(row.seen), both[1] + int(row.clicked)
    return {key: (seen, clicked) for key, (seen, clicked) in sums.items()}


def _language(row: Any) -> str:
    """Without its country, as in the sums."""
    return str(row.language).lower().replace("_", "-").partition("-")[0]


def titles(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Title and address of articles by number."""
    found, wanted = {}, sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        some = Article.id.in_(wanted[start : start + AT_ONCE])
        for row in session.execute(select(Article.id, Article.title, Article.address).where(some)):
            found[row.id] = (row.title or row.address, row.address)
    return found


def _counts() -> tuple[Heading, ...]:
    return (
        Heading("patrons", gettext("Patrons"), "people"),
        Heading("begun", gettext("First payments"), "people"),
        Heading("begun_gross", gettext("Their amount"), "money"),
        Heading("payments", gettext("Payments"), "people"),
        Heading("gross", gettext("Amount"), "money"),
    )


def _cells(brought: Brought, code: str) -> tuple[Any, ...]:
    """As `_counts` are headed; without a currency there is no money."""
    gross = [Money(minor, code) if code else None for minor in (brought.begun_gross, brought.gross)]
    return (brought.patrons, brought.begun, gross[0], brought.payments, gross[1])


def lined(asked: Asked, by_code: dict[str, Brought]) -> Iterator[tuple[str, Brought]]:
    """The currencies of one thing, the newsroom's own first; one line without any where nothing came."""
    codes = sorted(by_code, key=lambda code: (code != asked.own, code))
    yield from ((code, by_code[code]) for code in codes) if codes else (("", Brought()),)


def _weight(asked: Asked, by_code: dict[str, Brought], seen: int) -> tuple[int, int, int]:
    """What brought most comes first: by money in the newsroom's own currency, then by patrons, then by reach."""
    own = by_code.get(asked.own, Brought())
    return (-own.gross, -sum(one.patrons for one in by_code.values()), -seen)


def _by_article(asked: Asked, sums: Sums, seen: Reach, named: dict[int, tuple[str, str]]) -> Part:
    rows = _article_rows(asked, sums, "last", seen, named)
    return Part(
        "last",
        gettext("By the article that somebody came from"),
        gettext(
            "The last article on the way to a payment. Patrons: memberships that began, or began again, in these months;"
            " first payments: what began something (a membership, a gift), renewals left out. Payments and amount: all that"
            " was paid in these months by those who once came from there, renewals included, before fees and refunds, in the"
            " month in which it was paid. Seen and clicked: how often the appeal stood on a screen under it, and how often"
            " its button was pressed; they stand beside the article's first currency. Money that nobody's article is known"
            " of stands in the line without one."
        ),
        _article_headings(reached=True),
        rows,
        lambda: _drawn("last", gettext("Articles that brought most"), [row for row in rows if row[1]]),
        ON_THE_PAGE,
    )


def _by_first(asked: Asked, sums: Sums, named: dict[int, tuple[str, str]]) -> Part:
    rows = _article_rows(asked, sums, "first", {}, named)
    return Part(
        "first",
        gettext("By the article under which they first met an appeal"),
        gettext(
            "The same by first touch: the first article under which this browser met an appeal in the ninety days before. It"
            " is known only where the script on your pages could keep it; all else stands in the line without an article."
        ),
        _article_headings(reached=False),
        tuple((*row[:3], *row[5:]) for row in rows),
        most=ON_THE_PAGE,
    )


def _article_headings(*, reached: bool) -> tuple[Heading, ...]:
    far = (Heading("seen", gettext("Seen"), "reach"), Heading("clicked", gettext("Clicked"), "reach"))
    return (
        Heading("title", gettext("Article"), "text"),
        Heading("address", "", "text", only="file"),
        Heading("currency", gettext("Currency"), "text"),
        *(far if reached else ()),
        *_counts(),
    )


def _article_rows(
    asked: Asked, sums: Sums, way: str, far: Reach, named: dict[int, tuple[str, str]]
) -> tuple[tuple[Any, ...], ...]:
    found: dict[int, dict[str, Brought]] = defaultdict(dict)
    for key, brought in sums.items():
        if key.way == way and not brought.is_nothing:
            found[key.article_id][key.currency] = brought
    rows: list[tuple[Any, ...]] = []
    nowhere = (gettext("No article"), "")

    def order(one: int) -> tuple[Any, ...]:
        return (one not in named, *_weight(asked, found.get(one, {}), far.get(one, (0, 0))[0]), one)

    for article_id in sorted({*found, *far}, key=order):
        title, address = named.get(article_id, nowhere)
        reached = far.get(article_id, (0, 0))
        for place, (code, brought) in enumerate(lined(asked, found.get(article_id, {}))):
            both = reached if place == 0 else (None, None)
            rows.append((Link(title, address) if address else title, address, code, *both, *_cells(brought, code)))
    return tuple(rows)


def _drawn(name: str, title: str, rows: list[tuple[Any, ...]]) -> list[Drawing]:
    """What brought most money, one picture for each currency. The words stand first in a row, the money last."""
    drawn = []
    for code in dict.fromkeys(row[2] for row in rows if row[2]):
        shown = sorted((row for row in rows if row[2] == code and row[-1].minor > 0), key=lambda row: -row[-1].minor)[
            :DRAWN
        ]
        points = [(str(getattr(row[0], "words", row[0])), row[-1].minor, money(row[-1]), False) for row in shown]
        if points:
            told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
            whole = gettext("%(what)s, in %(currency)s", what=title, currency=code)
            drawn.append(Drawing(f"{name}-{code.lower()}", whole, told, rows=tuple(bars(points))))
    return drawn


def embed_words(embed: str) -> str:
    """What stood on the page that somebody came from."""
    return {
        "": gettext("No embed"),
        "appeal": gettext("The appeal"),
        "goal": gettext("A campaign's goal"),
        "ballot": gettext("A ballot's card"),
    }.get(embed, embed)


def language_words(tag: str) -> str:
    """A language by its name, in the reader's own."""
    if not tag:
        return gettext("Not known")
    try:
        return Locale.parse(tag).get_language_name(str(get_locale() or "en")) or tag
    except (ValueError, UnknownLocaleError):
        return tag


def _by_name(asked: Asked, sums: Sums, way: str, words: Callable[[str], str], seen: Reach | None = None) -> Part:
    found: dict[str, dict[str, Brought]] = defaultdict(dict)
    for key, brought in sums.items():
        if key.way == way and not brought.is_nothing:
            found[key.name][key.currency] = brought
    far = seen or {}
    names = sorted({*found, *far}, key=lambda one: (*_weight(asked, found.get(one, {}), far.get(one, (0, 0))[0]), one))
    rows = tuple(
        (words(name), name, code, *((far.get(name, (0, 0)) if place == 0 else (None, None)) if seen is not None else ()),
         *_cells(brought, code))
        for name in names
        for place, (code, brought) in enumerate(lined(asked, found.get(name, {})))
    )  # fmt: skip
    reached = (Heading("seen", gettext("Seen"), "reach"), Heading("clicked", gettext("Clicked"), "reach"))
    title, what, how = _said(way)
    return Part(
        f"{way}s",
        title,
        how,
        (
            Heading("words", what, "text", only="page"),
            Heading(way, "", "text", only="file"),
            Heading("currency", gettext("Currency"), "text"),
            *(reached if seen is not None else ()),
            *_counts(),
        ),
        rows,
        lambda: _drawn(way, title, [row for row in rows if row[1]]),
        ON_THE_PAGE,
    )


def _said(way: str) -> tuple[str, str, str]:
    return {
        "embed": (
            gettext("By what stood there"), gettext("Embed"),
            gettext("Through which of the embeds they came: the appeal under an article, or the card of a campaign's goal."),
        ),
        "campaign": (
            gettext("By campaign"), gettext("Campaign"),
            gettext("A campaign of yours, where its page, card or link led to the payment; else the campaign's mark of the"
                    " link (utm_campaign) that led to the article."),
        ),
        "language": (
            gettext("By language"), gettext("Language"),
            gettext("The language of the article that somebody came from, without its country. Seen and clicked are counted"
                    " by the language of the appeal's words."),
        ),
    }[way]  # fmt: skip


def _by_appeal(session: Session, asked: Asked, sums: Sums, far: Reach) -> Part:
    found: dict[tuple[int, int], dict[str, Brought]] = defaultdict(dict)
    for key, brought in sums.items():
        if key.way == "appeal" and key.name and not brought.is_nothing:
            number, variant = key.name.split("/")
            found[int(number), int(variant)][key.currency] = brought
    names = {row.id: row.name for row in session.execute(select(Appeal.id, Appeal.name))}
    names[BUILT_IN] = gettext("The words that the site brings along")
    rows: list[tuple[Any, ...]] = []
    for number, variant in sorted({*found, *far}, key=lambda one: (-one[0], one[1])):
        both = far.get((number, variant), (0, 0))
        label = Link(names.get(number, str(number)), f"/staff/appeals/{number}/result")
        for place, (code, brought) in enumerate(lined(asked, found.get((number, variant), {}))):
            first = (*both, rate(both[1], both[0])) if place == 0 else (None, None, None)
            rows.append((label, number, letter(variant), code, *first, *_cells(brought, code)))
    return Part(
        "appeals",
        gettext("By appeal and variant"),
        gettext(
            "How often each appeal was seen and clicked in these months, and what came of it. A payment counts for the"
            " variant that was dealt to its article on its day. Whether a difference between variants can be believed, with"
            " its range, stands on the appeal's own page."
        ),
        (
            Heading("name", gettext("Appeal"), "text"),
            Heading("appeal", "", "text", only="file"),
            Heading("variant", gettext("Variant"), "text"),
            Heading("currency", gettext("Currency"), "text"),
            Heading("seen", gettext("Seen"), "reach"),
            Heading("clicked", gettext("Clicked"), "reach"),
            Heading("click_rate", gettext("Clicked of seen"), "rate"),
            *_counts(),
        ),
        tuple(rows),
        lambda: _clicks_drawn(rows),
    )


def _clicks_drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    told = [(f"{row[0].words} · {row[2]}", row[6]) for row in rows if row[5]]
    points = [
        (label, round((share or Fraction()) * 10_000), percent(share or Fraction()), False)
        for label, share in told[:DRAWN]
    ]
    desc = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    return [Drawing("clicks", gettext("Clicked of seen, by variant"), desc, rows=tuple(bars(points)))] if points else []
