"""What one can turn on the fake service: sign-in, limits, switches, background jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ccdesk.sandbox.constant_contact.acts import Acts
from ccdesk.sandbox.constant_contact.limits import Limits
from ccdesk.sandbox.constant_contact.model import Json
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.constant_contact.tokens import DEFAULT_CLIENT, OAuthState

ALL_SCOPES = ("contact_data", "campaign_data", "account_read", "offline_access")


class Dials(Acts):
    """The service's own side: neither the person nor the staff of an account can do these."""

    oauth: OAuthState
    limits: Limits
    _switches: CcSwitches

    @property
    def switches(self) -> CcSwitches:
        """The switches; turn them, but never replace them: every part holds these very ones."""
        return self._switches

    def issue_tokens(
        self, user: str = "owner", scopes: Iterable[str] = ALL_SCOPES, client_id: str = DEFAULT_CLIENT
    ) -> Json:
        """Return a token reply as if somebody had just logged in, without a browser."""
        with self.lock:
            return self.oauth.grant(client_id, self.oauth.users[user], tuple(scopes), None)

    def expire_tokens(self) -> None:
        """Make every access token invalid: the API answers 401 until a refresh."""
        with self.lock:
            self.oauth.expire_accesses()

    def revoke(self) -> None:
        """Withdraw every grant: refreshing fails too, a login is needed."""
        with self.lock:
            self.oauth.revoke()

    def register_redirect(self, uri: str) -> None:
        """Register one more redirect URI for the default application."""
        with self.lock:
            self.oauth.register_redirect(uri)

    def calls_today(self, client_id: str = DEFAULT_CLIENT) -> int:
        """Return the API calls counted since 00:00 UTC."""
        with self.lock:
            return self.limits.calls_today(client_id)

    def use_up_calls(self, calls: int, client_id: str = DEFAULT_CLIENT) -> None:
        """Count calls made elsewhere with the same API key: the quota is shared (§5)."""
        with self.lock:
            self.limits.use_up(client_id, calls)

    def reset_limits(self) -> None:
        """Forget the calls counted so far."""
        with self.lock:
            self.limits.forget()

    def set_switches(self, **values: Any) -> None:
        """Turn switches by name."""
        with self.held():
            self.switches.turn(**values)

    def switches_json(self) -> Json:
        """Return every switch with its present value."""
        with self.lock:
            return self.switches.as_json()

    def finish_activities(self) -> int:
        """End all queued background jobs at once; returns how many."""
        with self.held() as account:
            return account.jobs.finish_all()
