"""`ccdesk drift`: the document of design §8, its exit codes, and that it is stopped like any command."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from ccdesk.core.drift import DriftKind, MailShows, ShopShows
from ccdesk.sandbox.wire.kernel import Fault
from tests.cli.conftest import Shell, next_second

LIST = "Kibo customers"


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Ann and Ben are in step."""
    kibo = connected.sandbox.kibo
    connected.ids = [kibo.add_customer(f"{name}@example.com", True) for name in ("ann", "ben")]
    connected.json("sync", "export")
    return connected


def put_back(shop: Shell) -> None:
    next_second()
    shop.sandbox.kibo.opt_out(shop.ids[0])
    shop.json("sync", "events")
    next_second()
    shop.sandbox.cc.staff_add_to_list("ann@example.com", shop.sandbox.cc.list_id(LIST))


def test_in_step_the_document_is_empty(shop: Shell) -> None:
    found = shop.json("drift")
    assert (found["kinds"], found["people"]) == ([], [])
    assert "Both sides are in step." in shop("drift").stdout


def test_the_document_is_that_of_the_design(shop: Shell) -> None:
    put_back(shop)
    shop.sandbox.kibo.add_customer("new@example.com", True)
    mark = shop.sandbox.log.mark()
    found = shop.json("drift")
    assert shop.sandbox.log.writes(since=mark) == []
    assert set(found) == {"checked_at", "kinds", "people"}
    assert datetime.fromisoformat(found["checked_at"]).tzinfo is not None
    for kind in found["kinds"]:
        assert set(kind) == {"kind", "people", "repairable", "meaning"}
        assert kind["repairable"] is DriftKind(kind["kind"]).repairable
        assert kind["people"] == sum(one["kind"] == kind["kind"] for one in found["people"])
    for one in found["people"]:
        assert set(one) == {"email", "customer_ids", "kind", "shop", "mail", "reason"}
        assert one["shop"] in set(ShopShows)
        assert one["mail"] in set(MailShows)
        assert one["reason"]
    ann, new = found["people"]
    assert (ann["email"], ann["customer_ids"], ann["kind"]) == ("ann@example.com", [shop.ids[0]], "put_back")
    assert (ann["shop"], ann["mail"]) == ("opted_out", "on_list")
    assert (new["email"], new["kind"], new["mail"]) == ("new@example.com", "not_added", "no_contact")


def test_on_a_terminal_it_is_words(shop: Shell) -> None:
    put_back(shop)
    shop.sandbox.kibo.add_customer("new@example.com", True)
    said = shop("drift").stdout
    assert "ann@example.com" in said
    assert DriftKind.PUT_BACK.meaning in said
    assert "not_added  (put right by the next runs)" in said


def test_status_names_who_was_put_back_and_points_here(shop: Shell) -> None:
    put_back(shop)
    shop.json("sync", "inbound")
    [need] = shop.json("status")["needs_you"]
    assert (need["kind"], need["count"], need["people"]) == ("disagreement", 1, ["ann@example.com"])
    assert "ann@example.com" in need["title"]
    assert "ccdesk drift" in need["next_step"]
    shop.sandbox.cc.staff_remove_from_list("ann@example.com", shop.sandbox.cc.list_id(LIST))
    shop.json("sync", "inbound")
    assert shop.json("status")["needs_you"] == []


def test_what_keeps_it_from_comparing_has_the_exit_codes_of_any_command(shop: Shell) -> None:
    fault = Fault("status", service="kibo", path="accounts", status=503, times=40)
    shop.sandbox.faults.add(fault)
    failed = shop("drift", "--json")
    assert failed.returncode == 4
    assert json.loads(failed.stdout)["error"]["title"]
    shop.sandbox.faults.clear()
    shop.sandbox.cc.delete_list(shop.sandbox.cc.list_id(LIST))
    assert shop("drift").returncode == 2
    shop.json("logout")
    assert shop("drift").returncode == 3


def opted_out_unseen(shop: Shell) -> None:
    """Ann has opted out, and so long ago that no poll of Kibo's changes shows it any more."""
    next_second()
    shop.sandbox.kibo.opt_out(shop.ids[0])


@pytest.mark.parametrize("kind", [kind for kind in DriftKind if kind.repairable])
def test_what_can_be_repaired_names_its_runs(kind: DriftKind) -> None:
    assert kind.repaired_by
    assert ("next" in kind.meaning) is True, "and its meaning says that the next runs do it anyway"


def test_an_opt_out_that_is_due_is_put_right_by_the_ordinary_runs(shop: Shell) -> None:
    opted_out_unseen(shop)
    [due] = shop.json("drift")["people"]
    assert due["kind"] in ("opt_out_due", "change_due")
    found = shop.json("drift", "--repair", due["kind"])
    assert found["people"] == []
    assert set(found) == {"checked_at", "kinds", "people"}
    assert "ann@example.com" not in shop.sandbox.cc.members(shop.sandbox.cc.list_id(LIST))
    assert [run["kind"] for run in shop.json("runs")["runs"]][:3] == ["inbound", "events", "full-compare"]


