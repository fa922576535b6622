"""Lays out `--help`: after the options come the texts of `help_texts`."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping

from ccdesk.cli.help_facts import ENVIRONMENT, EXIT_CODES, Help
from ccdesk.cli.help_texts import HELP


class Formatter(argparse.HelpFormatter):
    """Wraps what is one line, and leaves text of several lines as it is written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" not in text:
            return super()._fill_text(text, width, indent)
        return "".join(indent + line for line in text.splitlines(keepends=True))


def walk(parser: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield the parser and all below it, each with the words that call it (`""`, `settings set`)."""
    yield words, parser
    for action in parser._actions:  # argparse has no other way to them
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from walk(below, f"{words} {name}".strip())


def tell(parser: argparse.ArgumentParser) -> None:
    """Give the parser, and every one below it, its examples, exit codes and variables."""
    for words, one in walk(parser):
        one.formatter_class = Formatter
        one.epilog = epilog(HELP.get(words, Help({})))


def epilog(told: Help) -> str:
    """Return the end of a help text."""
    codes = {str(code): told.means.get(code, EXIT_CODES[code]) for code in told.codes}
    parts = [
        ("examples:", told.examples),
        ("orders to its control address:", told.orders),
        ("exit codes:", codes),
        ("environment variables:", {name: ENVIRONMENT[name] for name in told.environment}),
    ]
    return "\n".join(_part(head, rows) for head, rows in parts if rows)


def _part(head: str, rows: Mapping[str, str]) -> str:
    """Return a headed table of two columns; what is long in the first has the second below it."""
    column = min(max(map(len, rows)), 34)
    lines = [head]
    for first, second in rows.items():
        told = textwrap.wrap(second, 76 - column)
        if len(first) > column:
            lines.append(f"  {first}")
            first = ""
        lines.append(f"  {first:<{column}}  {told[0]}")
        lines += [f"  {'':<{column}}  {line}" for line in told[1:]]
    return "\n".join(lines) + "\n"
