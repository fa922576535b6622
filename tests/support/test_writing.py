"""A bundle is written whole or not at all, and over a file only where somebody was asked about it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.container import Container, open_container
from ccdesk.core.bundles import Wanted
from ccdesk.core.errors import SettingsError, StoreError
from ccdesk.paths import Paths
from ccdesk.support import bundle
from tests.stand_ins import but


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    with open_container(Paths(tmp_path / "base"), environment={"CCDESK_VAULT": "file"}) as container:
        yield container


def test_a_file_gives_way_only_once_the_bundle_is_written(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out" / "one.zip"
    out.parent.mkdir()
    out.write_text("before")
    with pytest.raises(SettingsError, match="already"):
        container.save_bundle(out, Wanted())

    class Full(zipfile.ZipFile):
        def writestr(self, *_: object, **_more: object) -> None:  # type: ignore[override]
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(bundle, "zipfile", but(zipfile, ZipFile=Full))
        with pytest.raises(StoreError, match="could not be written"):
            container.save_bundle(out, Wanted(over=True))
    assert [one.name for one in out.parent.iterdir()] == ["one.zip"], "half a bundle was left behind"
    assert out.read_text() == "before"
    container.save_bundle(out, Wanted(over=True))
    assert zipfile.is_zipfile(out)
    assert [one.name for one in out.parent.iterdir()] == ["one.zip"]
