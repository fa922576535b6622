"""Builds ccdesk as people install it, and tests what was built: `python tools/package.py`, or `make package`.

Makes `dist/ccdesk/`, a folder that needs no Python, from exactly what requirements.lock holds, and of it a
Debian package on Linux, an installer on Windows, an application on macOS. Any Python from 3.11 on starts it;
the program is made with 3.12 or newer where there is one (CCDESK_PACKAGE_PYTHON names another).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.pack import deb, glibc, python, windows  # noqa: E402

MADE = ROOT / "build" / "package"
DIST = ROOT / "dist" / "ccdesk"
PROGRAM = DIST / ("ccdesk.exe" if sys.platform == "win32" else "ccdesk")
_SHELLS = ("bash", "zsh")


def main() -> None:
    """Build, pack and test."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--releases", metavar="URL", help="what the forge answers about the latest release (CCDESK_RELEASES)"
    )
    options.add_argument(
        "--releases-page", metavar="URL", help="the page of the releases for people (CCDESK_RELEASES_PAGE)"
    )
    options.add_argument("--no-tests", action="store_true", help="only build and pack")
    options.add_argument("--only-tests", action="store_true", help="only pack and test what was built before")
    args = options.parse_args()
    for name in ("releases", "releases_page"):
        if getattr(args, name):
            os.environ[f"CCDESK_{name.upper()}"] = getattr(args, name)
    interpreter, version = python.choose()
    if version < python.WANTED:
        _say(
            f"No Python 3.12 or newer is here that PyInstaller can use: made with {version[0]}.{version[1]}."
        )
    runs = python.make_environment(interpreter, MADE / "venv")
    if not args.only_tests:
        _build(runs)
    _pack(runs)
    if not args.no_tests:
        _test(runs)


def _build(runs: Path) -> None:
    _call(runs, "-m", "tools.pack.icons", str(MADE / "icons"))
    work = ("--workpath", str(MADE / "work"), "--distpath", str(DIST.parent))
    _call(runs, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", *work, "ccdesk.spec")
    if sys.platform.startswith("linux"):
        (DIST / "ccdesk-window").symlink_to("ccdesk")
    _say(f"{DIST}: {_megabytes(DIST):.0f} MB")


def _pack(runs: Path) -> None:
    _papers(runs)
    version = _answer("--version").split()[-1]
    if sys.platform.startswith("linux"):
        (major, minor), file = glibc.needed(DIST)
        _say(f"It needs glibc {major}.{minor} or newer (by {file}).")
        if shutil.which("dpkg-deb"):
            _say(str(deb.build(DIST, version, MADE, DIST.parent)))
        if windows.makensis():
            windows.try_out(MADE / "icons" / "ccdesk.ico", MADE)
            _say("The script of the Windows installer compiles.")
    elif sys.platform == "win32":
        signed = [windows.sign(DIST / name) for name in ("ccdesk.exe", "ccdesk-window.exe")]
        installer = windows.build(DIST, version, MADE / "icons" / "ccdesk.ico", DIST.parent)
        how = "signed" if all([*signed, windows.sign(installer)]) else "not signed: no certificate is named"
        _say(f"{installer}, {how}")
    else:  # not Python's own zip: it would lose the links that an application and its signature consist of
        archive = DIST.parent / f"ccdesk-{version}-macos.zip"
        application = DIST.parent / "ccdesk.app"
        subprocess.run(["ditto", "-c", "-k", "--keepParent", str(application), str(archive)], check=True)


def _papers(runs: Path) -> None:
    """Write the man page, and what completes commands in a shell."""
    papers = MADE / "papers"
    papers.mkdir(parents=True, exist_ok=True)
    _call(runs, "-m", "tools.pack.man_page", str(papers / "ccdesk.1"))
    for shell in _SHELLS:
        (papers / f"ccdesk.{shell}").write_text(_answer("completion", shell), encoding="utf-8")


def _test(runs: Path) -> None:
    """Test the built program itself: nothing of ccdesk runs from source there but what plays its users."""
    chosen = {"CCDESK_PROGRAM": str(PROGRAM), "QT_QPA_PLATFORM": "offscreen"}
    options = ("-q", "-p", "no:xdist", "-p", "no:randomly", "--timeout", "600", "tests/packaged")
    _call(runs, "-m", "pytest", *options, **chosen)


def _call(runs: Path, *words: str, **environment: str) -> None:
    try:
        subprocess.run([str(runs), *words], cwd=ROOT, env={**os.environ, **environment}, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from None


def _answer(*words: str) -> str:
    done = subprocess.run([str(PROGRAM), *words], capture_output=True, check=True)
    return done.stdout.decode("utf-8").replace("\r\n", "\n")


def _megabytes(folder: Path) -> float:
    return (
        sum(one.stat().st_size for one in folder.rglob("*") if one.is_file() and not one.is_symlink()) / 1e6
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
