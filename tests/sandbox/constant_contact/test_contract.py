"""Every kind of answer the fake gives, held against the published contract of the service.

The contract stands beside the project, not in it; without it there is nothing to compare with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft4Validator, FormatChecker

from tests.sandbox.constant_contact.testing import Service

CONTRACT = Path(__file__).parents[3].parent / "shared" / "api" / "constant-contact-v3.openapi.json"
pytestmark = pytest.mark.skipif(
    not CONTRACT.exists(), reason=f"the published contract is not at {CONTRACT}: nothing to compare with"
)

# Any of these can come from any operation, whatever the contract lists (its own note says so).
ANYWHERE = {401, 403, 406, 415, 429}
formats = FormatChecker(formats=())


@formats.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return bool(UUID(str(value)))


@formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    assert re.search(r"(Z|\+0000)$", str(value)), value
    return datetime.fromisoformat(str(value)).tzinfo is not None


@formats.checks("date")
def _is_day(value: object) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)) is not None


class Contract:
    """The contract, and what was compared with it."""

    def __init__(self) -> None:
        self.document = json.loads(CONTRACT.read_text())
        self.seen: set[tuple[str, str, int]] = set()

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        """Return the operation for a call; a fixed path goes before one with a parameter."""
        fits = [
            (template, operation)
            for verb, template, operation in self.operations()
            if verb == method and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        ]
        return min(fits, key=lambda one: one[0].count("{"))

    def check(self, value: Any, schema: dict[str, Any]) -> None:
        whole = {**schema, "definitions": self.document["definitions"]}
        Draft4Validator(whole, format_checker=formats).validate(value)
        assert list(self.strangers(value, schema)) == []

    def strangers(self, value: Any, schema: dict[str, Any], at: str = "") -> Iterator[str]:
        """Yield the places of what the contract does not know at all."""
        if "$ref" in schema:
            schema = self.document["definitions"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list):
            for one in value:
                yield from self.strangers(one, schema["items"], f"{at}[]")
        elif isinstance(value, dict):
            for name, one in value.items():
                if name in schema["properties"]:
                    yield from self.strangers(one, schema["properties"][name], f"{at}.{name}")
                else:
                    yield f"{at}.{name}"


class Compared(Service):
    """A service every answer of which is compared as it comes."""

    def __init__(self, contract: Contract, **switches: Any) -> None:
        self.contract = contract
        super().__init__(**switches)

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        response = super().call(method, path, body, **query)
        template, operation = self.contract.operation(method, path.partition("?")[0])
        status = response.status_code
        self.contract.seen.add((method, template, status))
        if status in (401, 403):
            self.contract.check(response.json, {"$ref": "#/definitions/AuthorizationErrorSchema"})
        elif status >= 400:
            schema = "AuthorizationErrorSchema" if isinstance(response.json, dict) else "APIErrorSchema"
            self.contract.check(response.json, {"$ref": f"#/definitions/{schema}"})
            assert status in ANYWHERE or str(status) in operation["responses"], (method, template, status)
        else:
            self._check_success(operation, response, body, query)
        return response

    def _check_success(self, operation: dict[str, Any], response: Any, body: Any, query: Any) -> None:
        documented = operation["responses"][str(response.status_code)]
        if "schema" not in documented:
            assert response.data == b""
        elif "text/csv" in operation["produces"]:
            assert response.mimetype == "text/csv"
        else:
            self.contract.check(response.json, documented["schema"])
        parameters = {one["name"]: one for one in operation.get("parameters", ())}
        assert set(query) <= set(parameters)
        if body is not None:  # what the fake takes must be what the contract allows
            whole = {**parameters["body"]["schema"], "definitions": self.contract.document["definitions"]}
            Draft4Validator(whole).validate(body)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract()


HOME = {"kind": "home", "street": "1 Main St", "city": "Boston", "state": "MA", "postal_code": "02101"}
NOWHERE = "11111111-1111-4111-8111-111111111111"
EVERYTHING = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"


def _walk_account(service: Compared) -> None:
    service.get("/account/summary", extra_fields="physical_address,company_logo")
    service.get("/account/summary", extra_fields="x")
    service.get("/account/user/privileges")
    service.get("/account/emails")
    service.get("/account/emails", role_code="X")


def _walk_lists(service: Compared) -> str:
    news = str(service.ok("POST", "/contact_lists", {"name": "News", "description": "Main"})["list_id"])
    service.call("POST", "/contact_lists", {"name": "news"})
    service.call("POST", "/contact_lists", {"name": ""})
    old = service.ok("POST", "/contact_lists", {"name": "Old"})["list_id"]
    service.state.delete_list(old)
    service.pages("/contact_lists", status="all", include_membership_count="all", limit="1")
    service.get("/contact_lists", include_count="true")
    service.get("/contact_lists", status="x")
    return news


def _walk_contacts(service: Compared, news: str) -> str:
    body: dict[str, Any] = {
        "email_address": {"address": "ada@example.com", "permission_to_send": "implicit"},
        "first_name": "Ada",
        "create_source": "Account",
        "birthday_month": 5,
        "birthday_day": 1,
        "anniversary": "2020-05-01",
        "list_memberships": [news],
        "street_addresses": [HOME],
        "phone_numbers": [{"kind": "home", "phone_number": "555-0100"}],
        "notes": [{"content": "A note"}],
        "taggings": [NOWHERE],
        "custom_fields": [{"custom_field_id": NOWHERE, "value": "40"}],
    }
    contact_id = str(service.ok("POST", "/contacts", body)["contact_id"])
    path = f"/contacts/{contact_id}"
    service.call("POST", "/contacts", body)
    service.call("POST", "/contacts", {"first_name": "Ada"})
    service.ok("POST", "/contacts", {"first_name": "Nobody", "create_source": "Account"})
    service.pages("/contacts", status="all", include=EVERYTHING, include_count="true", limit="1")
    service.get("/contacts", limit="0")
    update: dict[str, Any] = {"email_address": {"address": "ada@example.com"}, "update_source": "Account"}
    service.ok("PUT", path, {**update, "last_name": "Byron", "street_addresses": [HOME]})
    service.call("PUT", path, {"last_name": "Byron"})
    service.call("PUT", f"/contacts/{NOWHERE}", update)
    service.state.add_contact("bob@example.com")
    service.call("PUT", path, {**update, "email_address": {"address": "bob@example.com"}})
    for query in ({}, {"include": EVERYTHING}, {"include": "x"}):
        service.get(path, **query)
        service.get(f"/contacts/{NOWHERE}", **query)
    service.get("/contacts/counts", include="new_subscriber")
    service.get("/contacts/counts", include="x")
    return contact_id


def _walk_consent(service: Compared, news: str, contact_id: str) -> None:
    form = {"email_address": "cy@example.com", "list_memberships": [news], "street_address": HOME}
    service.call("POST", "/contacts/sign_up_form", form)
    service.call("POST", "/contacts/sign_up_form", form)
    service.call("POST", "/contacts/sign_up_form", {**form, "list_memberships": []})
    service.state.unsubscribe("ada@example.com", "too many")
    path = f"/contacts/resubscribe/{contact_id}"
    for body in ({"list_ids": [news]}, {"list_ids": [news]}, {"list_ids": []}):
        service.call("PUT", path, body)
    service.call("PUT", f"/contacts/resubscribe/{NOWHERE}", {"list_ids": [news]})
    service.get("/contacts", status="all", optout_after="2026-01-01", include=EVERYTHING)
    service.call("DELETE", f"/contacts/{contact_id}")
    service.call("DELETE", f"/contacts/{NOWHERE}")
    service.get(f"/contacts/{contact_id}", include=EVERYTHING)


def _walk_activities(service: Compared, news: str, contact_id: str) -> None:
    service.bring_in([{"email": "dee@example.com", "city": "Boston"}, {"email": "bad"}], news)
    members = {"source": {"contact_ids": [contact_id]}, "list_ids": [news]}
    for kind in ("add_list_memberships", "remove_list_memberships"):
        service.run(kind, members)
        service.call("POST", f"/activities/{kind}", {"list_ids": [news]})
        service.call("POST", f"/activities/{kind}", {**members, "list_ids": [NOWHERE]})
    export = service.run("contact_exports", {"list_ids": [news], "fields": ["email_address"]})
    service.get(export["_links"]["results"]["href"].removeprefix("/v3"))
    service.get(f"/contact_exports/{NOWHERE}")
    service.call("POST", "/activities/contact_exports", {"fields": ["x"]})
    service.call("POST", "/activities/contacts_json_import", {"import_data": []})
    service.pages("/activities", limit="2")
    service.get("/activities", state="x")
    service.get(f"/activities/{NOWHERE}")
    service.state.set_switches(activity_seconds=60, queue_limit=1)
    for _ in range(2):
        body = {"import_data": [{"email": "eve@example.com"}], "list_ids": [news]}
        service.call("POST", "/activities/contacts_json_import", body)
    service.call("POST", "/activities/add_list_memberships", members)
    service.call("POST", "/activities/remove_list_memberships", members)
    service.call("POST", "/activities/contact_exports", {})


def _walk_campaigns(service: Compared) -> None:
    activity = {
        "format_type": 5,
        "from_name": "Mystic Outdoors",
        "from_email": "news@example.com",
        "reply_to_email": "news@example.com",
        "subject": "Hello",
        "html_content": "[[trackingImage]]",
    }
    body = {"name": "Draft", "email_campaign_activities": [activity]}
    campaign = service.ok("POST", "/emails", body)
    service.call("POST", "/emails", body)
    service.call("POST", "/emails", {"name": "Draft"})
    service.ok("POST", "/emails", {**body, "name": "Another"})
    service.pages("/emails", limit="1")
    service.get("/emails", limit="x")
    path = f"/emails/activities/{campaign['campaign_activities'][0]['campaign_activity_id']}"
    service.get(path, include="html_content,physical_address_in_footer")
    service.get(path, include="x")
    service.get(f"/emails/activities/{NOWHERE}")
    update = {key: activity[key] for key in ("from_name", "from_email", "reply_to_email", "subject")}
    service.ok("PUT", path, update)
    service.call("PUT", path, {"subject": "Hello"})
    service.call("PUT", f"/emails/activities/{NOWHERE}", update)


def _walk(service: Compared) -> None:
    _walk_account(service)
    news = _walk_lists(service)
    contact_id = _walk_contacts(service, news)
    _walk_consent(service, news, contact_id)
    _walk_activities(service, news, contact_id)
    _walk_campaigns(service)


def test_every_answer_is_of_the_contracts_form(contract: Contract) -> None:
    _walk(Compared(contract))
    _walk(Compared(contract, last_page_links="empty", shuffle=True, unsubscribe_empties_lists=False))
    reached = {(method, path) for method, path, status in contract.seen if status < 300}
    assert reached == {(method, path) for method, path, _ in contract.operations()}
    own = {"400", "404", "409"}  # the statuses a request of one's own making can bring about
    missing = [
        (method, path, status)
        for method, path, operation in contract.operations()
        for status in sorted(own & set(operation["responses"]))
        if (method, path, int(status)) not in contract.seen
    ]
    assert missing == NEVER_GIVEN


# What the contract lists although nothing in the fake can lead to it: collections are never "not found", a
# malformed id is (§4), and two sign-ups at once are ordered as a fault.
NEVER_GIVEN = [
    ("GET", "/contacts", "404"),
    ("DELETE", "/contacts/{contact_id}", "400"),
    ("POST", "/contacts/sign_up_form", "404"),
    ("POST", "/contacts/sign_up_form", "409"),
    ("GET", "/contacts/counts", "404"),
    ("GET", "/activities", "404"),
    ("GET", "/activities/{activity_id}", "400"),
    ("POST", "/activities/contact_exports", "404"),
    ("GET", "/contact_exports/{file_export_id}", "400"),
    ("GET", "/emails", "404"),
]


def test_refusals_of_the_gateway_are_of_the_contracts_form(contract: Contract) -> None:
    for switches in ({"app_deactivated": True}, {"limits_on": True, "per_day": 0}):
        service = Compared(contract, **switches)
        service.get("/contacts")
        service.state.expire_tokens()
        assert service.get("/contacts").status_code == 401


def test_every_operation_needs_the_scope_and_privilege_the_contract_names(contract: Contract) -> None:
    for method, path, operation in contract.operations():
        for privilege in operation.get("x-authorization-privileges", ()):
            service = Service()
            service.state.switches.privileges = {privilege}
            called = re.sub(r"\{[^}]+\}", NOWHERE, path)
            body = {} if method in ("POST", "PUT") else None
            assert service.call(method, called, body).status_code != 403, (method, path)
            service.state.switches.privileges = {"account:update"}
            assert service.call(method, called, body).status_code == 403, (method, path)
        for scope in operation["security"][0]["oauth2_implicit"]:
            service = Service()
            service.log_in(scopes=(scope,))
            assert service.call(method, re.sub(r"\{[^}]+\}", NOWHERE, path), body).status_code != 403
