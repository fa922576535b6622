"""Whatever the services answer and whoever types what: one item's error or a clear refusal, never a crash."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.models import email_key
from ccdesk.core.runs import EventStatus, Outcome, Run, RunKind, RunStatus
from ccdesk.core.settings import SETTINGS
from ccdesk.gui.export_csv import to_clipboard, write_errors
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.soak.conftest import amount
from tests.soak.inprocess import Bench, Reply, Services, open_bench, plain
from tests.soak.mutate import mutated

KINDS = (RunKind.EXPORT, RunKind.EVENTS, RunKind.INBOUND, RunKind.FULL_COMPARE)
ZOO = (
    '"quoted local"@people.example', '"a@b"@people.example', "plus+tag@people.example",
    "o'neil@people.example", "jürgen@people.example", "a@bücher.example", "a@xn--bcher-kva.example",
    "用户@例子.广告",
    "UPPER@PEOPLE.EXAMPLE", f"{'l' * 64}@people.example", f"{'l' * 65}@people.example",
    f"{'l' * 35}@people.example", f"{'l' * 60}@{'d' * 11}.example", f"{'l' * 61}@{'d' * 11}.example",
    "trailing@people.example.", "dot.@people.example", ".dot@people.example", "two..dots@people.example",
    "a b@people.example", " blanks@people.example ", "new\nline@people.example", "tab\t@people.example",
    "nul\x00@people.example", "null", "NULL", "", " ", "@", "a@", "@people.example", "a@b",
    "a@@people.example", "a@b@people.example", "a@[127.0.0.1]", "a@127.0.0.1", "a@localhost",
    "<a@people.example>", "A <a@people.example>", "mailto:a@people.example",
    "a@people.example,b@people.example",
    "a;b@people.example", "=1+1@people.example", "-a@people.example", "@SUM(A1)", "+1@people.example",
    "rtl\u202e@people.example", "zero\u200bwidth@people.example", "half\ud800@people.example",
    "emoji😀@people.example", "percent%41@people.example", "a&b=c@people.example", "a/b@people.example",
    "a?b#c@people.example", "back\\slash@people.example", "ﬁ@people.example",
)  # fmt: skip


def not_ours(error: CcdeskError) -> None:
    """Hold that an error is told as somebody's mistake or a service's trouble, not as a crash of ours."""
    assert error.exit_code is not ExitCode.OUR_FAULT, (error.title, error.detail)


def fill(bench: Bench) -> None:
    """Six customers and some contacts, set up and logged in."""
    bench.cc.add_list(bench.list_name)
    for number in range(6):
        bench.kibo.add_customer(
            f"p{number}@people.example", number != 2, first_name="Ann", address={"cityOrTown": "Boston"}
        )
    bench.cc.add_contact("p1@people.example", lists=[bench.list_id], first_name="Other")
    bench.cc.add_contact("p3@people.example", permission="unsubscribed")
    bench.cc.add_contact("stranger@people.example", lists=[bench.list_id])
    bench.later(5)
    bench.set_up(welcome_email="true")


def swift() -> CcSwitches:
    switches = CcSwitches()
    switches.turn(limits_on=False, activity_seconds=0.0)
    return switches


def checked_run(bench: Bench, kind: RunKind) -> Run | None:
    """Do a run; whatever ends it is told as a failure that is not our own."""
    try:
        run: Run = bench.desk.run(kind)
    except CcdeskError as error:
        not_ours(error)
        return None
    assert run.status is not RunStatus.RUNNING
    if run.failure is not None:
        not_ours(run.failure)
    return run


def calm_down(bench: Bench) -> None:
    """Let the calls be answered properly again, for as long as it takes to try everything again."""
    bench.handler = plain
    bench.log_in()
    for _ in range(3):
        bench.later(60 * 13)
        for kind in (RunKind.EVENTS, RunKind.INBOUND):
            if checked_run(bench, kind) is None:
                bench.desk.run(kind, confirmed=True)


def healthy_gets_through(bench: Bench, email: str) -> None:
    """Somebody new opts in: the queue is not stuck, and they are mailed."""
    bench.kibo.add_customer(email, True)
    bench.later(5)
    checked_run(bench, RunKind.EVENTS)
    assert email in bench.cc.members(bench.list_id)


@pytest.mark.parametrize("part", range(4))
def test_spoiled_answers(part: int, tmp_path: Path, seed: int, say: Callable[[str], None]) -> None:
    spoiled = 0
    rounds = amount(3, 120)
    for number in range(rounds):
        name = seed * 100_000 + part * 10_000 + number
        chance = Random(name)
        try:
            spoiled += _one_story(tmp_path / str(number), name, chance)
        except BaseException:
            say(f"spoiled answers: replay with CCDESK_SOAK_SEED={seed}, part {part}, story {number}")
            raise
    say(f"spoiled answers, part {part + 1} of 4: {rounds} stories, {spoiled} answers spoiled")


def _one_story(base: Path, name: int, chance: Random) -> int:
    spoiled = 0

    def spoil(request: requests.PreparedRequest, services: Services) -> Reply:
        nonlocal spoiled
        reply = plain(request, services)
        if chance.random() < 0.25:
            spoiled += 1
            reply.body = mutated(reply.body, chance)
        return reply

    with open_bench(base, seed=name, cc_switches=swift()) as bench:
        fill(bench)
        bench.handler = spoil
        for _ in range(8):
            checked_run(bench, chance.choice(KINDS))
            account = chance.choice([1001, 1002, 1003, 1005, 1006])
            chance.choice([bench.kibo.opt_in, bench.kibo.opt_out, bench.kibo.place_order])(account)
            bench.later(chance.choice([1, 31, 700]))
        calm_down(bench)
        left = [one for one in bench.desk.events(limit=99) if one.status is not EventStatus.PARKED]
        assert left == []
        healthy_gets_through(bench, "healthy@people.example")
    return spoiled


@pytest.mark.parametrize("part", range(2))
def test_one_persons_spoiled_data_holds_nobody_up(part: int, tmp_path: Path, seed: int) -> None:
    for number in range(amount(3, 60)):
        chance = Random(seed * 1_000 + part * 500 + number)
        with open_bench(tmp_path / f"{part}{number}", seed=number, cc_switches=swift()) as bench:
            fill(bench)
            bench.handler = _poisoned(chance, "id" if part == 0 else "contact_id")
            for kind in (*KINDS, *KINDS):
                checked_run(bench, kind)
                bench.later(31)
            for email in ("first@people.example", "second@people.example"):
                healthy_gets_through(bench, email)


def _poisoned(chance: Random, key: str) -> Callable[[requests.PreparedRequest, Services], Reply]:
    """Spoil everything that is told of one customer, or of one contact, and nothing else."""

    def is_theirs(value: Any) -> bool:
        email = value.get("email_address")
        address = email.get("address") if isinstance(email, dict) else None
        return (
            value.get("id") == 1001 and "emailAddress" in value
            if key == "id"
            else address == "p1@people.example"
        )

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, dict):
            return value
        if is_theirs(value):
            spoiled = json.loads(
                mutated(json.dumps(value).encode(), chance).decode("utf-8", "replace") or "{}"
            )
            return {**spoiled, key: value[key]} if isinstance(spoiled, dict) else value
        return {name: walk(one) for name, one in value.items()}

    def handle(request: requests.PreparedRequest, services: Services) -> Reply:
        reply = plain(request, services)
        with contextlib.suppress(ValueError, RecursionError):
            reply.body = json.dumps(walk(json.loads(reply.body))).encode()
        return reply

    return handle


def _unreadable(key: str, of: object, spoil: dict[str, Any]) -> Callable[..., Reply]:
    """Spoil the same values of the same customer or contact in every answer."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, dict):
            return value
        walked = {name: walk(one) for name, one in value.items()}
        person = value.get(key) == of and ("emailAddress" in value or "email_address" in value)
        return {**walked, **spoil} if person else walked

    def handle(request: requests.PreparedRequest, services: Services) -> Reply:
        reply = plain(request, services)
        if request.method == "GET":
            with contextlib.suppress(ValueError):
                reply.body = json.dumps(walk(json.loads(reply.body))).encode()
        return reply

    return handle


