"""What is kept of bodies: structure, ids, moments and words of the services, and nothing of a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.support.calls import body
from ccdesk.support.scrub import SECRET, Scrubber

NAMES = Pseudonyms(b"key")
PERSONAL = ["Ann-Sophie", "O'Brien", "Hauptstraße", "Wuppertal", "Kältetechnik", "Benjamin"]
FIELDS = st.sampled_from(
    [
        "firstName",
        "last_name",
        "company_name",
        "street",
        "city",
        "userName",
        "notes",
        "anything",
        "value",
        "name",
    ]
)


def scrubbed(value: Any, key: str = "") -> Any:
    return Scrubber(NAMES).value(value, key)


ACCOUNT = {
    "id": 1042,
    "emailAddress": "Ann@Example.com",
    "acceptsMarketing": True,
    "isActive": True,
    "firstName": "Ann-Sophie",
    "userName": "ann.sophie",
    "externalId": "K-2077",
    "contacts": [
        {
            "id": 7,
            "types": [{"name": "Billing", "isPrimary": True}],
            "phoneNumbers": {"home": "0151 23456789"},
            "address": {"address1": "Hauptstraße 7", "countryCode": "DE", "stateOrProvince": "n/a"},
        }
    ],
    "auditInfo": {"updateDate": "2026-03-01T10:00:00.000Z", "updateBy": "Ann-Sophie"},
}


def test_an_audit_log_still_tells_when_the_flag_was_switched() -> None:
    """Else a run done again takes an opt-in for older than the opt-out it lifted."""
    from ccdesk.clients.kibo.parse import flag_changes, opt_in_set_at

    entry = {
        "entryDate": "2026-03-01T10:00:00.000Z",
        "entryUser": "Ann-Sophie",
        "fieldPath": "acceptsMarketing",
        "oldValue": "False",
        "newValue": "True",
    }
    other = {**entry, "fieldPath": "firstName", "oldValue": "Ann-Sophie", "newValue": "Benjamin"}
    found = scrubbed({"items": [entry, other]})["items"]
    assert opt_in_set_at(found) == opt_in_set_at([entry, other]) is not None
    assert [one.opted_in for one in flag_changes(found)] == [True]
    assert not {"Ann-Sophie", "Benjamin"} & {*found[0].values(), *found[1].values()}


def test_an_account_can_still_be_read() -> None:
    from ccdesk.clients.kibo.parse import customer

    before, after = customer(ACCOUNT), customer(scrubbed(ACCOUNT))
    assert before is not None
    assert after is not None
    for name in ("id", "accepts_marketing", "is_active", "is_anonymous", "updated_at"):
        assert getattr(before, name) == getattr(after, name)
    assert after.email == NAMES.email("Ann@Example.com")
    assert (after.address.country, after.address.state) == ("DE", "")
    text = json.dumps(scrubbed(ACCOUNT), ensure_ascii=False)
    for one in ("Ann", "Sophie", "ann.sophie", "Hauptstraße", "0151", "2077", "23456789"):
        assert one not in text


def test_a_contact_can_still_be_read() -> None:
    from ccdesk.clients.constant_contact.parse import contact

    raw = {
        "contact_id": "3f7c1f1e-5a5b-11ec-8a5e-fa163e6b2b1a",
        "email_address": {
            "address": "ann@example.com",
            "permission_to_send": "unsubscribed",
            "opt_out_source": "Contact",
            "opt_out_date": "2026-03-01T10:00:00Z",
            "opt_out_reason": "Ann does not want it",
        },
        "first_name": "Ann",
        "birthday_month": 11,
        "anniversary": "2006-11-15",
        "list_memberships": ["a5b0c6d0-5a5b-11ec-8a5e-fa163e6b2b1a"],
        "update_source": "Account",
    }
    before, after = contact(raw), contact(scrubbed(raw))
    assert before is not None
    assert after is not None
    for name in ("id", "permission", "opt_out_at", "opt_out_source", "list_ids", "update_source"):
        assert getattr(before, name) == getattr(after, name)
    assert "2006-11-15" not in json.dumps(scrubbed(raw))
    assert "ann@" not in json.dumps(scrubbed(raw))


@given(FIELDS, st.sampled_from(PERSONAL), st.lists(st.sampled_from(["items", "x", "contacts"]), max_size=3))
def test_names_do_not_come_through_anywhere(field: str, name: str, around: list[str]) -> None:
    value: Any = {
        field: name,
        "list": [name],
        "message": f"“{name}” is refused",
        "email": f"{name}@example.com",
    }
    for key in around:
        value = {key: [value]}
    assert name not in json.dumps(scrubbed(value), ensure_ascii=False)


def test_secrets_are_left_out_whatever_they_look_like() -> None:
    body = {
        "access_token": "abc",
        "client_secret": 12345678,
        "nested": {"refreshToken": "d", "password": "e"},
    }
    assert scrubbed(body) == {
        "access_token": SECRET,
        "client_secret": SECRET,
        "nested": {"refreshToken": SECRET, "password": SECRET},
    }


def test_what_a_service_says_keeps_its_words_but_not_the_name_it_was_sent() -> None:
    scrubber = Scrubber(NAMES)
    scrubber.value({"first_name": "Rupert", "last_name": "van der Meer"})
    said = scrubber.value({"error_message": "Rupert is no valid first name. The limit is 50 characters."})
    assert said["error_message"].endswith("is no valid first name. The limit is 50 characters.")
    assert "Rupert" not in said["error_message"]


def test_telephones_and_cards_as_numbers_are_covered_and_ids_are_not() -> None:
    value = scrubbed({"phone": 15123456789, "id": 15123456789, "totalCount": 480, "pageSize": 200})
    assert value["phone"] != 15123456789
    assert (value["id"], value["totalCount"], value["pageSize"]) == (15123456789, 480, 200)


def test_links_keep_their_path_and_lose_whom_they_ask_for() -> None:
    scrubber = Scrubber(NAMES, here="https://api.cc.email")
    link = scrubber.link("https://api.cc.email/v3/contacts?email=ann%40example.com&limit=500")
    assert link.startswith("http://here/v3/contacts?")
    assert "limit=500" in link
    assert "ann" not in link


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_can_be_scrubbed_and_keeps_its_shape(value: Any) -> None:
    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return [shape(inner) for inner in one.values()]
        return [shape(inner) for inner in one] if isinstance(one, list) else type(one).__name__

    def fits(before: Any, after: Any) -> bool:
        return before == after or (before == "int" and after == "str")  # a number that was a secret

    assert json.dumps(shape(scrubbed(value))).count("[") == json.dumps(shape(value)).count("[") or fits(0, 1)


def test_what_follows_an_email_in_a_free_text_is_covered() -> None:
    for text in ("Ask ann@example.com. Then call Ann Smith on 0151 23", "x@y. Ann Smith"):
        assert "Smith" not in scrubbed(text, "content")
        assert "0151" not in scrubbed(text, "content")
    assert scrubbed("ann@example.com", "content").endswith(".com")


def test_personal_numbers_reasons_and_keys_are_covered_whatever_they_are_called() -> None:
    value = {
        "phoneNumber": 15123456789,
        "tax_id": "DE123456789",
        "external_id": "AnnSmith-99",
        "user_id": "annsmith",
        "opt_out_reason": "Ann Smith has moved",
        "_ann@example.com": 1,
    }
    text = json.dumps(scrubbed(value))
    for one in ("15123456789", "DE123456789", "AnnSmith", "annsmith", "Ann Smith", "ann@example"):
        assert one not in text, one


def test_a_refusal_in_words_is_no_table() -> None:
    said = b"The email of Ann Smith, ann@example.com, was refused"
    made, form = body(said, Scrubber(NAMES))
    assert form == "text"
    assert "Smith" not in made
    assert body(b"Email address,First name\nann@example.com,Ann\n", Scrubber(NAMES))[1] == "csv"


@pytest.mark.parametrize(
    "said",
    [
        "The name “ann smith <ann@x.example>” is refused",
        "The name “annsmith” is refused",
        "“@annsmith” and “a@smith@hotmail.example” are no emails",
        "Write to annsmith%40x.example. Ask annsmith＠x.example",
    ],
)
def test_what_a_service_quotes_is_covered_whole(said: str) -> None:
    covered = Scrubber(NAMES).words(said)
    for one in ("ann", "smith", "hotmail"):
        assert one not in covered.replace("is refused", "")


def test_other_scripts_and_forms_of_letters_are_covered() -> None:
    for text in ("ＡＮＮ", "ﾔﾏﾀﾞ", "٠١٥١", "𝓐𝓷𝓷"):
        given = NAMES.text(text)
        assert given != text
        assert len(given) == len(text)


def test_headers_and_addresses_elsewhere_are_covered() -> None:
    scrubber = Scrubber(NAMES, here="https://api.cc.email")
    for link in ("https://user:pw@acme-corp.com/x/Ann", "//acme-corp.com/Ann"):
        assert "acme" not in scrubber.link(link)
    assert "acme" not in json.dumps(
        scrubber.value({"domain": "acme-corp.com", "url": "https://acme-corp.com/a"})
    )


@pytest.mark.parametrize(
    ("asked", "whose"),
    [
        ("lastName cont Wuppertal", "Wuppertal"),
        ("firstName cont Ann and lastName cont van and Dam", "Dam"),
        ("emailAddress eq @shop-of-ann.example", "shop-of-ann"),
        ("emailAddress eq ann@", "ann"),
        ("emailAddress eq 'ann.o@x.example'", "ann"),
        ("emailAddress eq ann", "ann"),
        ("Wuppertal", "Wuppertal"),
        ("auditInfo.updateDate ge 2026-03-01T10:00:00.000Z and lastName sw Wuppertal", "Wuppertal"),
    ],
)
def test_whatever_a_filter_compares_with_is_a_pseudonym(asked: str, whose: str) -> None:
    [(_, kept)] = Scrubber(NAMES).query([("filter", asked)])
    assert whose.lower() not in kept.lower()
    assert [one for one in kept.split() if one in ("cont", "eq", "ge", "sw")] == [
        one for one in asked.split() if one in ("cont", "eq", "ge", "sw")
    ]


@pytest.mark.parametrize(
    "asked",
    [
        "acceptsMarketing eq true and id gt 159912345678",
        "topic sw customeraccount. and createDate ge 2026-03-01T10:00:00.000Z",
        "auditInfo.updateDate ge 2026-03-01T10:00:00Z",
    ],
)
def test_what_a_filter_says_of_nobody_stays(asked: str) -> None:
    assert Scrubber(NAMES).query([("filter", asked)]) == [("filter", asked)]


def test_a_filter_by_email_names_them_as_every_other_place_does() -> None:
    for email in ("Ann.O@x.example", "@x.example", "ann"):
        for asked in (f"emailAddress eq {email}", f"emailAddress eq '{email}'"):
            [(_, kept)] = Scrubber(NAMES).query([("filter", asked)])
            assert kept == asked.replace(email, Scrubber(NAMES).text(email))


def test_each_word_of_a_name_is_told_in_a_sentence() -> None:
    scrubber = Scrubber(NAMES)
    scrubber.value({"first_name": "Anna Maria", "city": "New Haven", "lastNameOrSurname": "van Dyck"})
    told = scrubber.words("Anna, or Maria Dyck, is known in New Haven")
    assert not {"Anna", "Maria", "Dyck"} & set(told.replace(",", "").split())
    assert told.endswith("is known in New Haven"), "a word of an address is a word like any other"


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ", max_size=30))
def test_a_text_makes_no_name_of_words_that_it_does_not_have(text: str) -> None:
    """The words of a pseudonym are nobody's: by chance one is what stands for “The”."""
    scrubber = Scrubber(NAMES)
    scrubber.value({"first_name": text.title(), "notes": text.title()})
    words = {NAMES.text(one) for one in (text.title(), *text.title().split())}
    assert scrubber.personal <= words
