"""Mistakes on a real shop's data: a demo in its folder, and a typing error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccdesk.cli.main import main
from ccdesk.container import build_container
from ccdesk.core.errors import SettingsError
from ccdesk.core.models import Link, LinkState
from ccdesk.gui import start
from ccdesk.paths import Paths
from ccdesk.service.kibo_host import note_host

TOKEN = "the-real-refresh-token"


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """A shop that is set up, with a person who opted out, and its login in the file vault."""
    base = tmp_path / "real"
    container = build_container(Paths(base), environment={"CCDESK_VAULT": "file"})
    container.desk.save_settings({"kibo_tenant_id": "12345", "kibo_app_key": "key", "cc_client_id": "id"})
    container.store.links.save([Link(1, "ann@example.com", state=LinkState.LEFT_LIST, agreed=False)])
    container.close()
    (base / "vault.json").write_text(json.dumps({"cc_refresh_token": TOKEN}))
    return base


def kept(base: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in base.iterdir() if not one.name.startswith("ccdesk.log")}


def test_a_demo_touches_no_real_shop(real: Path, tmp_path: Path) -> None:
    before = kept(real)
    done = subprocess.run(
        [sys.executable, "-m", "ccdesk", "--base-dir", str(real), "demo", "--tour", str(tmp_path / "tour"),
         "--customers", "30"],
        env={**os.environ, "CCDESK_VAULT": "file", "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "was not made by a demo" in done.stderr
    assert kept(real) == before
    assert not (tmp_path / "tour").exists()


@pytest.mark.parametrize("name", ["ccdesk.sqlite3", "vault.json", "ccdesk.sqlite3.made", "holiday.jpg"])
def test_a_demo_takes_no_folder_with_anything_in_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(SettingsError) as refused, start._demo_base(Paths(tmp_path), keep=True):
        pass
    assert name in refused.value.detail
    assert [one.name for one in tmp_path.iterdir()] == [name]


DEMO_ADDRESSES = {
    **dict.fromkeys(start.DEMO_KEYS, "x"),
    **{key: "http://127.0.0.1:9/x" for key in start.DEMO_KEYS if key.endswith("_url")},
    "kibo_tenant_id": "1",
    "kibo_shared_secret": "s",
}


@pytest.mark.parametrize(
    "moves_in",
    [
        {"cc_api_url": "https://api.cc.email/v3"},
        {"cc_auth_url": ""},  # emptied: the public service
        {"kibo_home_url": "", "kibo_tenant_url": "", "kibo_tenant_id": "4242"},
        dict.fromkeys((key for key in start.DEMO_KEYS if key.endswith("_url")), ""),
    ],
    ids=str,
)
def test_a_demos_folder_is_used_again_until_a_real_shop_moves_in(
    tmp_path: Path, moves_in: dict[str, str]
) -> None:
    (tmp_path / "ccdesk.log").write_text("begun")
    for _ in range(2):
        with start._demo_base(Paths(tmp_path), keep=True) as paths:
            start.demo_container(paths, DEMO_ADDRESSES, start.Clock()).close()
    container = build_container(Paths(tmp_path), environment={"CCDESK_VAULT": "file"})
    container.desk.save_settings(moves_in, confirmed=True)
    settings = container.desk.settings()
    container.close()
    with start._demo_base(Paths(tmp_path), keep=True) as paths, pytest.raises(SettingsError) as refused:
        start.demo_container(paths, DEMO_ADDRESSES, start.Clock())
    assert refused.value.code == "not_a_demo"
    container = build_container(Paths(tmp_path), environment={})
    assert container.desk.settings() == settings
    container.close()


def test_a_real_shop_that_the_environment_names_moves_in_as_well(tmp_path: Path) -> None:
    with start._demo_base(Paths(tmp_path), keep=True) as paths:
        start.demo_container(paths, DEMO_ADDRESSES, start.Clock()).close()
    container = build_container(Paths(tmp_path), environment={})
    note_host(container.store, "4242", "https://t4242.sandbox.mozu.com", container.clock.now())
    container.close()
    with start._demo_base(Paths(tmp_path), keep=True) as paths, pytest.raises(SettingsError) as refused:
        start.demo_container(paths, DEMO_ADDRESSES, start.Clock())
    assert "t4242.sandbox.mozu.com" in refused.value.detail


def test_a_typing_error_ends_with_6_and_needs_confirm(
    real: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCDESK_VAULT", "file")
    words = ["--base-dir", str(real), "--json", "settings", "set", "kibo_tenant_id="]
    assert main(words) == 6
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "drops_people"
    assert "--confirm" in told.err
    container = build_container(Paths(real), environment={"CCDESK_VAULT": "file"})
    assert container.store.links.count() == 1
    assert container.desk.settings().kibo_tenant_id == "12345"
    container.close()
    assert main([*words, "--confirm"]) == 0
    assert json.loads(capsys.readouterr().out)["kibo_tenant_id"] == ""
    assert len(list(real.glob("*.bak"))) == 1
