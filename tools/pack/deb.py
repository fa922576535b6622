"""The Debian package of a Linux build: the folder, commands, desktop entry, icons, man page, completion."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tools.pack.glibc import needed
from tools.pack.third_party import owner_package

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "linux"
ID = "org.ccdesk.ccdesk"
DATA = "~/.local/share/ccdesk"
_READ_BY_LIBRARIES = ("xkb-data", "libx11-data")  # data of libraries that the build brings along
_RECOMMENDED = (
    *("xdg-utils", "fontconfig-config", "fonts-dejavu-core | fonts-liberation"),
    "gnome-keyring | kwalletmanager",  # where secrets are kept, unless CCDESK_VAULT says otherwise
)
_NEEDED = re.compile(r"^ +NEEDED +(\S+)$", re.MULTILINE)
_DESCRIPTION = """\
Keeps marketing consent the same in Kibo eCommerce and Constant Contact
 A person is mailed if and only if they agreed to it, and staff can always see
 why. The window is ccdesk-window, the command line ccdesk.
"""
_AFTER_REMOVAL = f"""\
#!/bin/sh
set -e
if [ "$1" = remove ] || [ "$1" = purge ]; then
    echo "ccdesk: the data of each user stays: {DATA} (or where --base-dir named), secrets in the keyring."
fi
"""


def build(dist: Path, version: str, made: Path, out: Path) -> Path:
    """Return the package made of the built folder `dist`; `made` has icons, man page and completions."""
    tree = made / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    home = tree / "usr/lib/ccdesk"
    shutil.copytree(dist, home, symlinks=True)
    _commands(tree)
    _desktop(tree, version, made / "icons")
    _papers(tree, made / "papers")
    _control(tree, version, dist)
    _settle_rights(tree)
    package = out / f"ccdesk_{version}_{_ask('dpkg', '--print-architecture')}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", str(tree), str(package)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return package


def _commands(tree: Path) -> None:
    commands = tree / "usr/bin"
    commands.mkdir(parents=True)
    for name in ("ccdesk", "ccdesk-window"):
        (commands / name).symlink_to(f"../lib/ccdesk/{name}")


def _desktop(tree: Path, version: str, icons: Path) -> None:
    share = tree / "usr/share"
    _put(share / "applications/ccdesk.desktop", (HERE / "ccdesk.desktop").read_text(encoding="utf-8"))
    _put(share / f"metainfo/{ID}.metainfo.xml", metainfo(version, datetime.now(UTC)))
    for picture in icons.glob("ccdesk-*.png"):
        size = picture.stem.removeprefix("ccdesk-")
        _copy(picture, share / f"icons/hicolor/{size}x{size}/apps/ccdesk.png")
    _copy(ROOT / "resources/icons/ccdesk.svg", share / "icons/hicolor/scalable/apps/ccdesk.svg")


def metainfo(version: str, now: datetime) -> str:
    """Return the AppStream description of this version; a build may set the day by SOURCE_DATE_EPOCH."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        now = datetime.fromtimestamp(int(epoch), UTC)
    text = (HERE / f"{ID}.metainfo.xml").read_text(encoding="utf-8")
    return text.replace("@VERSION@", version).replace("@DATE@", f"{now:%Y-%m-%d}")


def _papers(tree: Path, papers: Path) -> None:
    share = tree / "usr/share"
    _zip(share / "man/man1/ccdesk.1.gz", (papers / "ccdesk.1").read_bytes())
    (share / "man/man1/ccdesk-window.1.gz").symlink_to("ccdesk.1.gz")
    _copy(papers / "ccdesk.bash", share / "bash-completion/completions/ccdesk")
    _copy(papers / "ccdesk.zsh", share / "zsh/vendor-completions/_ccdesk")
    doc = share / "doc/ccdesk"
    own = (ROOT / "LICENSE").read_text(encoding="utf-8")
    others = "Other parts of the package have their own licences: see /usr/lib/ccdesk/_internal/licences,\n"
    _put(doc / "copyright", f"{others}or the command “ccdesk licences”.\n\n{own}")
    _zip(doc / "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes())


def _control(tree: Path, version: str, dist: Path) -> None:
    size = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file() and not file.is_symlink())
    (major, minor), _ = needed(dist)
    depends = [f"libc6 (>= {major}.{minor})", *_READ_BY_LIBRARIES, *system_packages(dist)]
    fields = {
        "Package": "ccdesk",
        "Version": version,
        "Section": "misc",
        "Priority": "optional",
        "Architecture": _ask("dpkg", "--print-architecture"),
        "Maintainer": "The ccdesk founders <ccdesk@localhost>",
        "Installed-Size": str(size // 1024),
        "Depends": ", ".join(depends),
        "Recommends": ", ".join(_RECOMMENDED),
        "Description": _DESCRIPTION,
    }
    _put(tree / "DEBIAN/control", "\n".join(f"{name}: {value}" for name, value in fields.items()))
    _put(tree / "DEBIAN/postrm", _AFTER_REMOVAL)


def system_packages(dist: Path) -> list[str]:
    """Return the Debian packages of what the build is linked with and does not bring along."""
    present, wanted = set(), set()
    for file in dist.rglob("*"):
        if ".so" in file.name and not file.is_dir():
            present.add(file.name)
            if not file.is_symlink():
                wanted |= set(_NEEDED.findall(_ask("objdump", "-p", str(file))))
    return sorted(set(_owners(wanted - present)) - {"libc6", ""})


def _owners(names: Iterable[str]) -> Iterable[str]:
    known = {
        line.split()[0]: line.rsplit("=> ", 1)[1].strip()
        for line in reversed(_ask("/sbin/ldconfig", "-p").splitlines())
        if "=> " in line
    }
    for name in names:
        yield owner_package(Path(known[name]).resolve()) if name in known else ""


def _settle_rights(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        inside = path.relative_to(tree).as_posix()
        runs = path.is_dir() or inside in (
            *("usr/lib/ccdesk/ccdesk", "usr/lib/ccdesk/ccdesk-window", "DEBIAN/postrm"),
        )
        path.chmod(0o755 if runs else 0o644)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _zip(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
