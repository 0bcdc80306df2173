"""The story's money as Stripe would hold it: every pledge and gift as the sandbox's own objects, ready for its store.

What is no more than payments on time is made up whole (`history`); what had its turns is lived by the sandbox's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from membership.demo.promised import Gift, Pledge, Turn
from membership.sandbox.history import donation, subscription_with_history
from membership.sandbox.ids import derived
from membership.sandbox.lived import Life, Notice, Price
from membership.sandbox.shapes import catalogue

DAY = 86_400
Objects = list[dict]
GIFT_PRODUCT = "membership_gift"


@dataclass(frozen=True)
class Told:
    """A pledge or a gift, the objects that Stripe would hold about it, and (of a life with turns) what was told."""

    of: Pledge | Gift
    objects: Objects
    notices: tuple[Notice, ...] = ()

    def all(self, kind: str) -> Objects:
        """Those of one kind, oldest first."""
        return sorted((obj for obj in self.objects if obj["object"] == kind), key=lambda obj: obj.get("created", 0))

    def one(self, kind: str) -> dict:
        """The only one of its kind."""
        (found,) = self.all(kind)
        return found

    def by_id(self, id: str) -> dict:
        """The object with this id."""
        return next(obj for obj in self.objects if obj["id"] == id)

    @property
    def page(self) -> dict:
        """The hosted page on which it began."""
        (found,) = (one for one in self.all("checkout.session") if one["mode"] != "setup")
        return found


def token_of(prefix: str) -> str:
    """What Stripe carries for our checkout row."""
    return derived("", "checkout", prefix)


def turn_token(prefix: str, turn: Turn) -> str:
    """What Stripe carries for our row of a refund or of a change of card."""
    return derived("", turn.do, prefix, turn.at)


def products(names: dict[str, str], at: int) -> Objects:
    """The tiers' products (`names` by product id), and the one that gifts are for."""
    named = {**names, GIFT_PRODUCT: "A gift to open reporting"}
    marked = {"app": "membership"}
    return [catalogue.product(id=id, created=at, name=name, metadata=marked) for id, name in named.items()]


@dataclass(frozen=True)
class Teller:
    """Tells pasts up to `at`. `product_of`: product ids by tier; `known`: those products; `base_url`: the sandbox's."""

    product_of: dict[str, str]
    known: Sequence[dict]
    at: int
    base_url: str

    def pledge(self, pledge: Pledge) -> Told:
        """A membership's whole past: a paid invoice for every period, and its turns."""
        if pledge.lived:
            return self._lived(pledge)
        marks = {"checkout": token_of(pledge.prefix), "app": "membership"}
        objects = subscription_with_history(
            prefix=pledge.prefix,
            email=pledge.person.email,
            name=pledge.person.name,
            start=pledge.start,
            until=self.at,
            amount=pledge.amount // (pledge.seats or 1),
            quantity=pledge.seats or 1,
            currency=pledge.currency.lower(),
            interval=pledge.interval,
            product_id=self.product_of[pledge.tier],
            card=pledge.card,
            cancelled_at=pledge.ends if pledge.fate == "left" else None,
            cancel_at_period_end=pledge.fate == "ending",
            metadata=marks,
            client_reference_id=marks["checkout"],
            session_metadata=marks,
        )
        for method in (one for one in objects if pledge.good_until and one["object"] == "payment_method"):
            assert pledge.good_until is not None
            method["card"] |= dict(zip(("exp_year", "exp_month"), pledge.good_until, strict=True))
        return Told(pledge, objects)

    def gift(self, gift: Gift) -> Told:
        """One payment without a promise."""
        if gift.lived:
            return self._lived(gift)
        marks = {"checkout": token_of(gift.prefix), "app": "membership"}
        objects = donation(
            prefix=gift.prefix,
            email=gift.person.email,
            name=gift.person.name,
            at=gift.at,
            amount=gift.amount,
            product_id=GIFT_PRODUCT,
            currency=gift.currency.lower(),
            card=gift.card,
            metadata=marks,
            client_reference_id=marks["checkout"],
            session_metadata=marks,
        )
        return Told(gift, objects)

    def _lived(self, of: Pledge | Gift) -> Told:
        life = Life(self.known, self.base_url)
        begun, price = (of.at, self._once(of)) if isinstance(of, Gift) else (of.start, self._price(of, of.amount, ""))
        who = {"email": of.person.email, "name": of.person.name}
        life.pay(begun, price, token=token_of(of.prefix), number=of.card, **who)
        for turn in of.turns:
            self._take(life, of, turn)
        life.until(self.at)
        told = Told(of, life.objects(), tuple(life.notices))
        life.close()
        return told

    def _take(self, life: Life, of: Pledge | Gift, turn: Turn) -> None:
        """One turn of a life, by its verb."""
        token = turn_token(of.prefix, turn)
        match turn.do:
            case "raise_to" | "lower_to":
                assert isinstance(of, Pledge) and turn.amount
                getattr(life, turn.do)(turn.at, self._price(of, turn.amount, turn.tier))
            case "pause":
                assert turn.until
                life.pause(turn.at, turn.until)
            case "run_dry":
                life.run_dry(turn.at, turn.word, turn.until)
            case "new_card":
                life.new_card(turn.at, turn.word, token)
            case "give_back":
                life.give_back(turn.at, turn.which, turn.amount, "requested_by_customer", token)
            case "dispute":
                life.dispute(turn.at, turn.which, turn.word)
            case "decide":
                life.decide(turn.at, turn.word)
            case plain:
                getattr(life, plain)(turn.at)

    def _price(self, pledge: Pledge, amount: int, tier: str) -> Price:
        return Price(self.product_of[tier or pledge.tier], pledge.currency, amount, pledge.interval)

    def _once(self, gift: Gift) -> Price:
        return Price(GIFT_PRODUCT, gift.currency, gift.amount, None)
