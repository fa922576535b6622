"""What all tests share: nothing leaves this computer, nothing of the user's is read or written."""

import itertools
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ccdesk.store import db

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

settings.register_profile(
    "ccdesk", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ccdesk")

_PRAGMAS = tuple((name, "off" if name == "synchronous" else value) for name, value in db.PRAGMAS)
_real_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: object) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])  # type: ignore[index]
        if host != "localhost" and not ip_address(host.split("%")[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {host}")
    _real_connect(self, address)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give out one new folder after the other; `mktemp` would look through all there are for its number."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _sealed(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    monkeypatch.setattr(socket.socket, "connect", _loopback_only)
    for name in list(os.environ):
        if name.startswith("CCDESK_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CCDESK_LANGUAGE", "en")  # whatever the developer's own is
    home = next(_homes)
    home.mkdir(0o700)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home))


@pytest.fixture(autouse=True)
def _unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store not wait for the disk: that took half of the time, and only a loss of power tells.

    The commits stay what they are for every program, a killed one too. `tests/store/test_db.py` sees to it
    that the disk is waited for.
    """
    monkeypatch.setattr(db, "PRAGMAS", _PRAGMAS)
