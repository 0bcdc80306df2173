"""A house in which processes die on purpose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.faults.dying import Nursery
from tests.faults.mortal_house import MortalHouse
from tests.house_on_sockets import living_house


@pytest.fixture
def mortal(store: Databases, tmp_path: Path) -> Iterator[MortalHouse]:
    """Sandbox and nursery; one courier, so that deliveries come in the same order every time."""
    with living_house(store, tmp_path, couriers=1) as house:
        nursery = Nursery(house.environment, tmp_path / "nursery.log")
        try:
            yield MortalHouse(house, nursery)
        finally:
            nursery.close()
