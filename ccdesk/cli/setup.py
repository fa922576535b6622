"""`ccdesk setup export|import FILE`: a partner's set-up file, without secrets (`service/setup_file.py`)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ccdesk.cli.console import Console
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode, SettingsError
from ccdesk.service.setup_file import (
    SETTINGS_PART,
    ask_about_addresses,
    changes,
    read_setup_file,
    setup_document,
)


def setup(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Write the set-up file, or take one over."""
    path = Path(args.file).expanduser()
    if args.verb == "export":
        _export(path, container, console)
    else:
        _import(path, container, console, confirmed=args.confirm)
    return int(ExitCode.DONE)


def _export(path: Path, container: Container, console: Console) -> None:
    document = setup_document(container.desk.settings())
    try:
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            "The set-up file could not be written",
            meaning="Nothing was changed.",
            next_step="Name a file in a folder that exists and that you may write to.",
            detail=error.strerror or type(error).__name__,
            code="not_written",
        ) from error
    if console.as_json:
        console.document({"file": str(path), **document})
    else:
        console.line(f"Written: {path}. It holds no secret, no login and nobody's email.")


def _import(path: Path, container: Container, console: Console, *, confirmed: bool) -> None:
    """Take the file's settings over; one that is as it is already changes nothing, and asks nobody.

    Raises:
        SettingsError: the file or an item is not valid; nothing was changed.
        ConfirmNeeded: it names strange servers, or people would be dropped, and that is not `confirmed`.

    """
    desk = container.desk
    wanted = changes(desk.settings(), read_setup_file(path))
    question = ask_about_addresses(wanted)
    if question is not None and not confirmed:
        raise question
    changed: dict[str, tuple[str, str]] = {}
    if wanted:
        result = desk.save_settings(wanted, confirmed=confirmed)
        changed = result.changed
        for note in result.notes:
            console.say(note)
        if result.created_list:
            console.say(f"Created the list “{result.created_list}” in Constant Contact.")
    if console.as_json:
        taken = {key: new for key, (_, new) in changed.items()}
        console.document({"changed": taken, SETTINGS_PART: setup_document(desk.settings())[SETTINGS_PART]})
        return
    for key, (old, new) in changed.items():
        console.line(f"{key}: {old or '(empty)'} → {new or '(empty)'}")
    if not changed:
        console.line("Nothing changed: everything in the file is set already.")
