from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.world import COMPANIONS, World, open_world
from tests.shadow.follow import Follower, followed
from tests.shadow.named import unnamed

# Stories in which the rules' table decides beside the engine (tests/shadow). Those where somebody acts within
# a call, or several calls are made at once, are not among them: the witness could not tell who did what.
SHADOWED = ("test_newcomers",)


@pytest.fixture
def world(tmp_path):
    with open_world(tmp_path / "base") as world:
        yield world


@pytest.fixture(autouse=True)
def _shadow(request):
    """Compare what the engine did in a story with what the table decides; differences must have a name."""
    if request.module.__name__.rpartition(".")[2] not in SHADOWED:
        yield
        return
    followers: list[Follower] = []

    @contextmanager
    def beside(world: World) -> Iterator[None]:
        with followed(world) as follower:
            followers.append(follower)
            yield

    COMPANIONS.append(beside)
    try:
        yield
    finally:
        COMPANIONS.remove(beside)
    assert unnamed(one for follower in followers for one in follower.differences) == []
