"""A release without its section of the changelog is refused; its bill of materials is what the lock holds."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from tools import release, sbom

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 12, 1)
GOOD = """# Changelog

What changes.

## Unreleased

## 0.2.0 - 2026-11-30

### Added
- A thing.

## 0.1.0 - 2026-11-01
- The first.
"""


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "ccdesk").mkdir()
    (tmp_path / "ccdesk/__init__.py").write_text('__version__ = "0.2.0"\n', encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(GOOD, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("tag", ["v0.2.0", "refs/tags/v0.2.0"])
def test_the_notes_are_the_section(repository, tag):
    assert release.check(repository, tag, TODAY) == "### Added\n- A thing."


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("## 0.2.0 - 2026-11-30", "## 0.1.9 - 2026-11-30", "must begin with a section “## 0.2.0"),
        ("## 0.2.0 - 2026-11-30", "## 0.2.0", "must begin with"),
        ("- A thing.", "", "says nothing"),
        ("## Unreleased\n", "## Unreleased\n- More.\n", "still has lines under “Unreleased”"),
        ("2026-11-30", "2026-12-02", "a date to come"),
        (GOOD, "# Changelog\n", "must begin with"),
    ],
)
def test_a_release_without_its_changelog_is_refused(repository, old, new, words):
    (repository / "CHANGELOG.md").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(release.Refused, match=words):
        release.check(repository, "v0.2.0", TODAY)


@pytest.mark.parametrize("file", ["ccdesk/__init__.py", "pyproject.toml"])
def test_a_tag_that_is_not_the_version_is_refused(repository, file):
    path = repository / file
    path.write_text(path.read_text(encoding="utf-8").replace("0.2.0", "0.3.0"), encoding="utf-8")
    with pytest.raises(release.Refused, match=r"0\.3\.0"):
        release.check(repository, "v0.2.0", TODAY)


def test_the_version_is_the_same_everywhere_now():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f'__version__ = "{project}"' in (ROOT / "ccdesk/__init__.py").read_text(encoding="utf-8")


def test_the_bill_of_materials_names_what_runs_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    made = sbom.document(lock, project)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    names = {one["name"] for one in made["components"]}
    declared = {sbom._name(re.split(r"[^\w.-]", text)[0]) for text in project["dependencies"]}
    assert declared <= names
    assert {"jinja2", "cffi", "jeepney"} <= names, "what they need in turn"
    assert not {"pytest", "mypy", "pyinstaller", "ruff"} & names
    for one in made["components"]:
        assert f"{one['name']}=={one['version']}" in lock
        assert one["hashes"]
    references = [one["bom-ref"] for one in made["components"]]
    assert len(set(references)) == len(references)
    assert made == sbom.document(lock, project), "the same each time"


def test_the_workflow_checks_before_it_builds():
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert text.index("tools/release.py") < text.index("tools/package.py") < text.index("sha256sum")
    assert "needs: check" in text
    assert "needs: build" in text
    for script in re.findall(r"(?:python|sh) (tools/[\w./-]+)", text):
        assert (ROOT / script).is_file(), script


PLAIN = re.compile(r"^ *(?:- )?[\w-]+: +(?![\"'|>\[{#])(.+?)(?: +#.*)?$", re.MULTILINE)


@pytest.mark.parametrize("file", sorted((ROOT / ".github/workflows").iterdir()), ids=lambda file: file.name)
def test_no_value_of_a_workflow_is_taken_for_a_mapping(file: Path) -> None:
    """`pip install --only-binary :all: --requirement …` is no YAML without quotes."""
    values = PLAIN.findall(file.read_text(encoding="utf-8"))
    assert len(values) > 10
    assert [value for value in values if ": " in value or value.endswith(":")] == []
