"""A fake Kibo within the test: quick, with a clock that stands still and seconds of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from werkzeug.test import TestResponse

from ccdesk.sandbox.kibo.server import build_kibo_app
from ccdesk.sandbox.kibo.state import KiboState, KiboSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

START = datetime(2026, 5, 4, 10, 0, 0, 417_000, tzinfo=UTC)
OAUTH = "/api/platform/applications/authtickets/oauth"
ACCOUNTS = "/api/commerce/customer/accounts"
ADDRESS = {
    "address1": "300 Lamar Street",
    "cityOrTown": "Austin",
    "stateOrProvince": "TX",
    "countryCode": "US",
}


class Shop:
    """The state and a client of its application, signed in for the tenant."""

    def __init__(self, **switches: Any) -> None:
        self.clock = SandboxClock()
        self.clock.freeze(START)
        self.seconds = 1000.0
        self.state = KiboState(self.clock, KiboSwitches(**switches), tick=lambda: self.seconds)
        self.app = build_kibo_app(self.state, lambda: "127.0.0.1:8123")
        self.client = self.app.test_client()
        self.headers: dict[str, str] = {}
        self.sign_in()

    def credentials(self, **changed: Any) -> dict[str, Any]:
        return {
            "client_id": self.state.app_key,
            "client_secret": self.state.shared_secret,
            "grant_type": "client_credentials",
            **changed,
        }

    def sign_in(self) -> None:
        token = self.client.post(OAUTH, json=self.credentials()).get_json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}", "x-vol-tenant": str(self.state.tenant_id)}

    def call(
        self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any
    ) -> TestResponse:
        sent = {} if body is None else {"json": body}
        return self.client.open(
            path,
            method=method,
            headers={**self.headers, **(headers or {})},
            query_string=query or None,
            **sent,
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, **query)

    def ok(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> Any:
        response = self.call(method, path, body, headers, **query)
        assert response.status_code in (200, 201, 204), response.text
        return response.get_json(silent=True)

    def page(self, **query: Any) -> Any:
        return self.ok("GET", ACCOUNTS, **query)

    def ids(self, **query: Any) -> list[int]:
        return [item["id"] for item in self.page(**query)["items"]]

    def account(self, customer_id: int) -> Any:
        return self.ok("GET", f"{ACCOUNTS}/{customer_id}")

    def events(self, **query: Any) -> Any:
        return self.ok("GET", "/api/event/pull", **query)["items"]
