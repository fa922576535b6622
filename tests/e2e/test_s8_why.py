"""Why one person is mailed or not: asked at every turn of a story, remembered and read now (design §8)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from ccdesk.core.errors import LoginNeeded, ManyHeld, SettingsError, Unreachable
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.core.statements import Author, How
from ccdesk.core.why import RunEntry, Why
from ccdesk.sandbox.constant_contact.switches import PRIVILEGES
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.asking import ask, both, says
from tests.e2e.conftest import furnish, long_known, staff_take_off
from tests.e2e.spoil import Spoiler
from tests.e2e.world import World

WITHOUT_A_DATE = {
    "email_address": {
        "address": "ada@example.com",
        "permission_to_send": "unsubscribed",
        "opt_out_source": "Contact",
    }
}


@pytest.fixture
def ready(world: World) -> World:
    """Ada, Bob and Cyd are on the list; Dora has an account and never opted in."""
    return furnish(world)


def test_in_step_with_its_story(ready: World) -> None:
    assert both(ready, "ada") == (True, True, True)
    found = ask(ready, "ada")
    assert (found.known, found.customer_ids, found.next) == (True, (ready.ids["ada"],), None)
    assert found.contact_id
    assert found.shop.read_at is not None
    assert found.mail.read_at is not None
    [run] = [one for one in found.timeline if isinstance(one, RunEntry)]
    assert (run.kind, run.entry.outcome) == (RunKind.EXPORT, "added")
    assert any(isinstance(one, LedgerEntry) and one.how is How.ADDED for one in found.timeline)
    assert ask(ready, str(ready.ids["ada"])).email == "ada@example.com"
    assert ask(ready, " ADA@Example.com ").customer_ids == found.customer_ids


def test_an_opt_out_in_the_shop_before_and_after_a_run(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    assert says(ask(ready, "ada")) == (True, True, True), "no run has looked yet"
    now = ask(ready, "ada", live=True)
    assert says(now) == (False, False, False)
    assert now.next is not None
    assert "taken off the list" in now.next.what
    ready.desk.look_for_events()
    seen = ask(ready, "ada")
    assert seen.next is not None
    assert "looked at" in seen.next.what
    ready.later()
    ready.cycle()
    assert both(ready, "ada") == (False, False, True)


def test_unsubscribing_and_leaving(ready: World) -> None:
    ready.cc.unsubscribe("ada@example.com")
    ready.cc.leave_list("bob@example.com", ready.list_id)
    ready.later()
    now = ask(ready, "ada", live=True)
    assert says(now) == (False, False, False)
    assert (now.mail.permission, now.mail.since is not None) == ("unsubscribed", True)
    assert says(ask(ready, "bob", live=True)) == (False, False, False)
    ready.run(RunKind.INBOUND)
    assert both(ready, "ada") == (False, False, True)
    assert both(ready, "bob") == (False, False, True)
    assert ask(ready, "ada").mail.permission == "unsubscribed"
    words = [one.how for one in ask(ready, "ada").timeline if isinstance(one, LedgerEntry)]
    assert How.UNSUBSCRIBED in words
    assert words.index(How.UNSUBSCRIBED) < words.index(How.FLAG_CLEARED)


@pytest.mark.parametrize("refused", [False, True])
def test_an_unsubscription_without_a_date_is_told_with_none(
    ready: World, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """When it was seen is not when it happened; once carried to Kibo, or while it waits for that."""
    Spoiler(monkeypatch).contacts["ada@example.com"] = WITHOUT_A_DATE
    ada = ready.ids["ada"]
    if refused:
        ready.kibo.set_switches(refuse_put_ids={ada: 409})
    ready.cc.unsubscribe("ada@example.com")
    ready.later(45)
    run = ready.run(RunKind.INBOUND)
    assert ready.opted_in(ada) is refused
    assert [one.acted_at for one in ready.entries(run).values()] == [None]
    ready.run(RunKind.EXPORT)
    for found in (ask(ready, "ada"), ask(ready, "ada", live=True)):
        assert found.mail.permission == "unsubscribed"
        assert found.mail.since is None
        assert not re.search(r"\d{4}", found.verdict.reason), "no day is claimed"
    told = next(one for one in ask(ready, "ada").timeline if getattr(one, "how", "") == How.UNSUBSCRIBED)
    assert isinstance(told, LedgerEntry)
    assert told.evidence == "seen unsubscribed; by then at the latest"
    assert not any(one.acted_at for one in ready.desk.entries(run.id, outcome=None, limit=99))


def test_an_opt_out_that_kibo_has_not_taken_is_what_comes_next(ready: World) -> None:
    ready.desk.set_enabled(True)
    planned = ready.container.clock.now() + timedelta(minutes=20)
    ready.desk.plan_run(RunKind.INBOUND, planned)
    ready.cc.unsubscribe("ada@example.com")
    ready.later()
    ready.sandbox.faults.add(
        Fault("status", service="kibo", method="PUT", path="accounts", status=409, times=9)
    )
    ready.run(RunKind.INBOUND)
    found = ask(ready, "ada")
    assert says(found) == (False, False, False)
    assert found.next is not None
    assert "written to Kibo" in found.next.what
    assert "no loop is running now" in found.next.what, "a plan that nobody is there to keep"
    ready.desk.note_alive()
    kept = ask(ready, "ada").next
    assert kept is not None
    assert kept.when == planned


def test_who_did_it_is_told_where_the_services_tell(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["ada"])
    ready.cc.unsubscribe("bob@example.com")
    ready.later()
    [cleared] = [one for one in told(ask(ready, "ada", live=True)) if one.how is How.FLAG_CLEARED]
    assert "audit log" in cleared.evidence
    [out] = [one for one in told(ask(ready, "bob", live=True)) if one.how is How.UNSUBSCRIBED]
    assert out.author is Author.PERSON
    ready.cycle()
    [cleared] = [one for one in told(ask(ready, "ada", live=True)) if one.how is How.FLAG_CLEARED]
    assert "audit log" in cleared.evidence, "what ccdesk saw and what the log tells are one act"
    ours = [one for one in told(ask(ready, "bob", live=True)) if one.how is How.FLAG_CLEARED]
    assert any(one.author is Author.US for one in ours)


def test_the_mailing_somebody_unsubscribed_from_is_named_where_reports_may_be_read(ready: World) -> None:
    ready.cc.unsubscribe("bob@example.com", mailing="Spring sale")
    ready.later()
    [out] = [one for one in told(ask(ready, "bob", live=True)) if one.how is How.UNSUBSCRIBED]
    assert "from the mailing “Spring sale”" in out.evidence
    ready.cycle()
    [out] = [one for one in told(ask(ready, "bob", live=True)) if one.how is How.UNSUBSCRIBED]
    assert "from the mailing “Spring sale”" in out.evidence, "also of an act that ccdesk knows"
    ready.cc.set_switches(privileges=[one for one in PRIVILEGES if one != "ui:campaign:metrics"])
    found = ask(ready, "bob", live=True)
    assert not any("Spring sale" in one.evidence for one in told(found))
    assert says(found) == says(ask(ready, "bob"))


def told(found: Why) -> list[LedgerEntry]:
    return [one for one in found.timeline if isinstance(one, LedgerEntry)]


def test_shared_disabled_former_and_gone(ready: World) -> None:
    second = ready.kibo.add_customer("ADA@example.com", True)
    ready.later()
    ready.cycle()
    assert both(ready, "ada") == (True, True, True)
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    assert both(ready, "ada") == (True, True, True)
    assert "which is enough" in ask(ready, "ada").verdict.reason
    assert set(ask(ready, str(second)).customer_ids) == {ready.ids["ada"], second}
    ready.kibo.deactivate(ready.ids["bob"])
    ready.later()
    ready.cycle()
    assert both(ready, "bob") == (None, False, False)
    ready.kibo.activate(ready.ids["bob"])
    ready.later()
    ready.cycle()
    assert both(ready, "bob") == (True, True, True)
    ready.kibo.change_email(ready.ids["cyd"], "new@example.com")
    ready.later()
    ready.cycle()
    assert both(ready, "new") == (True, True, True)
    former = ask(ready, "cyd")
    assert former.known
    assert former.customer_ids == (ready.ids["cyd"],)
    assert former.verdict.wants_mail is None
    assert says(ask(ready, "cyd", live=True)) == (None, False, False)


def test_an_account_that_came_later_is_asked_about(ready: World) -> None:
    ready.cc.leave_list("ada@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    ready.kibo.add_customer("ada@example.com", True)
    ready.later()
    ready.cycle()
    assert both(ready, "ada") == (None, False, False)
    found = ask(ready, "ada")
    assert found.next is not None
    assert "staff are asked" in found.next.what


def test_put_back_by_others_and_the_confirmation(ready: World) -> None:
    for name in ("ada", "bob"):
        ready.kibo.opt_out(ready.ids[name])
    ready.later()
    ready.cycle()
    ready.later(20)
    ready.cc.staff_add_to_list("ada@example.com", ready.list_id)
    ready.cc.unsubscribe("cyd@example.com")
    ready.later()
    ready.cycle()
    assert both(ready, "ada") == (False, False, False)
    assert ask(ready, "ada").mail.on_list is True
    ready.later(20)
    ready.kibo.opt_in(ready.ids["cyd"])
    ready.later()
    ready.cycle()
    assert both(ready, "cyd") == (True, False, False)
    assert ask(ready, "cyd").verdict.rule.startswith("R3")


def test_what_is_in_the_queue_and_parked(ready: World) -> None:
    bad = ready.kibo.add_customer("no mail", True)
    ready.later()
    ready.cycle()
    found = ask(ready, str(bad))
    assert found.known
    assert (found.verdict.wants_mail, found.verdict.in_step) == (True, False)
    assert found.next is not None
    assert "parked" in found.next.what


def test_the_guard_holds_and_says_until_when(world: World) -> None:
    long_known(world, 40)
    for number in world.ids[:30]:
        world.kibo.opt_out(number)
    world.later()
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.EVENTS)
    found = ask(world, "p3")
    assert found.next is not None
    assert "waits for an answer" in found.next.what
    assert found.next.when is not None
    assert both(world, "p3") == (False, False, False)
    assert found.verdict.rule.startswith("R8")
    assert (found.shop.opted_in, found.mail.on_list) == (False, True)
    status = world.desk.status(live=False)
    assert (status.on_list, status.waiting) == (40, 30), "who is held is not called in sync"


def test_an_outage_after_the_look_does_not_hide_what_the_look_has_seen(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="cc", status=403, times=400))
    assert ready.desk.run(RunKind.EVENTS).status is RunStatus.FAILED
    ready.sandbox.faults.clear()
    assert both(ready, "ada") == (False, False, False)
    found = ask(ready, "ada")
    assert found.next is not None
    assert "the last one failed: Constant Contact does not allow this" in found.next.what


def test_an_outage_of_kibo_leaves_it_open_what_a_change_is(ready: World) -> None:
    """Kibo's events told that there is one, and then it was not to be read."""
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.sandbox.faults.add(Fault("status", service="kibo", path="accounts", status=403, times=400))
    assert ready.desk.run(RunKind.EVENTS).status is RunStatus.FAILED
    ready.sandbox.faults.clear()
    found = ask(ready, "ada")
    assert says(found) == (None, True, False)
    assert not found.verdict.told
    assert "has not been acted on yet" in found.verdict.reason
    assert found.shop.read_at is None


