"""An export reads both services at once; what it plans by is as fresh as if it had read them in turn (R2)."""

from __future__ import annotations

import threading
import time

import pytest

from ccdesk.core.errors import Cancelled, ListHasMembers
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.runs import export_batches, export_early, export_send
from ccdesk.sync.sensors import contact_scan
from tests.e2e.world import World

PEOPLE = 850


@pytest.fixture
def shop(world: World) -> World:
    world.ids = [world.kibo.add_customer(f"p{number}@example.com", True) for number in range(PEOPLE)]
    world.cc.add_contact("p3@example.com", lists=[world.cc.add_list("Other")])
    world.later(60)
    world.choose_list()
    return world


def test_an_opt_out_behind_the_scan_counts_while_kibo_is_read_for_long(shop, monkeypatch):
    monkeypatch.setattr(contact_scan, "_OLD", -1.0)

    def unsubscribe() -> None:
        """Opt out once the contacts were read, before Kibo shows its next page."""
        deadline = time.monotonic() + 10
        while not shop.sandbox.log.all(service="cc", path="/contacts$") and time.monotonic() < deadline:
            time.sleep(0.01)
        shop.cc.unsubscribe("p3@example.com")

    shop.kibo.after_page.extend([lambda: None, unsubscribe])
    run = shop.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.COMPLETE
    skipped = shop.entries(run, Outcome.SKIPPED)
    assert {entry.email: entry.reason for entry in skipped.values()} == {
        "p3@example.com": "unsubscribed in Constant Contact"
    }
    assert not any("add_list" in one.path for one in shop.sandbox.log.writes())


@pytest.mark.parametrize("service", ["kibo", "cc"])
def test_if_one_service_fails_nothing_is_sent_and_no_thread_is_left(shop, service):
    path = "accounts$" if service == "kibo" else "/contacts$"
    skip = 3 if service == "kibo" else 0
    shop.sandbox.faults.add(Fault("status", service=service, path=path, times=99, skip=skip))
    mark = shop.sandbox.log.mark()
    before = {thread.name for thread in threading.enumerate()}
    run = shop.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.FAILED
    assert [one.path for one in shop.sandbox.log.writes(since=mark) if "lists" not in one.path] == []
    after = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in after if name.startswith("ahead")]


def test_a_cancel_ends_both_readers(shop):
    cancel = threading.Event()
    run = shop.desk.run(RunKind.EXPORT, cancel=cancel, listener=lambda _progress: cancel.set())
    assert run.status is RunStatus.CANCELLED
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_a_later_export_reads_the_contacts_with_the_second_half_of_the_shop(shop):
    shop.export()
    mark = shop.sandbox.log.mark()
    run = shop.export()
    assert run.counts["unchanged"] == PEOPLE
    calls = [one.service for one in shop.sandbox.log.all(path="(accounts|contacts)$", since=mark)]
    assert calls.index("cc") > 2


@pytest.fixture
def early(monkeypatch):
    """What is sent early in a large shop is sent early in this one."""
    monkeypatch.setattr(export_early, "_WORTH", 100)
    monkeypatch.setattr(export_early, "_LEFT", 700)


def _order(shop: World, mark: int) -> list[str]:
    return [one.path.rsplit("/", 1)[-1] for one in shop.sandbox.log.all(since=mark)]


def test_most_people_are_sent_while_the_last_customers_are_read(shop, early):
    last = shop.kibo.add_customer("P1@example.com", True)  # of the person who is sent long before
    shop.sandbox.faults.add(Fault("delay", service="kibo", path="accounts$", times=99, seconds=0.05))
    mark = shop.sandbox.log.mark()
    run = shop.export()
    order = _order(shop, mark)
    assert order.count("contacts_json_import") == 2, "those read by then, and the rest"
    assert order.count("contact_lists") == 1, "nobody was linked before: nobody can have left"
    assert (run.counts["added"], run.counts["unchanged"], run.error_count) == (PEOPLE, 1, 0)
    link = shop.container.store.links.get(last)
    assert link is not None
    assert link.kibo_opted_in, "its own opt-out has to be seen later"


def test_nobody_is_sent_early_before_a_person_was_asked(shop, early):
    shop.list_name = "Newsletter"
    shop.cc.add_list("Newsletter")
    shop.cc.add_contact("member@example.com", lists=[shop.list_id])
    shop.choose_list()
    mark = shop.sandbox.log.mark()
    with pytest.raises(ListHasMembers):
        shop.desk.run(RunKind.EXPORT)
    assert "contacts_json_import" not in _order(shop, mark)


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_one_persons_lost_answer_does_not_end_an_export(shop, early, kind):
    shop.kibo.change_email(shop.ids[0], f"{'a' * 50}@example.com")
    long_one = shop.ids[0]
    shop.later(60)
    shop.sandbox.faults.add(Fault("delay", service="kibo", path="accounts$", times=99, seconds=0.4))
    shop.sandbox.faults.add(Fault(kind, service="cc", method="POST", path="/contacts$"))
    run = shop.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.COMPLETE
    landed = kind == "drop_after"
    assert (run.counts["added"], run.error_count) == (PEOPLE - 1 + landed, not landed)
    assert landed or set(shop.entries(run, Outcome.ERROR)) == {long_one}, "named, and sent by the next one"
    shop.later(60)
    assert shop.export().error_count == 0
    assert f"{'a' * 50}@example.com" in shop.members()


def test_a_job_that_is_not_there_is_not_taken_for_another_of_those_begun_early(shop, early, monkeypatch):
    """A cut with several calls under way: the first was not done, the others were, and no answer was seen."""
    monkeypatch.setattr(export_batches, "IMPORT_MAX_ROWS", 50)
    shop.sandbox.faults.add(Fault("delay", service="kibo", path="accounts$", times=99, seconds=0.4))
    shop.sandbox.faults.add(Fault("drop_before", service="cc", method="POST", path="import"))

    def cut(*_arguments: object) -> None:
        raise Cancelled()

    with monkeypatch.context() as patched:
        patched.setattr(export_send.Sender, "called", cut)
        assert shop.desk.run(RunKind.EXPORT).status is RunStatus.CANCELLED
    begun = [chunk for chunk in shop.container.store.exports.chunks() if chunk.action == "import"]
    assert len(begun) > 1
    assert not any(chunk.activity_id for chunk in begun)
    imports = {email.lower() for email in shop.members()}
    mark = shop.sandbox.log.mark()
    run = shop.export()
    assert (run.counts["added"], run.error_count) == (PEOPLE, 0)
    sent = [one for one in shop.sandbox.log.all(since=mark) if one.path.endswith("contacts_json_import")]
    again = {row["email"].lower() for one in sent for row in one.body["import_data"]}
    assert imports
    assert not imports & again, "nobody is sent twice"
