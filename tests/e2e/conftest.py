import pytest

from tests.e2e.world import open_world


@pytest.fixture
def world(tmp_path):
    with open_world(tmp_path / "base") as world:
        yield world
