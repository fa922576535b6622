"""`--dry-run`: the very run that follows, with the outbox shut; nothing is changed anywhere (design §8)."""

from __future__ import annotations

import threading
from typing import Any
from unittest.mock import patch

import pytest

from ccdesk.core.errors import Busy, ListHasMembers, LoginNeeded, ManyHeld, ManyWelcomes, SettingsError
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.store.store import SqliteStore
from ccdesk.sync.outbox.welcomes import MOST
from ccdesk.sync.runs import export_batches, members_file
from tests.e2e.conftest import PowerCut, cut, long_known, staff_take_off
from tests.e2e.tried import Done, previewed, ran, sign_ups, stored
from tests.e2e.world import World

LONG = "y" * 45 + "@example.com"


def same(world: World, kind: RunKind, **options: Any) -> Done:
    """Preview a run, then do it: the same is shown, and only the second wrote anything."""
    mark, mails = world.sandbox.log.mark(), len(world.cc.mails())
    would, welcomes = previewed(world.desk, world.base, kind, **options)
    assert world.sandbox.log.writes(since=mark) == []
    assert len(world.cc.mails()) == mails
    mark = world.sandbox.log.mark()
    did = ran(world.desk, kind, **options)
    assert would == did
    assert welcomes == sign_ups(world.sandbox.log.writes(since=mark))
    world.later()
    return did


def notable(world: World) -> None:
    """People of every sort that an export tells apart."""
    kibo, cc = world.kibo, world.cc
    for number in range(30):
        kibo.add_customer(f"p{number}@example.com", True, first_name=f"P{number}")
    for email in (
        "foreign@example.com", "out@example.com", "deleted@example.com", "pending@example.com", LONG,
        "no-at-sign.example.com", "x" * 70 + "@example-shop.com", "shared@example.com", "Shared@Example.com ",
    ):  # fmt: skip
        kibo.add_customer(email, True, first_name="N" * 80)
    kibo.add_customer(None, True)
    kibo.add_customer("guest@example.com", True, anonymous=True)
    kibo.deactivate(kibo.add_customer("inactive@example.com", True))
    kibo.add_customer("never@example.com", False)
    other = cc.add_list("Other")
    for name in ("foreign", "out", "deleted"):
        cc.add_contact(f"{name}@example.com", lists=[other])
    cc.unsubscribe("out@example.com")
    cc.delete_contact("deleted@example.com")
    cc.add_contact("pending@example.com", permission="pending_confirmation")
    world.later()


@pytest.fixture
def shop(world: World) -> World:
    """A shop after its export, with the welcome setting on; `ids` by name."""
    names = ("ada", "bob", "cyd", "dan", "eve", "fay")
    world.ids = {name: world.kibo.add_customer(f"{name}@example.com", True) for name in names}
    world.ids["out"] = world.kibo.add_customer("out@example.com", False)
    world.later(60)
    world.choose_list(welcome_email="true")
    world.export()
    world.cycle()
    world.later(60)
    return world


# ---------------------------------------------------------------- export


def test_the_first_export_and_a_second_one(world: World) -> None:
    notable(world)
    world.choose_list()
    did = same(world, RunKind.EXPORT)
    assert did.status is RunStatus.COMPLETE
    assert did.counts["added"] >= 32
    assert did.errors == 2
    assert set(same(world, RunKind.EXPORT).counts) == {"unchanged", "skipped"}


def test_the_list_that_the_run_would_make_is_not_made(world: World) -> None:
    world.kibo.add_customer("ada@example.com", True)
    world.container.store.settings.save({"contact_list": "Not there yet"})
    world.later()
    would, _ = previewed(world.desk, world.base, RunKind.EXPORT)
    assert would.counts["added"] == 1
    assert world.cc.list_id("Not there yet") is None
    assert would == ran(world.desk, RunKind.EXPORT)


