"""What our own sign-up leaves in a contact opts in no other account of the person (design R1, R4)."""

import pytest

from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import furnish, settle


@pytest.fixture
def ready(world):
    furnish(world)
    world.desk.save_settings({"welcome_email": "true"})
    world.out = world.kibo.add_customer("gus@example.com", False)
    world.later()
    world.cycle()
    world.signed_up = world.kibo.add_customer("gus@example.com", True)
    world.later()
    return world


def goes(world, how):
    if how == "another email":
        world.kibo.change_email(world.signed_up, "gus.new@example.com")
    elif how == "an impossible email":
        world.kibo.change_email(world.signed_up, "gus@")
    else:
        world.kibo.delete_customer(world.signed_up)
    world.later()


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("how", ["another email", "an impossible email", "gone"])
def test_our_sign_up_for_an_account_opts_in_no_other_once_it_is_elsewhere(ready, answered, how):
    if not answered:
        ready.sandbox.faults.add(Fault("drop_after", service="cc", path="sign_up_form", times=9))
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    assert "gus@example.com" in ready.members()
    goes(ready, how)
    settle(ready)
    ready.run(RunKind.FULL_COMPARE)
    settle(ready)
    assert not ready.opted_in(ready.out)
    ready.quiet_cycles()


def test_an_export_between_our_sign_up_and_the_new_email_changes_nothing_about_that(ready):
    ready.sandbox.faults.add(Fault("drop_after", service="cc", path="sign_up_form", times=9))
    ready.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    ready.export()
    goes(ready, "another email")
    settle(ready)
    assert not ready.opted_in(ready.out)
    ready.quiet_cycles()


def test_a_sign_up_of_the_person_afterwards_counts(ready):
    ready.run(RunKind.EVENTS)
    goes(ready, "another email")
    settle(ready)
    ready.cc.leave_list("gus@example.com", ready.list_id)
    ready.later()
    ready.cc.sign_up("gus@example.com", ready.list_id)
    ready.later()
    settle(ready)
    assert ready.opted_in(ready.out)
    ready.quiet_cycles()
