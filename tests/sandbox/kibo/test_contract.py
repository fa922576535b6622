"""Every kind of answer the fake Kibo gives, held against the machine-readable contract.

The contract stands beside the project, not in it. It marks nothing as required and allows further properties
(its own description says why), so types, nullability and formats are what can be compared; names the contract
does not know at all are looked for separately.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.sandbox.kibo.testing import ACCOUNTS, ADDRESS, OAUTH, Shop

CONTRACT = Path(__file__).parents[3].parent / "shared" / "api" / "kibo.openapi.json"
pytestmark = pytest.mark.skipif(
    not CONTRACT.exists(), reason=f"the contract is not at {CONTRACT}: nothing to compare with"
)

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    if value is None:
        return True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(value)), value
    return datetime.fromisoformat(str(value)).tzinfo is not None


@formats.checks("int32")
def _is_int32(value: object) -> bool:
    return value is None or (isinstance(value, int) and abs(value) < 2**31)


class Contract:
    def __init__(self) -> None:
        document = json.loads(CONTRACT.read_text())
        self.paths = document["paths"]
        self.schemas = self._plain(document["components"]["schemas"])
        self.seen: set[tuple[str, str, int]] = set()

    def _plain(self, schema: Any) -> Any:
        """Turn OpenAPI 3.0's `nullable` into JSON Schema's list of types."""
        if isinstance(schema, list):
            return [self._plain(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        plain = {name: self._plain(one) for name, one in schema.items() if name != "nullable"}
        if schema.get("nullable") is True and "type" in plain:
            plain["type"] = [plain["type"], "null"]
        return plain

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        fits = [
            (template, methods[method.lower()])
            for template, methods in self.paths.items()
            if method.lower() in methods
            and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", f"/api{template}"), path, re.IGNORECASE)
        ]
        return min(fits, key=lambda one: one[0].count("{"))

    def check(self, value: Any, schema: Any) -> None:
        whole = {**schema, "components": {"schemas": self.schemas}}
        Draft202012Validator(whole, format_checker=formats).validate(value)
        assert list(self.strangers(value, schema)) == []

    def properties(self, schema: Any) -> dict[str, Any]:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        found: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            found |= self.properties(part)
        return found | schema.get("properties", {})

    def strangers(self, value: Any, schema: Any, at: str = "") -> Iterator[str]:
        """Yield the places of names the contract does not know."""
        if isinstance(value, list):
            for one in value:
                yield from self.strangers(one, schema.get("items", {}), f"{at}[]")
        elif isinstance(value, dict):
            known = self.properties(schema)
            for name, one in value.items() if known else ():
                if name in known:
                    yield from self.strangers(one, known[name], f"{at}.{name}")
                else:
                    yield f"{at}.{name}"


class Compared(Shop):
    """A shop every answer of which is compared as it comes."""

    def __init__(self, contract: Contract, **switches: Any) -> None:
        self.contract = contract
        super().__init__(**switches)

    def call(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> Any:
        response = super().call(method, path, body, headers, **query)
        template, operation = self.contract.operation(method, path)
        status = response.status_code
        self.contract.seen.add((method, template, status))
        if status == 429:
            assert response.data == b""
        elif status >= 400:
            self.contract.check(response.json, {"$ref": "#/components/schemas/SdkError"})
        else:
            documented = operation["responses"][str(status)]
            if "content" in documented:
                (content,) = documented["content"].values()
                self.contract.check(response.json, self.contract._plain(content["schema"]))
            else:
                assert response.data == b""
        return response


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


def _walk_customers(shop: Compared) -> None:
    one = shop.state.add_customer("maria@example.com", True, first_name="Maria", address=ADDRESS, phone="555")
    guest = shop.state.add_customer(None, False, anonymous=True)
    shop.state.place_order(one)
    shop.get(ACCOUNTS)
    shop.get(ACCOUNTS, filter="nonsense", pageSize=5)
    made = shop.ok("POST", ACCOUNTS, {"emailAddress": "new@example.com", "acceptsMarketing": True})
    shop.call("POST", ACCOUNTS, {})
    shop.get(f"{ACCOUNTS}/{one}")
    shop.get(f"{ACCOUNTS}/1")
    shop.call("PUT", f"{ACCOUNTS}/{one}", {**shop.account(one), "acceptsMarketing": False})
    shop.call("PUT", f"{ACCOUNTS}/{guest}", {"acceptsMarketing": "yes"})
    shop.get(f"{ACCOUNTS}/{one}/AuditLog/Entries")
    shop.get(f"{ACCOUNTS}/{one}/attributes")
    colour = {"fullyQualifiedName": "tenant~color", "attributeDefinitionId": 14, "values": ["blue"]}
    shop.call("PUT", f"{ACCOUNTS}/{one}", {**shop.account(one), "attributes": [colour]})
    shop.get(f"{ACCOUNTS}/{one}/attributes/tenant~color")
    shop.get(f"{ACCOUNTS}/{one}/attributes/tenant~none")
    shop.get(f"{ACCOUNTS}/{one}/segments")
    contact = shop.ok("POST", f"{ACCOUNTS}/{one}/contacts", {"email": "a@example.com", "address": ADDRESS})
    shop.call("POST", f"{ACCOUNTS}/{one}/contacts", {})
    shop.get(f"{ACCOUNTS}/{one}/contacts")
    shop.get(f"{ACCOUNTS}/{one}/contacts/{contact['id']}")
    shop.call("PUT", f"{ACCOUNTS}/{one}/contacts/{contact['id']}", {**contact, "label": "Work"})
    shop.call("DELETE", f"{ACCOUNTS}/{one}/contacts/{contact['id']}")
    shop.call("DELETE", f"{ACCOUNTS}/{one}")
    shop.call("DELETE", f"{ACCOUNTS}/{made['id']}")


def _walk_platform(shop: Compared) -> None:
    shop.call("POST", OAUTH, shop.credentials())
    shop.call("POST", OAUTH, shop.credentials(client_secret="wrong"))
    shop.get("/api/platform/tenants/12345")
    shop.get("/api/platform/tenants/1")
    shop.get("/api/platform/appdev/appinstall/tenant/12345/entitlements")
    shop.get("/api/platform/appdev/appinstall/application/entitlement")
    shop.call("GET", "/api/commerce/settings/general", headers={"x-vol-site": "20001"})
    status = shop.ok("GET", "/api/commerce/settings/applications")
    shop.call("PUT", "/api/commerce/settings/applications", {**status, "initialized": True})
    shop.get("/api/event/pull")
    shop.get(f"/api/event/pull/{shop.events()[0]['id']}")
    shop.get("/api/event/pull/nonsense")
    shop.get("/api/event/push/subscriptions")


def test_every_answer_is_as_the_contract_has_it(contract: Contract) -> None:
    shop = Compared(contract, rate_per_second=None)
    _walk_customers(shop)
    _walk_platform(shop)
    shop.state.switches.rate_per_second = 0
    assert shop.get(ACCOUNTS).status_code == 429
    # The legacy sign-in is documented "do not use" and not served.
    served = {
        (method.upper(), path)
        for path, methods in contract.paths.items()
        for method in methods
        if method in ("get", "post", "put", "delete")
        and ("authtickets" not in path or path.endswith("/oauth"))
    }
    assert served == {(method, path) for method, path, status in contract.seen if status < 300}


def test_every_odd_account_is_as_the_contract_has_it(contract: Contract) -> None:
    from ccdesk.sandbox.seed.shop import seed_shop

    shop = Compared(contract)
    seed_shop(shop.state, None, 300)
    read = 0
    while read < 300:
        read += len(shop.page(startIndex=read, pageSize=200)["items"])
    assert read == 300
