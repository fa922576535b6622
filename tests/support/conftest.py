from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import World
from tests.support.ways import small_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    with small_shop(tmp_path / "base") as world:
        yield world
