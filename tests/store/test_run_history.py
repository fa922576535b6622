from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from ccdesk.core.models import Link
from ccdesk.core.run_history import Happened, RunQuery, RunSort, RunThen, by_day
from ccdesk.core.runs import Entry, Outcome, RunKind, RunStatus, Trigger

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def history(store):
    """Runs, one an hour: two quiet ones, one of each kind of deed, one that failed, one that asks."""
    deeds = [
        (RunKind.INBOUND, RunStatus.COMPLETE, {}, []),
        (RunKind.EVENTS, RunStatus.COMPLETE, {"unchanged": 3, "skipped": 1}, []),
        (RunKind.EVENTS, RunStatus.COMPLETE, {"added": 1}, [Entry(1, "ann@example.com", Outcome.ADDED, "")]),
        (
            RunKind.INBOUND,
            RunStatus.COMPLETE,
            {"opted_out": 1, "removed": 1},
            [
                Entry(2, "bob@example.com", Outcome.OPTED_OUT, "unsubscribed"),
                Entry(3, "cid@example.com", Outcome.REMOVED, "opted out"),
            ],
        ),
        (RunKind.EXPORT, RunStatus.COMPLETE, {"unchanged": 9}, []),
        (RunKind.INBOUND, RunStatus.FAILED, {}, []),
        (RunKind.INBOUND, RunStatus.NEEDS_YOU, {"held": 9}, []),
        (
            RunKind.FULL_COMPARE,
            RunStatus.COMPLETE,
            {"errors": 2},
            [
                Entry(4, "d..e@example.com", Outcome.ERROR, "not valid", "email_malformed"),
                Entry(5, "eve@example.com", Outcome.ERROR, "refused", "refused"),
            ],
        ),
    ]
    for hour, (kind, status, counts, entries) in enumerate(deeds):
        began = AT + timedelta(hours=hour)
        run = store.runs.start(kind, Trigger.SCHEDULED, began)
        store.runs.add_entries(run.id, entries)
        errors = sum(entry.outcome is Outcome.ERROR for entry in entries)
        message = "Constant Contact: 100% _gone" if status is RunStatus.FAILED else ""
        store.runs.finish(
            replace(
                run,
                status=status,
                finished_at=began + timedelta(minutes=1),
                counts=counts,
                total_contacts=10 * hour,
                error_count=errors,
                message=message,
            )
        )
    return store.run_history


def found(history, **query):
    asked = RunQuery(**query)
    runs = history.find(asked, offset=0, limit=100)
    assert history.count(asked) == len(runs)
    return [run.id for run in runs]


def test_quiet_runs_are_left_out_and_nothing_else(history):
    assert found(history) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert found(history, eventful=True) == [8, 7, 6, 5, 4, 3]


def test_kind_and_time_bound_what_is_found(history):
    assert found(history, kind=RunKind.INBOUND) == [7, 6, 4, 1]
    since, until = AT + timedelta(hours=2), AT + timedelta(hours=4)
    assert found(history, since=since, until=until) == [4, 3]


@pytest.mark.parametrize(
    ("sort", "descending", "first"),
    [
        (RunSort.DATE, False, 1),
        (RunSort.TOTAL, True, 8),
        (RunSort.ERRORS, True, 8),
        (RunSort.STATUS, True, 7),
    ],
)
def test_the_order_is_as_asked_for(history, sort, descending, first):
    assert found(history, sort=sort, descending=descending)[0] == first


def test_whom_an_undo_took_off_the_list_has_not_opted_out(store, history):
    before = history.since(AT)[Happened.OPTED_OUT]
    run = store.runs.start(RunKind.UNDO, Trigger.MANUAL, AT + timedelta(hours=20), undoes=3)
    store.runs.add_entries(run.id, [Entry(1, "ann@example.com", Outcome.REMOVED, "taken back")])
    store.runs.finish(
        replace(run, status=RunStatus.COMPLETE, finished_at=AT + timedelta(hours=21), counts={"removed": 1})
    )
    assert history.since(AT)[Happened.OPTED_OUT] == before
    people = history.people_since(AT, Happened.OPTED_OUT, offset=0, limit=9)
    assert len(people) == before
    assert history.runs_since(AT)[-1].opted_out == 0


def test_pages_follow_each_other(history):
    query = RunQuery(eventful=True)
    pages = [history.find(query, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert [[run.id for run in page] for page in pages] == [[8, 7], [6, 5], [4, 3]]


@pytest.mark.parametrize(
    ("text", "ids"),
    [("100%", [6]), ("%", [6]), ("0_g", []), ("_gone", [6]), ("failed", [6]), ("3", [3]), ("nobody", [])],
)
def test_a_search_looks_at_messages_states_and_ids(history, text, ids):
    assert found(history, text=text) == ids


def test_a_search_finds_the_runs_of_a_person(store, history):
    store.links.save([Link(1, "ann@example.com"), Link(2, "bob@example.com")])
    assert found(history, text="ann@") == [3]
    assert found(history, text="bob@example.com") == [4]


def test_what_has_happened_since_counts_people_and_names_the_same(history):
    assert history.since(AT) == {
        Happened.ADDED: 1,
        Happened.OPTED_OUT: 2,
        Happened.INVALID: 1,
        Happened.FAILED: 1,
    }
    for what, people in history.since(AT).items():
        assert len(history.people_since(AT, what, offset=0, limit=10)) == people, what
    out = history.people_since(AT, Happened.OPTED_OUT, offset=0, limit=10)
    assert [one.entry.email for one in out] == ["bob@example.com", "cid@example.com"]
    assert [one.run_id for one in out] == [4, 4]
    assert history.since(AT + timedelta(days=1)) == {}


def test_an_email_that_is_invalid_each_day_is_one_person(store, history):
    run = store.runs.start(RunKind.FULL_COMPARE, Trigger.SCHEDULED, AT + timedelta(days=1))
    entry = Entry(4, "d..e@example.com", Outcome.ERROR, "not valid", "email_malformed")
    store.runs.add_entries(run.id, [entry])
    ended = AT + timedelta(days=1, minutes=1)
    store.runs.finish(replace(run, status=RunStatus.COMPLETE, finished_at=ended, error_count=1))
    assert history.since(AT)[Happened.INVALID] == 1
    [one] = history.people_since(AT, Happened.INVALID, offset=0, limit=10)
    assert one.run_id == run.id


def test_days_are_those_of_the_place_where_somebody_looks():
    west = timezone(timedelta(hours=-5))
    runs = [
        RunThen(datetime(2026, 3, 2, 3, 0, tzinfo=UTC), RunStatus.COMPLETE, 4, 1, 0),
        RunThen(datetime(2026, 3, 2, 6, 0, tzinfo=UTC), RunStatus.FAILED, 0, 0, 2),
        RunThen(datetime(2026, 1, 1, tzinfo=UTC), RunStatus.COMPLETE, 9, 9, 9),
    ]
    first, second = by_day(runs, [date(2026, 3, 1), date(2026, 3, 2)], west)
    assert (first.runs, first.added, first.opted_out, first.failed, first.changes) == (1, 4, 1, 0, 5)
    assert (second.runs, second.errors, second.failed) == (1, 2, 1)


def test_runs_of_the_picture_are_all_there(history):
    runs = history.runs_since(AT - timedelta(hours=1))
    assert len(runs) == 8
    assert (runs[2].added, runs[3].opted_out, runs[7].errors) == (1, 2, 2)