def test_a_long_list_needs_no_file_of_its_members(world: World) -> None:
    notable(world)
    world.choose_list()
    with patch.object(members_file, "FILE_FROM", 1):
        mark = world.sandbox.log.mark()
        would, _ = previewed(world.desk, world.base, RunKind.EXPORT)
        assert world.sandbox.log.all(path="contact_exports", since=mark) == []
        assert would == ran(world.desk, RunKind.EXPORT)


@pytest.mark.parametrize("file_from", [1, 10_000])
def test_an_export_that_was_cut_short_would_be_gone_on_with(world: World, file_from: int) -> None:
    notable(world)
    world.choose_list()
    with (
        patch.object(export_batches, "IMPORT_MAX_ROWS", 10),
        patch.object(members_file, "FILE_FROM", file_from),
    ):
        cut(world, "Sending to Constant Contact", at=20)
        assert world.members(), "some have been sent"
        did = same(world, RunKind.EXPORT)
    assert did.status is RunStatus.COMPLETE
    assert did.counts["added"] >= 32


def test_fields_that_changed_and_people_who_are_off_the_list(shop: World) -> None:
    shop.kibo.change_name(shop.ids["ada"], "Adele", "New")
    shop.cc.leave_list("bob@example.com", shop.list_id)
    shop.cc.unsubscribe("cyd@example.com")
    shop.kibo.opt_out(shop.ids["dan"])
    shop.kibo.change_email(shop.ids["eve"], "eve.new@example.com")
    shop.kibo.add_customer(LONG, True)
    shop.later()
    did = same(shop, RunKind.EXPORT)
    assert did.counts["updated"] == 1


def test_a_list_that_has_members_already_is_asked_about_in_words(world: World) -> None:
    for name in ("a", "b"):
        world.kibo.add_customer(f"{name}@example.com", True)
    world.cc.add_list(world.list_name)
    world.cc.add_contact("member@example.com", lists=[world.list_id])
    world.cc.add_contact("a@example.com", lists=[world.cc.add_list("Other")])
    world.later()
    world.choose_list()
    with world.desk.preview(RunKind.EXPORT) as preview:
        assert isinstance(preview.run.failure, ListHasMembers)
        assert preview.run.message.startswith("1 customer is a contact but not on the list")
    same(world, RunKind.EXPORT)
    world.reopen()
    assert same(world, RunKind.EXPORT, leave_out=True).counts == {"added": 1, "skipped": 1}


# ---------------------------------------------------------------- events


def test_events_of_every_kind(shop: World) -> None:
    kibo, cc, ids = shop.kibo, shop.cc, shop.ids
    other = cc.add_list("Other")
    kibo.add_customer("new@example.com", True, first_name="New")
    kibo.add_customer(LONG, True)
    kibo.add_customer("no-at-sign.example.com", True)
    cc.add_contact("foreign@example.com", lists=[other])
    kibo.add_customer("foreign@example.com", True)
    kibo.add_customer("guest@example.com", True, anonymous=True)
    for _ in range(2):
        kibo.add_customer("twice@example.com", True)
    kibo.opt_in(ids["out"])
    kibo.opt_out(ids["ada"])
    kibo.change_email(ids["bob"], "bob.new@example.com")
    kibo.delete_customer(ids["cyd"])
    cc.unsubscribe("dan@example.com")
    cc.delete_contact("eve@example.com")
    kibo.place_order(ids["fay"])
    shop.later()
    did = same(shop, RunKind.EVENTS)
    assert did.counts["removed"] == 1
    assert did.counts["added"] >= 4
    assert len(shop.cc.mails("welcome")) >= 4
    assert set(same(shop, RunKind.EVENTS).counts) <= {"unchanged", "skipped"}


def test_who_opts_in_anew_after_an_opt_out_would_be_asked_to_confirm(shop: World) -> None:
    shop.cc.unsubscribe("ada@example.com")
    shop.later()
    shop.run(RunKind.INBOUND)
    shop.later(60)
    shop.kibo.opt_in(shop.ids["ada"])
    shop.later()
    did = same(shop, RunKind.EVENTS)
    assert "confirmation" in did.entries[0][3]
    assert len(shop.cc.mails("resubscribe")) == 1


