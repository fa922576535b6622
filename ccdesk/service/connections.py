"""What the services need built for them: clients per purpose, the login, secrets. `container.py` does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ccdesk.core.errors import CcdeskError, Remedy, SettingsError
from ccdesk.core.models import Customer
from ccdesk.core.ports.campaigns import Campaigns
from ccdesk.core.ports.mail import Account, Mail
from ccdesk.core.ports.reports import Automations, Reports
from ccdesk.core.ports.shop import Shop
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import Settings
from ccdesk.core.words import marked
from ccdesk.service.logged_out import LoggedOut

SECRET_MISSING = "kibo_secret_missing"  # the code of the error that says so


def secret_missing() -> SettingsError:
    """Return the error of a Kibo set-up that has everything but the shared secret."""
    return SettingsError(
        marked("The Kibo shared secret is missing"),
        remedy=Remedy.KIBO_SECRET,
        code=SECRET_MISSING,
    )


@dataclass(frozen=True, slots=True)
class LoginState:
    """What is known of the login without asking: when it was made and when it runs out unless used."""

    present: bool
    since: datetime | None = None
    expires: datetime | None = None
    problem: CcdeskError | None = None  # a login is there, but not for the addresses in force


class ShopClient(Shop, Protocol):
    """The Kibo client with its count of calls, and what staff look for in it."""

    def by_name(self, name: str) -> tuple[list[Customer], bool]:
        """Return accounts whose name has these words, and if these are all; see `clients/kibo/names.py`."""

    @property
    def calls(self) -> int:
        """Calls sent so far by this client."""

    def tell_waits(self, listener: Callable[[int, float], None] | None) -> None:
        """Tell when a call is tried again: how often it was tried in vain, and the seconds to wait."""


class MailClient(Mail, Campaigns, Reports, Automations, Protocol):
    """The Constant Contact client: the sync, campaign drafts, what people read, and its count of calls."""

    @property
    def calls(self) -> int:
        """Calls sent so far by this client."""

    def tell_waits(self, listener: Callable[[int, float], None] | None) -> None:
        """Tell when a call is tried again: how often it was tried in vain, and the seconds to wait."""


class PendingLogin(Protocol):
    """A login just made and not yet kept: its account is looked at first."""

    account: Account

    def keep(self) -> None:
        """Store the tokens as the login from now on."""


class Connections(Protocol):
    """Builds what talks to the outside; one instance a process."""

    def kibo(
        self,
        settings: Settings,
        origin: str,
        cancel: threading.Event | None = None,
        *,
        secret: str | None = None,
    ) -> ShopClient:
        """Return a Kibo client; `secret` overrides the stored one.

        SettingsError: the setup is incomplete.
        """

    def mail(self, settings: Settings, origin: str, cancel: threading.Event | None = None) -> MailClient:
        """Return a Constant Contact client; its calls are counted under `origin`."""

    def noting_in(self, store: Store) -> Connections:
        """Return the same login, secrets and pace, with clients that note what they learn in that store.

        For a store whose call counts are those of this one (`ports.ScratchStore`).
        """

    def login_state(self, settings: Settings) -> LoginState:
        """Return what is known of the login; reads the vault."""

    def log_in(
        self,
        settings: Settings,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
    ) -> PendingLogin:
        """Hand over to the browser, wait, and read whose account it is."""

    def log_out(self, settings: Settings) -> LoggedOut:
        """Forget the tokens and have them withdrawn; returns within seconds whatever the service does."""

    def kibo_secret(self) -> str:
        """Return the shared secret from environment or vault, `""` if there is none."""

    def set_kibo_secret(self, secret: str, settings: Settings) -> None:
        """Keep the shared secret in the vault for the addresses of these settings; `""` removes it."""

    def check_kibo_place(self, settings: Settings) -> None:
        """Raise SettingsError if the shared secret was given for other addresses than these settings name."""

    def missing_approvals(self, settings: Settings) -> list[str]:
        """Say which secrets do not go to the addresses of these settings, in words; `[]` if all do."""
