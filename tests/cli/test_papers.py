"""`ccdesk licences` and `ccdesk completion`: from source too, and without any data."""

import json
import shutil
import subprocess
from importlib import metadata

import pytest

from ccdesk import licences
from ccdesk.cli.main import main
from ccdesk.cli.parser import build_parser


@pytest.fixture(autouse=True)
def no_base_dir(tmp_path, monkeypatch):
    """A place where a base dir would be made."""
    base = tmp_path / "base"
    monkeypatch.setenv("CCDESK_BASE_DIR", str(base))
    yield
    assert not base.exists()


def shown(capsys, *words):
    assert main(words) == 0
    return capsys.readouterr().out


def test_every_part_is_listed_with_its_licence(capsys):
    rows = json.loads(shown(capsys, "licences", "--json"))["licences"]
    assert rows[0] == {"name": "ccdesk", "version": metadata.version("ccdesk"), "licence": "MIT"}
    by_name = {row["name"].lower(): row for row in rows}
    assert {"python", "requests", "pyside6_essentials", "shiboken6", "peewee"} <= set(by_name)
    assert "LGPL-3.0-only" in by_name["shiboken6"]["licence"]
    assert "pytest" not in by_name, "it is no part of the program"
    assert "Licence" in shown(capsys, "licences").splitlines()[0]


def test_every_part_has_its_text(capsys):
    rows = json.loads(shown(capsys, "licences", "--all", "--json"))["licences"]
    assert [row["name"] for row in rows if len(row["text"]) < 300] == []
    qt = next(row["text"] for row in rows if row["name"] == "shiboken6")
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in qt
    assert "15. Disclaimer of Warranty" in qt, "the GPL that it refers to"
    assert "FreeType Project" in qt


def test_one_is_shown_by_its_name(capsys):
    text = shown(capsys, "licences", "Requests")
    assert text.startswith("requests ")
    assert "Apache License" in text


def test_a_part_that_is_none(capsys):
    assert main(["licences", "libreadline", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["next_step"] == "“ccdesk licences” lists them."


def test_the_folder_of_a_packaged_program_is_read(tmp_path, monkeypatch):
    (tmp_path / "licences").mkdir()
    (tmp_path / "licences" / "zlib.txt").write_text("zlib's text", encoding="utf-8")
    rows = [
        {"name": "zlib1g", "version": "1.3", "licence": "Zlib", "files": ["zlib.txt"]},
        {"name": "ccdesk", "version": "1", "licence": "MIT", "files": []},
    ]
    (tmp_path / "licences" / licences.INDEX).write_text(json.dumps(rows), encoding="utf-8")
    monkeypatch.setattr("sys.frozen", True, raising=False)
    monkeypatch.setattr("sys._MEIPASS", str(tmp_path), raising=False)
    ours, zlib = licences.find_all()
    assert (ours.name, zlib.title, zlib.text()) == ("ccdesk", "zlib1g 1.3 – Zlib", "zlib's text")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command(capsys, shell):
    script = shown(capsys, "completion", shell)
    commands = next(action.choices for action in build_parser()._actions if action.dest == "command")
    assert all(name in script for name in commands)
    assert "--leave-out" in script


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes_with_it(capsys, tmp_path):
    script = tmp_path / "ccdesk.bash"
    script.write_text(shown(capsys, "completion", "bash"), encoding="utf-8")
    typed = f"source {script}; COMP_WORDS=(ccdesk lice); COMP_CWORD=1; _shtab_ccdesk; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "licences", done.stderr