@pytest.mark.parametrize("others", [0, 30], ids=["alone", "by one look at the list"])
def test_who_unsubscribed_and_is_still_shown_would_be_taken_off_the_list(world: World, others: int) -> None:
    world.cc.switches.unsubscribe_empties_lists = False
    long_known(world, 2 + others * 6)  # those who opt out are too few of them for the guard
    world.cc.unsubscribe("p0@example.com")
    for number in world.ids[: others + 1]:
        world.kibo.opt_out(number)
    world.later(60)
    assert same(world, RunKind.EVENTS).counts[Outcome.REMOVED] == others + 1


def test_whose_contact_is_deleted_would_not_be_asked_to_confirm(shop: World) -> None:
    """Schedule 910008: the service asks nobody whose contact is deleted."""
    shop.cc.unsubscribe("ada@example.com")
    shop.cc.delete_contact("ada@example.com")
    shop.later()
    shop.run(RunKind.INBOUND)
    shop.later(60)
    shop.kibo.opt_in(shop.ids["ada"])
    shop.later()
    did = same(shop, RunKind.EVENTS)
    assert "deleted in Constant Contact" in did.entries[0][3]


def test_many_by_import_and_many_off_the_list_are_read_back_in_the_mind(shop: World) -> None:
    shop.desk.save_settings({"welcome_email": "false"})
    for number in range(60):
        shop.kibo.add_customer(f"n{number}@example.com", True)
    other = shop.cc.add_list("Other")
    for number in range(30):
        shop.cc.add_contact(f"f{number}@example.com", lists=[other])
        shop.kibo.add_customer(f"f{number}@example.com", True)
    shop.kibo.opt_out(shop.ids["ada"])
    shop.later(30)
    assert same(shop, RunKind.EVENTS).counts["added"] == 90


def test_many_welcome_emails_are_shown_and_not_asked_about(shop: World) -> None:
    for number in range(MOST + 5):
        shop.kibo.add_customer(f"n{number}@example.com", True)
    shop.later(30)
    with shop.desk.preview(RunKind.EVENTS) as preview:
        assert isinstance(preview.run.failure, ManyWelcomes)
        assert (preview.run.status, preview.welcome_emails) == (RunStatus.NEEDS_YOU, 0)
    with shop.desk.preview(RunKind.EVENTS, confirmed=True) as preview:
        assert preview.welcome_emails == MOST + 5
    assert shop.desk.status(live=False).needs_you == ()
    same(shop, RunKind.EVENTS)
    assert same(shop, RunKind.EVENTS, confirmed=True).counts["added"] == MOST + 5


# ---------------------------------------------------------------- inbound and full compare


@pytest.mark.parametrize("kind", [RunKind.INBOUND, RunKind.FULL_COMPARE])
def test_what_people_did_in_constant_contact(shop: World, kind: RunKind) -> None:
    shop.cc.unsubscribe("ada@example.com")
    shop.cc.leave_list("bob@example.com", shop.list_id)
    shop.cc.account_unsubscribe("cyd@example.com")
    shop.cc.delete_contact("dan@example.com")
    shop.cc.sign_up("out@example.com", shop.list_id)
    shop.kibo.add_customer("ada@example.com", True)
    shop.later()
    did = same(shop, kind)
    assert did.counts["opted_out"] >= 3
    assert shop.opted_in(shop.ids["ada"]) is False
    same(shop, kind)


def test_whom_the_guard_would_hold_is_shown_and_not_asked_about(world: World) -> None:
    long_known(world, 60)
    staff_take_off(world, range(40))
    with world.desk.preview(RunKind.INBOUND) as preview:
        assert isinstance(preview.run.failure, ManyHeld)
        assert preview.entry_count(outcome=Outcome.HELD) == 40
    assert list(world.desk.held()) == []
    assert same(world, RunKind.INBOUND).status is RunStatus.NEEDS_YOU
    assert same(world, RunKind.INBOUND, confirmed=True).counts["opted_out"] == 40


