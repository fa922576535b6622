"""What runs store as plain strings is marked for the window's translation, in the very words."""

import ast
from pathlib import Path

import pytest

from ccdesk.core.errors import SettingsError
from ccdesk.core.settings import check
from ccdesk.gui.stored_texts import HOLDERS, PHASES, REASONS, SETTINGS

PACKAGE = Path(__file__).parents[2] / "ccdesk"
TREES = [
    ast.parse(path.read_text(encoding="utf-8"))
    for part in ("sync", "service", "consent", "core")
    for path in (PACKAGE / part).rglob("*.py")
]
NODES = [node for tree in TREES for node in ast.walk(tree)]


def test_each_is_still_what_the_code_says():
    said = {node.value for node in NODES if isinstance(node, ast.Constant)}
    made = {f"Looking for {what} in Constant Contact" for what in ("changes", "opt-outs")}
    assert [text for text in (*PHASES, *REASONS) if text not in said | made] == []


@pytest.mark.parametrize(("method", "texts"), [("progress", PHASES), ("acquire", HOLDERS)])
def test_every_phase_and_every_work_on_the_data_is_there(method, texts):
    calls = [node for node in NODES if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    said = {
        call.args[0].value
        for call in calls
        if call.func.attr == method and call.args and isinstance(call.args[0], ast.Constant)
    }
    assert said
    assert said - {*texts} == set()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kibo_home_url", "home"),
        ("kibo_home_url", "http://home.mozu.com"),
        ("kibo_home_url", "https://me:secret@home.mozu.com"),
        ("kibo_home_url", "https://häme.mozu.com"),
        ("kibo_tenant_id", "twelve"),
        ("contact_list", "a" * 256),
        ("from_email", "nobody"),
        ("keep_days", "0"),
    ],
)
def test_why_a_setting_is_refused_is_there(key, value):
    with pytest.raises(SettingsError) as refused:
        check(key, value)
    assert refused.value.meaning in SETTINGS
