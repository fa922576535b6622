"""What each call of `ports.Mailing` sends and makes of the answer."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from responses import matchers

from ccdesk.clients.constant_contact import parse
from ccdesk.core.errors import AnswerLost, ItemRefused, SettingsError, Unreachable, Unreadable
from ccdesk.core.models import Address, ContactFields, Permission, Standing
from tests.clients.helpers import CC, QuickClock, mail

ADA = ContactFields(
    "ada@example.com", "Ada", "Reyes", "", Address("1 Main St", "Boston", "MA", "02101", "US")
)


def raw(number: int = 1, **more: Any) -> dict[str, Any]:
    address = {"address": f"p{number}@example.com", "permission_to_send": "implicit", **more.pop("email", {})}
    return {"contact_id": f"c{number}", "email_address": address, "list_memberships": ["l1"], **more}


def query(call: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(call.request.url).query)


def sent(index: int = -1) -> Any:
    return json.loads(responses.calls[index].request.body)


# ---------------------------------------------------------------- reading


@responses.activate
def test_contacts_always_ask_for_every_status_and_follow_the_links_as_they_stand() -> None:
    responses.get(
        CC + "/contacts",
        match=[matchers.query_param_matcher({"status": "all"}, strict_match=False)],
        json={
            "contacts": [raw(1)],
            "_links": {"next": {"href": "/v3/contacts?cursor=bGltaXQ9NSZuZXh0PTI%3D"}},
        },
    )
    responses.get(
        CC + "/contacts",
        match=[matchers.query_param_matcher({"cursor": "bGltaXQ9NSZuZXh0PTI="})],
        json={"contacts": [raw(2), {"contact_id": "sms-only"}]},
    )
    since = datetime(2026, 5, 1, tzinfo=UTC)
    pages = list(mail().contacts(list_id="l1", updated_after=since, opted_out_after=since, with_fields=True))
    assert [[one.id for one in page] for page in pages] == [["c1"], ["c2"]]
    assert query(responses.calls[0]) == {
        "status": ["all"],
        "limit": ["500"],
        "include": ["list_memberships,street_addresses"],
        "lists": ["l1"],
        "updated_after": ["2026-05-01T00:00:00Z"],
        "optout_after": ["2026-05-01T00:00:00Z"],
    }
    assert str(responses.calls[1].request.url).endswith("?cursor=bGltaXQ9NSZuZXh0PTI%3D")


@pytest.mark.parametrize(
    "href", ["https://evil.test/v3/contacts?cursor=x", "//evil.test/v3", "http://api.example.test/v3"]
)
@responses.activate
def test_a_link_to_another_host_is_refused(href: str) -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw()], "_links": {"next": {"href": href}}})
    pages = mail().contacts()
    next(pages)
    with pytest.raises(Unreachable, match="another host"):
        next(pages)
    assert len(responses.calls) == 1


@responses.activate
def test_links_in_a_circle_end_with_an_error_and_not_as_a_short_scan() -> None:
    responses.get(
        CC + "/contacts", json={"contacts": [raw()], "_links": {"next": {"href": "/v3/contacts?cursor=x"}}}
    )
    with pytest.raises(Unreachable):
        list(mail().contacts())
    assert len(responses.calls) == 2


@responses.activate
def test_a_cursor_refused_starts_the_scan_again_once() -> None:
    first = {"contacts": [raw()], "_links": {"next": {"href": "/v3/contacts?cursor=x"}}}
    responses.get(CC + "/contacts", json=first)
    responses.get(CC + "/contacts", status=400, json=[{"error_key": "bad.cursor"}])
    responses.get(CC + "/contacts", json=first)
    responses.get(CC + "/contacts", json={"contacts": [raw(2)], "_links": {}})
    ids = [one.id for page in mail().contacts() for one in page]
    assert ids == ["c1", "c1", "c2"]


@responses.activate
def test_a_cursor_refused_twice_is_an_error() -> None:
    first = {"contacts": [raw()], "_links": {"next": {"href": "/v3/contacts?cursor=x"}}}
    for _ in range(2):
        responses.get(CC + "/contacts", json=first)
        responses.get(CC + "/contacts", status=400, json=[{"error_key": "bad.cursor"}])
    with pytest.raises(Exception, match="did not accept"):
        list(mail().contacts())


@pytest.mark.parametrize(
    "body", ["{}", '{"contacts":null}', '{"contacts":{}}', '{"contacts":[1]}', "[]", "null"]
)
@responses.activate
def test_a_missing_list_of_contacts_is_not_an_empty_one(body: str) -> None:
    responses.get(CC + "/contacts", body=body)
    with pytest.raises(Unreachable):
        list(mail().contacts())


@responses.activate
def test_find_compares_exactly_and_prefers_who_is_not_deleted() -> None:
    gone = raw(1, deleted_at="2026-01-01", email={"address": "A+b@Example.com"})
    here = raw(2, email={"address": "a+B@example.COM"})
    other = raw(3, email={"address": "aa+b@example.com"})
    responses.get(CC + "/contacts", json={"contacts": [other, gone, here]})
    found = mail().find(" a+b@example.com ")
    assert found is not None
    assert found.id == "c2"
    assert "email=a%2Bb%40example.com" in str(responses.calls[0].request.url)
    assert query(responses.calls[0])["status"] == ["all"]


@responses.activate
def test_find_tries_lower_case_too() -> None:
    responses.get(CC + "/contacts", json={"contacts": []})
    assert mail().find("Ada@Example.com") is None
    assert [query(call)["email"] for call in responses.calls] == [["Ada@Example.com"], ["ada@example.com"]]


# ---------------------------------------------------------------- account and lists


@responses.activate
def test_only_confirmed_senders() -> None:
    rows = [
        {"email_address": "news@example.com", "confirm_status": "CONFIRMED"},
        {"email_address": "new@example.com", "confirm_status": "UNCONFIRMED"},
    ]
    responses.get(CC + "/account/emails", json=rows)
    assert mail().senders() == ["news@example.com"]


@responses.activate
def test_lists_come_whole_and_without_deleted_ones() -> None:
    one = {"list_id": "l1", "name": "A", "membership_count": 2}
    gone = {"list_id": "l2", "name": "B", "deleted_at": "2026-01-01"}
    responses.get(
        CC + "/contact_lists",
        json={"lists": [one], "_links": {"next": {"href": "/v3/contact_lists?cursor=1"}}},
    )
    responses.get(CC + "/contact_lists", json={"lists": [gone]})
    found = mail().lists()
    assert [(one.id, one.name, one.member_count) for one in found] == [("l1", "A", 2)]


@responses.activate
def test_a_list_that_is_there_is_returned_whatever_its_case() -> None:
    responses.get(CC + "/contact_lists", json={"lists": [{"list_id": "l1", "name": "Kibo Customers"}]})
    assert mail().create_list("kibo customers").id == "l1"


@responses.activate
def test_a_new_list() -> None:
    responses.get(CC + "/contact_lists", json={"lists": []})
    responses.post(CC + "/contact_lists", status=201, json={"list_id": "l9", "name": "New"})
    made = mail().create_list("New")
    assert (made.id, made.member_count) == ("l9", 0)
    assert sent() == {"name": "New", "favorite": False}


FULL = [{"error_key": "x", "error_message": "The account has the maximum number of lists"}]


@pytest.mark.parametrize("lists", [1_000, 7])
@responses.activate
def test_where_no_more_lists_are_allowed_another_name_is_no_advice(lists: int) -> None:
    there = [{"list_id": f"l{number}", "name": f"List {number}"} for number in range(lists)]
    responses.get(CC + "/contact_lists", json={"lists": there})
    responses.post(CC + "/contact_lists", status=400, json=FULL)
    with pytest.raises(SettingsError) as refused:
        mail().create_list("One more")
    assert "maximum number of lists" in refused.value.meaning
    assert "delete one" in refused.value.next_step
    assert "1,000" in refused.value.text
    assert ("another" in refused.value.next_step) == (lists < 1_000)


@responses.activate
def test_a_deleted_list_keeps_its_name() -> None:
    responses.get(CC + "/contact_lists", json={"lists": []})
    responses.post(
        CC + "/contact_lists", status=409, json=[{"error_key": "x", "error_message": "not unique"}]
    )
    responses.get(
        CC + "/contact_lists", json={"lists": [{"list_id": "l1", "name": "NEW", "deleted_at": "2026-01-01"}]}
    )
    with pytest.raises(SettingsError, match="another name"):
        mail().create_list("New")


@responses.activate
def test_a_list_whose_answer_was_lost_is_found_by_name() -> None:
    responses.get(CC + "/contact_lists", json={"lists": []})
    responses.post(CC + "/contact_lists", body=requests.ReadTimeout())
    responses.get(CC + "/contact_lists", json={"lists": [{"list_id": "l9", "name": "New"}]})
    assert mail().create_list("New").id == "l9"


# ---------------------------------------------------------------- one person


@pytest.mark.parametrize(
    ("by_person", "source", "permission"), [(False, "Account", "implicit"), (True, "Contact", "explicit")]
)
@responses.activate
def test_create_says_truthfully_who_acted(by_person: bool, source: str, permission: str) -> None:
    responses.post(CC + "/contacts", status=201, json=raw(1))
    assert mail().create(ADA, "l1", by_person=by_person).id == "c1"
    assert sent() == {
        "email_address": {"address": "ada@example.com", "permission_to_send": permission},
        "first_name": "Ada",
        "last_name": "Reyes",
        "create_source": source,
        "list_memberships": ["l1"],
        "street_addresses": [
            {
                "kind": "home",
                "street": "1 Main St",
                "city": "Boston",
                "state": "MA",
                "postal_code": "02101",
                "country": "US",
            }
        ],
    }


@responses.activate
def test_sign_up_waits_out_two_writes_at_once() -> None:
    clock = QuickClock()
    responses.post(CC + "/contacts/sign_up_form", status=409, json=[{"error_key": "contacts.api.conflict"}])
    responses.post(CC + "/contacts/sign_up_form", status=200, json={"contact_id": "c1", "action": "updated"})
    assert mail(clock).sign_up(ADA, "l1", with_fields=True) == "c1"
    assert clock.waits
    assert sent()["street_address"]["kind"] == "home"


@responses.activate
def test_sign_up_gives_up_after_a_few_conflicts() -> None:
    responses.post(CC + "/contacts/sign_up_form", status=409, json=[{"error_key": "contacts.api.conflict"}])
    with pytest.raises(ItemRefused):
        mail().sign_up(ADA, "l1", with_fields=False)
    assert len(responses.calls) == 4
    assert sent() == {"email_address": "ada@example.com", "list_memberships": ["l1"]}


@responses.activate
def test_revive_keeps_what_the_contact_has() -> None:
    gone = raw(
        1,
        deleted_at="2026-01-01",
        first_name="Adele",
        job_title="Baker",
        company_name="Old",
        birthday_month=4,
        birthday_day=2,
        list_memberships=[],
        street_addresses=[
            {"kind": "work", "street": "2 Mill", "street_address_id": "x"},
            {"kind": "home", "street": "old"},
        ],
        email={"permission_to_send": "explicit", "opt_out_date": "2025-01-01T00:00:00Z"},
    )
    responses.get(CC + "/contacts/c1", json=gone)
    responses.put(CC + "/contacts/c1", json={})
    responses.get(CC + "/contacts/c1", json=raw(1, list_memberships=["l1"]))
    contact = parse.contact(gone)
    assert contact is not None
    assert mail().revive(contact, ADA, "l1").id == "c1"
    body = sent(1)
    assert body["update_source"] == "Account"
    assert body["email_address"] == {"address": "p1@example.com", "permission_to_send": "explicit"}
    assert (body["first_name"], body["job_title"], body["company_name"]) == ("Ada", "Baker", "Old")
    assert (body["birthday_month"], body["birthday_day"]) == (4, 2)
    assert body["list_memberships"] == ["l1"]
    assert [one["kind"] for one in body["street_addresses"]] == ["home", "work"]
    assert "street_address_id" not in str(body)


@responses.activate
def test_revive_never_writes_to_who_unsubscribed_before_the_deletion() -> None:
    gone = raw(1, deleted_at="2026-01-01", list_memberships=[], email={"permission_to_send": "unsubscribed"})
    responses.get(CC + "/contacts/c1", json=gone)
    contact = parse.contact(gone)
    assert contact is not None
    assert contact.standing is Standing.OUT
    assert mail().revive(contact, ADA, "l1") == contact


@pytest.mark.parametrize("permission", ["unsubscribed", "pending_confirmation", "temp_hold", "new_state"])
@responses.activate
def test_revive_never_writes_to_who_is_back_but_not_active(permission: str) -> None:
    responses.get(
        CC + "/contacts/c1", json=raw(1, email={"permission_to_send": permission}, list_memberships=[])
    )
    client = mail()
    contact = client.get("c1")
    assert contact is not None
    assert client.revive(contact, ADA, "l1").permission is contact.permission
    assert {call.request.method for call in responses.calls} == {"GET"}


@responses.activate
def test_revive_that_did_not_work_says_so() -> None:
    gone = raw(1, deleted_at="2026-01-01", list_memberships=[])
    responses.get(CC + "/contacts/c1", json=gone)
    responses.put(CC + "/contacts/c1", json=gone)
    client = mail()
    contact = client.get("c1")
    assert contact is not None
    with pytest.raises(ItemRefused) as refused:
        client.revive(contact, ADA, "l1")
    assert refused.value.code == "revive_refused"


@pytest.mark.parametrize(("status", "asked"), [(200, True), (409, False), (400, False)])
@responses.activate
def test_resubscribe_is_asked_once(status: int, asked: bool) -> None:
    responses.put(CC + "/contacts/resubscribe/c1", status=status, body="")
    assert mail().resubscribe("c1", "l1") is asked
    assert sent() == {"list_ids": ["l1"]}


@responses.activate
def test_resubscribe_is_never_repeated() -> None:
    responses.put(CC + "/contacts/resubscribe/c1", body=requests.ReadTimeout())
    with pytest.raises(AnswerLost):
        mail().resubscribe("c1", "l1")
    assert len(responses.calls) == 1


# ---------------------------------------------------------------- bulk


@responses.activate
def test_import_sends_flat_rows_with_the_imports_own_names() -> None:
    responses.post(
        CC + "/activities/contacts_json_import",
        status=201,
        json={
            "activity_id": "a1",
            "state": "initialized",
            "activity_errors": [],
            "status": {"items_total_count": 2},
        },
    )
    job = mail().start_import(
        [mail().import_row(one) for one in [ADA, ContactFields("zoë@example.com")]], "l1"
    )
    assert (job.id, job.finished, job.counts) == ("a1", False, {"items_total_count": 2})
    assert sent() == {
        "import_data": [
            {
                "email": "ada@example.com",
                "first_name": "Ada",
                "last_name": "Reyes",
                "street": "1 Main St",
                "city": "Boston",
                "state": "MA",
                "zip": "02101",
                "country": "US",
            },
            {"email": "zoë@example.com"},
        ],
        "list_ids": ["l1"],
    }
    assert "zoë".encode() in responses.calls[0].request.body


@pytest.mark.parametrize("ids", [[], ["c"] * 501])
def test_list_jobs_take_up_to_500(ids: list[str]) -> None:
    with pytest.raises(ValueError, match="500"):
        mail().start_add(ids, "l1")


@responses.activate
def test_a_list_job() -> None:
    responses.post(
        CC + "/activities/remove_list_memberships",
        status=201,
        json={"activity_id": "a", "state": "processing"},
    )
    mail().start_remove(["c1", "c2"], "l1")
    assert sent() == {"source": {"contact_ids": ["c1", "c2"]}, "list_ids": ["l1"]}


@responses.activate
def test_activity_errors_come_in_two_shapes() -> None:
    body = {
        "activity_id": "a",
        "state": "timed_out",
        "activity_errors": ["Line 3", {"message": "bad"}, 7, {}],
        "status": {"x": "no"},
    }
    responses.get(CC + "/activities/a", json=body)
    job = mail().activity("a")
    assert job.errors == ("Line 3", "bad")
    assert job.counts == {}
    assert job.finished
    assert not job.succeeded


@responses.activate
def test_opt_outs_may_use_the_reserve() -> None:
    responses.get(CC + "/activities/a", json={"activity_id": "a", "state": "completed"})
    client = mail()
    with client.for_opt_outs():
        assert client.activity("a").succeeded


def test_permissions_are_read_as_they_are() -> None:
    assert [parse.permission(one.value) for one in Permission] == list(Permission)
    assert parse.permission("Implicit!") is Permission.UNKNOWN


MAIL = {"address": "p1@example.com", "permission_to_send": "implicit"}
SPOILED = [
    {"list_memberships": "l1"},
    {"list_memberships": [7]},
    {"email_address": {"address": "p1@example.com"}},
    {"email_address": MAIL | {"permission_to_send": 7}},
    {"email_address": MAIL | {"opt_out_date": "soon"}},
    {"email_address": MAIL | {"opt_in_source": {}}},
    {"updated_at": [2026]},
    {"deleted_at": {}},
]
BESIDE_AN_OPT_OUT = [
    {"list_memberships": None},
    {"list_memberships": [7]},
    {"email_address": MAIL | {"permission_to_send": "unsubscribed", "opt_out_date": "soon"}},
    {"email_address": MAIL | {"permission_to_send": "Unsubscribed"}},
    {"updated_at": [2026], "deleted_at": {}},
]
DELETED_LISTS: list[dict[str, Any]] = [{}, {"list_memberships": None}, {"list_memberships": []}]
NOBODYS = [{"email_address": 7}, {"email_address": {"x": 1}}, {"email_address": {"address": 7}}]


@pytest.mark.parametrize("broken", SPOILED)
@responses.activate
def test_a_spoiled_contact_is_read_once_more_alone(broken: dict[str, Any]) -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | broken]})
    responses.get(CC + "/contacts/c1", json=raw())
    assert list(mail().contacts(list_id="l1")) == [[parse.contact(raw())]]


@pytest.mark.parametrize("broken", SPOILED)
@responses.activate
def test_a_contact_that_stays_spoiled_is_neither_in_nor_out(broken: dict[str, Any]) -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | broken, raw(9)]})
    responses.get(CC + "/contacts/c1", json=raw() | broken)
    ((spoiled, other),) = mail().contacts(list_id="l1")
    assert spoiled.standing is Standing.WAITING
    assert other == parse.contact(raw(9))
    with pytest.raises(Unreadable):
        mail().get("c1")
    found = mail().find("p1@example.com")
    assert found is not None
    assert found.standing is Standing.WAITING


@pytest.mark.parametrize("beside", BESIDE_AN_OPT_OUT)
@responses.activate
def test_an_opt_out_counts_whatever_else_cannot_be_read(beside: dict[str, Any]) -> None:
    out = raw() | {"email_address": MAIL | {"permission_to_send": "unsubscribed"}} | beside
    responses.get(CC + "/contacts", json={"contacts": [out]})
    ((found,),) = mail().contacts(list_id="l1")
    assert found.standing is Standing.OUT
    assert len(responses.calls) == 1


@pytest.mark.parametrize("shown", DELETED_LISTS)
@responses.activate
def test_a_deleted_contact_needs_to_show_no_lists(shown: dict[str, Any]) -> None:
    gone = {key: value for key, value in raw().items() if key != "list_memberships"}
    page = [gone | {"contact_id": f"c{n}", "deleted_at": "2026-11-01"} | shown for n in range(30)]
    responses.get(CC + "/contacts", json={"contacts": page})
    (found,) = mail().contacts(list_id="l1")
    assert {one.standing for one in found} == {Standing.DELETED}
    assert len(responses.calls) == 1


@pytest.mark.parametrize("broken", NOBODYS)
@responses.activate
def test_nobody_counts_as_new_while_a_contact_may_be_theirs(broken: dict[str, Any]) -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | broken]})
    responses.get(CC + "/contacts/c1", json=raw() | broken)
    for with_fields in (False, True):
        ((found,),) = mail().contacts(list_id="l1", with_fields=with_fields)
        assert (found.id, found.email, found.standing) == ("c1", "", Standing.WAITING)
    with pytest.raises(Unreadable):
        mail().find("p1@example.com")


@responses.activate
def test_a_contact_without_its_id_may_be_anybodys() -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | {"contact_id": None}]})
    ((found,),) = mail().contacts(list_id="l1")
    assert (found.id, found.email, found.standing) == ("", "p1@example.com", Standing.WAITING)
    with pytest.raises(Unreadable):
        mail().find("p1@example.com")


@pytest.mark.parametrize("nothing", [None, {}, {"address": None}, {"address": ""}])
@responses.activate
def test_a_contact_without_any_email_is_nobody_to_mail(nothing: Any) -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | {"email_address": nothing}, raw(9)]})
    assert list(mail().contacts(with_fields=True)) == [[parse.contact(raw(9))]]


@responses.activate
def test_a_contact_that_may_not_be_read_alone_is_neither_in_nor_out() -> None:
    responses.get(CC + "/contacts", json={"contacts": [raw() | {"list_memberships": None}]})
    responses.get(CC + "/contacts/c1", status=403, json=[{"error_key": "x", "error_message": "no"}])
    ((found,),) = mail().contacts(list_id="l1")
    assert found.standing is Standing.WAITING


@responses.activate
def test_an_empty_date_is_no_date() -> None:
    fresh = raw() | {"email_address": MAIL | {"opt_out_date": ""}}
    responses.get(CC + "/contacts", json={"contacts": [fresh]})
    ((found,),) = mail().contacts(list_id="l1")
    assert found.standing is Standing.IN
    assert found.opt_out_at is None
    assert len(responses.calls) == 1


@responses.activate
def test_a_page_of_spoiled_contacts_is_the_services_trouble() -> None:
    page = [raw(number) | {"list_memberships": None} for number in range(11)]
    responses.get(CC + "/contacts", json={"contacts": page})
    with pytest.raises(Unreachable):
        list(mail().contacts(list_id="l1"))
    assert len(responses.calls) == 1


@responses.activate
def test_what_cannot_be_read_is_not_written_back() -> None:
    one = raw() | {"list_memberships": [7], "deleted_at": "2026-01-01"}
    known = parse.contact(raw() | {"deleted_at": "2026-01-01"})
    assert known is not None
    responses.get(f"{CC}/contacts/{known.id}", json=one)
    for write in (
        lambda: mail().revive(known, ContactFields("p1@example.com"), "l1"),
        lambda: mail().rewrite(known.id, ContactFields("p1@example.com"), "l1"),
    ):
        with pytest.raises(Unreadable):
            write()
    assert {one.request.method for one in responses.calls} == {"GET"}
