"""The report of one contact (constant-contact.md §22): best effort, whatever the answer is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import responses

from ccdesk.core.ports.reports import OptOutMailing
from tests.clients.helpers import CC, mail

URL = f"{CC}/reports/contact_reports/c1/activity_details"
AT = "2026-03-04T10:15:00.000Z"


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mocked:
        yield mocked


def row(**more: str) -> dict[str, str]:
    return {"contact_id": "c1", "campaign_activity_id": "a1", "created_time": AT, **more}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [row(campaign_activity_name="Spring"), row(campaign_activity_name="Winter")],
            OptOutMailing("Spring", datetime(2026, 3, 4, 10, 15, tzinfo=UTC)),
        ),
        ([row(created_time="soon")], OptOutMailing("a1", None)),
        ([row(tracking_activity_type="em_opens", campaign_activity_name="Opened")], None),
        ([{"created_time": AT}], None),
        ([], None),
        ("nothing of the kind", None),
    ],
)
def test_the_newest_opt_out_names_its_mailing(
    http: responses.RequestsMock, rows: object, expected: OptOutMailing | None
) -> None:
    http.get(URL, json={"tracking_activities": rows})
    assert mail().opt_out_mailing("c1") == expected
    assert http.calls[0].request.url == f"{URL}?tracking_activity_type=em_optouts&limit=1"


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_role_that_may_not_read_reports_takes_nothing_away(
    http: responses.RequestsMock, status: int
) -> None:
    http.get(URL, status=status, json=[{"error_message": "No."}])
    assert mail().opt_out_mailing("c1") is None


def test_an_answer_that_is_no_report_tells_nothing(http: responses.RequestsMock) -> None:
    http.get(URL, body="<html>Sign in</html>", content_type="text/html")
    assert mail().opt_out_mailing("c1") is None
