"""The Python that ccdesk is packaged with, and its environment, made from requirements.lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WANTED = (3, 12)
_ASK = (
    "import sys, sysconfig; print(*sys.version_info[:2], "
    "int(sys.platform != 'linux' or bool(sysconfig.get_config_var('Py_ENABLE_SHARED'))))"
)


def candidates() -> Iterator[str]:
    """Yield Pythons that may be there, the best first: the one named, by version, pyenv's, the running."""
    if named := os.environ.get("CCDESK_PACKAGE_PYTHON"):
        yield named
        return
    versions = ("3.12", "3.13")
    if sys.platform == "win32":
        yield sys.executable
    for version in versions:
        if found := shutil.which(f"python{version}"):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in versions:
        yield from sorted(map(str, pyenv.glob(f"{version}.*/bin/python")), reverse=True)
    yield sys.executable


def ask(python: str) -> tuple[tuple[int, int], bool] | None:
    """Return the version of a Python, and whether PyInstaller can use it; None if it does not start."""
    try:
        done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False)
    except OSError:
        return None
    if done.returncode != 0:
        return None
    major, minor, usable = map(int, done.stdout.split())
    return (major, minor), bool(usable)


def choose() -> tuple[str, tuple[int, int]]:
    """Return the first usable Python of the wanted version or newer, else the first usable one.

    Raises:
        SystemExit: there is none.

    """
    usable = [(python, told[0]) for python in candidates() if (told := ask(python)) and told[1]]
    if not usable:
        raise SystemExit("No Python here has a shared library, which PyInstaller needs.")
    return next((one for one in usable if one[1] >= WANTED), usable[0])


def make_environment(python: str, folder: Path) -> Path:
    """Return the Python of an environment with what is locked, and ccdesk; made anew when the lock is."""
    stamp, lock = folder / "made-from", ROOT / "requirements.lock"
    inside = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made_from = f"{python}\n{lock.read_text(encoding='utf-8')}"
    pip = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != made_from:
        subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
        locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
        subprocess.run([*pip, *locked], check=True)
        stamp.write_text(made_from, encoding="utf-8")
    ours = ["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    subprocess.run([*pip, *ours], check=True)
    return inside
