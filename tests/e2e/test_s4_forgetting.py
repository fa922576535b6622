"""Somebody who opted out, was deleted in Kibo, and is forgotten after the retention time: the whole way."""

from __future__ import annotations

from ccdesk.core.runs import RunKind


def test_who_is_gone_from_kibo_for_the_retention_time_leaves_no_email_behind(world):
    world.set_up()
    world.log_in()
    world.choose_list()
    gone = world.kibo.add_customer("grace@hopper.example", True)
    world.kibo.add_customer("ann@people.example", True)
    world.export()
    world.cc.unsubscribe("grace@hopper.example")
    world.cycle()
    world.kibo.delete_customer(gone)
    world.cycle()
    assert world.container.store.links.get(gone).email == "grace@hopper.example"
    for _ in range(3):
        world.later(31 * 24 * 60)
        world.cycle()
    link = world.container.store.links.get(gone)
    assert link.email == ""
    assert [one.customer_id for one in world.container.store.links.by_email("grace@hopper.example")] == [gone]
    world.container.close()
    for one in world.base.rglob("*"):
        assert not one.is_file() or b"hopper.example" not in one.read_bytes(), one.name


def test_a_new_account_with_the_email_is_read_as_any_other(world):
    world.set_up()
    world.log_in()
    world.choose_list()
    gone = world.kibo.add_customer("grace@hopper.example", True)
    world.export()
    world.kibo.delete_customer(gone)
    world.cycle()
    for _ in range(4):
        world.later(31 * 24 * 60)
        world.cycle()
    assert world.container.store.links.get(gone).email == ""
    again = world.kibo.add_customer("grace@hopper.example", True)
    world.later()
    world.cycle()
    world.run(RunKind.FULL_COMPARE)
    assert world.container.store.links.get(again).email == "grace@hopper.example"
    world.quiet_cycles(1)
