"""A living house for each walk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.house_on_sockets import House, living_house


@pytest.fixture
def house(store: Databases, tmp_path: Path) -> Iterator[House]:
    """Sandbox, site and worker, all running."""
    with living_house(store, tmp_path) as made:
        made.start_web()
        made.start_worker()
        yield made
