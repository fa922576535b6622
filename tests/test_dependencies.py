"""What is imported, declared and locked are one and the same, on every system; asks nobody outside."""

import ast
import itertools
import re
import sys
import tomllib
from collections import Counter
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
OURS = {"ccdesk", "ccdesk_resources", "tests", "benchmarks", "tools"}
SYSTEMS = (("linux", "Linux"), ("darwin", "Darwin"), ("win32", "Windows"))
PLACES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": name,
        "platform_machine": machine,
        "os_name": "nt" if system == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    for (system, name), python, machine in itertools.product(
        SYSTEMS, ("3.11", "3.12", "3.13"), ("x86_64", "arm64")
    )
]
# Used without an import; the file where that is.
TOOLS = {
    "coverage": "Makefile",
    "mypy": "Makefile",
    "ruff": "Makefile",
    "pyinstaller": "tools/package.py: PyInstaller",
    "pytest-qt": "pyproject.toml: qt_api",
    "pytest-randomly": "Makefile: no:randomly",
    "pytest-timeout": "pyproject.toml: timeout =",
    "pytest-xdist": "Makefile: -n 2",
}
NEVER_IMPORTED_BY_NAME = {"setuptools": "the build backend, imported by pip"}


@cache
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(requirement):
    return canonicalize_name(requirement.name)


@cache
def declared(*extras):
    tables = project()["project"]
    chosen = [tables["dependencies"]] if not extras else []
    chosen += [tables["optional-dependencies"][extra] for extra in extras]
    return [Requirement(text) for text in itertools.chain.from_iterable(chosen)]


def everything_declared():
    return [*declared(), *declared(*project()["project"]["optional-dependencies"])]


