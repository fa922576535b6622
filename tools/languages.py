"""Renews the files of the window's languages from the code: `python -m tools.languages`.

Qt's lupdate gathers the texts from `ccdesk/` into `resources/languages/ccdesk_<language>.ts`, where what was
translated stays; lrelease makes the .qm files of them that the window reads. Both are committed. New texts
are marked `unfinished` in the .ts file: translate them there (Qt Linguist opens it), and run this again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import PySide6

from ccdesk.gui import translation

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "languages"
LANGUAGES = tuple(one for one in translation.LANGUAGES if one != translation.ENGLISH)
# How the code marks texts: `gui/translation.py` and `core/words.py`
MARKS = "tr+=say,tr+=plural,tr+=counted,QT_TR_NOOP+=marked"
NOT_SHOWN = ("ccdesk/sandbox/", "ccdesk/cli/", "ccdesk/gui/tour/")  # nobody meets them in the window


def update(folder: Path = FOLDER) -> None:
    """Bring the .ts files to the texts of the code, keeping what is translated; texts that are gone go.

    Raises:
        subprocess.CalledProcessError: a file of the code or of the languages cannot be read.

    """
    sources = sorted(
        path
        for path in (ROOT / "ccdesk").rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(NOT_SHOWN)
    )
    for language in LANGUAGES:
        file = folder / f"ccdesk_{language}.ts"
        _run(
            "lupdate",
            *("-silent", "-no-obsolete", "-locations", "none", "-tr-function-alias", MARKS),
            *("-source-language", "en_US", "-target-language", language),
            *map(str, sources),
            *("-ts", str(file)),
        )


def release(folder: Path = FOLDER, into: Path | None = None) -> None:
    """Make the .qm files of the .ts files; what is not translated yet stays English.

    Raises:
        subprocess.CalledProcessError: a .ts file is malformed.

    """
    for language in LANGUAGES:
        made = (into or folder) / f"ccdesk_{language}.qm"
        _run("lrelease", "-silent", str(folder / f"ccdesk_{language}.ts"), "-qm", str(made))


def _run(program: str, *arguments: str) -> None:
    tool = Path(PySide6.__file__).parent / (f"{program}.exe" if sys.platform == "win32" else program)
    subprocess.run([str(tool), *arguments], check=True, cwd=ROOT)


if __name__ == "__main__":
    update()
    release()
