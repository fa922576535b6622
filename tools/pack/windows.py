"""The Windows installer, made by makensis from `installer.nsi`; on other systems it is only tried out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).parent / "installer.nsi"
_PROGRAMS = ("ccdesk.exe", "ccdesk-window.exe")


def makensis() -> str:
    """Return the compiler of installers, `""` if it is not here."""
    usual = Path(os.environ.get("PROGRAMFILES(X86)", "")) / "NSIS" / "makensis.exe"
    return shutil.which("makensis") or (str(usual) if usual.is_file() else "")


def build(dist: Path, version: str, icon: Path, out: Path) -> Path:
    """Return the installer of the built folder `dist`.

    Raises:
        subprocess.CalledProcessError: makensis finds a fault, or would warn.

    """
    installer = out / f"ccdesk-{version}-setup.exe"
    subprocess.run(command(makensis(), dist, version, icon, installer), check=True)
    return installer


def command(compiler: str, dist: Path, version: str, icon: Path, installer: Path) -> Sequence[str]:
    """Return the call of makensis; whatever it would warn of is an error."""
    four = ".".join([*re.findall(r"\d+", version.split("rc")[0])[:3], "0", "0", "0", "0"][:4])
    values = {
        "VERSION": version,
        "VERSION4": four,
        "SOURCE": dist.resolve(),
        "ICON": icon.resolve(),
        "LICENCE": ROOT / "LICENSE",
        "OUT": installer.resolve(),
    }
    return [compiler, "-V2", "-WX", *(f"-D{name}={value}" for name, value in values.items()), str(SCRIPT)]


def sign(file: Path) -> bool:
    """Sign a program with signtool, if a certificate is named; False without one, and nothing is done."""
    certificate = os.environ.get("CCDESK_SIGN_CERTIFICATE", "")
    if not certificate:
        return False
    stamp = ["/fd", "sha256", "/tr", os.environ["CCDESK_SIGN_TIMESTAMPS"], "/td", "sha256"]
    subprocess.run(["signtool", "sign", "/sha1", certificate, *stamp, str(file)], check=True)
    return True


def try_out(icon: Path, out: Path) -> Path:
    """Compile the script on two empty programs, to see that it is right where no Windows is at hand."""
    stand_in = out / "stand-in"
    (stand_in / "_internal").mkdir(parents=True, exist_ok=True)
    for name in (*_PROGRAMS, "_internal/library.dll"):
        (stand_in / name).write_bytes(b"")
    return build(stand_in, "0.0.0", icon, out)