@cache
def blocks():
    """The lock, a block of lines for each pin: the pin, its hashes, and who wants it."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    lines = list(itertools.dropwhile(lambda line: line.startswith("#"), lines))
    starts = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    return [lines[start:end] for start, end in itertools.pairwise([*starts, len(lines)])]


@cache
def pins():
    return [(Requirement(block[0].rstrip(" \\")), "\n".join(block[1:])) for block in blocks()]


def version_of(pin):
    (specifier,) = pin.specifier
    assert specifier.operator == "==", f"{pin} is not pinned"
    return specifier.version


def applies(requirement, place):
    return requirement.marker is None or requirement.marker.evaluate(place)


@cache
def imported(*folders):
    """The libraries imported in these folders (or files), by the name of their import."""
    found = set()
    for folder in folders:
        path = ROOT / folder
        for file in [path] if path.is_file() else path.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    found.add((node.module or "").split(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


@cache
def owners():
    """Distributions by the name of what they let one import; stubs and links to folders are none."""
    return {
        top: {canonicalize_name(name) for name in names}
        for top, names in metadata.packages_distributions().items()
    }


# ------------------------------------------------------------ imports and declarations


def test_what_the_program_imports_is_declared():
    names = {name_of(one) for one in declared()}
    missing = {top for top in imported("ccdesk") if not owners().get(top, set()) & names}
    assert not missing, f"imported, but not among the dependencies of pyproject.toml: {missing}"


def test_what_the_program_declares_is_imported():
    used = set().union(*(owners().get(top, set()) for top in imported("ccdesk")))
    idle = {name_of(one) for one in declared()} - used
    assert not idle, f"among the dependencies of pyproject.toml, but imported nowhere: {idle}"


def test_what_tests_and_tools_import_is_declared():
    names = {name_of(one) for one in everything_declared()}
    tops = imported("tests", "benchmarks", "tools", "ccdesk.spec")
    missing = {top for top in tops if not owners().get(top, {canonicalize_name(top)}) & names}
    assert not missing, f"imported, but not declared in pyproject.toml: {missing}"


def test_what_is_declared_for_tests_and_tools_is_used():
    tops = imported("tests", "benchmarks", "tools", "ccdesk.spec")
    used = set().union(*(owners().get(top, set()) for top in tops))
    extras = set(project()["project"]["optional-dependencies"])
    for one in declared(*extras):
        name = name_of(one)
        if name in used or name in NEVER_IMPORTED_BY_NAME or not applies(one, {}):
            continue
        if name.startswith("types-"):
            assert name.removeprefix("types-") in {name_of(other) for other in declared()}
            continue
        assert name in TOOLS, f"{name} is declared, but neither imported nor known as a tool"
        file, _, what = TOOLS[name].partition(": ")
        assert (what or name) in (ROOT / file).read_text(encoding="utf-8"), f"{file} does not use {name}"


def test_no_file_belongs_to_two_packages():
    """`types-peewee` wrote over the stubs that peewee brings: what mypy saw hung on who came last."""
    count = Counter(
        str(file)
        for one in metadata.distributions()
        for file in {str(file) for file in one.files or ()}
        if ".." not in str(file) and "__pycache__" not in str(file)
    )
    assert [file for file, owners in count.items() if owners > 1] == []


def test_stubs_are_there_only_for_what_has_no_types_of_its_own():
    for one in everything_declared():
        name = name_of(one)
        if name.startswith("types-"):
            files = [str(file) for file in metadata.files(name.removeprefix("types-")) or ()]
            own = [file for file in files if file.endswith("py.typed") or "-stubs/" in file]
            assert own == [], f"{name} is not needed any more"


# ------------------------------------------------------------ declarations and lock


def test_every_line_of_the_lock_is_a_pin_its_hashes_or_who_wants_it():
    for pin, rest in pins():
        assert version_of(pin), pin
        assert pin.url is None, pin
        assert not pin.extras, pin
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", rest)
        assert hashes, f"{pin.name} has no hash"
        for line in rest.splitlines():
            known = re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?|    # {1,3}(via )?[\w. ().-]*", line)
            assert known, f"what is this in the lock? {line}"


@pytest.mark.parametrize("file", ["requirements.lock", "tools/uv.txt", "Makefile", "pyproject.toml"])
def test_no_place_to_fetch_from_is_written_down(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


@pytest.mark.parametrize(
    "place", PLACES, ids=lambda place: "-".join(list(place.values())[i] for i in (2, 0, 4))
)
def test_the_lock_holds_what_is_declared_on_every_system(place):
    for wanted in everything_declared():
        if not applies(wanted, place):
            continue
        found = [pin for pin, _ in pins() if name_of(pin) == name_of(wanted) and applies(pin, place)]
        assert len(found) == 1, f"{wanted}: found {found} in the lock; make it anew with “make lock”"
        assert wanted.specifier.contains(version_of(found[0])), (
            f"the lock has {found[0]}, pyproject.toml wants {wanted}: make it anew with “make lock”"
        )


def test_the_lock_holds_nothing_that_is_not_declared_any_more():
    direct = {name_of(pin) for pin, rest in pins() if "ccdesk (pyproject.toml)" in rest}
    assert direct == {name_of(one) for one in everything_declared()}, "make the lock anew with “make lock”"


def test_what_is_installed_is_what_is_locked():
    for pin, _ in pins():
        if applies(pin, {}):
            assert metadata.version(pin.name) == version_of(pin), f"{pin.name}: run “make .stamps/dev”"


def test_what_builds_the_package_is_locked_as_well():
    wanted = project()["build-system"]["requires"]
    assert wanted == project()["project"]["optional-dependencies"]["build"]


def test_nothing_is_installed_past_the_lock():
    """Every call of pip checks hashes, or is kept from fetching anything at all."""
    assert '"--require-hashes"' in (ROOT / "tools/pack/python.py").read_text(encoding="utf-8")
    for file in ("Makefile", ".ci/run", "tools/system-packages.sh"):
        text = (ROOT / file).read_text(encoding="utf-8").replace("\\\n", " ")
        for call in re.findall(r"pip3? install.*", text):
            whole = "--no-index" in call and "--no-deps" in call and "--no-build-isolation" in call
            assert whole or "--require-hashes" in call, f"{file}: {call}"
