"""Reading JSON that may be anything."""

from __future__ import annotations

import pytest

from ccdesk.clients.http.shape import whole


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        (0, 0),
        (-3, -3),
        ("7", 7),
        (" 7 ", 7),
        ("-7", -7),
        (2**63 - 1, 2**63 - 1),
        (True, None),
        (None, None),
        (7.0, None),
        ("7.0", None),
        ("--7", None),
        ("", None),
        ("-", None),
        (2**63, None),
        (-(10**400), None),
        ("9" * 19, None),
        ("9" * 5000, None),
        ([7], None),
    ],
)
def test_a_whole_number_is_one_that_the_store_can_hold(value: object, number: int | None) -> None:
    assert whole({"n": value}, "n") == number


def test_what_is_no_object_has_no_numbers() -> None:
    assert whole([7], "n") is None
    assert whole({}, "n") is None
