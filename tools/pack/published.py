"""Tells a package where its releases are published: it can look for a newer one (docs/decisions/0010).

The addresses come from CCDESK_RELEASES (the forge's answer about the latest release) and CCDESK_RELEASES_PAGE
(what people read), which the release workflow sets. Without them a package knows no place, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ccdesk.core.updates import read_place

LATEST, PAGE = "CCDESK_RELEASES", "CCDESK_RELEASES_PAGE"


def write(file: Path, environment: Mapping[str, str]) -> bool:
    """Write the addresses, or take away what an earlier build has written; say whether there are any.

    Raises:
        ValueError: one is missing, or none that may be asked.

    """
    found = {"latest": environment.get(LATEST, ""), "page": environment.get(PAGE, "")}
    if not any(found.values()):
        file.unlink(missing_ok=True)
        return False
    text = json.dumps(found)
    try:
        read_place(text)
    except ValueError as error:
        raise ValueError(f"{LATEST} and {PAGE}: {error}") from None
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return True
