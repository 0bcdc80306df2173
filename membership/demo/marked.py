"""Readers whose patronage had its turns: raised, lowered, paused, failed and recovered, lost, paid by debit, taken back.

Each is a pledge with a script; the sandbox lives it (`membership.sandbox.lived`).
"""

from __future__ import annotations

from membership.demo.promised import Gift, Person, Pledge, Turn
from membership.demo.tiers import least
from membership.sandbox.billing.periods import boundary

DAY = 86_400
MARKED = 64
"""So many of the story's people are put aside for these."""

VISA, MASTER = "4242424242424242", "5555555555554444"
SEPA = "AT611904300234573201"
DECLINES = ("insufficient_funds", "expired_card", "generic_decline", "lost_card", "authentication_required")
STEPS = (("first", 1.4), ("day-3", 3.6), ("account", 2.2), ("day-7", 7.4), ("day-3", 4.2), ("day-12", 12.3))
"""By which letter's link (or `account`: after signing in) a card was changed, and how many days after the failure."""


def marked(people: list[Person], at: int) -> list[Pledge]:
    """Their pledges. `people`: at least `MARKED`; `at`: the story's present."""
    rest = iter(people)
    made: list[Pledge] = []

    def pledge(
        start: int, *turns: Turn, tier: str = "patron", fate: str = "active", ends: int | None = None, card: str = VISA,
        interval: str = "month", currency: str = "EUR",
    ) -> None:  # fmt: skip
        made.append(
            Pledge(f"marked-{len(made)}", next(rest), tier, interval, currency, least(tier, currency, interval), start,
                   fate, ends, card, len(made) % 3 if start > at - 80 * DAY and len(made) % 2 else None, turns)
        )  # fmt: skip

    def began(months: int, days: int) -> int:
        """A start so that the current period began `days` ago, `months` periods after it."""
        return boundary(at - days * DAY, -months, "month")

    for number in range(10):  # raised within a period: the difference is paid at once
        start = began(5 + 2 * number, 3 + 2 * number)
        moment = boundary(start, 2 + number, "month") + 6 * DAY
        tier = "champion" if number % 3 == 0 else "patron"
        more = least("champion", "EUR", "month") if number % 3 == 0 else least("patron", "EUR", "month") + 300
        pledge(start, Turn("raise_to", moment, more, tier=tier))
    for number in range(5):  # lowered with the next period
        start = began(7 + 3 * number, 4 + 3 * number)
        moment = boundary(start, 3 + number, "month") + 9 * DAY
        pledge(start, Turn("lower_to", moment, least("reader", "EUR", "month"), tier="reader"))
    pledge(began(6, 8), Turn("lower_to", at - 2 * DAY, least("reader", "EUR", "month"), tier="reader"))
    for number in range(3):  # paused once, and paying again
        start = began(9 + 4 * number, 5 + 4 * number)
        moment = boundary(start, 3 + number, "month") + 11 * DAY
        pledge(start, Turn("pause", moment, until=boundary(moment, 1 + number, "month")))
    for number in range(2):  # paused now
        moment = at - (20 + 9 * number) * DAY
        pledge(began(8 + number, 12), Turn("pause", moment, until=boundary(moment, 2 + number, "month")))
    pledge(began(4, 9), Turn("cancel", at - 6 * DAY), Turn("keep", at - 5 * DAY))

    for number, (step, days) in enumerate(STEPS):  # failed; another card brought the money
        start = began(8 + 2 * number, 2 + 3 * number)
        due = boundary(start, 4 + number, "month")
        until = due + int(days * DAY)
        pledge(
            start, Turn("run_dry", due - DAY, word=DECLINES[number % len(DECLINES)]),
            Turn("new_card", until, word=MASTER, step=step), tier="reader" if number % 2 else "patron",
        )  # fmt: skip
    for number in range(4):  # failed; a later try went through
        start = began(6 + 3 * number, 6 + 2 * number)
        due = boundary(start, 3 + number, "month")
        pledge(start, Turn("run_dry", due - DAY, word="insufficient_funds", until=due + (2 + 2 * number) * DAY))
    for number in range(2):  # failed; paid on the invoice's own page
        start = began(9 + number, 10 + number)
        due = boundary(start, 6, "month")
        pledge(
            start, Turn("run_dry", due - DAY, word="authentication_required", until=due + 5 * DAY),
            Turn("pay_in_person", due + 2 * DAY + 3600),
        )  # fmt: skip
    for number, says in enumerate(("expired_card", "lost_card", "generic_decline", "insufficient_funds")):
        start = began(5 + number, 25)
        due = boundary(start, 3 + number, "month")
        pledge(start, Turn("run_dry", due - DAY, word=says), fate="lost", ends=due)
    for number, says in enumerate((*DECLINES, "insufficient_funds", "expired_card")):  # owed now
        due = at - (2 + 11 * number) * DAY // 8
        start = boundary(due, -(3 + number), "month")
        pledge(start, Turn("run_dry", due - DAY, word=says), fate="past_due", ends=due, tier="reader")

    for number in range(6):  # by debit
        pledge(began(2 + 3 * number, 7 + 3 * number), card=SEPA)
    start = began(7, 16)
    due = boundary(start, 5, "month")
    pledge(
        start, Turn("run_dry", due - DAY, word="insufficient_funds", until=due + DAY),
        Turn("new_card", due + 5 * DAY + DAY // 2, word=VISA, step="first"), card=SEPA,
    )  # fmt: skip
    pledge(began(4, 2), card=SEPA)  # a renewal that the bank is still working on
    pledge(at - 2 * DAY, card=SEPA, tier="reader", fate="waiting")  # a first debit under way

    start = began(3, 18)
    pledge(
        start, Turn("give_back", start + 4 * DAY, which=0, word="Joined twice by mistake"), Turn("end", start + 4 * DAY + 60),
        fate="left", ends=start + 4 * DAY + 60,
    )  # fmt: skip
    start = boundary(at - 40 * DAY, -1, "year")
    pledge(start, Turn("give_back", at - 30 * DAY, 1000, which=-1, word="Moved to a lower rate"), interval="year")
    start = began(6, 14)
    pledge(
        start, Turn("dispute", boundary(start, 4, "month") + 9 * DAY, which=-1, word="fraudulent"),
        Turn("end", boundary(start, 4, "month") + 10 * DAY), Turn("decide", boundary(start, 5, "month"), word="lost"),
        fate="left", ends=boundary(start, 4, "month") + 10 * DAY,
    )  # fmt: skip
    pledge(began(5, 13), Turn("dispute", at - 3 * DAY, which=-1, word="subscription_canceled"))
    return made


def marked_gifts(people: list[Person], at: int) -> list[Gift]:
    """Gifts of which something became: given back, given back in vain, disputed and won."""
    back, vain, part, won = people

    def gift(number: int, person: Person, days: int, amount: int, card: str, *turns: Turn) -> Gift:
        return Gift(f"turned-{number}", person, "EUR", amount, at - days * DAY, card, None, turns)

    return [
        gift(0, back, 120, 5000, VISA, Turn("give_back", at - 119 * DAY, word="Typed one nought too many")),
        gift(1, vain, 64, 2500, "4000000000005126", Turn("give_back", at - 60 * DAY, word="Wished to have it back")),
        gift(2, part, 33, 10000, VISA, Turn("give_back", at - 31 * DAY, 2500, word="Meant a smaller sum")),
        gift(3, won, 200, 2000, VISA, Turn("dispute", at - 190 * DAY, word="fraudulent"),
             Turn("decide", at - 150 * DAY, word="won")),
    ]  # fmt: skip
