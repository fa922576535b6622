"""What lupdate gathers from the code: every text that is marked there, where the window looks it up."""

import ast
from xml.etree import ElementTree

import pytest

from tools import languages

SAID = {"say", "plural", "marked", "counted"}


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("languages")
    languages.update(folder)
    return ElementTree.parse(folder / "ccdesk_de.ts").getroot()


def calls():
    """Yield every call that marks or says a text, with the file it stands in."""
    for path in sorted((languages.ROOT / "ccdesk").rglob("*.py")):
        name = path.relative_to(languages.ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id in SAID and not name.startswith(languages.NOT_SHOWN):
                yield f"{name}:{node.lineno}", node


def literals(*names):
    """Return the texts of the calls of these names, as far as they are literals."""
    return {
        call.args[0].value
        for _, call in calls()
        if call.func.id in names and isinstance(call.args[0], ast.Constant)
    }


def test_every_text_is_gathered_in_the_context_that_is_asked(gathered):
    contexts = {one.findtext("name"): one.findall("message") for one in gathered.iter("context")}
    assert list(contexts) == [""], "a call through an attribute: import the name"
    sources = {message.findtext("source") for message in contexts[""]}
    assert sorted(literals(*SAID) - sources) == []


def test_what_counts_and_only_that_has_forms_for_numbers(gathered):
    counted = literals("plural", "counted")
    numerus = {one.findtext("source") for one in gathered.iter("message") if one.get("numerus") == "yes"}
    assert numerus == counted
    assert [text for text in counted if "{n}" not in text] == []


def test_no_text_is_put_together_before_it_is_looked_up():
    assert [where for where, call in calls() if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)] == []
    assert [where for where, call in calls() if call.keywords] == [], "lupdate counts the arguments"
