"""Every source that the code cites stands in the repository: the design by rule and section, the sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {
    "design": ROOT / "docs" / "design.md",
    "kibo.md": ROOT / "docs" / "api" / "kibo.md",
    "constant-contact.md": ROOT / "docs" / "api" / "constant-contact.md",
    "consent.md": ROOT / "docs" / "consent.md",
}
# "kibo.md §13.9", "design §3a R8", "constant-contact.md §7–§10", "design R2, R4"
CITED = r"(?:§\d+[a-z]?|R\d\b)(?:\.\d+)?"
CITATION = re.compile(rf"\b({'|'.join(map(re.escape, PAGES))})((?:,? (?:and )?{CITED}|–{CITED})+)")
PART = re.compile(r"§(\d+[a-z]?)(?:\.(\d+))?|R(\d)")


def citations(text: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield each citation as page, section ("" for a rule), numbered point, rule ("" for a section)."""
    for found in CITATION.finditer(re.sub(r"\s+#?\s*", " ", text)):
        for section, point, rule in PART.findall(found[2]):
            yield found[1], section, point, rule


@cache
def sections(page: str) -> dict[str, str]:
    """Return the text of each numbered section of a page, by its number ("3a")."""
    parts = re.split(r"^##+ (\d+[a-z]?)\. ?", PAGES[page].read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def is_there(page: str, section: str, point: str, rule: str) -> bool:
    """Say whether what a citation names stands in its page."""
    if not PAGES[page].exists():
        return False
    if rule:
        return f"**R{rule} " in sections(page)["3"]
    if section not in sections(page):
        return False
    return not point or re.search(rf"^{point}\. ", sections(page)[section], re.MULTILINE) is not None


SOURCES = sorted(
    path
    for folder in ("ccdesk", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)


def test_every_citation_names_a_section_or_a_rule_that_exists() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {' '.join(part for part in cited if part)}"
        for path in SOURCES
        for cited in citations(path.read_text(encoding="utf-8"))
        if not is_there(*cited)
    ]
    assert not missing, "\n".join(missing)


def test_every_page_that_is_named_exists() -> None:
    pages = {path.name for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name in re.findall(r"\w[\w.-]*\.md\b", path.read_text(encoding="utf-8"))
        if name not in pages
    ]
    assert not missing, "\n".join(missing)


def test_the_code_is_known_to_cite() -> None:
    cited = [one for path in SOURCES for one in citations(path.read_text(encoding="utf-8"))]
    assert len(cited) > 150
    assert {page for page, *_ in cited} >= {"design", "kibo.md", "constant-contact.md"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("as design §4 says", [("design", "4", "", "")]),
        ("(design §3a R8)", [("design", "3a", "", ""), ("design", "", "", "8")]),
        ("design R2, R4", [("design", "", "", "2"), ("design", "", "", "4")]),
        ("kibo.md §13.9", [("kibo.md", "13", "9", "")]),
        (
            "constant-contact.md §7–§10",
            [("constant-contact.md", "7", "", ""), ("constant-contact.md", "10", "", "")],
        ),
        ("a citation over\n    # two lines: kibo.md\n    # §5", [("kibo.md", "5", "", "")]),
    ],
)
def test_citations_are_found(text: str, found: list[tuple[str, str, str, str]]) -> None:
    assert list(citations(text)) == found


@pytest.mark.parametrize(
    "cited", [("design", "77", "", ""), ("design", "", "", "0"), ("kibo.md", "13", "99", "")]
)
def test_what_does_not_exist_is_noticed(cited: tuple[str, str, str, str]) -> None:
    assert not is_there(*cited)