def test_an_unsubscribe_is_brought_to_the_shop(shop: Shell) -> None:
    shop.sandbox.cc.unsubscribe("ben@example.com", "too many")
    [due] = shop.json("drift")["people"]
    assert due["kind"] == "unsubscribed"
    assert shop.json("drift", "--repair", "unsubscribed")["people"] == []
    assert shop.sandbox.kibo.customer(shop.ids[1])["acceptsMarketing"] is False


def test_a_new_opt_in_is_exported_without_a_welcome_email(shop: Shell) -> None:
    shop.json("settings", "set", "welcome_email=true")
    shop.sandbox.kibo.add_customer("new@example.com", True)
    assert shop.json("drift", "--repair", "not_added")["people"] == []
    assert "new@example.com" in shop.sandbox.cc.members(shop.sandbox.cc.list_id(LIST))
    assert shop.sandbox.cc.mails() == []


def test_what_no_run_puts_right_is_refused_with_what_it_means(shop: Shell) -> None:
    put_back(shop)
    mark = shop.sandbox.log.mark()
    refused = shop("drift", "--repair", "put_back")
    assert refused.returncode == 2
    assert "No run puts “put_back” right" in refused.stderr
    assert "Take them off the list" in refused.stderr
    assert shop.sandbox.log.writes(since=mark) == []


def test_a_run_that_fails_ends_the_repair_with_its_code(shop: Shell) -> None:
    opted_out_unseen(shop)
    shop.sandbox.faults.add(Fault("status", service="kibo", path="accounts", status=503, times=40))
    failed = shop("drift", "--repair", "opt_out_due", "--json")
    assert failed.returncode == 4
    assert json.loads(failed.stdout)["error"]["title"]


def test_without_a_list_it_asks_for_one(shop: Shell, tmp_path: Path) -> None:
    other = Shell(shop.sandbox, tmp_path / "other")
    other.set_up()
    other.sign_in()
    failed = other("drift")
    assert failed.returncode == 2
    assert "No contact list is chosen" in failed.stderr


def test_one_person_of_a_kind_is_put_right_alone(shop: Shell) -> None:
    next_second()
    for number in shop.ids:
        shop.sandbox.kibo.opt_out(number)
    found = shop.json("drift", "--repair", "opt_out_due", "--person", "ann@example.com")
    assert [one["email"] for one in found["people"]] == ["ben@example.com"]
    members = shop.sandbox.cc.members(shop.sandbox.cc.list_id(LIST))
    assert members == ["ben@example.com"]
    found = shop.json("drift", "--repair", "opt_out_due", "--person", str(shop.ids[1]))
    assert found["people"] == []


def test_a_person_who_is_not_of_the_kind_is_refused(shop: Shell) -> None:
    mark = shop.sandbox.log.mark()
    refused = shop("drift", "--repair", "opt_out_due", "--person", "ann@example.com")
    assert refused.returncode == 2
    assert "“ann@example.com” is not of the kind “opt_out_due”" in refused.stderr
    assert shop("drift", "--person", "ann@example.com").returncode == 2
    assert shop("drift", "--repair", "put_back", "--person", "ann@example.com").returncode == 2
    assert shop.sandbox.log.writes(since=mark) == []


def test_what_staff_leave_as_it_is_needs_nobody_and_stays_named(shop: Shell) -> None:
    put_back(shop)
    shop.json("sync", "inbound")
    assert [need["kind"] for need in shop.json("status")["needs_you"]] == ["disagreement"]
    found = shop.json("drift", "--leave", "put_back", "--person", "ann@example.com")
    assert set(found) == {"checked_at", "kinds", "people"}
    [kind], [ann] = found["kinds"], found["people"]
    assert set(kind) == {"kind", "people", "repairable", "meaning"}
    assert (kind["kind"], kind["people"], kind["repairable"]) == ("left_as_is", 1, False)
    assert set(ann) == {"email", "customer_ids", "kind", "shop", "mail", "reason"}
    assert (ann["kind"], ann["shop"], ann["mail"]) == ("left_as_is", "opted_out", "on_list")
    assert "left as it is on " in ann["reason"]
    assert shop.json("status")["needs_you"] == []
    assert shop.json("drift")["people"] == found["people"]
    assert "left as it is on " in shop("drift").stdout
    again = shop.json("drift", "--name-again", "--person", "ann@example.com")
    assert [(one["email"], one["kind"]) for one in again["people"]] == [("ann@example.com", "put_back")]
    assert [need["kind"] for need in shop.json("status")["needs_you"]] == ["disagreement"]
    refused = shop("drift", "--name-again", "--person", "ann@example.com")
    assert refused.returncode == 2
    assert "“ann@example.com” is not left as they are" in refused.stderr
    assert shop("drift", "--name-again").returncode == 2


def test_what_cannot_be_left_is_refused_before_anything_is_read(shop: Shell) -> None:
    mark = shop.sandbox.log.mark()
    refused = shop("drift", "--leave", "not_added")
    assert refused.returncode == 2
    assert "“not_added” cannot be left as it is" in refused.stderr
    assert shop("drift", "--leave", "put_back", "--repair", "not_added").returncode == 2
    assert shop.sandbox.log.all(since=mark) == []
    nobody = shop("drift", "--leave", "put_back")
    assert nobody.returncode == 2
    assert "Nobody is of the kind “put_back”" in nobody.stderr
