"""A desk on a bundle looks at everything, and refuses whatever asks a service or changes something."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from ccdesk.core.bundles import Wanted
from ccdesk.core.errors import SettingsError
from ccdesk.core.runs import RunKind
from ccdesk.service.api import Desk
from ccdesk.service.read_only import READS, ReadOnlyDesk
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.opened import opened
from tests.e2e.world import open_world

METHODS = [name for name, _ in inspect.getmembers(Desk, inspect.isfunction) if not name.startswith("_")]


@pytest.mark.parametrize("name", sorted(set(METHODS) - READS - {"status", "why"}))
def test_what_does_more_than_look_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        getattr(ReadOnlyDesk(None), name)()  # type: ignore[arg-type]
    assert caught.value.code == "read_only"


def test_a_bundle_shows_what_was_known_when_it_was_made(tmp_path: Path) -> None:
    with open_world(tmp_path / "base") as world:
        world.choose_list()
        number = world.kibo.add_customer("ann@example.com", True)
        world.export()
        made_at = world.container.clock.now()
        world.container.save_bundle(tmp_path / "bundle.zip", Wanted())
        runs, calls = world.desk.runs(), world.sandbox.log.mark()
    with open_bundle(tmp_path / "bundle.zip") as bundle, opened(bundle) as shown:
        desk = shown.desk
        assert [one.counts for one in desk.runs()] == [one.counts for one in runs]
        assert desk.status(live=True).on_list == 1
        found = desk.why(str(number))
        assert found.verdict.should_be_on_list
        assert "ann@" not in found.email
        assert abs((shown.clock.now() - made_at).total_seconds()) < 5
        with pytest.raises(SettingsError):
            desk.why(str(number), live=True)
        with pytest.raises(SettingsError):
            desk.run(RunKind.EXPORT)
    assert world.sandbox.log.mark() == calls