@pytest.mark.parametrize("spoil", [{"acceptsMarketing": "yes"}, {"emailAddress": 7}, {"isActive": {}}])
@pytest.mark.parametrize("exported", [True, False])
def test_nothing_is_decided_by_an_account_that_cannot_be_read(
    tmp_path: Path, spoil: dict[str, Any], exported: bool
) -> None:
    with open_bench(tmp_path / "base", cc_switches=swift()) as bench:
        fill(bench)
        if exported:
            checked_run(bench, RunKind.EXPORT)
            bench.kibo.opt_out(1001)
            bench.later(5)
        before = bench.cc.members(bench.list_id)
        bench.handler = _unreadable("id", 1001, spoil)
        for kind in (RunKind.EVENTS, RunKind.EXPORT, RunKind.INBOUND, RunKind.FULL_COMPARE, RunKind.EVENTS):
            run = checked_run(bench, kind)
            assert run is not None
            assert run.status is RunStatus.COMPLETE, run.message
            bench.later(31)
        assert ("p0@people.example" in bench.cc.members(bench.list_id)) is ("p0@people.example" in before)
        assert any(event.object_id == 1001 and event.error for event in bench.desk.events(limit=99))
        calm_down(bench)
        assert ("p0@people.example" in bench.cc.members(bench.list_id)) is not exported
        greeted = [mail.to for mail in bench.cc.outbox]
        assert "p0@people.example" not in greeted, "they had opted in before the first export"


