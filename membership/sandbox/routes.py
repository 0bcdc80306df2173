"""The table of endpoints: what each takes, and the plain function that answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from membership.sandbox.params import Field
from membership.sandbox.world import World

Answer = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """`answer(world, params, *ids)` gives the object to send; ids are those in the path, in its order.

    `sdk` names the SDK's type of the parameters (in `stripe.params`), which the tests hold `fields` against.
    """

    method: str
    path: str
    answer: Answer
    fields: Mapping[str, Field] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    sdk: str | None = None


def found(kind: str) -> Answer:
    """The plain answer of a retrieve endpoint."""

    def retrieve(world: World, _params: dict[str, Any], id: str) -> dict[str, Any]:
        return world.get(kind, id)

    return retrieve
