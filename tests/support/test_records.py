"""The newest calls are kept whatever else runs, and a bundle's parts fill neither memory nor disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from ccdesk.core.errors import SettingsError
from ccdesk.support import bundle_file, records
from ccdesk.support.bundle_file import DATA, MANIFEST, open_bundle
from ccdesk.support.records import RecordFiles


def test_the_newest_calls_are_put_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_RING_BYTES", 300)
    one, other = RecordFiles(tmp_path), RecordFiles(tmp_path)
    for number in range(40):
        (one if number % 2 else other).note({"call": number, "path": "x" * 40})
    kept = [line["call"] for line in one.newest_calls()]
    assert kept == list(range(40 - len(kept), 40)), "in order, none left out"
    assert len(kept) >= 4


def test_what_another_program_puts_aside_is_not_put_aside_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_RING_BYTES", 100)
    one = RecordFiles(tmp_path)
    with FileLock(tmp_path / "ccdesk.calls.lock"):  # another one is about to
        for number in range(5):
            one.note({"call": number, "path": "x" * 40})
    assert [line["call"] for line in one.newest_calls()] == [0, 1, 2, 3, 4]
    one.note({"call": 5})
    assert [line["call"] for line in one.newest_calls()] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("part", "limit"), [(MANIFEST, "_MOST_READ"), (DATA, "_MOST")])
def test_a_part_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, limit: str
) -> None:
    path, target = tmp_path / "bundle.zip", tmp_path / "data"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(MANIFEST, '{"format": 1}' + " " * (5_000 if part == MANIFEST else 0))
        packed.writestr(DATA, b"\0" * 5_000)
    monkeypatch.setattr(bundle_file, limit, 4_000)
    with pytest.raises(SettingsError, match="not a bundle"), open_bundle(path) as opened:
        opened.extract(DATA, target)
    assert not target.exists()
