"""What front ends show is worded for them: no command in the window, no button on the command line."""

import ast
import re
from pathlib import Path

import pytest

import ccdesk
from ccdesk.auth.vault import open_vault
from ccdesk.cli import words
from ccdesk.core.errors import Busy, CcdeskError, LoginNeeded, Refused, Remedy, SettingsError, VaultError
from ccdesk.core.settings import SETTINGS, check
from ccdesk.gui.components.messages import REMEDIES, body, technical

PACKAGE = Path(ccdesk.__file__).parent
COMMANDS = "login logout settings sync run runs status events demo sandbox"
KEYS = [key for key in SETTINGS if "_" in key]
OF_THE_COMMAND_LINE = re.compile(
    rf"\bccdesk (?:{'|'.join(COMMANDS.split())})\b|(?<![\w-])--[a-z]|CCDESK_|KEY=VALUE|\bbase dir\b"
    rf"|\bstdout\b|\bstderr\b|\bexit code\b|\bprocess (?:id|\d)|\b(?:{'|'.join(KEYS)}|opt_out|opt_in)\b",
    re.IGNORECASE,
)
OF_THE_WINDOW = re.compile(r"\b(?:Info|Settings|Sync|Events) tab\b|\bclick\b|\bbutton\b", re.IGNORECASE)
# Whose words go to a terminal or a service and to no window: the display is missing where `start` speaks.
NOT_SHOWN = (
    "cli",
    "sandbox",
    "gui/start.py",
    "gui/display.py",
    "gui/tour",
    "store/schema.py",
    "store/exports.py",
    "logs.py",
    "system/service",
)
SQL = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|WITH|PRAGMA)\b"
)  # for the database alone
MUTE = {"debug", "info", "warning", "error", "exception", "critical"}  # of a log


def modules(*, window):
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(NOT_SHOWN) and (window or not place.startswith("gui")):
            yield place, ast.parse(path.read_text(encoding="utf-8"))


def silent(tree):
    """Return the nodes whose strings nobody is shown: doc strings, logs, technical details, patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield node.body[0]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node
        called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if called in MUTE or called == "compile":
            yield node
        if isinstance(node, ast.keyword) and node.arg == "detail":
            yield node


def phrases(tree):
    """Yield every text of more than one word, the constant parts of f-strings put together."""
    skipped = {id(inner) for node in silent(tree) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            text = "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if " " in text.strip() and not SQL.match(text) and not text.startswith("<?xml"):
            yield node.lineno, text


@pytest.mark.parametrize(
    "text", ["or run “ccdesk login”", "with --base-dir", "Set kibo_tenant_url", "process 12"]
)
def test_the_walk_knows_the_command_lines_words(text):
    assert OF_THE_COMMAND_LINE.search(text)


def test_no_text_the_window_can_show_speaks_of_the_command_line():
    """Errors and outcomes come from every part of the program, so all of it is walked."""
    found = [
        (place, line, text)
        for place, tree in modules(window=True)
        for line, text in phrases(tree)
        if OF_THE_COMMAND_LINE.search(text)
    ]
    assert found == []


def test_no_text_the_command_line_can_show_speaks_of_tabs_and_buttons():
    found = [
        (place, line, text)
        for place, tree in modules(window=False)
        for line, text in phrases(tree)
        if OF_THE_WINDOW.search(text)
    ]
    assert found == []


def test_the_help_speaks_of_no_command():
    guides = list((PACKAGE.parent / "resources").glob("guide*.md"))
    assert guides
    for guide in guides:
        assert OF_THE_COMMAND_LINE.findall(guide.read_text(encoding="utf-8")) == []


def classes(base=CcdeskError):
    yield base
    for one in base.__subclasses__():
        yield from classes(one)


def test_every_remedy_has_words_in_both_front_ends():
    assert set(REMEDIES) == set(words.REMEDIES) == set(Remedy)
    assert not [text for text in REMEDIES.values() if OF_THE_COMMAND_LINE.search(text)]
    assert not [text for text in words.REMEDIES.values() if OF_THE_WINDOW.search(text)]
    for text in (*REMEDIES.values(), *words.REMEDIES.values()):
        assert text.endswith(".")


@pytest.mark.parametrize("kind", sorted(set(classes()), key=lambda one: one.__name__))
def test_every_error_is_worded_for_who_reads_it(kind):
    error = kind.__new__(kind)
    CcdeskError.__init__(error)
    error.holder = ""
    assert not OF_THE_COMMAND_LINE.search(f"{error.title} {body(error)}")
    assert not OF_THE_COMMAND_LINE.search(error.text), "it is stored with the run, and shown by both"
    assert not OF_THE_WINDOW.search(words.text(error))


def test_the_same_error_leads_to_a_tab_here_and_to_a_command_there():
    assert body(LoginNeeded()).endswith("Open the Info tab and click “Log in to Constant Contact”.")
    assert words.text(LoginNeeded()).endswith("Run “ccdesk login”.")
    assert "ccdesk login" not in LoginNeeded().text


def test_advice_for_one_error_takes_the_place_of_its_kinds():
    assert words.next_step(Refused(next_step="Add it in Dev Center.")) == "Add it in Dev Center."
    both = VaultError(next_step="Install one.", remedy=Remedy.SECRETS_IN_FILE)
    assert (
        words.next_step(both)
        == "Install one. Or choose the protected file instead by setting CCDESK_VAULT=file."
    )
    assert "file" in body(both)


def test_a_setting_is_called_by_its_label_here_and_by_its_key_there():
    with pytest.raises(SettingsError) as refused:
        check("kibo_tenant_id", "x")
    assert refused.value.title == "The value for “Kibo tenant id” is not valid"
    assert words.title(refused.value) == "The value for “Kibo tenant id” is not valid (kibo_tenant_id)"


def test_who_holds_the_data_is_named_with_its_process_on_the_command_line_only():
    busy = Busy(holder="export (process 4711 on shop, since 2026-05-01 10:00 UTC)")
    assert "export (process 4711 on shop, since 2026-05-01 10:00 UTC)" in words.text(busy)
    assert "To Constant Contact (on shop, since May 1st 2026" in body(busy)
    assert "4711" not in body(busy) + technical(busy)


def test_a_vault_that_is_misnamed_is_told_in_both_ways(tmp_path):
    with pytest.raises(SettingsError) as refused:
        open_vault(tmp_path, {"CCDESK_VAULT": "drawer"})
    assert "CCDESK_VAULT" in words.text(refused.value)
    assert "CCDESK_VAULT" not in refused.value.title + body(refused.value)
