"""The words that the site brings along, and how words are filled in for a page."""

from __future__ import annotations

from flask_babel import gettext

from membership.appeals.rules import PRICE, Words, paragraphs
from membership.money import Money


def built_in(newsroom_name: str) -> Words:
    """What is asked while staff have written nothing of their own, in the language of the page."""
    open_to_all = gettext(
        "Nothing that %(name)s publishes is locked away. What makes that possible is readers who carry the cost together, so "
        "that those who cannot pay read the same pages.",
        name=newsroom_name,
    )
    price = gettext(
        "For the price of one cup of coffee a month (%(price)s) you become a patron: you propose what we should look into, "
        "you vote on what we report next, and we tell you what came of it.",
        price=PRICE,
    )
    return Words(
        heading=gettext("You have read to the end. Thank you."),
        text=f"{open_to_all}\n\n{price}",
        button=gettext("Become a patron"),
        ways=gettext("Other ways to support"),
    )


def filled(words: Words, price: Money | None, language: str) -> dict[str, object]:
    """The words for a page: the price written in their language, the text in paragraphs."""
    written = price.written(language) if price else ""

    def fill(text: str) -> str:
        return text.replace(PRICE, written)

    return {
        "heading": fill(words.heading),
        "paragraphs": [fill(one) for one in paragraphs(words.text)],
        "button": fill(words.button),
        "ways": fill(words.ways),
    }
