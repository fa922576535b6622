"""What one browser log-in is secured by: verifier, challenge, state, and the address to open; pure.

Sources: constant-contact.md §2 and RFC 7636. The cryptographic parts come from Authlib.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

# `contact_data` contacts, lists, activities · `campaign_data` e-mails · `account_read` account (§3);
# without `offline_access` no refresh token is issued (§2).
SCOPES = ("contact_data", "campaign_data", "account_read", "offline_access")
_VERIFIER_CHARACTERS = 64  # 43 to 128 are allowed


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one log-in; never used for a second one."""

    verifier: str = field(default_factory=lambda: str(generate_token(_VERIFIER_CHARACTERS)), repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


def authorize_url(
    auth_url: str, client_id: str, *, redirect_uri: str, attempt: Attempt, prompt_login: bool = False
) -> str:
    """Return the address the browser opens. `prompt_login` shows the form even within a browser session."""
    session = OAuth2Session(
        client_id, scope=" ".join(SCOPES), redirect_uri=redirect_uri, code_challenge_method="S256"
    )
    extra = {"prompt": "login"} if prompt_login else {}
    url, _ = session.create_authorization_url(
        f"{auth_url.rstrip('/')}/authorize", state=attempt.state, code_verifier=attempt.verifier, **extra
    )
    return str(url)
