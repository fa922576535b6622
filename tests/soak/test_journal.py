"""No command is sent without its line stored before, and a power cut around a call loses nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from ccdesk.core.intents import Ended
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.soak.inprocess import A_CALL, Bench, PowerCut, Reply, Services, open_bench

LONG = f"{'l' * 45}@example.com"
MANY = [f"many{number}@example.com" for number in range(12)]
# Path of the call, and the acts of which one must be in the journal by then.
COMMANDS = (
    (r"POST /v3/contacts$", "create revive"),
    (r"POST /v3/contacts/sign_up_form$", "create add revive"),
    (r"PUT /v3/contacts/resubscribe/", "ask"),
    (r"PUT /v3/contacts/(?!resubscribe)", "add revive"),
    (r"POST /v3/activities/contacts_json_import$", "create"),
    (r"POST /v3/activities/add_list_memberships$", "add revive"),
    (r"POST /v3/activities/remove_list_memberships$", "remove"),
    (r"PUT /api/commerce/customer/accounts/\d+$", "opt_in opt_out"),
)


def command_of(request: requests.PreparedRequest) -> tuple[str, str] | None:
    """Return the pattern and the acts of a call that is a command."""
    told = f"{request.method} {urlsplit(str(request.url)).path}"
    return next((one for one in COMMANDS if re.match(one[0], told)), None)


def open_lines(base: Path) -> set[str]:
    """Return what is open in the file as it is stored: acts, and actions of chunks of an export."""
    with closing(sqlite3.connect(Paths(base).database)) as database:
        acts = database.execute("SELECT act FROM intent WHERE ended = 'open'").fetchall()
        chunks = database.execute("SELECT action FROM export_chunk WHERE state = 'sending'").fetchall()
    of_export = {"import": "create", "import_plain": "create", "add": "add"}
    return {act for (act,) in acts} | {of_export[action] for (action,) in chunks}


@dataclass
class Watch:
    """Looks at the file before each command is let through, and cuts the power at one of them."""

    base: Path
    cut_at: int = -1
    after: bool = False

    def __post_init__(self) -> None:
        self.bench: Bench | None = None
        self.met: list[str] = []
        self.image: Path | None = None

    def __call__(self, request: requests.PreparedRequest, services: Services) -> Reply:
        services.time.go_on(A_CALL)
        command = command_of(request)
        number = len(self.met)
        if command is not None:
            acts = set(command[1].split())
            assert acts & open_lines(self.base), f"{request.method} {request.url}: not in the journal"
            self.met.append(command[0])
            if number == self.cut_at and not self.after:
                self._cut()
        reply = services.answer(request)
        assert reply is not None
        if command is not None and number == self.cut_at and self.after:
            self._cut()
        return reply

    def _cut(self) -> None:
        assert self.bench is not None
        self.image = self.bench.image()
        raise PowerCut


@contextmanager
def shop(base: Path, watch: Watch) -> Iterator[Bench]:
    with open_bench(base, cc_switches=CcSwitches(limits_on=False, activity_seconds=0.0)) as bench:
        bench.set_up(welcome_email="true")
        watch.bench, bench.handler = bench, watch
        yield bench


def run(bench: Bench, watch: Watch, *kinds: RunKind) -> None:
    for kind in kinds:
        try:
            assert bench.desk.run(kind).status is RunStatus.COMPLETE
        except PowerCut:
            assert watch.image is not None
            bench.start_from(watch.image)
            bench.later(30)
            assert bench.desk.run(kind).status is RunStatus.COMPLETE
        bench.later(20)


def account(bench: Bench, email: str) -> int:
    return int(bench.kibo.customers_by_email(email)[0]["id"])


def story(bench: Bench, watch: Watch) -> None:
    """One command of every kind, by every way it is sent."""
    bench.kibo.add_customer("ada@example.com", True, first_name="Ada")
    bench.kibo.add_customer("bob@example.com", True)
    bench.kibo.add_customer("leaves@example.com", True)
    bench.kibo.add_customer(LONG, True)
    bench.kibo.add_customer("moves@example.com", True)
    bench.kibo.add_customer("signs@example.com", False)
    bench.cc.add_contact("foreign@example.com", lists=[bench.cc.add_list("Other")])
    bench.kibo.add_customer("foreign@example.com", True)
    run(bench, watch, RunKind.EXPORT, RunKind.EVENTS, RunKind.INBOUND)
    bench.kibo.add_customer("new@example.com", True)
    bench.kibo.change_email(account(bench, "moves@example.com"), "moved@example.com")
    bench.cc.add_contact("other@example.com", lists=[bench.cc.list_id("Other")])
    bench.kibo.add_customer("other@example.com", True)
    for email in MANY:
        number = bench.kibo.add_customer(email, False)
        bench.kibo.opt_in(number)
    bench.kibo.opt_out(account(bench, "bob@example.com"))
    bench.cc.unsubscribe("ada@example.com")
    bench.cc.sign_up("signs@example.com", bench.list_id)
    run(bench, watch, RunKind.EVENTS, RunKind.INBOUND)
    bench.cc.leave_list("leaves@example.com", bench.list_id)
    bench.cc.delete_contact("bob@example.com")
    run(bench, watch, RunKind.INBOUND, RunKind.EVENTS)
    bench.kibo.opt_in(account(bench, "bob@example.com"))
    bench.kibo.opt_in(account(bench, "ada@example.com"))
    bench.kibo.opt_out(account(bench, "moved@example.com"))
    bench.kibo.change_name(account(bench, LONG), "Grace", "Hopper")
    run(bench, watch, RunKind.EVENTS, RunKind.INBOUND, RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT)


def outcome(bench: Bench) -> tuple[list[str], list[str], list[str]]:
    """Return who is on the list, who is opted in, and who was asked to confirm."""
    members = sorted(bench.cc.members(bench.list_id))
    people = ["ada", "bob", "leaves", "signs", "foreign", "new", "other", "many0", "many11"]
    opted_in = [
        one for one in people if bench.kibo.customers_by_email(f"{one}@example.com")[0]["acceptsMarketing"]
    ]
    asked = [mail["to"] for mail in bench.cc.mails("resubscribe")]
    return members, opted_in, asked


def ends(bench: Bench) -> dict[Ended, int]:
    found: dict[Ended, int] = {}
    for link in bench.container.store.links.page(-1, 100):
        for line in bench.container.store.intents.of(link.customer_id):
            found[line.ended] = found.get(line.ended, 0) + 1
    return found


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], tuple[list[str], ...]]:
    """Play the story to its end; return the commands it takes and how it ends."""
    base = tmp_path_factory.mktemp("uncut") / "base"
    watch = Watch(base)
    with shop(base, watch) as bench:
        story(bench, watch)
        done = ends(bench)
        assert set(done) == {Ended.DONE}, done
        return watch.met, outcome(bench)


def test_each_command_is_in_the_journal_before_it_is_sent(
    uncut: tuple[list[str], tuple[list[str], ...]],
) -> None:
    met, (members, opted_in, asked) = uncut
    kinds = {pattern for pattern, _ in COMMANDS}
    assert set(met) == kinds, kinds - set(met)
    assert {"signs@example.com", "bob@example.com", LONG, *MANY} <= set(members)
    assert "ada" in opted_in
    assert "leaves" not in opted_in
    assert not {"moves@example.com", "moved@example.com"} & set(members), "both emails of who opted out"
    assert asked == ["ada@example.com"]


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "before the answer is stored"])
@pytest.mark.parametrize("kind", [pattern for pattern, _ in COMMANDS])
def test_a_power_cut_around_any_command_changes_nothing_in_the_end(
    uncut: tuple[list[str], tuple[list[str], ...]], tmp_path: Path, kind: str, after: bool
) -> None:
    met, (members, opted_in, asked) = uncut
    watch = Watch(tmp_path / "base", cut_at=met.index(kind), after=after)
    with shop(tmp_path / "base", watch) as bench:
        story(bench, watch)
        assert watch.image is not None, "the power was not cut"
        found = outcome(bench)
        # Of the one confirmation it cannot be known whether it was sent: it is not sent twice.
        asking = kind.endswith("resubscribe/")
        lost = asking and not after
        assert found == (members, opted_in, [] if lost else asked)
        left = ends(bench)
        assert left.get(Ended.OPEN, 0) == asking, left