@pytest.mark.parametrize(
    "spoil", [{"list_memberships": None}, {"email_address": 7}, {"updated_at": [7]}, {"deleted_at": 7}]
)
def test_nothing_is_decided_by_a_contact_that_cannot_be_read(tmp_path: Path, spoil: dict[str, Any]) -> None:
    with open_bench(tmp_path / "base", cc_switches=swift()) as bench:
        fill(bench)
        checked_run(bench, RunKind.EXPORT)
        for kind in (RunKind.EVENTS, RunKind.INBOUND):
            checked_run(bench, kind)
        found = bench.cc.account.book.by_email("p0@people.example")
        assert found is not None
        bench.kibo.opt_out(1001)
        bench.later(5)
        bench.handler = _unreadable("contact_id", found.contact_id, spoil)
        for kind in (RunKind.EVENTS, RunKind.INBOUND, RunKind.FULL_COMPARE, RunKind.EVENTS):
            checked_run(bench, kind)
            bench.later(31)
        assert any(event.object_id == 1001 and event.error for event in bench.desk.events(limit=99))
        calm_down(bench)
        assert "p0@people.example" not in bench.cc.members(bench.list_id)


# ---------------------------------------------------------------- emails


@pytest.mark.parametrize("way", ["export", "events"])
@pytest.mark.parametrize("welcome", ["true", "false"])
def test_every_kind_of_email_is_mailed_or_named(way: str, welcome: str, tmp_path: Path) -> None:
    with open_bench(tmp_path / "base", cc_switches=swift()) as bench:
        bench.cc.add_list(bench.list_name)
        bench.kibo.add_customer("before@people.example", True)
        bench.later(5)
        bench.set_up(welcome_email=welcome)
        if way == "events":
            checked_run(bench, RunKind.EXPORT)
            checked_run(bench, RunKind.EVENTS)
            bench.later(5)
        ids = {bench.kibo.add_customer(email, True): email for email in (*ZOO, "after@people.example")}
        bench.later(5)
        run = checked_run(bench, RunKind.EXPORT if way == "export" else RunKind.EVENTS)
        assert run is not None
        assert run.status is RunStatus.COMPLETE, run.message
        assert "do not add up" not in run.message
        members = {email_key(one) for one in bench.cc.members(bench.list_id)}
        assert {"after@people.example", "plus+tag@people.example", "jürgen@people.example"} <= members
        told = {one.customer_id: one for one in bench.desk.entries(run.id, limit=1000)}
        for customer, email in ids.items():
            entry = told[customer]
            if email_key(email) not in members:
                assert entry.outcome in (Outcome.ERROR, Outcome.SKIPPED), (email, entry)
                assert entry.reason
        for _ in range(2):
            bench.later(60 * 13)
            checked_run(bench, RunKind.EVENTS)
            checked_run(bench, RunKind.INBOUND)
        mark = bench.log.mark()
        checked_run(bench, RunKind.EVENTS)
        checked_run(bench, RunKind.INBOUND)
        assert bench.log.writes(since=mark) == []
        left = bench.desk.events(limit=999)
        assert {one.status for one in left} <= {EventStatus.PARKED}, [one for one in left if one.next_try_at]


