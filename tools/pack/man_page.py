"""Writes the man page ccdesk(1) from the parser: the same words as `--help`.

python -m tools.pack.man_page FILE
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ccdesk import __version__
from ccdesk.cli.help_facts import ENVIRONMENT, EXIT_CODES
from ccdesk.cli.help_layout import walk
from ccdesk.cli.help_texts import HELP
from ccdesk.cli.parser import build_parser

_OF_ALL = {"--base-dir", "--json", "--verbose", "--help"}
_QUOTES = str.maketrans({"\\": r"\e", "-": r"\-", "“": r"\(lq", "”": r"\(rq", "…": r"\&..."})


def page(parser: argparse.ArgumentParser) -> str:
    """Return the page in man's macros."""
    return "\n".join(_lines(parser)) + "\n"


def _lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f'.TH CCDESK 1 "" "ccdesk {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"ccdesk \- keeps marketing consent the same in Kibo eCommerce and Constant Contact"
    yield ".SH SYNOPSIS"
    yield from (r".B ccdesk", r"[\fIOPTION\fR]... [\fICOMMAND\fR [\fIARGUMENT\fR]...]")
    yield ".SH DESCRIPTION"
    yield _text(parser.description or "")
    yield ".SH OPTIONS"
    yield from _options(parser)
    yield ".SH COMMANDS"
    for words, one in walk(parser):
        if words:
            yield from _command(words, one)
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from (".TP", f".B {int(code)}", _text(meaning))
    yield ".SH ENVIRONMENT"
    for name, meaning in ENVIRONMENT.items():
        yield from (".TP", f".B {_text(name)}", _text(meaning))
    yield ".SH EXAMPLES"
    for command, meaning in HELP[""].examples.items():
        yield from (".TP", f".B {_text(command)}", _text(meaning))


def _command(words: str, one: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SS {_text(words)}"
    yield _text(one.description or "")
    usage = " ".join(one.format_usage().removeprefix("usage: ").split())
    yield from (".PP", f".B {_text(usage)}")
    yield from _options(one)
    for command, meaning in HELP[words].examples.items():
        yield from (".PP", f"Example: \\fB{_text(command)}\\fR", ".br", _text(meaning))


def _options(one: argparse.ArgumentParser) -> Iterator[str]:
    """Yield what a command takes, without what every command takes."""
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help in (None, argparse.SUPPRESS):
            continue
        if one.prog != "ccdesk" and _OF_ALL & set(action.option_strings):
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = f" {action.metavar}" if action.option_strings and action.metavar else ""
        yield from (".TP", f".B {_text(name + value)}", _text(action.help % {"prog": one.prog}))


def _text(words: str) -> str:
    """Return words as roff takes them literally; a line never begins with what would be a command."""
    plain = " ".join(words.split()).translate(_QUOTES)
    return rf"\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(build_parser()), encoding="utf-8")
