"""The real clients, the login and the vault (`service.connections.Connections`), counted and paced.

Imported when first needed (`container.py`): with requests and oauthlib that takes longer than the window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path

from ccdesk.auth.kibo_secret import SECRET, KiboSecret
from ccdesk.auth.login import log_in
from ccdesk.auth.oauth import OAuthClient, TokenReply
from ccdesk.auth.tokens import Tokens
from ccdesk.auth.vault import open_vault
from ccdesk.auth.withdraw import withdraw
from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.http.pace import KeptInFile, Pacer
from ccdesk.clients.http.policy import CallMeter, DailyBudget
from ccdesk.clients.http.transport import Transport, prepare_session
from ccdesk.clients.kibo.client import Kibo
from ccdesk.clients.releases import latest_release as latest_release  # the container takes it from here
from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError, Remedy, SettingsError, VaultError
from ccdesk.core.origins import ADOPTED_LOGIN, LoginPlace, ShopPlace
from ccdesk.core.ports.mail import Account
from ccdesk.core.ports.secrets import Vault
from ccdesk.core.ports.store import Store
from ccdesk.core.settings import SECRET_VARIABLE, Settings
from ccdesk.core.words import marked
from ccdesk.service.connections import LoginState, PendingLogin, secret_missing
from ccdesk.service.kibo_host import forget_change, note_host
from ccdesk.service.logged_out import LoggedOut, SecretPlace
from ccdesk.support.calls import KIBO, MAIL
from ccdesk.support.recorder import Recorder

_PROMPT_LOGIN = "cc.prompt_login"


class _NewLogin:
    """A login whose tokens are not kept yet; serves them for looking at the account only."""

    def __init__(self, reply: TokenReply, tokens: Tokens) -> None:
        self._reply, self._tokens = reply, tokens
        self.account = Account("", "")

    def bearer(self) -> str:
        return self._reply.access_token

    def renew(self, stale: str) -> str:
        return self._reply.access_token

    def keep(self) -> None:
        self._tokens.store(self._reply)


class RealConnections:
    """Implements `service.connections.Connections` on the real clients; one instance a process."""

    def __init__(
        self,
        store: Store,
        base: Path,
        environment: Mapping[str, str],
        clock: Clock,
        recorder: Recorder | None = None,
    ) -> None:
        self._store, self._base, self._environment, self._clock = store, base, environment, clock
        self._recorder = recorder
        self._opened: Vault | None = None
        self._kibo_pacer, self._mail_pacer = (
            Pacer(clock=clock, kept=KeptInFile(base / f"{service}.pace")) for service in (KIBO, MAIL)
        )
        self._lock = threading.Lock()
        self._secret = KiboSecret(self._vault, store, environment)
        self._keepers: dict[tuple[str, LoginPlace], Tokens] = {}
        self._for_runs: dict[tuple[str, ...], Kibo] = {}

    def _vault(self) -> Vault:
        with self._lock:
            if self._opened is None:
                self._opened = open_vault(self._base, self._environment)
            return self._opened

    def noting_in(self, store: Store) -> RealConnections:
        """Return the same login, secrets and pace, with clients that note what they learn in that store.

        Vault, keepers of the login and the secret's binding to its address are these very ones: a token
        renewed meanwhile is kept for everybody.
        """
        self._vault()
        other = copy(self)
        other._store, other._for_runs = store, {}
        return other

    def tokens(self, settings: Settings) -> Tokens:
        """Return the one keeper of the login for these addresses."""
        here = LoginPlace.of(settings)
        key = (settings.cc_auth_url, here)
        vault = self._vault()
        with self._lock:
            if key not in self._keepers:
                self._keepers[key] = Tokens(
                    vault,
                    self._oauth(settings),
                    base_dir=self._base,
                    clock=self._clock,
                    here=here,
                    adopted=LoginPlace.read(self._store.state.get(ADOPTED_LOGIN)),
                )
            return self._keepers[key]

    def _oauth(self, settings: Settings) -> OAuthClient:
        return OAuthClient(
            settings.cc_auth_url, settings.cc_client_id, prepare=prepare_session, clock=self._clock
        )

    def kibo(
        self,
        settings: Settings,
        origin: str,
        cancel: threading.Event | None = None,
        *,
        secret: str | None = None,
    ) -> Kibo:
        """Return a Kibo client; runs, of which there is one at a time, share theirs and its sign-in."""
        if not settings.kibo_ready:
            raise SettingsError(
                marked("Kibo is not set up yet"),
                meaning=marked("The tenant id and the application key are needed to read customers."),
                remedy=Remedy.CONNECT_KIBO,
                code="kibo_not_set_up",
            )

        def shared_secret() -> str:
            found = secret or self._secret.take(settings)
            if not found:
                raise secret_missing()
            return found

        place = (settings.kibo_home_url, settings.kibo_tenant_id, settings.kibo_tenant_url)
        key = (*place, settings.kibo_app_key, origin)
        if cancel is not None and key in self._for_runs:
            self._for_runs[key].cancel = cancel
            return self._for_runs[key]
        client = Kibo(
            settings.kibo_home_url,
            settings.kibo_tenant_id,
            settings.kibo_app_key,
            shared_secret,
            meter=CallMeter(self._store.calls, KIBO, origin=lambda: origin, clock=self._clock),
            tenant_url=settings.kibo_tenant_url,
            memo=self._store.state,
            check_host=self._host_checked(settings, given=secret is not None),
            transport=self._transport("Kibo", KIBO, origin),
            pacer=self._kibo_pacer,
            clock=self._clock,
        )
        if cancel is not None:
            client.cancel = cancel
            self._for_runs[key] = client
        return client

    def mail(self, settings: Settings, origin: str, cancel: threading.Event | None = None) -> ConstantContact:
        """Return a Constant Contact client on the kept login."""
        return self._mail(settings, origin, cancel, self.tokens(settings))

    def _mail(
        self,
        settings: Settings,
        origin: str,
        cancel: threading.Event | None,
        tokens: Tokens | _NewLogin,
    ) -> ConstantContact:
        client = ConstantContact(
            settings.cc_api_url,
            self._recorder.login(tokens, origin) if self._recorder else tokens,
            budget=DailyBudget(self._store.calls, MAIL, origin=lambda: origin, clock=self._clock),
            transport=self._transport("Constant Contact", MAIL, origin),
            pacer=self._mail_pacer,
            clock=self._clock,
        )
        if cancel is not None:
            client.cancel = cancel
        return client

    def _transport(self, name: str, service: str, origin: str) -> Transport:
        """Return what sends a client's requests, watched by the recorder where there is one."""
        return Transport(name, around=self._recorder.around(service, origin) if self._recorder else None)

    def login_state(self, settings: Settings) -> LoginState:
        """Return what the vault knows of the login."""
        kept = self.tokens(settings)
        return LoginState(kept.logged_in(), kept.logged_in_at, kept.ends_at, kept.problem())

    def log_in(
        self,
        settings: Settings,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
    ) -> PendingLogin:
        """Hand over to the browser, wait, and read whose account it is."""
        self._vault().get(SECRET)  # an unusable vault is told before the person goes to the browser
        reply = log_in(
            self._oauth(settings),
            open_url=open_url,
            timeout=timeout,
            cancel=cancel,
            prompt_login=bool(self._store.state.get(_PROMPT_LOGIN)),
            clock=self._clock,
        )
        pending = _NewLogin(reply, self.tokens(settings))
        pending.account = self._mail(settings, "window", cancel, pending).account()
        self._store.state.set(_PROMPT_LOGIN, "")
        return pending

    def log_out(self, settings: Settings) -> LoggedOut:
        """Forget the tokens, have them withdrawn, and ask the next login to show the form.

        The service is asked last and for a few seconds at most (constant-contact.md §2, §22): whatever it
        answers, the person is logged out.

        Raises:
            VaultError: something is still kept there; it is not used again all the same.

        """
        self._store.state.set(_PROMPT_LOGIN, "yes")
        forgotten = self.tokens(settings).forget()
        withdrawn = withdraw(self._oauth(settings), forgotten.tokens)
        if forgotten.problems:
            meaning = marked("ccdesk does not use them again. {problems}")
            if withdrawn:
                meaning = marked(
                    "ccdesk does not use them again. Constant Contact has withdrawn them. {problems}"
                )
            raise VaultError(
                marked("You are logged out, but the tokens could not be removed"),
                meaning=meaning.format(problems=" ".join(f"{one}." for one in forgotten.problems)),
                next_step=marked("Remove the entries of ccdesk in the keyring by hand."),
            )
        return LoggedOut(withdrawn, self._secret_place())

    def _secret_place(self) -> SecretPlace:
        if self._environment.get(SECRET_VARIABLE):
            return SecretPlace.ENVIRONMENT
        try:
            return SecretPlace.VAULT if self._vault().get(SECRET) else SecretPlace.NOWHERE
        except VaultError:
            return SecretPlace.UNKNOWN

    def kibo_secret(self) -> str:
        """Return the shared secret: the environment's, else the vault's."""
        return self._secret.get()

    def set_kibo_secret(self, secret: str, settings: Settings) -> None:
        """Keep the shared secret for the addresses of these settings, or remove it; runs use it at once."""
        self._for_runs.clear()
        self._secret.keep(secret, ShopPlace.of(settings))
        forget_change(self._store)

    def check_kibo_place(self, settings: Settings) -> None:
        """Make sure that the shared secret, if there is one, was given for the addresses of these settings.

        Raises:
            SettingsError: it was not; names the address.

        """
        if self._secret.take(settings) and settings.kibo_tenant_url:
            self._secret.check_host(settings, settings.kibo_tenant_url)

    def missing_approvals(self, settings: Settings) -> list[str]:
        """Say which secrets do not go to the addresses of these settings, in words; `[]` if all do."""
        problems: list[CcdeskError] = []
        if (login := self.tokens(settings).problem()) is not None:
            problems.append(login)
        try:
            self.check_kibo_place(settings)
        except SettingsError as error:
            problems.append(error)
        return [
            marked("{problem}. {next_step}").format(problem=one.title, next_step=one.next_step)
            for one in problems
        ]

    def _host_checked(self, settings: Settings, *, given: bool) -> Callable[[str], None]:
        """Return what a client asks before a bearer goes to a tenant's address; a changed one is told."""
        place = ShopPlace.of(settings) if given else None

        def check(host: str) -> None:
            self._secret.check_host(settings, host, place)
            if not settings.kibo_tenant_url and not given:
                note_host(self._store, settings.kibo_tenant_id, host, self._clock.now())

        return check
