"""Everything that is due, in the order of its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from membership.sandbox.billing import balance, bank, disputing, refunding, renewing, schedules
from membership.sandbox.clock import NotATime
from membership.sandbox.world import World


def move(world: World, seconds: int) -> int:
    """Move the clock forward by seconds, running what falls due on the way, all in one step.

    Returns the number of things done. Raises `NotATime` for a step back.
    """
    if seconds < 0:
        raise NotATime("The clock only goes forward.")
    with world.transaction():
        before = world.clock.offset
        done = run_until(world, world.now() + seconds)
        try:
            world.clock.set_offset(before + seconds)
        except BaseException:
            world.clock.offset = before
            raise
    return done


def catch_up(world: World) -> int:
    """Run what has fallen due by now."""
    if world.store.next_due(world.now()) is None:
        return 0
    with world.transaction():
        return run_until(world, world.now())


def run_until(world: World, until: int) -> int:
    """Everything that falls due up to a moment, each with the clock standing at its time; returns how much."""
    done = 0
    while (found := world.store.next_due(until)) is not None:
        obj, due = found
        with world.clock.standing_at(due):
            WHAT_HAPPENS[obj["object"]](world, obj)
        done += 1
    return done


def expire(world: World, session: dict[str, Any]) -> dict[str, Any]:
    """Nobody paid: the page closes and `checkout.session.expired` is told."""
    over = {**session, "status": "expired", "url": None}
    world.save(over)
    world.tell("checkout.session.expired", over)
    return over


def _charge(world: World, charge: dict[str, Any]) -> None:
    """A debit's answer, or what follows a payment."""
    (bank.answer if charge["status"] == "pending" else disputing.strike)(world, charge)


WHAT_HAPPENS: dict[str, Callable[[World, dict[str, Any]], Any]] = {
    "balance_transaction": balance.look_at,
    "charge": _charge,
    "checkout.session": expire,
    "dispute": disputing.decide,
    "invoice": renewing.retry,
    "payout": balance.arrive,
    "refund": refunding.go_on,
    "subscription": renewing.look_at,
    "subscription_schedule": schedules.look_at,
}
