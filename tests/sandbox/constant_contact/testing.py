"""A fake Constant Contact within the test: quick, without limits, with a clock and seconds of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug.test import TestResponse

from ccdesk.sandbox.constant_contact.dials import ALL_SCOPES
from ccdesk.sandbox.constant_contact.server import build_cc_app
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

START = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)


class Service:
    """The state and a client of its application, logged in."""

    def __init__(self, user: str = "owner", **switches: Any) -> None:
        self.clock = SandboxClock()
        self.clock.freeze(START)
        self.seconds = 1000.0
        settings = {"limits_on": False, "activity_seconds": 0, **switches}
        self.state = CcState(self.clock, CcSwitches(**settings), tick=lambda: self.seconds)
        self.client = build_cc_app(self.state).test_client()
        self.headers: dict[str, str] = {}
        self.log_in(user)

    def log_in(self, user: str = "owner", scopes: tuple[str, ...] = ALL_SCOPES) -> dict[str, Any]:
        reply = self.state.issue_tokens(user, scopes)
        self.headers = {"Authorization": f"Bearer {reply['access_token']}"}
        return reply

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> TestResponse:
        sent = {} if body is None else {"json": body}
        return self.client.open(
            f"/v3{path}", method=method, headers=self.headers, query_string=query or None, **sent
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, **query)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        response = self.call(method, path, body, **query)
        assert response.status_code in (200, 201, 204), response.text
        return response.get_json(silent=True)

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return every page of a collection, following the links as they stand."""
        found = [self.ok("GET", path, **query)]
        while link := found[-1].get("_links", {}).get("next"):
            assert link["href"].startswith(f"/v3{path}?cursor=")
            found.append(self.ok("GET", link["href"].removeprefix("/v3")))
        return found

    def emails(self, **query: Any) -> list[str]:
        """Return the emails of all contacts a search finds, over all pages."""
        return [
            one["email_address"]["address"]
            for page in self.pages("/contacts", **query)
            for one in page["contacts"]
        ]

    def run(self, kind: str, body: Any) -> dict[str, Any]:
        """Post an activity, let it end and return its report."""
        activity = self.ok("POST", f"/activities/{kind}", body)
        assert activity["state"] == "initialized"
        report: dict[str, Any] = self.ok("GET", f"/activities/{activity['activity_id']}")
        return report

    def bring_in(self, rows: list[dict[str, Any]], *list_ids: str) -> dict[str, Any]:
        """Import rows onto lists and return the report."""
        return self.run("contacts_json_import", {"import_data": rows, "list_ids": list(list_ids)})


def error_of(response: TestResponse) -> tuple[int, str, str]:
    """Return status, key and text of a service's error, which is an array."""
    [error] = response.json  # type: ignore[misc]
    return response.status_code, error["error_key"], error["error_message"]
