"""Automations that joining a list starts: named where they can be read, whatever shape they come in (§17)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses

from tests.clients.helpers import CC, mail

URL = f"{CC}/automations/workflows"
JOIN = {"trigger_type": "list_join"}


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mocked:
        yield mocked


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"workflows": [{"name": "Greeting", "trigger": {**JOIN, "list_ids": ["l1"]}}]}, ("Greeting",)),
        ({"workflows": [{"name": "Other", "trigger": {**JOIN, "list_ids": ["l2"]}}]}, ()),
        ({"workflows": [{"name": "Any list", "triggers": [{**JOIN, "list_ids": []}]}]}, ("Any list",)),
        ([{"workflow_name": "Bare", "trigger": "list_join"}], ("Bare",)),
        ({"results": {"page": [{"title": "Deep", "steps": [{"start": "LIST_JOIN"}]}]}}, ("Deep",)),
        ([{"name": "Twice", "a": "list_join"}, {"name": "Twice", "a": "list_join"}], ("Twice",)),
        ({"workflows": [{"name": "Abandoned cart", "trigger": {"trigger_type": "cart"}}]}, ()),
        ({"workflows": [{"name": " ", "trigger": JOIN}]}, ()),
        ({"workflows": []}, ()),
        ("nothing of the kind", ()),
    ],
)
@pytest.mark.parametrize("status", [200, 209])
def test_what_speaks_of_joining_is_named(
    http: responses.RequestsMock, status: int, answer: object, names: tuple[str, ...]
) -> None:
    http.get(URL, json=answer, status=status)
    assert mail().automations_joining("l1") == names


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_role_that_may_not_read_them_takes_nothing_away(http: responses.RequestsMock, status: int) -> None:
    http.get(URL, status=status, json=[{"error_message": "No."}])
    assert mail().automations_joining("l1") == ()


def test_an_answer_that_is_no_document_tells_nothing(http: responses.RequestsMock) -> None:
    http.get(URL, body="<html>Sign in</html>", content_type="text/html")
    assert mail().automations_joining("l1") == ()


def test_one_that_is_nested_without_end_tells_nothing(http: responses.RequestsMock) -> None:
    nested: object = "list_join"
    for _ in range(60):
        nested = {"inner": nested}
    http.get(URL, json={"name": "Deep", "x": nested})
    assert mail().automations_joining("l1") == ()
