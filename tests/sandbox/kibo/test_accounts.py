"""Accounts over HTTP: listing, filtering, sorting, and what a write keeps and loses."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.kibo.testing import ACCOUNTS, ADDRESS, START, Shop

SECOND = timedelta(seconds=1)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def stocked(shop: Shop, count: int) -> list[int]:
    """Add customers a second apart; every third is not opted in."""
    ids = []
    for number in range(count):
        shop.clock.advance(SECOND)
        ids.append(
            shop.state.add_customer(f"c{number}@example.com", number % 3 != 0, first_name=f"N{number}")
        )
    return ids


class TestPaging:
    def test_the_size_is_20_if_not_given_and_200_at_most(self, shop: Shop) -> None:
        stocked(shop, 230)
        for asked, used in (({}, 20), ({"pageSize": 0}, 20), ({"pageSize": 7}, 7), ({"pageSize": 500}, 200)):
            page = shop.page(**asked)
            assert (page["pageSize"], len(page["items"])) == (used, used)
            assert page["pageCount"] == -(-230 // used)

    def test_start_index_counts_items_and_may_lie_behind_the_end(self, shop: Shop) -> None:
        ids = stocked(shop, 10)
        assert shop.ids(startIndex=4, pageSize=3) == ids[4:7]
        behind = shop.page(startIndex=50, pageSize=3)
        assert (behind["items"], behind["totalCount"], behind["startIndex"], behind["pageCount"]) == (
            [],
            10,
            50,
            4,
        )

    @pytest.mark.parametrize("query", [{"startIndex": "-1"}, {"pageSize": "many"}, {"startIndex": "1.5"}])
    def test_nonsense_is_refused(self, shop: Shop, query: dict[str, str]) -> None:
        assert shop.get(ACCOUNTS, **query).status_code == 400

    def test_too_deep_an_offset_is_refused_if_there_is_a_limit(self) -> None:
        shop = Shop(start_index_limit=5)
        stocked(shop, 10)
        assert shop.get(ACCOUNTS, startIndex=5).status_code == 200
        assert shop.get(ACCOUNTS, startIndex=6).status_code == 400

    def test_changes_can_be_ordered_between_pages(self, shop: Shop) -> None:
        ids = stocked(shop, 5)
        shop.state.after_page.append(lambda: shop.state.delete_customer(ids[1]))
        assert shop.ids(pageSize=2) == ids[:2]
        assert shop.ids(pageSize=2) == [ids[0], ids[2]]


class TestFilter:
    CASES = (
        ("acceptsMarketing eq true", lambda one: one["acceptsMarketing"]),
        ("ACCEPTSMARKETING EQ False", lambda one: not one["acceptsMarketing"]),
        ("acceptsMarketing ne true", lambda one: not one["acceptsMarketing"]),
        ("id gt 1003", lambda one: one["id"] > 1003),
        ("id ge 1003 and id lt 1007", lambda one: 1003 <= one["id"] < 1007),
        ("id le 1003", lambda one: one["id"] <= 1003),
        ("id eq 1004", lambda one: one["id"] == 1004),
        ("id gt 1007 and id lt 1003", lambda one: False),
        ("acceptsMarketing eq true and id gt 1004", lambda one: one["acceptsMarketing"] and one["id"] > 1004),
        ("emailAddress eq C4@Example.com", lambda one: one["emailAddress"] == "c4@example.com"),
        ("emailAddress sw c1", lambda one: (one["emailAddress"] or "").startswith("c1")),
        ("emailAddress cont 7@", lambda one: "7@" in (one["emailAddress"] or "")),
        ("emailAddress eq null", lambda one: one["emailAddress"] is None),
        ("emailAddress ne null", lambda one: one["emailAddress"] is not None),
        ("firstName ne N3", lambda one: one["firstName"] != "N3"),
        ("contacts.email eq b@example.com", lambda one: len(one["contacts"]) > 0),
        ("isAnonymous eq true", lambda one: one["isAnonymous"]),
        ("updateDate ge 2026-05-04T10:00:05.417Z", lambda one: one["id"] >= 1005),
        ("updateDate gt 2026-05-04T10:00:05.417Z", lambda one: one["id"] > 1005),
        ("auditInfo.updateDate lt 2026-05-04T12:00:05.417+02:00", lambda one: one["id"] < 1005),
        ("auditinfo.updatedate eq 2026-05-04T10:00:05.417", lambda one: one["id"] == 1005),
        ("updateDate ge 2026-05-04 and acceptsMarketing eq true", lambda one: one["acceptsMarketing"]),
        ("updateDate ge 2999-01-01T00:00:00Z", lambda one: False),
        ("createDate le 2026-05-04T10:00:05.417Z", lambda one: one["id"] <= 1005),
        ("commerceSummary.orderCount gt 0", lambda one: False),
        ("segments.id eq 5", lambda one: False),
    )

    @pytest.fixture(scope="class")
    @staticmethod
    def filled() -> Shop:
        shop = Shop()
        stocked(shop, 10)
        shop.clock.advance(SECOND)
        shop.state.add_customer(None, True, anonymous=True, contacts=[{"email": "b@example.com"}])
        return shop

    @pytest.mark.parametrize(("text", "wanted"), CASES, ids=[text for text, _ in CASES])
    @pytest.mark.parametrize("sort", ["", "id asc", "updateDate asc,id asc", "updateDate desc"])
    def test_finds_what_it_says(self, filled: Shop, text: str, wanted: Any, sort: str) -> None:
        everybody = filled.page(pageSize=200)["items"]
        expected = [one["id"] for one in everybody if wanted(one)]
        page = filled.page(filter=text, sortBy=sort, pageSize=200)
        found = [one["id"] for one in page["items"]]
        assert found == (expected[::-1] if "desc" in sort else expected)
        assert page["totalCount"] == len(expected)

    @pytest.mark.parametrize(
        "text",
        [
            "nonsense",
            "emailAddress eq",
            "emailAddress is a@example.com",
            "id gt many",
            "acceptsMarketing eq perhaps",
            "acceptsMarketing gt true",
            "id cont 1",
            "updateDate ge yesterday",
            "updateDate ge 2026-05-04T10:00:05 00:00",
            "id gt 1 or id lt 5",
            "shoeSize eq 44",
        ],
    )
    def test_what_it_cannot_read_is_a_400(self, filled: Shop, text: str) -> None:
        answer = filled.get(ACCOUNTS, filter=text)
        assert answer.status_code == 400
        assert answer.json["errorCode"]

    def test_a_plus_in_an_email_has_to_be_encoded(self, filled: Shop) -> None:
        number = filled.state.add_customer("a+b@example.com", created_at="2020-01-01T00:00:00Z")
        assert filled.ids(filter="emailAddress eq a+b@example.com") == [number]
        raw = filled.client.get(f"{ACCOUNTS}?filter=emailAddress+eq+a+b@example.com", headers=filled.headers)
        assert raw.json["totalCount"] == 0
        filled.state.delete_customer(number)

    @pytest.mark.parametrize(("name", "works"), [
        ("updateDate", {"updateDate"}),
        ("auditInfo.updateDate", {"auditInfo.updateDate"}),
        ("both", {"updateDate", "auditInfo.updateDate"}),
        ("none", set()),
    ])  # fmt: skip
    @pytest.mark.parametrize("unknown", ["refuse", "ignore"])
    def test_the_name_of_the_update_date_is_a_switch(self, name: Any, works: set[str], unknown: Any) -> None:
        shop = Shop(update_filter_name=name, unknown_filter=unknown)
        stocked(shop, 3)
        for asked in ("updateDate", "auditInfo.updateDate"):
            answer = shop.get(ACCOUNTS, filter=f"{asked} gt 2999-01-01T00:00:00Z")
            if asked in works:
                assert answer.json["totalCount"] == 0
            elif unknown == "refuse":
                assert answer.status_code == 400
            else:
                assert answer.json["totalCount"] == 3

    @pytest.mark.parametrize(("switch", "text"), [
        ("accepts_marketing_filterable", "acceptsMarketing eq true"),
        ("id_filterable", "id gt 1"),
        ("email_filterable", "emailAddress eq c1@example.com"),
    ])  # fmt: skip
    def test_other_names_can_be_unknown_too(self, switch: str, text: str) -> None:
        shop = Shop(**{switch: False})
        stocked(shop, 3)
        assert shop.get(ACCOUNTS, filter=text).status_code == 400
        shop.state.switches.unknown_filter = "ignore"
        assert shop.page(filter=text)["totalCount"] == 3

    def test_the_case_of_emails_is_a_switch(self) -> None:
        shop = Shop(email_match_case=True)
        stocked(shop, 3)
        assert shop.ids(filter="emailAddress eq C1@example.com") == []
        assert shop.ids(filter="emailAddress eq c1@example.com") == [1002]


class TestSort:
    def test_by_several_keys(self, shop: Shop) -> None:
        for first, last in (("B", "x"), ("a", "y"), ("A", "z"), (None, "y")):
            shop.state.add_customer("a@example.com", first_name=first, last_name=last)
        assert shop.ids(sortBy="firstName asc, lastName desc") == [1004, 1003, 1002, 1001]
        assert shop.ids(sortBy="lastName,id desc") == [1001, 1004, 1002, 1003]

    def test_by_update_date_ties_in_the_order_of_ids(self, shop: Shop) -> None:
        for _ in range(3):
            shop.state.add_customer("a@example.com")
        shop.clock.advance(SECOND)
        shop.state.change_name(1001, "Z", "Z")
        assert shop.ids(sortBy="updateDate asc") == [1002, 1003, 1001]
        assert shop.ids(sortBy="updateDate desc,id asc") == [1001, 1002, 1003]
        assert shop.ids(sortBy="auditInfo.updateDate desc,id desc") == [1001, 1003, 1002]
        assert shop.ids(sortBy="createdate asc,id desc") == [1003, 1002, 1001]

    def test_what_it_does_not_know_is_refused_or_ignored(self) -> None:
        shop = Shop(update_sort_name="updateDate")
        stocked(shop, 3)
        assert shop.get(ACCOUNTS, sortBy="auditInfo.updateDate desc").status_code == 400
        assert shop.get(ACCOUNTS, sortBy="id sideways").status_code == 400
        shop.state.switches.unknown_sort = "ignore"
        assert shop.ids(sortBy="auditInfo.updateDate desc") == [1001, 1002, 1003]

    def test_may_not_work_at_all_and_then_there_is_no_order(self) -> None:
        shop = Shop(sort_works=False, unsorted="scattered")
        ids = stocked(shop, 30)
        found = shop.ids(sortBy="id asc", pageSize=200)
        assert found != ids
        assert sorted(found) == ids
        assert shop.ids(pageSize=200) == found


class TestTrimming:
    def test_keeps_only_what_is_asked_for(self, shop: Shop) -> None:
        shop.state.add_customer("a@example.com", address=ADDRESS)
        page = shop.page(
            responseFields="Items(id,emailaddress,auditInfo(updateDate),contacts(address)),totalCount"
        )
        assert page == {
            "totalCount": 1,
            "items": [
                {
                    "id": 1001,
                    "emailAddress": "a@example.com",
                    "contacts": [{"address": shop.account(1001)["contacts"][0]["address"]}],
                    "auditInfo": {"updateDate": "2026-05-04T10:00:00.417Z"},
                }
            ],
        }

    @pytest.mark.parametrize("wanted", ["items(id", "items(id))", "(id)", "items(),id", "id,,id", "i&d"])
    def test_nonsense_is_refused(self, shop: Shop, wanted: str) -> None:
        assert shop.get(ACCOUNTS, responseFields=wanted).status_code == 400

    def test_groups_leave_parts_out(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com", address=ADDRESS)
        shown = shop.ok("GET", f"{ACCOUNTS}/{number}", responseGroups="Contacts")
        assert "contacts" in shown
        assert not {"notes", "commerceSummary"} & set(shown)

    def test_free_search_and_guests(self, shop: Shop) -> None:
        shop.state.add_customer("maria@example.com", first_name="Maria")
        shop.state.add_customer("guest@example.com", anonymous=True)
        assert shop.ids(q="MARIA") == [1001]
        assert shop.ids(isAnonymous="true") == [1002]
        assert shop.ids(isAnonymous="false") == [1001]
        assert shop.ids() == [1001, 1002]


class TestPut:
    @pytest.fixture
    def number(self, shop: Shop) -> int:
        return shop.state.add_customer(
            "maria@example.com", True, first_name="Maria", address=ADDRESS, phone="1"
        )

    def test_a_full_round_trip_changes_one_flag_and_the_date(self, shop: Shop, number: int) -> None:
        before, print_before = shop.account(number), shop.state.fingerprint(number)
        shop.clock.advance(SECOND)
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", {**before, "acceptsMarketing": False})
        assert after == shop.account(number)
        assert (after["acceptsMarketing"], after["auditInfo"]["updateDate"]) == (
            False,
            "2026-05-04T10:00:01.417Z",
        )
        assert shop.state.fingerprint(number) == print_before
        assert shop.ids(filter="acceptsMarketing eq true") == []
        assert shop.ids(filter="updateDate ge 2026-05-04T10:00:01.417Z") == [number]

    def test_what_is_left_out_is_lost(self, shop: Shop, number: int) -> None:
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", {"id": number, "emailAddress": "new@example.com"})
        assert (after["acceptsMarketing"], after["firstName"], after["contacts"]) == (False, None, [])
        assert after["isActive"] is True
        assert shop.state.customers_by_email("maria@example.com") == []
        assert [one["id"] for one in shop.state.customers_by_email(" NEW@example.com")] == [number]

    def test_contacts_left_out_may_stay(self, shop: Shop, number: int) -> None:
        shop.state.switches.put_keeps_contacts_if_omitted = True
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", {"id": number})
        assert len(after["contacts"]) == 1
        assert after["firstName"] is None
        assert shop.ok("PUT", f"{ACCOUNTS}/{number}", {"contacts": []})["contacts"] == []

    def test_merging_keeps_what_is_left_out(self, shop: Shop, number: int) -> None:
        shop.state.switches.put_mode = "merge"
        before = shop.state.fingerprint(number)
        assert (
            shop.ok("PUT", f"{ACCOUNTS}/{number}", {"acceptsMarketing": False})["acceptsMarketing"] is False
        )
        assert shop.state.fingerprint(number) == before
        assert shop.ok("PUT", f"{ACCOUNTS}/{number}", {"firstName": None})["firstName"] is None

    def test_active_and_orders_and_dates_are_not_the_writers(self, shop: Shop, number: int) -> None:
        shop.state.place_order(number)
        before = shop.account(number)
        body = {
            **before,
            "isActive": False,
            "commerceSummary": None,
            "auditInfo": None,
            "segments": [{"id": 1}],
        }
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", body)
        assert after["isActive"] is True
        assert after["commerceSummary"] == before["commerceSummary"]
        assert after["auditInfo"]["createDate"] == before["auditInfo"]["createDate"]

    def test_contacts_keep_their_ids_and_a_changed_one_gets_a_new_date(self, shop: Shop, number: int) -> None:
        shop.ok("POST", f"{ACCOUNTS}/{number}/contacts", {"label": "Work"})
        before = shop.account(number)
        shop.clock.advance(SECOND)
        changed = json.loads(json.dumps(before))
        changed["contacts"][1]["label"] = "Office"
        changed["contacts"].append({"label": "Third"})
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", changed)["contacts"]
        assert after[0] == before["contacts"][0]
        assert after[1]["id"] == before["contacts"][1]["id"]
        assert after[1]["auditInfo"]["updateDate"] > before["contacts"][1]["auditInfo"]["updateDate"]
        assert after[2]["id"] > after[1]["id"]

    def test_a_write_without_a_difference_is_a_change_all_the_same(self, shop: Shop, number: int) -> None:
        events = len(shop.events())
        shop.clock.advance(SECOND)
        shop.ok("PUT", f"{ACCOUNTS}/{number}", shop.account(number))
        assert len(shop.events()) == events + 2
        assert shop.ids(filter="updateDate gt 2026-05-04T10:00:00.417Z") == [number]

    def test_is_told_in_audit_log_and_events(self, shop: Shop, number: int) -> None:
        shop.clock.advance(SECOND)
        answer = shop.call("PUT", f"{ACCOUNTS}/{number}", {**shop.account(number), "acceptsMarketing": False})
        entry = shop.ok("GET", f"{ACCOUNTS}/{number}/AuditLog/Entries")["items"][-1]
        assert (entry["fieldPath"], entry["oldValue"], entry["newValue"]) == (
            "acceptsMarketing",
            "true",
            "false",
        )
        assert (entry["entryDate"], entry["application"]) == ("2026-05-04T10:00:01.417Z", shop.state.app_key)
        events = shop.events()[-2:]
        assert [event["topic"] for event in events] == ["customeraccount.updated"] * 2
        assert {event["siteId"] for event in events} == {20001, 20002}
        assert {event["correlationId"] for event in events} == {answer.headers["x-vol-correlation"]}

    @pytest.mark.parametrize("body", [
        {"acceptsMarketing": None}, {"acceptsMarketing": "true"}, {"firstName": 5}, {"contacts": {}},
        {"contacts": ["a"]}, {"contacts": [{"address": "here"}]}, {"customerSinceDate": "soon"}, {"id": 1},
    ])  # fmt: skip
    def test_wrong_kinds_are_refused_and_change_nothing(self, shop: Shop, number: int, body: Any) -> None:
        before = shop.account(number)
        answer = shop.call("PUT", f"{ACCOUNTS}/{number}", body)
        assert answer.status_code == 400
        assert shop.account(number) == before
        assert shop.ids(filter="acceptsMarketing eq true") == [number]

    def test_may_be_refused_for_one_account(self, shop: Shop, number: int) -> None:
        shop.state.switches.refuse_put_ids = {number: 409}
        answer = shop.call("PUT", f"{ACCOUNTS}/{number}", shop.account(number))
        assert (answer.status_code, answer.json["errorCode"]) == (409, "VALIDATION_CONFLICT")

    def test_may_silently_not_do_what_it_should(self, shop: Shop, number: int) -> None:
        shop.state.set_switches(put_ignores_opt_in=True, put_loses_contacts=True)
        after = shop.ok("PUT", f"{ACCOUNTS}/{number}", {**shop.account(number), "acceptsMarketing": False})
        assert (after["acceptsMarketing"], after["contacts"]) == (True, [])

    def test_of_nobody_or_of_nothing(self, shop: Shop, number: int) -> None:
        assert shop.call("PUT", f"{ACCOUNTS}/5", {"id": 5}).status_code == 404
        assert shop.call("PUT", f"{ACCOUNTS}/{number}").status_code == 409
        raw = shop.client.put(f"{ACCOUNTS}/{number}", data=b"{", headers=shop.headers)
        assert raw.status_code == 400


class TestPostAndDelete:
    def test_creating_answers_201_and_tells(self, shop: Shop) -> None:
        body = {"emailAddress": "a@example.com", "acceptsMarketing": True, "contacts": [{"label": "Home"}]}
        answer = shop.call("POST", ACCOUNTS, body)
        assert answer.status_code == 201
        assert answer.json["id"] == 1001
        assert (answer.json["isActive"], len(answer.json["contacts"])) == (True, 1)
        assert [event["topic"] for event in shop.events()] == ["customeraccount.created"] * 2
        assert answer.json["auditInfo"]["createDate"] == START.isoformat(timespec="milliseconds").replace(
            "+00:00", "Z"
        )

    def test_contacts_of_a_new_account_may_be_left_aside(self) -> None:
        shop = Shop(post_takes_contacts=False)
        assert shop.ok("POST", ACCOUNTS, {"contacts": [{"label": "Home"}]})["contacts"] == []

    def test_deleting_answers_204_unless_there_were_orders(self, shop: Shop) -> None:
        one, other = stocked(shop, 2)
        shop.state.place_order(other)
        assert shop.call("DELETE", f"{ACCOUNTS}/{one}").status_code == 204
        assert shop.call("DELETE", f"{ACCOUNTS}/{other}").status_code == 409
        assert shop.get(f"{ACCOUNTS}/{one}").status_code == 404
        assert shop.ids() == [other]
        assert shop.events()[-1]["topic"] == "customeraccount.deleted"
        assert shop.call("DELETE", f"{ACCOUNTS}/{one}").status_code == 404


class TestParts:
    def test_contacts_move_the_account_or_not(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com")
        for bumps in (True, False):
            shop.state.switches.contact_change_bumps_update_date = bumps
            shop.clock.advance(SECOND)
            before, events = shop.account(number), len(shop.events())
            contact = shop.ok("POST", f"{ACCOUNTS}/{number}/contacts", {"label": "Home"})
            moved = shop.account(number)["auditInfo"] != before["auditInfo"]
            assert (moved, len(shop.events()) > events) == (bumps, bumps)
            shop.ok("DELETE", f"{ACCOUNTS}/{number}/contacts/{contact['id']}")
        assert shop.account(number)["contacts"] == []

    def test_unknown_ones(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com")
        assert shop.get(f"{ACCOUNTS}/{number}/contacts/1").status_code == 404
        assert shop.get(f"{ACCOUNTS}/5/contacts").status_code == 404
        assert shop.get(f"{ACCOUNTS}/5/attributes").status_code == 404
        assert shop.ok("GET", f"{ACCOUNTS}/5/segments")["items"] == []
        assert shop.call("PUT", f"{ACCOUNTS}/{number}/contacts/1", {"label": "x"}).status_code == 404
        assert shop.call("POST", f"{ACCOUNTS}/{number}/contacts", {}).status_code == 400

    def test_an_attribute_by_its_full_name(self, shop: Shop) -> None:
        number = shop.state.add_customer("a@example.com")
        attribute = {
            "fullyQualifiedName": "tenant~Favorite-Color",
            "attributeDefinitionId": 14,
            "values": ["blue"],
        }
        shop.ok("PUT", f"{ACCOUNTS}/{number}", {**shop.account(number), "attributes": [attribute]})
        assert shop.ok("GET", f"{ACCOUNTS}/{number}/attributes/tenant~favorite-color") == attribute

    def test_the_audit_log_can_be_missing(self) -> None:
        shop = Shop(audit_log=False)
        number = shop.state.add_customer("a@example.com")
        assert shop.get(f"{ACCOUNTS}/{number}/AuditLog/Entries").status_code == 404
