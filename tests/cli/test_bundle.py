"""`ccdesk bundle` and `ccdesk replay` in processes of their own: documents and exit codes of design §8."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ccdesk.sandbox.wire.kernel import Fault
from tests.cli.conftest import Shell


@pytest.fixture
def failed(connected: Shell) -> Shell:
    """An export that one customer's email spoils for them, and an inbound run that is refused."""
    kibo = connected.sandbox.kibo
    kibo.add_customer("ann@example.com", True, first_name="Annabella")
    kibo.add_customer("no email at all", True, first_name="Benedict")
    connected.json("sync", "export")
    connected.sandbox.faults.add(
        Fault(
            "status", service="cc", path="/contacts", status=403, body='[{"error_message": "No."}]', times=5
        )
    )
    assert connected("sync", "inbound").returncode == 4
    return connected


def elsewhere(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ccdesk where nothing but the bundle is."""
    base = tmp_path / "another computer"
    command = [sys.executable, "-m", "ccdesk", "--base-dir", str(base), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_bundle_is_written_and_done_again_elsewhere(failed: Shell, tmp_path: Path) -> None:
    out = tmp_path / "for support.zip"
    (failed.base / "ccdesk.crash").write_text("Fatal Python error: ann@example.com\n")
    document = failed.json("bundle", str(out))
    assert document["bundle"] == str(out)
    assert document["runs"] == [2, 1]
    failed.sandbox.stop()
    done = elsewhere(tmp_path, "replay", str(out), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"reproduced", "runs"}
    assert found["reproduced"] is True
    assert found["runs"] == [
        {"id": 1, "kind": "export", "same": True, "differences": []},
        {"id": 2, "kind": "inbound", "same": True, "differences": []},
    ]
    done = elsewhere(tmp_path, "replay", str(out), "--run", "2", "--json")
    assert [one["id"] for one in json.loads(done.stdout)["runs"]] == [2]
    page = elsewhere(tmp_path, "replay", str(out))
    assert "Run 2 (inbound): ended as it had" in page.stdout
    with zipfile.ZipFile(out) as packed:
        assert packed.read("crashes.txt").startswith(b"Fatal Python error: ")
        everything = b"".join(packed.read(name) for name in packed.namelist())
    for one in (
        b"ann@example",
        b"Annabella",
        b"no email at all",
        b"Benedict",
        failed.addresses["kibo_shared_secret"].encode(),
    ):
        assert one not in everything


def test_another_end_is_exit_7_and_says_in_what_it_differs(failed: Shell, tmp_path: Path) -> None:
    out, other = tmp_path / "one.zip", tmp_path / "other.zip"
    failed.json("bundle", str(out))
    with zipfile.ZipFile(out) as packed, zipfile.ZipFile(other, "w") as changed:
        for name in packed.namelist():
            content = packed.read(name)
            changed.writestr(
                name, content.replace(b'"status": 403', b'"status": 401') if "/2/" in name else content
            )
    done = elsewhere(tmp_path, "replay", str(other), "--run", "2", "--json")
    assert done.returncode == 7, done.stdout
    (run,) = json.loads(done.stdout)["runs"]
    assert run["same"] is False
    assert any("message" in one for one in run["differences"])


def test_what_is_no_bundle_or_no_run_is_wrong_use(failed: Shell, tmp_path: Path) -> None:
    out = tmp_path / "one.zip"
    failed.json("bundle", str(out))
    assert failed("bundle", str(out)).returncode == 2, "a file is not written over"
    assert failed("bundle", str(tmp_path / "nowhere" / "one.zip")).returncode == 2
    assert failed("bundle", str(tmp_path / "two.zip"), "--person", "nobody@example.com").returncode == 2
    assert not (tmp_path / "two.zip").exists()
    assert failed("replay", str(out), "--run", "99").returncode == 2
    (tmp_path / "text.zip").write_text("no bundle")
    for name in ("text.zip", "missing.zip"):
        done = failed("replay", str(tmp_path / name))
        assert done.returncode == 2
        assert "not a bundle" in done.stderr


def test_plain_is_asked_about_first(failed: Shell, tmp_path: Path) -> None:
    out = tmp_path / "plain.zip"
    assert failed("bundle", str(out), "--plain").returncode == 6
    assert not out.exists()
    failed.json("bundle", str(out), "--plain", "--yes")
    with zipfile.ZipFile(out) as packed:
        assert b"ann@example.com" in packed.read("data.sqlite3")
    assert elsewhere(tmp_path, "replay", str(out)).returncode == 0


@pytest.mark.parametrize("days", ["0", "999999", "99999999999"])
def test_as_many_days_as_anybody_likes(shell: Shell, tmp_path: Path, days: str) -> None:
    """More days than there have been was a fault of our own."""
    assert shell("bundle", str(tmp_path / "b.zip"), "--days", days).returncode == 0
