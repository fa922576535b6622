"""What a command prints in the process of a test is what it prints in one of its own, to the letter."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    "words",
    [
        ("settings", "show"),
        ("settings", "show", "--json"),
        ("settings", "set", "nonsense=1", "--json"),
        ("sync", "export"),
        ("sync", "sideways"),
        ("runs", "--help"),
        ("--version",),
        ("--verbose", "runs"),
    ],
)
def test_both_ways_are_one(shell: Shell, words: tuple[str, ...]) -> None:
    shell.json("settings", "set", "contact_list=Żółw 亀")
    here, there = shell(*words), shell.process(*words)
    assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)


def test_a_command_that_needs_a_process_is_told_so(shell: Shell) -> None:
    with pytest.raises(AssertionError, match="it takes a process"):
        shell("settings", "show", PYTHONIOENCODING="ascii")
