"""A domain beyond ASCII: whichever form either service keeps, it is the same person."""

import pytest

from ccdesk.core.runs import Outcome
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.e2e.world import open_world

UNICODE = "info@kältetechnik-xyz.de"
ASCII = "info@xn--kltetechnik-xyz-0kb.de"
FORMS = ["as_sent", "ascii", "unicode"]


@pytest.fixture(params=FORMS)
def switches(request):
    chosen = CcSwitches()
    chosen.turn(domain_form=request.param)
    return chosen


@pytest.mark.parametrize("email", [UNICODE, ASCII, UNICODE.upper()])
def test_the_whole_walk(tmp_path, switches, email):
    with open_world(tmp_path, cc_switches=switches) as world:
        number = world.kibo.add_customer(email, True, first_name="Kai")
        world.choose_list()
        first = world.export()
        assert world.entries(first)[number].outcome is Outcome.ADDED
        sent = world.sandbox.log.all(path="contacts_json_import")[0].body
        assert sent["import_data"][0]["email"].lower() == ASCII
        again = world.export()
        assert (again.changes, again.error_count) == (0, 0)
        world.cycle()
        world.quiet_cycles()
        world.cc.unsubscribe(ASCII)
        world.later()
        world.cycle()
        assert not world.opted_in(number)


@pytest.mark.parametrize("email", [UNICODE, ASCII])
def test_an_opt_out_in_the_shop_takes_them_off(tmp_path, switches, email):
    with open_world(tmp_path, cc_switches=switches) as world:
        number = world.kibo.add_customer(email, True)
        world.choose_list()
        world.export()
        world.cycle()
        assert world.members()
        world.kibo.opt_out(number)
        world.later()
        world.cycle()
        assert world.members() == set()


def test_an_unsubscribe_reaches_the_accounts_of_both_forms(tmp_path, switches):
    with open_world(tmp_path, cc_switches=switches) as world:
        one, other = world.kibo.add_customer(UNICODE, True), world.kibo.add_customer(ASCII, True)
        world.choose_list()
        world.export()
        assert len(world.members()) == 1
        world.cycle()
        world.cc.unsubscribe(ASCII)
        world.later()
        world.cycle()
        assert not world.opted_in(one)
        assert not world.opted_in(other)


def test_somebody_new_is_found_by_a_single_call(tmp_path, switches):
    with open_world(tmp_path, cc_switches=switches) as world:
        world.kibo.add_customer("ada@example.com", True)
        world.cc.add_contact(UNICODE)
        world.choose_list()
        world.export()
        world.cycle()
        number = world.kibo.add_customer(UNICODE, True)
        world.later()
        events, _ = world.cycle()
        assert world.entries(events)[number].outcome is not Outcome.ERROR
        assert len(world.members()) == 2
        world.quiet_cycles()


def test_what_ends_in_invalid_is_never_sent(tmp_path):
    with open_world(tmp_path) as world:
        number = world.kibo.add_customer("gone@shop.invalid", True)
        world.choose_list()
        run = world.export()
        entry = world.entries(run)[number]
        assert (entry.outcome, entry.code) == (Outcome.ERROR, "email_undeliverable")
        world.cycle()
        assert not [row for row in world.sandbox.log.all(service="cc") if b"shop.invalid" in row.raw]
