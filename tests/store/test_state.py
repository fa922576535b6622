from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Customer, Link
from ccdesk.core.ports import store as ports
from ccdesk.core.runs import QueuedEvent, RunKind, Trigger
from ccdesk.store.columns import to_text
from ccdesk.store.store import SqliteStore
from tests.store.conftest import NOON, in_thread


def test_it_is_the_store_that_the_engine_asks_for(store: SqliteStore) -> None:
    as_port: ports.Store = store  # mypy compares the two
    with as_port.transaction():
        as_port.state.set("a", "1")
    assert as_port.state.get("a") == "1"
    as_port.close()


def test_state_is_text_and_moments_by_name(store: SqliteStore) -> None:
    assert store.state.get("a") == ""
    assert store.state.get_time("a") is None
    store.state.set("a", "one")
    store.state.set("a", "two")
    assert store.state.get("a") == "two"
    moment = datetime(2026, 3, 1, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    store.state.set_time("mark", moment)
    found = store.state.get_time("mark")
    assert found == moment
    assert found is not None
    assert found.utcoffset() == timedelta(0)
    store.state.set_time("mark", None)
    assert store.state.get_time("mark") is None


def test_moments_sort_as_text() -> None:
    moments = [NOON, NOON + timedelta(microseconds=1), NOON + timedelta(seconds=1), NOON + timedelta(days=9)]
    assert sorted(to_text(moment) for moment in reversed(moments)) == [to_text(moment) for moment in moments]
    assert to_text(NOON) == "2026-03-01T12:00:00.000000Z"


def test_calls_are_counted_per_service_day_and_origin(store: SqliteStore) -> None:
    for origin in ("export", "window", "export"):
        store.calls.add("cc", "2026-03-01", origin)
    store.calls.add("cc", "2026-03-02", "export")
    store.calls.add("kibo", "2026-03-01", "export")
    assert store.calls.used("cc", "2026-03-01") == {"export": 2, "window": 1}
    assert store.calls.used("cc", "2026-03-03") == {}


def test_settings_are_stored_together_and_an_empty_value_removes(store: SqliteStore) -> None:
    store.settings.save({"contact_list": "News", "enabled": "true"})
    store.settings.save({"contact_list": "", "enabled": "false", "from_email": ""})
    assert store.settings.load() == {"enabled": "false"}
    store.settings.save({})
    assert in_thread(store.settings.load) == {"enabled": "false"}


def test_forgetting_people_keeps_runs_settings_and_calls(store: SqliteStore) -> None:
    store.links.save([Link(1)])
    store.queue.add(QueuedEvent("e1", 1, NOON))
    store.state.set_time("export.baseline", NOON)
    store.exports.add([Candidate(Customer(1, "ann@example.com", True))])
    store.settings.save({"contact_list": "News"})
    store.calls.add("cc", "2026-03-01", "export")
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.state.set("list.id", "l1")
    store.state.set("cc.account_key", "k1")
    store.forget_people()
    assert (store.state.get("list.id"), store.state.get("cc.account_key")) == ("", "k1")
    assert (store.links.count(), store.queue.count(include_processed=True), store.exports.count()) == (
        0,
        0,
        0,
    )
    assert store.state.get("export.baseline") == ""
    assert store.settings.load() == {"contact_list": "News"}
    assert store.calls.used("cc", "2026-03-01") == {"export": 1}
    assert store.runs.get(run.id) == run
