"""The report `perks`: what was issued, claimed, redeemed and revoked in these months, and what it cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from membership.money import Money
from membership.perks.desk_pages import KIND_WORDS
from membership.perks.models import Perk
from membership.perks.states import LIVE
from membership.reports.charts import columns
from membership.reports.charts import rows as bars
from membership.reports.frame import Asked, Drawing, Heading, Part
from membership.reports.perk_rolling import Ways, perk_ways
from membership.reports.pictures import month_words
from membership.reports.rules import months

DEEDS = ("issued", "claimed", "redeemed", "expired", "revoked")


def perks(session: Session, asked: Asked) -> list[Part]:
    """By perk, then month by month."""
    ways = perk_ways(session, asked.zone, until=asked.until)
    rows = session.execute(select(Perk).order_by(Perk.retired_at.is_not(None), Perk.id.desc())).scalars().all()
    return [_by_perk(asked, ways, list(rows)), _by_month(asked, ways)]


def deed_of(was: str, state: str) -> tuple[str, int] | None:
    """What a step from one state to another counts for: one more, or (-1) one that was undone. A seat that was given back
    was not claimed, one that was let in by mistake was not redeemed, and a perk that opened again was not revoked."""
    if state == "revoked" or was == "revoked":
        return ("revoked", 1 if state == "revoked" else -1)
    if was == "":
        return ("issued", 1)
    if (was, state) in (("claimed", "issued"), ("redeemed", "claimed")):
        return (was, -1)
    return (state, 1) if state in DEEDS else None


def _deeds(asked: Asked, ways: Ways) -> dict[tuple[int, str], Counter[str]]:
    """By perk and month, of the months that were asked for."""
    found: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for (perk_id, month, was, state), number in ways.items():
        deed = deed_of(was, state)
        if deed is not None and asked.since <= month:
            found[perk_id, month][deed[0]] += deed[1] * number
    return found


def _out(ways: Ways) -> Counter[int]:
    """How many of each perk are out at the end: issued, claimed or redeemed, and not taken back."""
    found: Counter[int] = Counter()
    for (perk_id, _month, was, state), number in ways.items():
        found[perk_id] += ((state in LIVE) - (was in LIVE)) * number
    return found


def _columns() -> tuple[Heading, ...]:
    return (
        Heading("issued", gettext("Issued"), "people"),
        Heading("claimed", gettext("Claimed"), "people"),
        Heading("redeemed", gettext("Redeemed"), "people"),
        Heading("expired", gettext("Expired"), "people"),
        Heading("revoked", gettext("Revoked"), "people"),
    )


def _by_perk(asked: Asked, ways: Ways, every: list[Perk]) -> Part:
    deeds, out, rows = _deeds(asked, ways), _out(ways), list[tuple[Any, ...]]()
    for perk in every:
        mine: Counter[str] = Counter()
        for (perk_id, _month), counted in deeds.items():
            if perk_id == perk.id:
                mine.update(counted)
        if any(mine.values()) or out[perk.id]:
            one = Money(perk.cost, perk.cost_currency) if perk.cost is not None and perk.cost_currency else None
            cost = Money(one.minor * mine["redeemed"], one.currency) if one else None
            kind = str(KIND_WORDS[perk.kind][0])
            rows.append(
                (perk.title, perk.slug, kind, perk.kind, *(mine[deed] for deed in DEEDS), out[perk.id], one, cost)
            )
    return Part(
        "perks",
        gettext("By perk"),
        gettext(
            "What happened in these months. Issued: somebody was given it, or given it again in another year. Claimed: asked"
            " for (of those kinds that are asked for), less what was given back. Redeemed: used, sent or let in, less what"
            " was undone. Revoked: taken back, by your team or because a membership ended, less what opened again. Out: how"
            " many stand open at the end, of all that were ever issued. Cost: what one costs, as it stands at the perk today,"
            " times what was redeemed; where nobody wrote down a cost there is none."
        ),
        (
            Heading("title", gettext("Perk"), "text"),
            Heading("perk", "", "text", only="file"),
            Heading("kind_words", gettext("Kind"), "text", only="page"),
            Heading("kind", "", "text", only="file"),
            *_columns(),
            Heading("out", gettext("Out"), "people"),
            Heading("cost_of_one", gettext("Cost of one"), "money"),
            Heading("cost", gettext("Cost"), "money"),
        ),
        tuple(rows),
        lambda: _drawn(rows),
    )


def _drawn(rows: list[tuple[Any, ...]]) -> list[Drawing]:
    points = []
    for row in rows:
        used = max(row[6], 0)
        points.append((gettext("%(perk)s: issued", perk=row[0]), max(row[4], 0), str(row[4]), False))
        points.append((gettext("%(perk)s: redeemed", perk=row[0]), used, str(row[6]), True))
    if not any(value for _, value, _, _ in points):
        return []
    told = "; ".join(f"{label}: {words}" for label, _, words, _ in points)
    return [Drawing("perks", gettext("Issued and redeemed"), told, rows=tuple(bars(points)))]


def _by_month(asked: Asked, ways: Ways) -> Part:
    by_month: dict[str, Counter[str]] = defaultdict(Counter)
    for (_perk_id, month), counted in _deeds(asked, ways).items():
        by_month[month].update(counted)
    there = sorted(by_month)
    shown = months(there[0], asked.until) if there else []
    rows = tuple((month, *(by_month[month][deed] for deed in DEEDS)) for month in shown)
    return Part(
        "months",
        gettext("Month by month"),
        gettext("All perks together. The running month is counted up to now."),
        (Heading("month", gettext("Month"), "month"), *_columns()),
        rows,
        lambda: _months_drawn(rows),
    )


def _months_drawn(rows: tuple[tuple[Any, ...], ...]) -> list[Drawing]:
    if not any(row[3] > 0 for row in rows):
        return []
    points = [(month_words(row[0], "LLL"), max(row[3], 0), str(row[3])) for row in rows]
    desc = ", ".join(
        f"{month_words(row[0])}: {ngettext('%(num)s perk', '%(num)s perks', row[3])}" for row in rows
    )  # fmt: skip
    return [Drawing("redeemed", gettext("Redeemed, by month"), desc, columns=tuple(columns(points)))]
