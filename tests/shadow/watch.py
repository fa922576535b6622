"""Who is told of everything that a random schedule does to ccdesk, and of everything ccdesk does."""

from __future__ import annotations

from typing import Any, Protocol

from ccdesk.consent.model import Act
from ccdesk.core.runs import Run
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.kibo.state import KiboState
from tests.shadow.compare import Difference


class Story(Protocol):
    """A shop, a mailing account, and ccdesk between."""

    kibo: KiboState
    cc: CcState
    list_name: str
    container: Any

    @property
    def desk(self) -> Any:
        """The program as its front ends see it."""


class Watch:
    """Told of everything, and ignores it."""

    @property
    def differences(self) -> list[Difference]:
        """Where the table and the engine differed so far."""
        return []

    def choose_list(self) -> None:
        """Staff have chosen another list."""

    def install_anew(self) -> None:
        """The installation is a fresh one that knows nothing."""

    def lift(self, account: int) -> None:
        """Staff add a newcomer."""

    def replied(self, status: int, body: bytes) -> None:
        """Ccdesk has got an answer."""

    def wrote_contact(self, act: Act, contact_id: str, key: str, *, created: bool) -> None:
        """A write of ours to a contact has taken effect: on the active list, off it, or asked to confirm."""

    def wrote_account(self, act: Act, number: int, key: str) -> None:
        """A write of ours to an account's opt-in has taken effect."""

    def begin(self) -> None:
        """A run begins."""

    def end(self, run: Run | None) -> None:
        """A run has ended; None if it was cut off, or asks first."""
