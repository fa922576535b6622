"""The lease's heartbeat, kept up while a run waits for an answer, a pause or a job (design §4)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ccdesk.core.errors import CcdeskError
from ccdesk.core.ports.store import Lease

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0  # several beats within the time another program watches a lease


@contextmanager
def beating(lease: Lease) -> Iterator[None]:
    """Keep the lease's heartbeat up meanwhile.

    A run shows by itself that it lives between items; but an answer can be minutes away (a 429), and a
    program on another computer would take the silence for death.
    """
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                lease.beat()
            except CcdeskError as error:  # the run meets it too, and says so
                log.debug("no heartbeat: %s", error.title)

    thread = threading.Thread(target=beat, name="heart", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
