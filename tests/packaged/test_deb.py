"""The Debian package: everything is in its place, and the program runs from there."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.pack import deb, glibc

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="not a Debian system")


@pytest.fixture(scope="module")
def package():
    return max((deb.ROOT / "dist").glob("ccdesk_*.deb"), key=lambda file: file.stat().st_mtime)


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    """The package, unpacked."""
    folder = tmp_path_factory.mktemp("deb")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


def control(tree):
    text = (tree / "DEBIAN/control").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z][\w-]+): (.+)$", text, re.MULTILINE))


def test_it_says_what_it_needs(tree):
    fields = control(tree)
    (major, minor), _ = glibc.needed(tree / "usr/lib/ccdesk")
    assert f"libc6 (>= {major}.{minor})" in fields["Depends"]
    assert {"libegl1", "xkb-data"} <= set(re.split(r", ", fields["Depends"]))
    assert int(fields["Installed-Size"]) > 50_000


def test_the_commands_run_where_they_are_installed(tree):
    for name in ("ccdesk", "ccdesk-window"):
        command = tree / "usr/bin" / name
        said = subprocess.check_output([command, "--version"], text=True)
        assert said.split() == ["ccdesk", control(tree)["Version"].split("-")[0]]


def test_the_menu_finds_program_and_icon(tree):
    entry = (tree / "usr/share/applications/ccdesk.desktop").read_text(encoding="utf-8")
    command = re.search(r"^Exec=(\S+)", entry, re.MULTILINE)[1]
    assert (tree / "usr/bin" / command).exists()
    name = re.search(r"^Icon=(\S+)", entry, re.MULTILINE)[1]
    icons = tree / "usr/share/icons/hicolor"
    assert {"48x48", "256x256", "scalable"} <= {path.parts[-3] for path in icons.glob(f"*/apps/{name}.*")}
    info = tree / f"usr/share/metainfo/{deb.ID}.metainfo.xml"
    assert f'version="{control(tree)["Version"]}"' in info.read_text(encoding="utf-8")
    if shutil.which("appstreamcli"):
        subprocess.run(["appstreamcli", "validate", "--no-net", info], check=True, stdout=subprocess.DEVNULL)


def test_man_page_and_completion_come_along(tree):
    share = tree / "usr/share"
    assert b".SH EXIT STATUS" in gzip.decompress((share / "man/man1/ccdesk.1.gz").read_bytes())
    assert "_shtab_ccdesk" in (share / "bash-completion/completions/ccdesk").read_text(encoding="utf-8")
    assert (
        (share / "zsh/vendor-completions/_ccdesk").read_text(encoding="utf-8").startswith("#compdef ccdesk")
    )


def test_removal_names_the_data_and_touches_none(tree):
    script = tree / "DEBIAN/postrm"
    said = subprocess.check_output(["sh", script, "remove"], text=True)
    assert deb.DATA in said
    assert not re.search(r"\brm\b", script.read_text(encoding="utf-8"))
    assert subprocess.check_output(["sh", script, "upgrade"], text=True) == ""
    assert Path("usr/share/doc/ccdesk/copyright") in {
        one.relative_to(tree) for one in tree.rglob("copyright")
    }