def test_who_was_sent_by_an_import_that_failed_as_a_whole_had_opted_in(ready: World) -> None:
    ready.cc.switches.turn(activity_outcome="failed")
    for n in range(30):
        ready.kibo.add_customer(f"imp{n}@example.com", True)
    ready.later()
    assert ready.desk.run(RunKind.EVENTS).status is RunStatus.FAILED
    assert both(ready, "imp7") == (True, True, False)


@pytest.mark.parametrize("new", ["ada", "new@example.com"])
def test_the_contact_of_a_former_email_is_still_mailed(ready: World, new: str) -> None:
    moved = ready.container.clock.now()
    ready.kibo.change_email(ready.ids["ada"], new)
    ready.later()
    ready.desk.run(RunKind.EVENTS)
    assert both(ready, "ada") == (None, False, False)
    left = ask(ready, "ada")
    assert (left.mail.on_list, left.shop.read_at is not None) == (True, True)
    assert left.mail.read_at is not None
    assert left.mail.read_at <= moved, "nobody has looked at that contact since"
    ready.later()
    ready.kibo.opt_out(ready.ids["ada"])
    ready.later()
    ready.cycle()
    if new != "ada":  # the former email is taken off as well
        assert says(ask(ready, "ada")) == says(ask(ready, "ada", live=True)) == (None, False, True)


