"""The initial export as the issue states it: the right people, honest figures, no mail, nothing twice."""

import pytest

from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.kibo.state import KiboSwitches
from tests.e2e.world import open_world

ADDRESS = {
    "address1": "300 Lamar Street",
    "address2": "Apt 7",
    "cityOrTown": "Austin",
    "stateOrProvince": "TX",
    "postalOrZipCode": "n/a",
    "countryCode": "US",
}


def fill(world, opted_in: int = 430, opted_out: int = 50) -> dict[str, int]:
    """Seed the shop of the issue; returns the notable customers by name."""
    kibo, cc = world.kibo, world.cc
    for number in range(opted_in - 12):
        kibo.add_customer(
            f"person{number}@example.com", True, first_name=f"First{number}", last_name=f"Last{number}",
            address=ADDRESS,
        )  # fmt: skip
    for number in range(opted_out):
        kibo.add_customer(f"no{number}@example.com", False, first_name="No")
    notable = {
        "foreign": kibo.add_customer("foreign@example.com", True, first_name="Shop", last_name="Name"),
        "unsubscribed": kibo.add_customer("left@example.com", True, first_name="Left"),
        "deleted": kibo.add_customer("deleted@example.com", True, first_name="Del"),
        "malformed1": kibo.add_customer("no-at-sign.example.com", True, first_name="Mal"),
        "malformed2": kibo.add_customer("two@@example.com", True, first_name="Formed"),
        "too_long": kibo.add_customer("x" * 70 + "@example-shop.com", True, first_name="Long"),
        "long": kibo.add_customer("y" * 45 + "@example.com", True, first_name="Longish"),
        "over_long_name": kibo.add_customer("name@example.com", True, first_name="N" * 80),
        "shared1": kibo.add_customer("shared@example.com", True, first_name="Sha"),
        "shared2": kibo.add_customer("Shared@Example.com ", True, first_name="Red"),
        "pending": kibo.add_customer("pending@example.com", True, first_name="Pen"),
        "blank": kibo.add_customer(None, True, first_name="Blank"),
    }
    other = cc.add_list("Other")
    cc.add_contact("foreign@example.com", lists=[other], first_name="Mail", last_name="Side")
    cc.add_contact("left@example.com", lists=[other])
    cc.unsubscribe("left@example.com")
    cc.add_contact("deleted@example.com", lists=[other])
    cc.delete_contact("deleted@example.com")
    cc.add_contact("pending@example.com", permission="pending_confirmation")
    world.later()
    return notable


def check(world, run, notable) -> None:
    counts = run.counts
    total = sum(counts.get(key, 0) for key in ("added", "updated", "unchanged", "skipped")) + run.error_count
    assert total == run.total_contacts == 430
    assert run.message == ""
    members = world.members()
    expected = {f"person{n}@example.com" for n in range(418)}
    expected |= {"foreign@example.com", "name@example.com", "shared@example.com", "y" * 45 + "@example.com"}
    assert members == expected
    errors = world.entries(run, Outcome.ERROR)
    assert set(errors) == {notable["malformed1"], notable["malformed2"], notable["too_long"]}
    assert errors[notable["malformed1"]].code == "email_malformed"
    assert errors[notable["too_long"]].code == "email_too_long"
    skipped = world.entries(run, Outcome.SKIPPED)
    assert "unsubscribed in Constant Contact" in skipped[notable["unsubscribed"]].reason
    assert "deleted" in skipped[notable["deleted"]].reason
    assert "waiting" in skipped[notable["pending"]].reason
    assert "no email" in skipped[notable["blank"]].reason
    assert "shortened" in world.entries(run)[notable["over_long_name"]].reason
    assert world.cc.mails() == []


def test_the_initial_export(world):
    notable = fill(world)
    before = world.cc.fingerprint("foreign@example.com")
    world.choose_list()
    run = world.export()
    check(world, run, notable)
    person = world.cc.contact("person7@example.com")
    assert (person["first_name"], person["last_name"]) == ("First7", "Last7")
    address = person["street_addresses"][0]
    assert (address["street"], address["city"], address["state"]) == (
        "300 Lamar Street, Apt 7",
        "Austin",
        "TX",
    )
    assert "postal_code" not in address
    foreign = world.cc.contact("foreign@example.com")
    assert (foreign["first_name"], foreign["last_name"]) == ("Mail", "Side")
    assert world.cc.list_id("Other") in foreign["list_memberships"]
    assert before != "", "the foreign contact was there before"


