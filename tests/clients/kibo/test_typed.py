"""The quick reader of account pages gives what the tolerant one gives, or leaves the page to it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.clients.kibo import parse
from ccdesk.clients.kibo.parse import EXPORT_FIELDS
from ccdesk.clients.kibo.typed import typed_customers
from tests.clients.helpers import json_values

ACCOUNT = {
    "id": 1001,
    "emailAddress": "Ada@Example.com",
    "acceptsMarketing": True,
    "isActive": True,
    "isAnonymous": None,
    "firstName": " Ada ",
    "lastName": None,
    "companyOrOrganization": "",
    "contacts": [
        {
            "id": 7,
            "firstName": "A.",
            "lastNameOrSurname": "Reyes",
            "types": [{"name": "Billing", "isPrimary": True}],
            "address": {"address1": " 1 Main St ", "address2": None, "cityOrTown": "Boston"},
        },
        {"id": 3, "types": [], "address": {"address1": "2 Main St", "stateOrProvince": "n/a"}},
    ],
    "auditInfo": {"createDate": "2013-08-20T14:22:02.1234567Z", "updateDate": "2026-05-01T10:00:00.000Z"},
    "attributes": [{"values": [1, 2]}],
}


def page(*accounts: Any, **more: Any) -> bytes:
    return json.dumps({"items": accounts, "totalCount": len(accounts), **more}).encode()


def tolerant(*accounts: dict[str, Any]) -> list[Any]:
    return [parse.customer(one) for one in accounts]


def test_an_account_as_in_the_sheet_is_read_the_quick_way() -> None:
    assert typed_customers(page(ACCOUNT), complete=True) == (tolerant(ACCOUNT), 1)
    found, _ = typed_customers(page(ACCOUNT)) or ([], None)
    assert (found[0].first_name, found[0].last_name, found[0].address.street) == ("Ada", "Reyes", "1 Main St")


@pytest.mark.parametrize("missing", EXPORT_FIELDS)
def test_a_field_that_is_left_out_is_told_where_it_is_wanted(missing: str) -> None:
    """A missing flag must not read as an opt-out."""
    less = {key: value for key, value in ACCOUNT.items() if key != missing}
    assert typed_customers(page(ACCOUNT, less), complete=True) is None
    if missing != "id":
        assert typed_customers(page(ACCOUNT, less)) == (tolerant(ACCOUNT, less), 2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"<html>",
        b'{"items": null}',
        b'{"items": [null]}',
        b'{"items": [{}]}',
        b'{"items": [{"id": "1001"}]}',
        b'{"items": [{"id": 0}]}',
        b'{"items": [{"id": -1}]}',
        b'{"items": [{"id": 1.0}]}',
        b'{"items": [{"id": true}]}',
        b'{"items": [{"id": 9223372036854775808}]}',
        b'{"items": [{"id": 1, "acceptsMarketing": "true"}]}',
        b'{"items": [{"id": 1, "isActive": 0}]}',
        b'{"items": [{"id": 1, "emailAddress": 5}]}',
        b'{"items": [{"id": 1, "firstName": "\\ud800"}]}',
        b'{"items": [{"id": 1, "firstName": "\xff"}]}',
        b'{"items": [{"id": 1, "contacts": [null]}]}',
        b'{"items": [{"id": 1, "contacts": [{"address": {"postalOrZipCode": 78701}}]}]}',
        b'{"items": [], "totalCount": "5"}',
        b'{"items": [{"id": 1, "x": ' + b"[" * 100_000,
        b'{"items": []} and more',
    ],
)
def test_what_is_unusual_is_left_to_the_tolerant_reader(body: bytes) -> None:
    assert typed_customers(body) is None


odd = st.dictionaries(
    st.sampled_from(
        [*EXPORT_FIELDS, "address", "address1", "types", "name", "isPrimary", "createDate", "updateDate"]
    ),
    json_values,
)


@given(
    st.fixed_dictionaries(
        {"id": st.integers(-1, 2**64)}, optional=dict.fromkeys(EXPORT_FIELDS[1:], json_values)
    )
    | odd.map(lambda more: {**ACCOUNT, **more}),
    st.integers(0, 9),
)
def test_both_readers_agree(account: dict[str, Any], total: int) -> None:
    read = typed_customers(page(account, ACCOUNT, totalCount=total))
    if read is not None:
        assert read == (tolerant(account, ACCOUNT), total)


contact = st.fixed_dictionaries(
    {},
    optional={
        "id": st.none() | st.integers(-5, 5),
        "firstName": st.none() | st.text(max_size=3),
        "lastNameOrSurname": st.none() | st.sampled_from(["", " ", "Reyes"]),
        "types": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["Billing", "shipping", " Billing ", "Pickup", None])},
                optional={"isPrimary": st.sampled_from([True, False, None])},
            ),
            max_size=3,
        ),
        "address": st.none()
        | st.dictionaries(
            st.sampled_from(
                ["address1", "address2", "address3", "address4", "cityOrTown", "stateOrProvince",
                 "postalOrZipCode", "countryCode"]
            ),
            st.sampled_from([None, "", " ", "n/a", "N/A", " 1 Main St ", "02110", "US"]),
        ),
    },
)  # fmt: skip


@given(
    st.lists(contact, max_size=4),
    st.sampled_from([None, "", "0001-01-01T00:00:00Z", "2026-05-01T10:00:00", "2026-05-01", " soon "]),
)
def test_both_readers_choose_the_same_address_and_dates(contacts: list[Any], date: str | None) -> None:
    account = {**ACCOUNT, "contacts": contacts, "auditInfo": {"createDate": date, "updateDate": date}}
    read = typed_customers(page(account))
    assert read is not None
    assert read[0] == tolerant(account)