def test_a_former_email_whose_contact_ccdesk_has_made_is_still_mailed(ready: World) -> None:
    """It did not know the contact's id when it began to make it, and the account has moved on twice."""
    eve = ready.kibo.add_customer("eve@example.com", True)
    ready.later()
    ready.cycle()
    for email in ("eve2@example.com", "eve"):
        ready.kibo.change_email(eve, email)
        ready.later()
        ready.desk.run(RunKind.EVENTS)
    assert both(ready, "eve") == (None, False, False)
    assert ask(ready, "eve").contact_id == ask(ready, "eve", live=True).contact_id


def test_the_moment_of_a_reading_is_none_of_the_services_own_dates(world: World) -> None:
    """An account of some years ago was read by today's export, and since then is not later than that."""
    number = world.kibo.add_customer("old@example.com", True)
    world.later(3 * 24 * 60)
    began = world.container.clock.now()
    world.choose_list()
    world.export()
    for _ in range(2):
        found = ask(world, "old")
        assert found.shop.read_at is not None
        assert found.shop.read_at >= began - timedelta(minutes=1)
        assert found.shop.since is not None
        assert found.shop.since <= found.shop.read_at
        world.later()
        world.cycle()
    world.kibo.opt_out(number)
    world.later()
    world.desk.look_for_events()
    seen = ask(world, "old")
    assert (seen.shop.opted_in, seen.verdict.in_step) == (False, False)
    assert seen.shop.read_at is not None
    assert seen.shop.since is not None
    assert began < seen.shop.since <= seen.shop.read_at


