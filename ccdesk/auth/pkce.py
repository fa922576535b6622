"""What one browser login is secured by: verifier, challenge, state, and the address to open; pure.

Sources: constant-contact.md §2 and RFC 7636. The cryptographic parts come from oauthlib.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import WebApplicationClient

# `contact_data` contacts, lists, activities · `campaign_data` emails · `account_read` account (§3); without
# `offline_access` no refresh token is issued (§2).
SCOPES = ("contact_data", "campaign_data", "account_read", "offline_access")
_VERIFIER_CHARACTERS = 64  # 43 to 128 are allowed


def _new_verifier() -> str:
    return str(WebApplicationClient("").create_code_verifier(_VERIFIER_CHARACTERS))


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one login; never used for a second one."""

    verifier: str = field(default_factory=_new_verifier, repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def challenge(self) -> str:
        """The verifier's hash, which the browser may see (RFC 7636 §4.2)."""
        return str(WebApplicationClient("").create_code_challenge(self.verifier, "S256"))


def authorize_url(
    auth_url: str, client_id: str, *, redirect_uri: str, attempt: Attempt, prompt_login: bool = False
) -> str:
    """Return the address the browser opens. `prompt_login` shows the form even within a browser session.

    Put together here because oauthlib's own function takes no http address, which the sandbox has; that
    other addresses are https is checked where they are set (`core.settings`).
    """
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": attempt.state,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    if prompt_login:
        parameters["prompt"] = "login"
    return str(add_params_to_uri(f"{auth_url.rstrip('/')}/authorize", parameters.items()))