# ---------------------------------------------------------------- settings


_keys = st.one_of(st.sampled_from(sorted(SETTINGS)), st.text(max_size=20))
_values = st.one_of(
    st.text(max_size=40),
    st.text(max_size=300),
    st.sampled_from(["true", "off", "90", "²", "9" * 5000, "http://127.0.0.1:99999", "http://[::1",
                     "https://é.example",
                     "https://a:b@c", "http://127.0.0.1:1", "\x00", "\ud800", "a@b", "Kibo customers"]),
    st.builds("{}://{}:{}/{}".format, st.sampled_from(["http", "https", "ftp"]), st.text(max_size=9),
              st.integers(), st.text(max_size=9)),
)  # fmt: skip


def test_whatever_is_typed_into_the_settings_is_saved_or_refused_in_words(tmp_path: Path) -> None:
    with open_bench(tmp_path / "base", cc_switches=swift()) as bench:
        fill(bench)

        @settings(
            max_examples=amount(80, 5000),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(st.dictionaries(_keys, _values, max_size=4))
        def save(values: dict[str, str]) -> None:
            before = bench.desk.settings()
            try:
                bench.desk.save_settings(values)
            except CcdeskError as error:
                not_ours(error)
                assert bench.desk.settings() == before, "a refused save changed something"
            else:
                bench.desk.settings()
                bench.desk.save_settings({**bench.services.addresses(), "contact_list": bench.list_name})

        save()


@pytest.mark.parametrize("key", sorted(SETTINGS))
@pytest.mark.parametrize("value", ["", "\x00", "nonsense", "9" * 400, "=1+1", "²", "http://x"])
def test_a_setting_spoiled_in_the_file_or_environment_is_refused_in_words(
    key: str, value: str, tmp_path: Path
) -> None:
    with open_bench(tmp_path / "base") as bench:
        bench.container.store.settings.save({key: value})
        for environment in ({}, {f"CCDESK_{key.upper()}": value}):
            bench.environment.update(environment)
            try:
                bench.desk.settings()
            except CcdeskError as error:
                not_ours(error)


# ---------------------------------------------------------------- spreadsheets


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    with open_bench(tmp_path / "base", cc_switches=swift()) as bench:
        bench.cc.add_list(bench.list_name)
        for email in (
            "=cmd|'/c calc'!A1",
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "a;=1+1",
            'a";=1',
        ):
            bench.kibo.add_customer(email, True)
        bench.later(5)
        bench.set_up()
        run = checked_run(bench, RunKind.EXPORT)
        assert run is not None
        target = tmp_path / "errors.csv"
        assert write_errors(bench.desk, run.id, target) == 9
        with target.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))]
        copied = to_clipboard(bench.desk.entries(run.id, outcome=Outcome.ERROR, limit=99))
        assert not [
            cell for line in copied.splitlines() for cell in line.split("\t") if cell[:1] in "=+-@\r" and cell
        ]