def test_an_opt_out_is_told_after_what_was_seen_to_be_otherwise_and_before_what_was_done(
    world: World,
) -> None:
    world.later()
    number = world.kibo.add_customer("ann@example.com", True)
    world.later(60)
    world.choose_list()
    world.export()
    put_on = world.container.clock.now() - timedelta(minutes=2)
    world.kibo.opt_out(number)
    world.later()
    world.cycle()
    hows = [one.how for one in told(ask(world, "ann"))]
    assert hows == [How.FLAG_SET, How.ADDED, How.FLAG_CLEARED, How.REMOVED]
    [cleared] = [one for one in told(ask(world, "ann")) if one.how is How.FLAG_CLEARED]
    assert cleared.at >= put_on, "the export had read it set"


def test_somebody_unknown_and_somebody_only_the_services_know(ready: World) -> None:
    nobody = ask(ready, "nobody")
    assert "never seen" in nobody.verdict.reason
    assert (nobody.known, says(nobody), nobody.timeline) == (False, (None, False, True), ())
    assert not ask(ready, "nobody", live=True).known
    assert not ask(ready, "987654").known
    assert not ready.desk.why("9" * 5000).known
    new = ready.kibo.add_customer("new@example.com", True)
    ready.later()
    assert not ask(ready, "new").known
    assert says(ask(ready, "new", live=True)) == (True, True, False)
    assert ask(ready, str(new), live=True).email == "new@example.com"
    assert both(ready, "dora")[1:] == (False, True)


