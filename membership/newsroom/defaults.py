"""What a new newsroom begins with: coffee prices, three memberships, and honest short texts. Staff change all of it."""

from __future__ import annotations

from dataclasses import dataclass

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
        "friend", "Friend", "You keep our reporting open to everybody, and you vote on what we look into.", "5"
    ),
    DefaultTier("patron", "Patron", "You carry a reader who cannot pay, and your own part as well.", "10"),
    DefaultTier("pillar", "Pillar", "You make the long investigations possible, the ones that take months.", "25"),
)
YEAR_IN_MONTHS = 10
"""A year costs as much as ten months."""

PAGES: dict[str, str] = {
    "terms": """\
## What you agree to

A membership is a standing payment that you begin and that you may end. It renews every month or every year, as you
chose, until you cancel it. You cancel on the page of your membership, in two clicks; it then runs until the end of the
time that is paid for.

A gift is paid once and does not renew.

## What you get

Our reporting stays open to everybody, whether they pay or not. As a patron in good standing you may propose topics, vote
in our ballots and use the thanks that we offer to members. A vote decides what we look into. It does not decide what we
find.

## If something went wrong

Write to us and we will put it right. A payment made by mistake is returned.

## Access for everybody

These pages are made to work by keyboard, with a screen reader, on small screens and without script. If they do not
serve you, please tell us.
""",
    "privacy": """\
## What we keep, and why

- **Your e-mail address**, and your name if you give it, so that we can write to you and you can sign in.
- **Your payments**: amount, day, and the last four digits of the card, so that you have receipts and we have books. The
  full card number never reaches us.
- **How you came**, when you begin to pay: the article, the site that led to it, the marks in a letter's link, and the first
  of our articles under which this browser met our appeal. So we learn which reporting is carried by whom. What else you
  read is not kept, and how often an appeal was seen is a number without readers.
- **That you voted**, so that nobody votes twice. What you voted for is kept without your name.

## Who else sees it

Stripe handles the payments and receives what it needs for them. Our letters go out through our mail provider. Nobody
else; we sell nothing and show no advertising on these pages.

## How long

As long as you are with us. Receipts are kept for as long as the tax law asks. You may ask us for everything we hold about
you, and ask us to erase it.

## Cookies

One, to keep you signed in and your forms safe. None for measuring you, and none from anybody else.
""",
    "contact": """\
Questions about your membership, a payment, a receipt or these pages: write to us, a person reads it.
""",
    "ways": """\
Not everybody wants to, or can, pay by card. These help just as much:

- **Tell somebody.** Pass on an article that you found worth your time.
- **Ask us something.** A good question has begun many a good story.
- **Pay in another way.** Write to us if nothing on this page fits, or if you would rather give in the name of somebody else.
""",
    "money": "",
}
