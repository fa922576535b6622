"""Whether a version may be released, and what is said of it: `python tools/release.py TAG [--notes FILE]`.

A release is refused unless the tag, pyproject.toml, the program and the newest section of CHANGELOG.md name
the same version, and that section says something. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_HEAD = re.compile(r"(\d+\.\d+\.\d+(?:rc\d+)?) [–-] (\d{4}-\d{2}-\d{2})")


class Refused(Exception):
    """What keeps a version from being released."""


def notes(changelog: str, version: str, today: date) -> str:
    """Return the section of a version.

    Raises:
        Refused: there is none, it is empty, has no date or one to come, or is not the newest.

    """
    parts = _SECTION.split(changelog)[1:]
    sections = list(zip(parts[::2], parts[1::2], strict=True))
    if any(body.strip() for head, body in sections if head == "Unreleased"):
        raise Refused("CHANGELOG.md still has lines under “Unreleased”: give them to this version.")
    sections = [(head, body) for head, body in sections if head != "Unreleased"]
    found = _HEAD.fullmatch(sections[0][0]) if sections else None
    if found is None or found[1] != version:
        raise Refused(f"CHANGELOG.md must begin with a section “## {version} - YYYY-MM-DD”.")
    if date.fromisoformat(found[2]) > today:
        raise Refused(f"The section of {version} has a date to come.")
    text = sections[0][1].strip()
    if not re.search(r"^- \S", text, re.MULTILINE):
        raise Refused(f"The section of {version} says nothing.")
    return text


def check(root: Path, tag: str, today: date) -> str:
    """Return the notes of the release that a tag asks for.

    Raises:
        Refused: something does not agree.

    """
    version = tag.removeprefix("refs/tags/").removeprefix("v")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    told = re.search(r'__version__ = "(.+)"', (root / "ccdesk/__init__.py").read_text(encoding="utf-8"))
    program = told[1] if told else "nothing"
    if not version == project == program:
        raise Refused(f"The tag says {version}, pyproject.toml {project}, the program {program}.")
    return notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), version, today)


def main() -> int:
    """Return 0 if the release may be made, and write its notes; else 1, and say why not."""
    options = argparse.ArgumentParser(description="Checks that a version may be released.")
    options.add_argument("tag", help="v0.2.0, also as refs/tags/v0.2.0")
    options.add_argument(
        "--notes", type=Path, metavar="FILE", help="write the section of the changelog there"
    )
    args = options.parse_args()
    try:
        text = check(ROOT, args.tag, date.today())
    except (Refused, OSError, ValueError) as error:
        sys.stderr.write(f"No release: {error}\n")
        return 1
    if args.notes:
        args.notes.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
