"""The Debian package: everything is in its place, and the program runs from there."""

import gzip
import os
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


class Machine:
    """A Debian of its own in a folder, as far as dpkg needs one; programs run from it with a home in it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "root", folder / "home"
        for part in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"):
            (self.root / part).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        self.home.mkdir()

    def dpkg(self, *words: str | Path) -> str:
        """Return what dpkg says; it neither asks for other packages nor touches the real machine."""
        taken = "--force-depends,script-chrootless,bad-path"
        command = ["dpkg", f"--root={self.root}", taken, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ccdesk(self, *words: str) -> str:
        """Run the installed program on the data of the user, which lie where they lie without --base-dir."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "CCDESK"))}
        environment = {**plain, "HOME": str(self.home), "CCDESK_VAULT": "file"}
        command = [self.root / "usr/bin/ccdesk", *words]
        return subprocess.check_output(command, env=environment, text=True)

    def data(self) -> Path:
        """Return the folder of the user's data."""
        return self.home / Path(deb.DATA).relative_to("~")


@pytest.fixture
def older(tree: Path, tmp_path: Path) -> Path:
    """The same package, named an older version, with a file that the new one does not have."""
    folder, package = tmp_path / "older", tmp_path / "older.deb"
    shutil.copytree(tree, folder, symlinks=True)
    (folder / "usr/lib/ccdesk/_internal/of-old.txt").touch()
    fields = folder / "DEBIAN/control"
    text = re.sub("^Version: .+$", "Version: 0.0.1", fields.read_text(encoding="utf-8"), flags=re.MULTILINE)
    fields.write_text(text, encoding="utf-8")
    subprocess.run(["dpkg-deb", "-Znone", "--build", folder, package], check=True, stdout=subprocess.DEVNULL)
    return package


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="dpkg gives files to root")
def test_dpkg_upgrades_and_removes_it_and_the_data_stay(package: Path, older: Path, tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.dpkg("--install", older)
    machine.ccdesk("settings", "set", "contact_list=Friends of the shop")
    assert machine.data().is_dir()
    of_old = machine.root / "usr/lib/ccdesk/_internal/of-old.txt"
    assert of_old.exists()

    said = machine.dpkg("--install", package)
    assert not of_old.exists()
    assert "stays" not in said, "that is said when it goes, not when it is renewed"
    assert "Friends of the shop" in machine.ccdesk("settings", "show")

    before = {one: one.stat().st_mtime_ns for one in machine.data().rglob("*")}
    assert deb.DATA in machine.dpkg("--remove", "ccdesk")
    assert deb.DATA in machine.dpkg("--purge", "ccdesk")
    assert not (machine.root / "usr/lib/ccdesk").exists()
    assert {one: one.stat().st_mtime_ns for one in machine.data().rglob("*")} == before
