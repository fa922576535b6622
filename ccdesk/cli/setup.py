"""`ccdesk setup export|import FILE`: a partner's set-up file, without secrets (`service/setup_file.py`)."""

from __future__ import annotations

import argparse
from pathlib import Path

from ccdesk.cli.console import Console
from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.service.setup_file import SETTINGS_PART, setup_document, take_setup_file, write_setup_file


def setup(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Write the set-up file, or take one over."""
    path = Path(args.file).expanduser()
    if args.verb == "export":
        _export(path, container, console)
    else:
        _import(path, container, console, confirmed=args.confirm)
    return int(ExitCode.DONE)


def _export(path: Path, container: Container, console: Console) -> None:
    document = write_setup_file(container.desk.settings(), path)
    if console.as_json:
        console.document({"file": str(path), **document})
    else:
        console.line(f"Written: {path}. It holds no secret, no login and nobody's email.")


def _import(path: Path, container: Container, console: Console, *, confirmed: bool) -> None:
    desk = container.desk
    result = take_setup_file(desk, path, confirmed=confirmed)
    for note in result.notes:
        console.say(note)
    if result.created_list:
        console.say(f"Created the list “{result.created_list}” in Constant Contact.")
    if console.as_json:
        taken = {key: new for key, (_, new) in result.changed.items()}
        console.document({"changed": taken, SETTINGS_PART: setup_document(desk.settings())[SETTINGS_PART]})
        return
    for key, (old, new) in result.changed.items():
        console.line(f"{key}: {old or '(empty)'} → {new or '(empty)'}")
    if not result.changed:
        console.line("Nothing changed: everything in the file is set already.")
