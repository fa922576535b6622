"""One account's login never meets the other's people, whatever fails in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccdesk.core.errors import Busy, VaultError
from ccdesk.core.ports.mail import Account
from ccdesk.core.runs import RunKind
from ccdesk.service.api import AccountChanged
from ccdesk.service.status import CC_KEY
from ccdesk.store import lease
from tests.soak.inprocess import Bench, open_bench

OTHER = Account("other-key", "Other organization", "someone")


class Pending:
    """A login to another account; keeping it may fail."""

    account = OTHER

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.kept = error, False

    def keep(self) -> None:
        if self.error is not None:
            raise self.error
        self.kept = True


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "base") as bench:
        bench.cc.add_list(bench.list_name)
        bench.kibo.add_customer("ann@people.example", True)
        bench.set_up()
        bench.container.store.state.set(CC_KEY, "former-key")
        bench.desk.run(RunKind.EXPORT)
        assert bench.desk.status(live=False).links == 1
        yield bench


def come_back(bench: Bench, monkeypatch: pytest.MonkeyPatch, pending: Pending) -> None:
    """Let the browser bring another account's login."""
    monkeypatch.setattr(bench.container.connections, "log_in", lambda *_args, **_more: pending, raising=False)
    with pytest.raises(AccountChanged):
        bench.desk.log_in(open_url=print, timeout=1, cancel=threading.Event())


def test_a_login_that_cannot_be_kept_leaves_nobody_logged_in(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(bench, monkeypatch, Pending(VaultError()))
    with pytest.raises(VaultError):
        bench.desk.accept_login()
    assert bench.container.store.state.get(CC_KEY) == OTHER.key
    assert bench.desk.status(live=False).links == 0
    assert not bench.container.connections.tokens(bench.desk.settings()).logged_in()


def test_the_account_does_not_change_under_a_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = Pending()
    come_back(bench, monkeypatch, pending)
    refused: list[Any] = []

    def accept() -> None:
        try:
            bench.desk.accept_login()
        except Busy as error:
            refused.append(error)

    with monkeypatch.context() as alive:  # the bench takes every holder for dead, and ends before monkeypatch
        alive.setattr(lease, "_process_lives", lambda *_: True)
        bench.container.store.lease.acquire("export")
        thread = threading.Thread(target=accept)
        thread.start()
        thread.join()
    assert refused
    assert not pending.kept
    assert bench.desk.status(live=False).links == 1
    bench.container.store.lease.release()
    assert bench.desk.accept_login() == OTHER
    assert pending.kept
    assert bench.desk.status(live=False).links == 0
