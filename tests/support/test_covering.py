"""A bundle covers in a call what only other calls tell to be a name, and nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.support.covering import Covering
from ccdesk.support.records import Record, RecordFiles

GIVEN = Pseudonyms(b"key")
ONCE = GIVEN.text("Ann")
TWICE = GIVEN.text(ONCE)  # in use as well: another person is really called as Ann's pseudonym


def covered(tmp_path: Path, call: dict[str, Any]) -> Any:
    files = RecordFiles(tmp_path)
    files.keep(1, {"personal": [ONCE, TWICE]}, [], copied=False)
    records: list[Record] = files.all()
    return json.loads(Covering(GIVEN, plain=False, recorded=records, kept=()).call(call))


@pytest.mark.parametrize(
    "call",
    [
        {
            "answer": {
                "items": [{"address": {"address1": f"7 {ONCE} Road", "postalOrZipCode": f"{ONCE} 3RA"}}]
            }
        },
        {"sent": {"import_data": [{"street": f"7 {ONCE} Road"}]}},
        {"answer": [["Email address", "Street"], ["a@b.c", f"7 {ONCE} Road"]], "form": "csv"},
        {"query": [["filter", f"firstName eq {ONCE} and id gt 7"]]},
        {"asked": {"settings": {"contact_list": "Ann and friends"}}},
    ],
    ids=lambda call: next(iter(call)),
)
def test_a_pseudonym_stays_where_its_word_is_in_use_for_somebody_else(
    tmp_path: Path, call: dict[str, Any]
) -> None:
    """A fingerprint of the fields is that of the pseudonyms: the replay would take the person for changed."""
    assert covered(tmp_path, call) == call


@pytest.mark.parametrize(
    "call",
    [
        {"answer": {"error_message": "Ann is suppressed"}},
        {"answer": [{"errors": ["Ann is suppressed"]}]},
        {"lost": {"title": "no", "meaning": "Ann is suppressed", "next_step": "ask Ann"}},
        {"ended": {"message": "Ann is suppressed"}},
    ],
    ids=lambda call: next(iter(call)),
)
def test_a_name_in_a_message_is_covered(tmp_path: Path, call: dict[str, Any]) -> None:
    text = json.dumps(covered(tmp_path, call))
    assert "Ann" not in text
    assert f"{ONCE} is suppressed" in text


def test_staff_are_not_told_by_the_name_of_their_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "ann.smith")
    line = f"The file is {tmp_path / 'ann.smith' / 'ccdesk' / 'ccdesk.sqlite3'}."
    covering = Covering(GIVEN, plain=False, recorded=[], kept=())
    assert covering.words(line) == f"The file is {Path('~', 'ccdesk', 'ccdesk.sqlite3')}."
    monkeypatch.setattr(Path, "home", lambda: Path(tmp_path.anchor))
    assert covering.words(line) == line, "a service may have none of its own"
    assert Covering(GIVEN, plain=True, recorded=[], kept=()).words(line) == line
