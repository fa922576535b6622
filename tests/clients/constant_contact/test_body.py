import json
from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from ccdesk.clients.constant_contact.body import import_body, import_row, read_row
from ccdesk.clients.constant_contact.parse import activity, contact, contact_list, user_of
from ccdesk.clients.http.shape import encode_row
from ccdesk.core.models import Address, ContactFields
from tests.clients.helpers import json_values

words = st.text(max_size=20)
people = st.builds(
    ContactFields, words, words, words, words, st.builds(Address, words, words, words, words, words)
)


@given(st.lists(people, min_size=1, max_size=6))
def test_row_sizes_are_what_is_sent(rows: list[ContactFields]) -> None:
    written = [encode_row(import_row(row)) for row in rows]
    envelope = len(import_body([], "list"))
    assert len(import_body(written, "list")) == envelope + sum(len(row) + 1 for row in written) - 1


@given(people)
def test_a_row_is_read_as_it_was_written(person: ContactFields) -> None:
    trimmed = ContactFields(
        *(part.strip() for part in (person.email, person.first_name, person.last_name, person.company)),
        Address(*(part.strip() for part in astuple(person.address))),
    )
    assert read_row(encode_row(import_row(trimmed))) == trimmed


@given(people)
def test_no_empty_value_is_sent(person: ContactFields) -> None:
    row = import_row(person)
    assert all(value for name, value in row.items() if name != "email")
    assert json.loads(import_body([encode_row(row)], "l"))["import_data"] == [json.loads(json.dumps(row))]


KEYS = (  # what anything here looks at
    *("contact_id", "email_address", "list_memberships", "street_addresses", "deleted_at", "first_name"),
    *("activity_id", "state", "status", "activity_errors", "list_id", "name", "membership_count"),
)


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_reading_never_fails_whatever_the_types(raw: dict[str, object]) -> None:
    found = contact(raw)
    assert found is None or (found.id and found.email)
    activity(raw)
    contact_list(raw)


@given(st.text(max_size=60))
def test_a_token_that_is_no_jwt_tells_nothing(token: str) -> None:
    assert isinstance(user_of(token), str)


def test_the_user_is_the_tokens_subject() -> None:
    assert user_of("e30.eyJzdWIiOiJvd25lckBleGFtcGxlLmNvbSJ9.x") == "owner@example.com"


def test_the_home_address_is_read_first() -> None:
    raw = {
        "contact_id": "c",
        "email_address": {"address": "a@b.c"},
        "street_addresses": [
            {"kind": "other", "street": "O"},
            {"kind": "home", "street": "H", "postal_code": "1"},
        ],
    }
    found = contact(raw)
    assert found is not None
    assert found.address == Address(street="H", postal_code="1")
