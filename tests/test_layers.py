"""Imports point one way (design §7): read from the source, so that a lazy import counts as well."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "ccdesk"

# Part -> parts of ccdesk it may import besides itself.
MAY_IMPORT = {
    "core": set(),
    "consent": {"core"},
    "sync": {"core", "consent"},
    "clients": {"core"},
    "auth": {"core"},
    "store": {"core", "consent"},
    "service": {"core", "sync"},
    "sandbox": set(),
    "system": {"core"},
    "support": {"core", "sync", "clients", "store", "service", "system"},
    "container": {"core", "store", "service", "paths", "connections", "support"},
    "connections": {"core", "auth", "clients", "store", "service", "support"},
    "base_dir": {"core"},
    "paths": {"base_dir", "core"},
    "licences": set(),
    "logs": {"core"},
    "cli": {
        *("core", "service", "container", "paths", "licences", "logs", "gui", "sandbox", "support", "system"),
    },
    "gui": {"core", "service", "container", "paths", "licences", "logs", "sandbox", "support", "system"},
    "__main__": {"cli"},
    "__init__": set(),
}
# Library -> parts that may import it.
LIBRARIES = {
    "PySide6": {"gui"},
    "peewee": {"store"},
    "playhouse": {"store"},
    "requests": {"clients", "auth"},
    "urllib3": {"clients", "auth"},
    "oauthlib": {"auth"},
    "keyring": {"auth"},
    "flask": {"sandbox"},
    "werkzeug": {"sandbox"},
    "email_validator": {"sync"},
    "schedule": {"service"},
    "msgspec": {"clients"},
}
# Only the pretend world's own doors may be opened from the front ends.
SANDBOX_DOORS = ("gui/start.py", "gui/tour", "gui/demo", "cli/commands.py")


def imports():
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT)
        part = name.parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield name, part, alias.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}: imports are absolute"
                module = node.module or ""
                yield name, part, module
                if module == "ccdesk":
                    for alias in node.names:
                        yield name, part, f"ccdesk.{alias.name}"


IMPORTS = list(imports())


def test_every_part_has_a_rule():
    assert {part for _, part, _ in IMPORTS} <= set(MAY_IMPORT)


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_arrows_point_one_way(part):
    for name, owner, module in IMPORTS:
        pieces = module.split(".")
        if owner != part or pieces[0] != "ccdesk" or len(pieces) == 1 or pieces[1] == "__version__":
            continue
        assert pieces[1] == part or pieces[1] in MAY_IMPORT[part], f"{name} imports {module}"


# Folder -> folders that nothing in it imports.
INSIDE = {
    "sync/sensors": ("sync/outbox", "sync/runs"),
    "sync/outbox": ("sync/runs",),
    "clients/http": ("clients/kibo", "clients/constant_contact"),
    "clients/kibo": ("clients/constant_contact",),
    "clients/constant_contact": ("clients/kibo",),
    "sandbox/wire": ("sandbox/kibo", "sandbox/constant_contact", "sandbox/seed"),
    "sandbox/kibo": ("sandbox/constant_contact", "sandbox/seed"),
    "sandbox/constant_contact": ("sandbox/kibo", "sandbox/seed"),
    "gui/components": ("gui/tabs", "gui/dialogs", "gui/tour", "gui/window"),
}


@pytest.mark.parametrize("folder", sorted(INSIDE))
def test_arrows_inside_a_part_point_one_way(folder):
    for name, _, module in IMPORTS:
        if name.as_posix().startswith(f"{folder}/"):
            at = module.removeprefix("ccdesk.").replace(".", "/")
            assert not at.startswith(INSIDE[folder]), f"{name} imports {module}"


def test_the_rules_of_a_run_import_none_of_its_folders():
    for name, part, module in IMPORTS:
        if part == "sync" and len(name.parts) == 2:
            assert not module.startswith(("ccdesk.sync.runs", "ccdesk.sync.outbox")), (
                f"{name} imports {module}"
            )


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_libraries_stay_in_their_place(library):
    for name, part, module in IMPORTS:
        if module.split(".")[0] == library:
            assert part in LIBRARIES[library], f"{name} imports {module}"


def test_core_and_the_rules_need_nothing_but_the_standard_library():
    """And `idna`: tables without any input or output, for the one form in which emails are compared."""
    import sys

    for name, part, module in IMPORTS:
        top = module.split(".")[0]
        if part in ("core", "consent"):
            assert top in (*sys.stdlib_module_names, "ccdesk", "idna"), f"{name} imports {module}"


def test_the_sandbox_is_opened_by_its_doors_only():
    for name, part, module in IMPORTS:
        if module.startswith("ccdesk.sandbox") and part != "sandbox":
            assert str(name).startswith(SANDBOX_DOORS), f"{name} imports {module}"


def test_importing_the_command_line_does_not_load_qt():
    import subprocess
    import sys

    code = "import sys, ccdesk.cli.main; sys.exit('PySide6' in sys.modules or 'flask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
