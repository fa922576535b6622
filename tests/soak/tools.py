"""What tests against real programs of the system share."""

import shutil
import time
from collections.abc import Callable

import pytest

from tests.auth.helpers import free_ports as free_ports
from tests.soak.conftest import SOAK

only_soak = pytest.mark.skipif(not SOAK, reason="takes long: only in make soak")


def need(*programs: str) -> None:
    """Skip in `make test`, but fail in `make soak`, where one of these programs is missing."""
    missing = [name for name in programs if shutil.which(name) is None]
    if not missing:
        return
    text = f"not installed: {', '.join(missing)} (tools/system-packages.sh --soak installs them)"
    if SOAK:
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def until(holds: Callable[[], object], seconds: float = 30.0, pause: float = 0.02) -> None:
    """Wait for something another program does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(pause)
