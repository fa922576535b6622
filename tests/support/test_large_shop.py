"""Bundles of a shop of some hundred people, in which several calls are under way at once."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.seed.shop import seed_shop
from ccdesk.support import recorder
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.replay import Replayed, replay
from tests.e2e.world import World, open_world
from tests.support.ways import bundle_of, done

PEOPLE = 450


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A shop whose first export is done."""
    with open_world(tmp_path / "base") as world:
        seed_shop(world.kibo, world.cc, PEOPLE, 1)
        world.choose_list()
        assert world.desk.run(RunKind.EXPORT, leave_out=True).counts["added"] > PEOPLE / 2
        world.later()
        yield world


def replayed(path: Path) -> list[Replayed]:
    with open_bundle(path) as opened:
        return replay(opened, None, lambda _text: None)


def test_exports_end_again_as_they_had(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every word of a pseudonym in use as a name as well: in a shop of 3,000 people some are."""
    keep = recorder.RecordFiles.keep

    def kept(files: object, run: int, header: dict[str, list[str]], *calls: object, copied: bool) -> None:
        again = Pseudonyms(bytes.fromhex(world.container.store.state.get("support.key"))).text
        header["personal"] += [again(one) for one in header["personal"]]
        keep(files, run, header, *calls, copied=copied)  # type: ignore[arg-type]

    monkeypatch.setattr(recorder.RecordFiles, "keep", kept)
    done(world, RunKind.EXPORT)
    done(world, RunKind.FULL_COMPARE)
    path = bundle_of(world, tmp_path)
    world.sandbox.stop()
    for _ in range(2):  # threads come in another order each time
        assert [(one.id, one.differences) for one in replayed(path)] == [(1, []), (2, []), (3, [])]


def test_a_run_of_which_too_much_was_answered_is_only_shown(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_MOST_BODIES", 300_000)
    second = done(world, RunKind.EXPORT)
    path = bundle_of(world, tmp_path)
    with open_bundle(path) as opened:
        assert opened.run_ids == [1]
        assert "more than is kept" in opened.only_shown[second.id]
        said: list[str] = []
        assert [one.id for one in replay(opened, None, said.append)] == [1]
        assert any(f"Run {second.id} can only be looked at: " in one for one in said)
    with zipfile.ZipFile(path) as packed:
        assert f"records/{second.id}/calls.jsonl" in packed.namelist()
