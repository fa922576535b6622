"""`--help` of every command: examples that are understood, exit codes that exist, variables that are read."""

import re
import shlex
from pathlib import Path

import pytest

from ccdesk.cli.help_facts import ENVIRONMENT, EXIT_CODES
from ccdesk.cli.help_layout import walk
from ccdesk.cli.help_texts import HELP
from ccdesk.cli.main import main
from ccdesk.cli.parser import build_parser
from ccdesk.core.errors import ExitCode
from ccdesk.core.settings import SETTINGS

ROOT = Path(__file__).parents[2]
COMMANDS = dict(walk(build_parser()))


def test_every_command_has_its_help_and_none_is_left_over():
    assert set(HELP) == set(COMMANDS)


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_it_shows_examples_codes_and_variables(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    told = HELP[words]
    assert "\nexamples:\n" in shown
    assert "\nexit codes:\n" in shown
    assert all(name in shown for name in told.environment)
    assert all(re.search(rf"^  {int(code)} +\w", shown, re.MULTILINE) for code in told.codes)
    assert max(map(len, shown.splitlines())) <= 80
    assert COMMANDS[words].description


@pytest.mark.parametrize("words", sorted(HELP))
def test_every_example_is_understood(words):
    for example in HELP[words].examples:
        said = shlex.split(example.partition(" > ")[0])
        assert said[0] == "ccdesk"
        args = build_parser().parse_args(said[1:])
        if words:
            assert words.split()[0] == args.command, f"{example} is an example of another command"


def test_codes_and_variables_are_the_real_ones():
    assert {*ExitCode, 130} == set(EXIT_CODES)
    for told in HELP.values():
        assert set(told.means) <= set(told.codes) <= set(EXIT_CODES)
        assert set(told.environment) <= set(ENVIRONMENT)
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ccdesk").rglob("*.py"))
    read = {name for name in re.findall(r'"(CCDESK_[A-Z]\w+)"', source) if name != "CCDESK_CONTACT_LIST"}
    settings = {f"CCDESK_{key.upper()}" for key in SETTINGS}
    assert read - settings <= set(ENVIRONMENT), "a variable that no help tells of"
