"""What is in the packaged program, and what must not be."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from ccdesk.core.updates import read_place
from ccdesk.gui.updates import FILE
from ccdesk.sandbox.run import Sandbox
from tools.pack import deb, glibc, slim

ROOT = Path(__file__).parents[2]
RELEASES = os.environ.get("CCDESK_RELEASES", "")  # a test's own environment has none of ours
MOST = 150  # MB, in millions of bytes
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def files(program):
    return [one for one in program.parent.rglob("*") if one.is_file() and not one.is_symlink()]


def test_it_is_no_larger_than_it_has_to_be(program):
    assert sum(one.stat().st_size for one in files(program)) / 1e6 <= MOST


def test_nothing_of_the_gpl_and_nothing_unused_is_in_it(program):
    names = {one.relative_to(program.parent).as_posix().lower() for one in files(program)}
    for unwanted in (
        "readline",
        "gtk",
        "gdk",
        "qml",
        "quick",
        "qtpdf",
        "virtualkeyboard",
        "/dns/",
        "_tkinter",
    ):
        assert [name for name in names if unwanted in name] == [], unwanted
    ours = {one.name for one in (ROOT / "resources/languages").glob("*.qm")}
    qts = {f"qtbase_{language}.qm" for language in slim.LANGUAGES}
    assert {Path(name).name for name in names if name.endswith((".qm", ".ts"))} == ours | qts


def test_it_is_built_from_the_lock(program):
    """This very environment holds what is locked (`tests/test_dependencies.py`) and built the program."""
    rows = json.loads(subprocess.check_output([program, "licences", "--json"]))["licences"]
    told = {row["name"]: row["version"] for row in rows}
    for name in ("requests", "peewee", "PySide6_Essentials", "shiboken6", "urllib3", "msgspec", "keyring"):
        assert told[name] == metadata.version(name)
    assert told["ccdesk"] == VERSION
    assert told["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert subprocess.check_output([program, "--version"], text=True).strip() == f"ccdesk {VERSION}"


def test_it_knows_where_it_is_published_if_its_build_did(program):
    file = program.parent / "_internal" / "resources" / FILE
    assert file.is_file() is bool(RELEASES)
    if RELEASES:
        assert read_place(file.read_text(encoding="utf-8")).latest == RELEASES


def test_every_part_has_its_licence(program):
    rows = json.loads(subprocess.check_output([program, "licences", "--all", "--json"]))["licences"]
    assert [row["name"] for row in rows if len(row["text"]) < 200] == []
    qt = next(row["text"] for row in rows if row["name"].startswith("PySide6"))
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in qt


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries of Debian's packages")
def test_every_library_of_the_system_is_named(program):
    rows = json.loads(subprocess.check_output([program, "licences", "--json"]))["licences"]
    told = {row["name"] for row in rows}
    inside = program.parent / "_internal"
    found = {deb.owner_package(_of_system(one.name)) for one in inside.glob("lib*.so*")}
    assert found - {""} <= told


def _of_system(name):
    known = subprocess.check_output(["/sbin/ldconfig", "-p"], text=True)
    at = re.search(rf"^\s+{re.escape(name)} .*=> (.+)$", known, re.MULTILINE)
    return Path(at[1]).resolve() if at else Path("/nowhere")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a C library of its own")
def test_the_c_library_it_needs_is_no_newer_than_the_machine_it_was_made_on(program):
    here = tuple(map(int, os.confstr("CS_GNU_LIBC_VERSION").split()[1].split(".")))
    assert (2, 17) <= glibc.needed(program.parent)[0] <= here


STUB = """\
#!{python}
import json, os, sys
with open({out!r} + ".part", "w") as file:
    json.dump(dict(os.environ), file)
os.replace({out!r} + ".part", {out!r})
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere no variable finds libraries")
@pytest.mark.parametrize("users", [{}, {"LD_LIBRARY_PATH": "/opt/theirs"}])
def test_the_browser_is_started_in_the_users_environment(program, tmp_path, users):
    """Firefox found our libraries instead of its own, and crashed."""
    out, stub = tmp_path / "environment", tmp_path / "browser"
    stub.write_text(STUB.format(python=sys.executable, out=str(out)), encoding="utf-8")
    stub.chmod(0o755)
    taken = ("LD_", "QT_", "QML", "CCDESK", "_PYI", "_MEI")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
    environment = {**plain, **users, "BROWSER": f"{stub} %s", "CCDESK_VAULT": "file"}
    with Sandbox() as sandbox:
        places = sandbox.addresses()
        keys = [f"{key}={places[key]}" for key in ("cc_api_url", "cc_auth_url", "cc_client_id")]
        command = [program, "--base-dir", tmp_path / "base"]
        subprocess.run([*command, "settings", "set", *keys], env=environment, check=True)
        with subprocess.Popen([*command, "login", "--timeout", "300"], env=environment) as login:
            deadline = time.monotonic() + 300
            while not out.exists() and login.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            login.terminate()
    assert json.loads(out.read_text(encoding="utf-8")) == environment
