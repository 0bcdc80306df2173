"""What a new newsroom begins with: coffee prices, three memberships, and honest short texts. Staff change all of it.

A text that staff have not written yet is shown to each reader in their own language.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext

from membership.refusals import N_

CURRENCY = "EUR"
ACCENT = "#9a3324"

COFFEES: dict[str, int] = {
    "EUR": 300, "USD": 350, "GBP": 300, "CHF": 450, "PLN": 1200, "SEK": 3500, "NOK": 4000, "DKK": 3000, "CZK": 6500,
    "CAD": 400, "AUD": 500, "JPY": 400, "UAH": 6000,
}  # fmt: skip
"""The price of a cup of coffee in minor units (Stripe's), by currency."""


@dataclass(frozen=True)
class DefaultTier:
    """A membership to begin with; `monthly` as a person would type it, in `CURRENCY`."""

    slug: str
    name: str
    blurb: str
    monthly: str


TIERS = (
    DefaultTier(
        "friend", N_("Friend"),
        N_("You keep our reporting open to everybody, and you vote on what we look into."), "5",
    ),
    DefaultTier("patron", N_("Patron"), N_("You carry a reader who cannot pay, and your own part as well."), "10"),
    DefaultTier(
        "pillar", N_("Pillar"), N_("You make the long investigations possible, the ones that take months."), "25",
    ),
)  # fmt: skip
YEAR_IN_MONTHS = 10
"""A year costs as much as ten months."""

PAGES: dict[str, tuple[str, ...]] = {
    "terms": (
        N_("## What you agree to"),
        N_(
            "A membership is a standing payment that you begin and that you may end. It renews every month or every year, "
            "as you chose, until you cancel it. You cancel on the page of your membership, in two clicks; it then runs until "
            "the end of the time that is paid for."
        ),
        N_("A gift is paid once and does not renew."),
        N_("## What you get"),
        N_(
            "Our reporting stays open to everybody, whether they pay or not. As a patron in good standing you may propose "
            "topics, vote in our ballots and use the thanks that we offer to members. A vote decides what we look into. It "
            "does not decide what we find."
        ),
        N_("## If something went wrong"),
        N_("Write to us and we will put it right. A payment made by mistake is returned."),
        N_("## Access for everybody"),
        N_(
            "These pages are made to work by keyboard, with a screen reader, on small screens and without script. If they do "
            "not serve you, please tell us."
        ),
    ),
    "privacy": (
        N_("## What we keep, and why"),
        N_(
            "- **Your e-mail address**, and your name if you give it, so that we can write to you and you can sign in."
        ),
        N_(
            "- **Your payments**: amount, day, and the last four digits of the card, so that you have receipts and we have "
            "books. The full card number never reaches us."
        ),
        N_(
            "- **How you came**, when you begin to pay: the article, the site that led to it, the marks in a letter's link, "
            "and the first of our articles under which this browser met our appeal. So we learn which reporting is carried "
            "by whom. What else you read is not kept, and how often an appeal was seen is a number without readers."
        ),
        N_("- **That you voted**, so that nobody votes twice. What you voted for is kept without your name."),
        N_("## Who else sees it"),
        N_(
            "Stripe handles the payments and receives what it needs for them. Our letters go out through our mail provider. "
            "Nobody else; we sell nothing and show no advertising on these pages."
        ),
        N_("## How long"),
        N_(
            "As long as you are with us. Receipts are kept for as long as the tax law asks. You may ask us for everything we "
            "hold about you, and ask us to erase it."
        ),
        N_("## Cookies"),
        N_(
            "One, to keep you signed in and your forms safe, and one with the language, if you choose one here. None for "
            "measuring you, and none from anybody else."
        ),
    ),
    "contact": (
        N_("Questions about your membership, a payment, a receipt or these pages: write to us, a person reads it."),
    ),
    "ways": (
        N_("Not everybody wants to, or can, pay by card. These help just as much:"),
        N_("- **Tell somebody.** Pass on an article that you found worth your time."),
        N_("- **Ask us something.** A good question has begun many a good story."),
        N_(
            "- **Pay in another way.** Write to us if nothing on this page fits, or if you would rather give in the name of "
            "somebody else."
        ),
    ),
    "money": (),
}
"""The staff's texts by name, in Markdown: paragraphs and lines of lists, each of which is translated by itself."""


def page_text(slug: str) -> str:
    """A text to begin with, in the present language."""
    text, before = "", ""
    for paragraph in PAGES[slug]:
        follows_on = paragraph.startswith("- ") and before.startswith("- ")
        text += ("\n" if follows_on or not text else "\n\n") + gettext(paragraph)
        before = paragraph
    return text.strip() + "\n" if text else ""
