"""Which version of the C library a Linux build needs: the newest that any of its files names."""

from __future__ import annotations

import re
from pathlib import Path

_NAMED = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?=[.\0])")
_ELF = b"\x7fELF"


def needed(folder: Path) -> tuple[tuple[int, int], str]:
    """Return the version, and one file that needs it."""
    newest, who = (0, 0), ""
    for file in sorted(folder.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        content = file.read_bytes()
        if not content.startswith(_ELF):
            continue
        found = max(((int(one[1]), int(one[2])) for one in _NAMED.finditer(content)), default=(0, 0))
        if found > newest:
            newest, who = found, str(file.relative_to(folder))
    return newest, who