def test_what_is_wrong_is_said_in_the_usual_tree(ready: World) -> None:
    with pytest.raises(SettingsError):
        ready.desk.why(" ")
    ready.sandbox.faults.add(Fault("status", service="kibo", path="accounts", status=503, times=40))
    with pytest.raises(Unreachable):
        ready.desk.why("ada@example.com", live=True)
    ready.sandbox.faults.clear()
    ready.desk.log_out()
    with pytest.raises(LoginNeeded):
        ready.desk.why("ada@example.com", live=True)
    assert ready.desk.why("ada@example.com").known


def test_a_person_is_found_while_typing(ready: World) -> None:
    assert [one.email for one in ready.desk.find_people("AD")] == ["ada@example.com"]
    assert [one.email for one in ready.desk.find_people("xample", 2)] == [
        "ada@example.com",
        "bob@example.com",
    ]
    [bob] = ready.desk.find_people(str(ready.ids["bob"]))
    assert (bob.email, bob.customer_ids) == ("bob@example.com", (ready.ids["bob"],))
    assert ready.desk.find_people("zz") == []


def test_an_add_that_was_refused_is_owed_to_somebody_opted_in(ready: World) -> None:
    new = ready.kibo.add_customer("new@example.com", True)
    ready.later()
    ready.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="contacts", status=400, times=9)
    )
    ready.desk.run(RunKind.EVENTS)
    ready.sandbox.faults.clear()
    ready.later()
    assert both(ready, "new") == (True, True, False)
    assert ask(ready, str(new)).verdict.rule.startswith("R3")
    found = ask(ready, "new")
    assert found.next is not None
    assert "parked" in found.next.what


def test_a_deleted_list_is_nobodys_leaving(ready: World) -> None:
    ready.cc.delete_list(ready.list_id)
    ready.later()
    assert says(ask(ready, "ada", live=True)) == (True, True, False), "no run has noticed yet"
    assert "list is gone" in ask(ready, "ada", live=True).verdict.reason
    assert ready.desk.run(RunKind.INBOUND).status is RunStatus.FAILED
    assert both(ready, "ada") == (True, True, False)
    assert ask(ready, "ada").mail.since is None
    nobody = ask(ready, "nobody")
    assert (nobody.next, nobody.mail.on_list) == (None, None)


def test_an_opt_out_called_a_mistake_is_not_owed(world: World) -> None:
    long_known(world, 40)
    staff_take_off(world, range(30))
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.INBOUND)
    world.desk.answer_held(HeldAnswer.MISTAKE)
    assert both(world, "p3") == (None, True, False)
    found = ask(world, "p3")
    assert found.next is not None
    assert "staff set right" in found.next.what
    assert [one.remark for one in found.accounts] == ["opt-out called a mistake"]


def test_who_was_sent_in_vain_is_not_in_step_and_the_verdict_says_what_came_of_it(ready: World) -> None:
    """Their account was read as opted in, though nothing was agreed on; so was another one of theirs."""
    for email in ("eve@example.com", "Eve@Example.com"):
        ready.kibo.add_customer(email, True)
    ready.cc.switches.turn(import_loses_every=1)
    ready.export()
    found = ask(ready, "eve")
    assert says(found) == says(ask(ready, "eve", live=True)) == (True, True, False)
    assert len(found.customer_ids) == 2
    assert "Not on the list after it was sent" in found.verdict.reason
    ready.cc.switches.turn(import_loses_every=0)
    ready.later()
    ready.run(RunKind.FULL_COMPARE)
    ready.cycle()
    assert both(ready, "eve") == (True, True, True)