def test_a_second_export_makes_no_write_and_reports_nothing_done(world):
    fill(world)
    world.choose_list()
    world.export()
    mark = world.sandbox.log.mark()
    second = world.export()
    assert world.sandbox.log.writes(since=mark) == []
    assert second.changes == 0
    assert second.counts.get("unchanged", 0) > 400


def test_a_changed_name_is_brought_up_to_date_by_the_next_export(world):
    customer = world.kibo.add_customer("ada@example.com", True, first_name="Ada", last_name="Reyes")
    world.choose_list()
    world.export()
    world.kibo.change_name(customer, "Ada", "Lovelace")
    world.later()
    run = world.export()
    assert run.counts["updated"] == 1
    assert world.cc.contact("ada@example.com")["last_name"] == "Lovelace"
    assert world.export().changes == 0


def test_a_long_email_is_created_and_brought_up_to_date_by_single_calls(world):
    email = "a.very.long.address.for.newsletters@long-name.example.com"
    customer = world.kibo.add_customer(email, True, first_name="Ada", last_name="Reyes")
    world.choose_list()
    assert world.export().counts["added"] == 1
    world.kibo.change_name(customer, "Ada", "Lovelace")
    world.later()
    assert world.export().counts["updated"] == 1
    assert world.cc.contact(email)["last_name"] == "Lovelace"
    assert world.export().changes == 0
    assert world.cc.mails() == []


def test_people_who_left_the_list_are_not_put_back(world):
    customer = world.kibo.add_customer("ada@example.com", True)
    world.kibo.add_customer("bob@example.com", True)
    world.choose_list()
    world.export()
    other = world.cc.add_list("Other")
    world.cc.join_list("ada@example.com", other)
    world.cc.leave_list("ada@example.com", world.list_id)
    world.later()
    run = world.export()
    assert world.members() == {"bob@example.com"}
    assert "left the list" in world.entries(run)[customer].reason
    world.cycle()
    assert not world.opted_in(customer)


@pytest.mark.parametrize(
    "switches",
    [
        {"shuffle": True},
        {"last_page_links": "empty"},
        {"normalise_country": True},
        {"lowercase_email": False},
        {"import_revives_deleted": False},
        {"unsubscribe_empties_lists": False},
        {"default_status": "not_deleted"},
        {"list_join_automation": True},
    ],
    ids=lambda switches: ",".join(switches),
)
def test_what_the_sheets_leave_open_about_constant_contact_changes_nothing(tmp_path, switches):
    chosen = CcSwitches()
    chosen.turn(**switches)
    with open_world(tmp_path, cc_switches=chosen) as world:
        notable = fill(world)
        world.choose_list()
        run = world.export()
        if "list_join_automation" in switches:
            assert run.counts["added"]
            return
        check(world, run, notable)
        assert world.export().changes == 0


@pytest.mark.parametrize(
    "switches",
    [
        {"unknown_filter": "ignore", "accepts_marketing_filterable": False},
        {"unknown_filter": "refuse", "accepts_marketing_filterable": False},
        {"unknown_filter": "ignore", "id_filterable": False},
        {"unknown_filter": "refuse", "id_filterable": False},
        {"update_filter_name": "none", "unknown_filter": "ignore"},
        {"unknown_filter": "nothing", "accepts_marketing_filterable": False},
        {"unknown_filter": "nothing", "id_filterable": False, "update_filter_name": "none"},
        {"email_quotes": "needed"},
    ],
    ids=lambda switches: ",".join(f"{key}={value}" for key, value in switches.items()),
)
def test_what_the_sheets_leave_open_about_kibo_changes_nothing(tmp_path, switches):
    with open_world(tmp_path, kibo_switches=KiboSwitches(**switches)) as world:
        notable = fill(world)
        world.choose_list()
        check(world, world.export(), notable)


def test_lost_rows_are_errors_that_name_the_person(tmp_path):
    chosen = CcSwitches()
    chosen.turn(import_loses_every=3)
    with open_world(tmp_path, cc_switches=chosen) as world:
        for number in range(9):
            world.kibo.add_customer(f"p{number}@example.com", True)
        world.choose_list()
        run = world.export()
        errors = world.entries(run, Outcome.ERROR)
        assert run.error_count == len(errors) == 3
        assert {entry.code for entry in errors.values()} == {"not_on_list"}
        assert len(world.members()) == 6


def test_nothing_is_pushed_when_the_list_cannot_be_scanned(world):
    from ccdesk.sandbox.wire.kernel import Fault

    world.kibo.add_customer("ada@example.com", True)
    world.choose_list()
    world.sandbox.faults.add(Fault("status", service="cc", path=r"/contacts$", times=50, status=503))
    run = world.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.FAILED
    assert run.message
    assert world.members() == set()
