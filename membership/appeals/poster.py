"""A poster for a wall: an A4 page with the newsroom's name, what it asks for, and a QR code that leads there."""

from __future__ import annotations

import io

import segno
from flask_babel import gettext

from membership.giving.paper import MARGIN, Paper

SQUARE = 90
"""Millimetres: a telephone reads it from two metres away."""


def poster(*, language: str, name: str, tagline: str, accent: str, title: str, link: str) -> bytes:
    """The file. `title` is an article's, or empty for the newsroom itself; the link stands beneath the code in letters."""
    paper = Paper(language=language, title=name)
    paper.set_fill_color(*(int(accent[start : start + 2], 16) for start in (1, 3, 5)))
    paper.rect(0, 0, paper.w, 14, style="F")
    paper.set_y(MARGIN + 8)
    paper.say(name, size=32, bold=True, align="LEFT")
    if tagline:
        paper.say(tagline, size=16, grey=True, align="LEFT")
    paper.ln(6)
    said = title[:120] or gettext("Reporting that is open to everybody, carried by those who can.")
    paper.say(said, size=24, bold=True, align="LEFT")
    asked = gettext(
        "Read it, and help to carry it. For the price of a cup of coffee a month you vote on what comes next."
    )
    paper.say(asked, size=15, align="LEFT")
    drawn = io.BytesIO()
    segno.make_qr(link, error="m").save(drawn, kind="png", scale=20, border=2)
    drawn.seek(0)
    top = paper.h - MARGIN - SQUARE - 16
    paper.image(drawn, x=(paper.w - SQUARE) / 2, y=max(top, paper.get_y() + 4), w=SQUARE, alt_text=link)
    paper.set_y(paper.h - MARGIN - 12)
    paper.set_auto_page_break(False)
    paper.set_font("house", "", 11)
    paper.multi_cell(0, 5, link, align="C")
    return paper.made()