# ---------------------------------------------------------------- what is left of it


def test_calls_are_counted_and_the_reserve_is_left_alone(shop: World) -> None:
    before = shop.desk.status(live=False).calls.used
    with shop.desk.preview(RunKind.INBOUND) as preview:
        calls = preview.run.calls_constant_contact
    assert calls > 0
    assert shop.desk.status(live=False).calls.used == before + calls


def test_a_token_renewed_meanwhile_is_kept(shop: World) -> None:
    shop.cc.expire_tokens()
    with shop.desk.preview(RunKind.INBOUND) as preview:
        assert preview.run.status is RunStatus.COMPLETE
    shop.reopen()
    shop.run(RunKind.INBOUND)


def test_a_failure_is_that_of_the_run(shop: World) -> None:
    shop.sandbox.faults.add(Fault("status", service="cc", path="/v3/contacts", status=500, times=50))
    with shop.desk.preview(RunKind.INBOUND) as preview:
        assert preview.run.status is RunStatus.FAILED
        assert preview.run.failure is not None


def test_without_a_login_it_says_so(shop: World) -> None:
    shop.desk.log_out()
    with shop.desk.preview(RunKind.INBOUND) as preview:
        assert isinstance(preview.run.failure, LoginNeeded)


def test_without_a_set_up_no_copy_is_left(tmp_path: Any, world: World) -> None:
    world.container.store.settings.save({"kibo_tenant_id": ""})
    with pytest.raises(SettingsError):
        world.desk.preview(RunKind.EXPORT)
    assert list(world.base.glob("*.preview*")) == []
    assert world.container.store.lease.holder() == ""


def test_a_run_in_progress_is_in_the_way_and_a_preview_as_well(shop: World) -> None:
    def other(_progress: object) -> None:
        for act in (shop.desk.run, shop.desk.preview):
            with pytest.raises(Busy):
                act(RunKind.EVENTS)

    shop.desk.run(RunKind.INBOUND, listener=other)
    with shop.desk.preview(RunKind.INBOUND, listener=other):
        shop.run(RunKind.EVENTS)  # the preview has been made: only its people are looked at


def test_it_can_be_cancelled(shop: World) -> None:
    cancel = threading.Event()
    cancel.set()
    before = stored(shop.base)
    with shop.desk.preview(RunKind.EXPORT, cancel=cancel) as preview:
        assert preview.run.status is RunStatus.CANCELLED
    assert stored(shop.base) == before


def test_a_power_cut_leaves_nothing(shop: World) -> None:
    before = stored(shop.base)

    def cut(_progress: object) -> None:
        raise PowerCut

    with patch("ccdesk.store.scratch.remove"), pytest.raises(PowerCut):
        shop.desk.preview(RunKind.EXPORT, listener=cut)
    left = list(shop.base.glob("*.preview*"))
    assert left
    assert all(one.stat().st_mode & 0o077 == 0 for one in left)
    with patch("ccdesk.store.scratch._in_use", set()):  # another process by then
        shop.reopen()
    assert list(shop.base.glob("*.preview*")) == []
    after = stored(shop.base)
    assert {**after, "lease": []} == {**before, "lease": []}


def test_two_looked_at_together_do_not_remove_each_other(shop: World) -> None:
    shop.kibo.opt_out(shop.ids["ada"])
    shop.later()
    with shop.desk.preview(RunKind.EVENTS) as first:
        with shop.desk.preview(RunKind.EVENTS) as second:
            SqliteStore(shop.base / "ccdesk.sqlite3").close_all()
            assert second.entry_count() == first.entry_count() == 1
        assert [one.email for one in first.entries()] == ["ada@example.com"]
